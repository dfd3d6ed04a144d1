"""What only tests need of the bot: actions of a service `test`, and GET /received."""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from actions import action
from bot import Bot
from fastapi import FastAPI, Request
from pipecat.frames.frames import (
    EndTaskFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TransportMessageUrgentFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.processors.frameworks.rtvi import (
    ActionResult,
    RTVIError,
    RTVIErrorData,
    RTVIProcessor,
    RTVIServerMessageFrame,
)

Arguments = dict[str, Any]


class AudioStats(FrameProcessor):
    """Measures what comes from the page's microphone."""

    def __init__(self) -> None:
        super().__init__()
        self.samples = 0
        self.sample_rate = 0
        self.peak = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            audio = np.frombuffer(frame.audio, np.int16).astype(int)
            self.samples += len(audio)
            self.sample_rate = frame.sample_rate
            self.peak = max(self.peak, int(np.abs(audio).max(initial=0)))
        await self.push_frame(frame, direction)


async def echo(_rtvi: RTVIProcessor, _service: str, arguments: Arguments) -> ActionResult:
    value: ActionResult = arguments["value"]
    return value


async def slow(_rtvi: RTVIProcessor, _service: str, arguments: Arguments) -> ActionResult:
    await asyncio.sleep(arguments["seconds"])
    return True


async def fail(_rtvi: RTVIProcessor, _service: str, _arguments: Arguments) -> ActionResult:
    raise RuntimeError("this action always fails")


async def error(rtvi: RTVIProcessor, _service: str, arguments: Arguments) -> ActionResult:
    data = RTVIErrorData(error="an error on request", fatal=bool(arguments.get("fatal")))
    await send(rtvi, RTVIError(data=data).model_dump())
    return True


async def server_message(rtvi: RTVIProcessor, _service: str, arguments: Arguments) -> ActionResult:
    await rtvi.push_frame(RTVIServerMessageFrame(data=arguments["data"]))
    return True


async def interim(rtvi: RTVIProcessor, _service: str, arguments: Arguments) -> ActionResult:
    await rtvi.push_frame(InterimTranscriptionFrame(arguments["text"], "user", "2024-11-01T12:00:00.000Z"))
    return True


async def raw(rtvi: RTVIProcessor, _service: str, arguments: Arguments) -> ActionResult:
    await send(rtvi, arguments["message"])
    return True


async def end(rtvi: RTVIProcessor, _service: str, _arguments: Arguments) -> ActionResult:
    await rtvi.push_frame(EndTaskFrame(), FrameDirection.UPSTREAM)
    return True


def extend(bot: Bot) -> Sequence[FrameProcessor]:
    """Registers the actions of `test`. They are not guarded: one that raises does what it does in this Pipecat."""
    stats = AudioStats()

    async def audio_stats(_rtvi: RTVIProcessor, _service: str, _arguments: Arguments) -> ActionResult:
        return {"samples": stats.samples, "sample_rate": stats.sample_rate, "peak": stats.peak}

    for test in (
        action("test", "echo", "object", echo, value="object"),
        action("test", "slow", "bool", slow, seconds="number"),
        action("test", "fail", "bool", fail),
        action("test", "error", "bool", error, fatal="bool"),
        action("test", "server_message", "bool", server_message, data="object"),
        action("test", "interim", "bool", interim, text="string"),
        action("test", "raw", "bool", raw, message="object"),
        action("test", "audio_stats", "object", audio_stats),
        action("test", "end", "bool", end),
    ):
        bot.rtvi.register_action(test)
    return [stats]


async def send(rtvi: RTVIProcessor, message: Any) -> None:
    """Any JSON, straight to the page."""
    await rtvi.push_frame(TransportMessageUrgentFrame(message=message))


def record(app: FastAPI) -> FastAPI:
    """Keeps the last bodies that servers of ours have sent, keys and all, and shows them at GET /received."""
    received: deque[dict[str, Any]] = deque(maxlen=100)

    @app.middleware("http")
    async def keep(request: Request, call_next: Any) -> Any:
        if request.url.path in ("/start-bot", "/action"):
            try:
                received.append({"path": request.url.path, "body": json.loads(await request.body())})
            except ValueError:
                received.append({"path": request.url.path, "body": None})
        return await call_next(request)

    @app.get("/received")
    async def get_received() -> list[dict[str, Any]]:
        return list(received)

    return app
