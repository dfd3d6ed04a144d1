"""The actions that a page can ask for; the names are those that RTVI's own helpers use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from loguru import logger
from pipecat.frames.frames import TTSSpeakFrame
from pipecat.processors.frameworks.rtvi import ActionResult, RTVIAction, RTVIActionArgument, RTVIProcessor

if TYPE_CHECKING:
    from bot import Bot
    from options import Kind

Handler = Callable[[RTVIProcessor, str, dict[str, Any]], Awaitable[ActionResult]]


def action(service: str, name: str, result: Kind, handler: Handler, **arguments: Kind) -> RTVIAction:
    """An action, with its arguments as name=type."""
    return RTVIAction(
        service=service,
        action=name,
        result=result,
        handler=handler,
        arguments=[RTVIActionArgument(name=argument, type=kind) for argument, kind in arguments.items()],
    )


def guarded(handler: Handler) -> Handler:
    """The handler, answering False and sending an `error` if it raises.

    In this Pipecat an action that raises ends the task that runs actions: none of the session would be answered again.
    """

    async def run(rtvi: RTVIProcessor, service: str, arguments: dict[str, Any]) -> ActionResult:
        try:
            return await handler(rtvi, service, arguments)
        except Exception as error:
            logger.exception(f"an action of {service} failed")
            await rtvi.send_error(f"The action failed: {error!r}")
            return False

    return run


class Actions:
    """The handlers of one bot's actions."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def all(self) -> list[RTVIAction]:
        """What the RTVIProcessor registers."""
        return [
            action("tts", "say", "bool", guarded(self.say), text="string", interrupt="bool"),
            action("tts", "interrupt", "bool", guarded(self.interrupt)),
            action("llm", "get_context", "object", guarded(self.get_context)),
            action("llm", "set_context", "bool", guarded(self.set_context), messages="array", interrupt="bool"),
            action("llm", "append_to_messages", "bool", guarded(self.append), messages="array", run_immediately="bool"),
            action("llm", "run", "bool", guarded(self.run), interrupt="bool"),
        ]

    async def say(self, rtvi: RTVIProcessor, _service: str, arguments: dict[str, Any]) -> bool:
        if arguments.get("interrupt"):
            await rtvi.interrupt_bot()
        await rtvi.push_frame(TTSSpeakFrame(text=arguments["text"]))
        return True

    async def interrupt(self, rtvi: RTVIProcessor, _service: str, _arguments: dict[str, Any]) -> bool:
        await rtvi.interrupt_bot()
        return True

    async def get_context(self, _rtvi: RTVIProcessor, _service: str, _arguments: dict[str, Any]) -> dict[str, Any]:
        context = self._bot.context
        return {"messages": list(context.get_messages()), "tools": context.tools}

    async def set_context(self, rtvi: RTVIProcessor, _service: str, arguments: dict[str, Any]) -> bool:
        if arguments.get("interrupt"):
            await rtvi.interrupt_bot()
        self._bot.context.set_messages(list(arguments["messages"]))
        return True

    async def append(self, rtvi: RTVIProcessor, _service: str, arguments: dict[str, Any]) -> bool:
        run = arguments.get("run_immediately", True)
        if run:
            await rtvi.interrupt_bot()
        self._bot.context.add_messages(list(arguments["messages"]))
        if run:
            await self._bot.run_llm()
        return True

    async def run(self, rtvi: RTVIProcessor, _service: str, arguments: dict[str, Any]) -> bool:
        if arguments.get("interrupt"):
            await rtvi.interrupt_bot()
        await self._bot.run_llm()
        return True
