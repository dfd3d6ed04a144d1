"""Rooms of the WebSocket server, for the contract suite: ``/rooms/<name>`` is a bot that a test plays.

Its transport connects to the room, with Pipecat's frames. The test connects to ``/rooms/<name>/bot`` and sends JSON:
``{"say": text}``, ``{"close": code}``, ``{"sound": true}``, ``{"stall": bool}``, ``{"refuse": true}``,
``{"cut": bool}``.
It is told ``{"heard": text}``, ``{"loud": bool}`` for each frame of the microphone, and ``{"open": number}``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
from array import array
from typing import Any

from rtvi_web.transports.websocket.frames import AudioRawFrame, Content, MessageFrame, decode, encode

GONE = (RuntimeError, OSError)
"""What uvicorn raises when a WebSocket has just closed."""
TONE = array("h", (round(12_000 * math.sin(math.tau * 440 * n / 24_000)) for n in range(960))).tobytes()


class Room:
    """A bot, its network, and the test that plays it."""

    def __init__(self) -> None:
        self._control: Any = None
        self._begun = 0
        self._sessions: dict[int, Any] = {}  # that are open, by their numbers: a handshake may overtake another
        self._refuses = self._stalls = self._sounds = False
        self._reachable = asyncio.Event()
        self._reachable.set()
        self._to_say: asyncio.Queue[str] = asyncio.Queue()

    async def play(self, receive: Any, send: Any) -> None:
        """The test's side."""
        await send({"type": "websocket.accept"})
        self._control = send
        saying = asyncio.create_task(self._say())
        while (message := await receive())["type"] == "websocket.receive":
            for what, value in json.loads(message["text"]).items():
                match what:
                    case "say":
                        self._to_say.put_nowait(value)
                    case "close":
                        await self._send({"type": "websocket.close", "code": value})
                    case "cut":
                        (self._reachable.clear if value else self._reachable.set)()
                    case "sound" | "stall" | "refuse":
                        setattr(self, {"sound": "_sounds", "stall": "_stalls", "refuse": "_refuses"}[what], value)
        self._control = None
        self._reachable.set()
        saying.cancel()

    async def meet(self, receive: Any, send: Any) -> None:
        """A transport's side."""
        self._begun = number = self._begun + 1
        if self._stalls:
            await receive()  # until it gives up
            return
        if self._refuses:
            self._refuses = False
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        self._sessions[number] = send
        await self._tell(open=len(self._sessions))
        sounding = asyncio.create_task(self._sound(send))
        try:
            while (message := await receive())["type"] == "websocket.receive":
                await self._reachable.wait()
                await self._hear(decode(message["bytes"])[0], send)
        finally:
            sounding.cancel()
            del self._sessions[number]
            await self._tell(open=len(self._sessions))

    async def _hear(self, content: Content | None, send: Any) -> None:
        if isinstance(content, AudioRawFrame):
            await self._tell(loud=max(map(abs, array("h", content.audio)), default=0) > 100)
        elif isinstance(content, MessageFrame):
            message = json.loads(content.data)
            if message.get("type") == "ping":  # as a Pipecat server answers what it does not know
                error = {"label": "rtvi-ai", "type": "error-response", "id": message["id"], "data": {"error": "?"}}
                await send({"type": "websocket.send", "bytes": encode(MessageFrame(json.dumps(error)))})
            else:
                await self._tell(heard=content.data)

    async def _say(self) -> None:
        while True:
            text = await self._to_say.get()
            await self._reachable.wait()
            await self._send({"type": "websocket.send", "bytes": encode(MessageFrame(text))})

    async def _send(self, message: dict[str, Any]) -> None:
        """To the session that began last."""
        if self._sessions:
            with contextlib.suppress(*GONE):
                await self._sessions[max(self._sessions)](message)

    async def _sound(self, send: Any) -> None:
        with contextlib.suppress(*GONE):
            while True:
                await asyncio.sleep(0.04)
                if self._sounds and self._reachable.is_set():
                    await send({"type": "websocket.send", "bytes": encode(AudioRawFrame(1, "a", TONE, 24_000, 1))})

    async def _tell(self, **what: Any) -> None:
        if self._control is not None:
            with contextlib.suppress(*GONE):
                await self._control({"type": "websocket.send", "text": json.dumps(what)})


_rooms: dict[str, Room] = {}


async def enter(path: str, receive: Any, send: Any) -> None:
    """Serve ``/rooms/<name>`` and ``/rooms/<name>/bot``."""
    _, _, name, *side = path.split("/")
    room = _rooms.setdefault(name, Room())
    await (room.play if side else room.meet)(receive, send)
    if side:
        _rooms.pop(name, None)
