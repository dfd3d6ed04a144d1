"""What the bot of a session says: told to handlers and helpers, and acted on.

It brings pydantic, so that it is imported with the first session; see :mod:`rtvi_web.rtvi.protocol`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Container
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from rtvi_web.core.emitter import Emitter
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import (
    BotError,
    DisconnectedError,
    InvalidArgumentError,
    MessageTooLargeError,
    QueueFullError,
    RequestError,
    UnsupportedFeatureError,
)
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.inbound import MessageReader
from rtvi_web.rtvi.protocol.messages import RTVIMessage
from rtvi_web.rtvi.protocol.outcomes import (
    Answered,
    BotBecameReady,
    CallAnnounced,
    FatalError,
    Fire,
    ForHelpers,
    Outcome,
    Refused,
)
from rtvi_web.rtvi.protocol.payloads import FunctionCallData
from rtvi_web.rtvi.session.functions import NO_HANDLER, Answerer, FunctionCalls, answer
from rtvi_web.rtvi.session.helpers import MessageHelpers
from rtvi_web.rtvi.session.pending import PendingRequests

if TYPE_CHECKING:
    from rtvi_web.rtvi.session.connection import Connection

logger = logging.getLogger(__name__)

_ROOM_AGAIN = 0.2
"""Seconds until a result that found no room is sent again."""

_answering: ContextVar[asyncio.Task[None] | None] = ContextVar("_answering", default=None)
"""The task that answers a function call, for what its handler begins; ``None`` outside of any."""


class Session:
    """Takes the messages of one session.

    Args:
        connection: what the bot may end, and what its answers go through.
        requests: what waits for an answer of the bot.
        sent: the types of the messages that bots were sent, also before this session where they have waited for it.
    """

    def __init__(
        self,
        connection: Connection,
        emitter: Emitter,
        functions: FunctionCalls,
        helpers: MessageHelpers,
        requests: PendingRequests,
        sent: Container[str],
    ) -> None:
        self._connection = connection
        self._emitter = emitter
        self._functions = functions
        self._helpers = helpers
        self._requests = requests
        self._reader = MessageReader()
        self._answers = Tasks()
        self._sent = sent
        self._unsupported: set[str] = set()

    def receive(self, text: str) -> None:
        """Take a message."""
        for outcome in self._reader.receive(text):
            if not tell(outcome, self._emitter, self._helpers):
                self._act(outcome)

    def close(self) -> None:
        """The session is over: handlers of function calls are cancelled, but the one that ended it goes on."""
        self._answers.cancel(spare=_answering.get())

    def check_supported(self, type: str) -> None:
        """Check that the bot has not said of a type of message that it does not know it.

        Raises:
            UnsupportedFeatureError: it has.
        """
        if type in self._unsupported:
            raise _unknown(type)

    def _act(self, outcome: Outcome) -> None:
        match outcome:
            case BotBecameReady(data):
                self._connection.bot_became_ready(data)
            case Answered(id, value):
                self._requests.answer(id, value)
            case Refused(id, reason):
                if id == self._connection.client_ready_id:
                    # Older servers say this about a version they don't know, and then bot-ready all the same.
                    logger.warning("the bot says about client-ready: %s", reason)
                error = refusal(outcome, self._sent)
                if isinstance(error, UnsupportedFeatureError):
                    self._unsupported.add(error.feature)
                    self._emitter.emit(RTVIEvent.UNSUPPORTED_FEATURE, error)
                self._requests.refuse(id, error)
            case CallAnnounced(data, only_here):
                answerer = self._functions.answerer(data.function_name or "") or (NO_HANDLER if only_here else None)
                if answerer and self._reader.claim(data.tool_call_id):
                    self._answers.run(self._answer(answerer, data), "answering a function call failed")
            case FatalError(reason):
                self._connection.end(BotError(f"The bot reported a fatal error: {reason}"))

    async def _answer(self, answerer: Answerer, call: FunctionCallData) -> None:
        _answering.set(asyncio.current_task())
        result = await answer(answerer, call)
        connection = self._connection
        if connection.session is not self or not connection.in_session:
            logger.debug("the session ended before function %r was answered", call.function_name)
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
        """Send the result of a function, as soon as there is room for it: the bot waits for it."""
        while True:
            try:
                return self._connection.send("llm-function-call-result", result)
            except QueueFullError:
                await asyncio.sleep(_ROOM_AGAIN)


def tell(outcome: Outcome, emitter: Emitter, helpers: MessageHelpers) -> bool:
    """Tell handlers and helpers what a message says, in a session or out of one; says whether that is all of it."""
    if isinstance(outcome, Fire):
        event, args, message = outcome
        if message:
            helpers.handle(message)
        elif event is RTVIEvent.INVALID_MESSAGE:
            logger.warning("not an RTVI message: %s", args[0].reason)
        emitter.emit(event, *args)
        return True
    if isinstance(outcome, ForHelpers):
        if not helpers.handle(outcome.message):
            emitter.emit(RTVIEvent.GENERIC_MESSAGE, RTVIMessage.model_validate(outcome.message))
        return True
    return False


def refusal(refused: Refused, sent: Container[str]) -> RequestError | UnsupportedFeatureError:
    """What whoever asked is told; the types of messages that were sent tell the bot's words from its own code's."""
    unknown = refused.unsupported
    return _unknown(unknown) if unknown is not None and unknown in sent else RequestError(refused.reason)


def _unknown(type: str) -> UnsupportedFeatureError:
    return UnsupportedFeatureError(f"The bot does not know the message {type!r}.", feature=type)
