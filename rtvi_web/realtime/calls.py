"""Runs the tools that the model calls, and sends it their output."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from rtvi_web.core.tasks import MAX_ANSWERING, Tasks
from rtvi_web.errors import DisconnectedError, RTVIError
from rtvi_web.realtime.configuration import Configuration
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.protocol.conversation import Conversation
from rtvi_web.realtime.protocol.items import Item
from rtvi_web.realtime.tools import Answer, Tool, ToolCalls, answer, not_offered, refused


class CallRunner:
    """Answers each call of a tool that the page has registered, and calls of tools that were never offered.

    Args:
        api: sends the output.
        configuration: knows the tools.
        conversation: has the calls.
        emit_error: dispatches an ``error``, with its source, its message and an exception.
        go_on: has the model go on, when all calls of a response are answered.
    """

    def __init__(
        self,
        api: RealtimeAPI,
        configuration: Configuration,
        conversation: Conversation,
        emit_error: Callable[..., object],
        go_on: Callable[[], object],
    ) -> None:
        self._api = api
        self._configuration = configuration
        self._conversation = conversation
        self._emit_error = emit_error
        self._go_on = go_on
        self._answering = Tasks()
        self._calls = ToolCalls()
        self._session = 0

    def session_begins(self) -> None:
        """Forget the calls of the session before."""
        self._calls.reset()

    def session_ended(self) -> None:
        """Stop the tools that run."""
        self._session += 1
        self._answering.cancel()

    @property
    def running(self) -> int:
        """How many calls are being answered."""
        return len(self._answering)

    def response_created(self, response_id: str) -> None:
        """A response begins."""
        self._calls.response_created(response_id)

    def response_done(self, response_id: str, *, goes_on: bool) -> bool:
        """A response has ended. Return whether to ask the model to go on; see ``ToolCalls.response_done``."""
        return self._calls.response_done(response_id, goes_on=goes_on)

    def run(self, response_id: str, ids: Iterable[str]) -> None:
        """Run the calls among these items that are complete, each once.

        Args:
            response_id: the response that they belong to.
            ids: of items of any kind.
        """
        for id in ids:
            item = self._conversation.get_item(id)
            if item is None or item.type != "function_call" or item.status != "completed":
                continue
            tool = self._configuration.tools.get(item.name or "")
            if tool is None and self._configuration.is_offered(item.name or ""):
                continue  # the page answers it, or the server itself does
            if not self._calls.begin(response_id, item.id, item.call_id or ""):
                continue
            if not item.call_id:
                self._emit_error("response", f"The model called {item.name!r} without a call id; it stays unanswered.")
                continue
            if tool is None:
                self._emit_error("response", f"The model called {item.name!r}, a tool that was not offered to it.")
                work = self._give(item, not_offered(item.name), response_id)
            elif len(self._answering) >= MAX_ANSWERING:
                self._emit_error("response", f"Tool {item.name!r} was not called: {MAX_ANSWERING} calls are running.")
                work = self._give(item, refused(), response_id)
            else:
                work = self._answer(tool, item, response_id)
            self._answering.run(work, f"tool {item.name!r} could not be answered")

    async def _answer(self, tool: Tool, item: Item, response_id: str) -> None:
        session = self._session
        answered = await answer(tool, item.arguments or "")
        if session == self._session:  # else the session of the call is over
            await self._give(item, answered, response_id)

    async def _give(self, item: Item, answered: Answer, response_id: str) -> None:
        """Send the model the output of a call, and have it go on if it should."""
        output = {"type": "function_call_output", "call_id": item.call_id, "output": answered.output}
        try:
            self._api.send("conversation.item.create", {"item": output})
        except DisconnectedError:
            return
        except RTVIError as error:
            self._emit_error("message", f"The result of tool {item.name!r} was not sent: {error.message}", error)
            short = {**output, "output": json.dumps({"error": error.message})}
            self._api.send("conversation.item.create", {"item": short})
        if self._calls.answered(response_id, respond=answered.respond):
            self._go_on()
