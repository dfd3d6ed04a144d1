"""Actions without a session: each request is a turn of its own, and its messages come back in the HTTP answer."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from actions import action
from bot import Bot, Extension
from pipecat.frames.frames import EndTaskFrame, Frame, TransportMessageUrgentFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.runner import PipelineRunner
from pipecat.pipeline.task import PipelineTask
from pipecat.processors.async_generator import AsyncGeneratorProcessor
from pipecat.processors.frame_processor import FrameDirection
from pipecat.processors.frameworks.rtvi import RTVIActionRun, RTVIMessage, RTVIObserver, RTVIProcessor
from pipecat.serializers.base_serializer import FrameSerializer, FrameSerializerType
from pydantic import Field
from start import Start

MAX_TURN = 30.0  # seconds; an action that raises would never end in this Pipecat
END = RTVIMessage(type="action", id="END", data=RTVIActionRun(service="system", action="end").model_dump())
"""What ends a turn. Its response is in the stream too, as from other RTVI 0.3 servers."""


class Turn(Start):
    """What a turn needs: a start, and the actions as RTVI messages."""

    actions: list[RTVIMessage] = Field(min_length=1, max_length=20)


class JsonMessages(FrameSerializer):
    """Each RTVI message as JSON."""

    @property
    def type(self) -> FrameSerializerType:
        return FrameSerializerType.TEXT

    async def serialize(self, frame: Frame) -> str | None:
        return json.dumps(frame.message) if isinstance(frame, TransportMessageUrgentFrame) else None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        return None


async def messages(turn: Turn, extend: Extension) -> AsyncGenerator[str, None]:
    """Run the actions one after another; every RTVI message of the turn, as JSON."""
    bot = Bot(turn)
    extend(bot)
    bot.rtvi.register_action(action("system", "end", "bool", _end))
    output = AsyncGeneratorProcessor(serializer=JsonMessages())
    task = PipelineTask(
        Pipeline([bot.rtvi, bot.user, bot.llm, output, bot.assistant]),
        observers=[RTVIObserver(bot.rtvi)],
        idle_timeout_secs=None,
    )

    @bot.rtvi.event_handler("on_bot_started")
    async def on_bot_started(rtvi: RTVIProcessor) -> None:
        try:
            for service in turn.config:
                for option in service.options:
                    if option.name != "run_on_config":  # here the model runs when an action says so
                        await bot.options.set(rtvi, service.service, option)
        except ValueError as error:
            await rtvi.send_error(f"The configuration cannot be applied: {error}")
            await rtvi.handle_message(END)
            return
        for message in (*turn.actions, END):
            await rtvi.handle_message(message)

    time_is_up = asyncio.get_running_loop().call_later(MAX_TURN, lambda: asyncio.ensure_future(task.cancel()))
    running = asyncio.create_task(PipelineRunner(handle_sigint=False).run(task))
    try:
        async with aclosing(output.generator()) as texts:
            async for text in texts:
                yield text
        await running
    finally:  # Who asked may have gone before the end.
        time_is_up.cancel()
        await task.cancel()
        await running


async def response(turn: Turn, extend: Extension) -> dict[str, Any] | None:
    """Run a turn of one action; the message that answers it, or None if none came in time."""
    found = None
    async with aclosing(messages(turn, extend)) as texts:
        async for text in texts:
            message = json.loads(text)
            if message.get("id") == turn.actions[0].id:
                found = message
    return found


async def _end(rtvi: RTVIProcessor, _service: str, _arguments: dict[str, Any]) -> bool:
    # Upstream: an EndFrame from the middle of a pipeline would not end its task.
    await rtvi.push_frame(EndTaskFrame(), FrameDirection.UPSTREAM)
    return True
