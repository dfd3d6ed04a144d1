"""What the members of a client work with: made here, once, for all of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from rtvi_web.core.emitter import Emitter
from rtvi_web.core.event_members import EventMembers
from rtvi_web.rtvi.members.http_actions import HttpActions
from rtvi_web.rtvi.protocol.events import EVENTS, RENAMED
from rtvi_web.rtvi.session.connection import Connection
from rtvi_web.rtvi.session.conversation_tracker import ConversationTracker
from rtvi_web.rtvi.session.functions import FunctionCalls
from rtvi_web.rtvi.session.helpers import MessageHelpers
from rtvi_web.rtvi.session.params import ClientParams
from rtvi_web.rtvi.transport import Transport

Result = TypeVar("Result")


class ClientBase(EventMembers):
    """The base of every class of members, and so of ``RTVIClient``."""

    def __init__(self, transport: Transport, params: ClientParams, *, ends_with_bot: bool) -> None:
        super().__init__(Emitter(EVENTS, RENAMED))
        self._transport = transport
        self._params = params
        self._functions = FunctionCalls()
        self._helpers = MessageHelpers(self._emitter)
        self._connection = Connection(
            transport, self._emitter, self._functions, self._helpers, ends_with_bot=ends_with_bot
        )
        self._http_actions = HttpActions(transport, self._emitter, self._helpers)
        self._conversation_tracker = ConversationTracker(
            self._emitter, lambda: self._connection.is_connecting, time.time
        )

    def run(self, coroutine: Coroutine[Any, Any, Result], reason: str) -> asyncio.Task[Result]:
        """Run a coroutine as a task, such as from a click. What it raises is reported to the event loop's handler.

        Args:
            coroutine: what to run.
            reason: what the report says if it raises.
        """
        return self._emitter.run(coroutine, reason)
