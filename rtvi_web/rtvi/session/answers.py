"""Answers the function calls of one session's model."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from rtvi_web.core.tasks import MAX_ANSWERING, Tasks, cancelling
from rtvi_web.errors import DisconnectedError, InvalidArgumentError, MessageTooLargeError, RTVIError
from rtvi_web.rtvi.protocol.payloads import FunctionCallData, FunctionCallStoppedData
from rtvi_web.rtvi.session.functions import Answerer, answer
from rtvi_web.rtvi.session.outbox import until_taken

logger = logging.getLogger(__name__)


class FunctionAnswers:
    """Runs the handlers and sends their results.

    Args:
        send: sends a message of a type with data.
        wanted: whether the session still runs.
    """

    def __init__(self, send: Callable[[str, Any], None], wanted: Callable[[], bool]) -> None:
        self._send = send
        self._wanted = wanted
        self._tasks = Tasks()
        self._running: dict[asyncio.Task[None], FunctionCallData] = {}

    def begin(self, answerer: Answerer, call: FunctionCallData) -> None:
        """Begin to answer a call, or refuse it if too many handlers are running."""
        if len(self._running) >= MAX_ANSWERING:
            self._refuse(call)
            return
        task = self._tasks.run(self._answer(answerer, call), "answering a function call failed")
        self._running[task] = call
        task.add_done_callback(self._running.pop)

    def _refuse(self, call: FunctionCallData) -> None:
        logger.warning("function %r was not called: %d handlers are running", call.function_name, MAX_ANSWERING)
        error = f"{MAX_ANSWERING} functions are running already. Call it again later."
        result = {"function_name": call.function_name or "", "tool_call_id": call.tool_call_id, "arguments": {}}
        try:
            self._send("llm-function-call-result", {**result, "result": {"error": error}})
        except RTVIError as failure:
            logger.warning("the refusal of function %r was not sent: %s", call.function_name, failure)

    def abandon(self, stopped: FunctionCallStoppedData) -> None:
        """The bot has given up a call: cancel its handler, and send nothing. Of calls without ids, it is the oldest."""
        for task, call in self._running.items():
            is_named = stopped.tool_call_id or stopped.function_name in (None, call.function_name)
            if call.tool_call_id == stopped.tool_call_id and is_named:
                task.cancel()
                return

    def cancel(self) -> None:
        """Cancel the handlers, except the one that ended the session."""
        self._tasks.cancel()

    async def _answer(self, answerer: Answerer, call: FunctionCallData) -> None:
        result = await answer(answerer, call)
        if not self._wanted() or cancelling():
            logger.debug("the session or the call ended before function %r was answered", call.function_name)
            return
        try:
            await self._send_result(result)
        except (InvalidArgumentError, MessageTooLargeError) as error:
            logger.warning("the result of function %r was not sent: %s", call.function_name, error)
            # The arguments may be what cannot be sent; the bot knows them anyway.
            short = {**result, "arguments": {}, "result": {"error": error.message}}
            await self._send_result(short)
        except DisconnectedError as error:
            logger.warning("function %r was not answered: %s", call.function_name, error)

    async def _send_result(self, result: dict[str, Any]) -> None:
        """Send a result as soon as there is room for it: the bot waits for it."""
        await until_taken(lambda: self._send("llm-function-call-result", result))
