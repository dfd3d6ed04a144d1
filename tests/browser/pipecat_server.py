"""A bot behind ``/pipecat`` of the WebSocket server: Pipecat's frames, and what a test tells it to do.

It says bot-ready, answers every other type as Pipecat does, and obeys messages (``client-message``):

``tone`` plays (``pitch``, ``rate``, ``channels``, ``seconds``; ``late`` is the least and the most that each frame is
late, in seconds); ``heard`` answers with what was sent since it was asked "from now on"; ``frame`` sends bytes
(hexadecimal) or ``text:…``, ``say`` a message; ``interrupt`` stops a tone and sends the frame that tells it, ``speech``
stops it and tells it as Pipecat 0.0.73 does; ``close`` closes with a code; ``hang`` does nothing for some seconds;
``echo`` answers with its data.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
from array import array
from typing import Any

from rtvi_web.transports.websocket.frames import (
    AudioRawFrame,
    Content,
    InterruptionFrame,
    MessageFrame,
    decode,
    encode,
)

FRAME = 0.04
"""Seconds of sound that Pipecat sends at a time."""
LEAD = 1
"""Frames that it sends ahead of the time."""


class Bot:
    """One session."""

    def __init__(self, receive: Any, send: Any, query: str) -> None:
        self._receive = receive
        self._send_asgi = send
        self._query = query
        self._tone: asyncio.Task[None] | None = None
        self._reset()

    def _reset(self) -> None:
        self._sizes: list[int] = []
        self._rates: set[tuple[int, int]] = set()
        self._loud = 0
        self._odd: list[str] = []

    async def run(self) -> None:
        while (received := await self._receive())["type"] == "websocket.receive":
            if received.get("bytes") is None:
                self._odd.append("a text")
                continue
            content, _ = decode(received["bytes"])
            if isinstance(content, AudioRawFrame):
                self._hear(content)
            elif isinstance(content, MessageFrame):
                await self._obey(json.loads(content.data))
            else:
                self._odd.append(type(content).__name__)
        if self._tone:
            self._tone.cancel()

    def _hear(self, frame: AudioRawFrame) -> None:
        self._sizes.append(len(frame.audio))
        self._rates.add((frame.sample_rate, frame.num_channels))
        self._loud += max(map(abs, array("h", frame.audio)), default=0) > 100

    async def _obey(self, message: dict[str, Any]) -> None:
        if message["type"] == "client-ready":
            data = {"version": "2.2.0", "about": {"library": "test", "query": self._query}}
            await self._say("bot-ready", data, message["id"])
            return
        if message["type"] != "client-message":
            await self._say("error-response", {"error": f"Unsupported type {message['type']}"}, message["id"])
            return
        await self._do(message, message["data"]["t"], message["data"].get("d"))

    async def _do(self, message: dict[str, Any], what: str, data: Any) -> None:
        match what:
            case "tone":
                self._tone = asyncio.create_task(self._play(**data))
            case "heard":
                if data == "from now on":
                    self._reset()
                await self._answer(message, self._heard())
            case "echo":
                await self._answer(message, data)
            case "frame":
                text = data.removeprefix("text:")
                frame = {"text": text} if text != data else {"bytes": bytes.fromhex(data)}
                await self._send_asgi({"type": "websocket.send", **frame})
            case "say":
                await self._say(data["type"], data.get("data", {}))
            case "interrupt" | "speech" as how:
                if self._tone:
                    self._tone.cancel()
                if how == "interrupt":
                    await self._send(InterruptionFrame(7, "InterruptionFrame#0"))
                await self._say("user-started-speaking", {})
            case "close":
                await self._send_asgi({"type": "websocket.close", "code": data, "reason": "because"})
            case "hang":
                await asyncio.sleep(data)

    def _heard(self) -> dict[str, Any]:
        return {
            "frames": len(self._sizes),
            "sizes": sorted(set(self._sizes)),
            "rates": sorted(self._rates),
            "loud": self._loud,
            "odd": self._odd,
        }

    async def _play(
        self,
        pitch: float = 440,
        rate: int = 24_000,
        channels: int = 1,
        seconds: float = 1.0,
        late: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """Send a sine as Pipecat does, in frames of 40 ms at the pace of the time."""
        count = round(FRAME * rate)
        begun, sent = asyncio.get_running_loop().time(), 0.0
        for number in range(round(seconds / FRAME)):
            first = number * count
            sine = [round(12_000 * math.sin(math.tau * pitch * n / rate)) for n in range(first, first + count)]
            pcm = array("h", (sample for sample in sine for _ in range(channels))).tobytes()
            due = begun + max(number - LEAD, 0) * FRAME + random.uniform(*late)
            sent = max(due, sent)  # the frames stay in order
            await asyncio.sleep(sent - asyncio.get_running_loop().time())
            await self._send(AudioRawFrame(number, f"OutputAudioRawFrame#{number}", pcm, rate, channels))

    async def _answer(self, message: dict[str, Any], data: Any) -> None:
        await self._say("server-response", {"t": message["data"]["t"], "d": data}, message["id"])

    async def _say(self, type: str, data: Any, id: str | None = None) -> None:
        message = {"label": "rtvi-ai", "type": type, "data": data} | ({"id": id} if id else {})
        await self._send(MessageFrame(json.dumps(message)))

    async def _send(self, content: Content) -> None:
        await self._send_asgi({"type": "websocket.send", "bytes": encode(content)})
