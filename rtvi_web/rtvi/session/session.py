"""One session with a bot: its messages in and out, and what waits for them.

It brings pydantic, so it is imported with the first session; see :mod:`rtvi_web.rtvi.protocol`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from rtvi_web.core.connect_attempt import with_phase
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.media import Participant
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import (
    BotError,
    ConnectPhase,
    DisconnectedError,
    DisconnectReason,
    RTVIError,
    UnsupportedFeatureError,
)
from rtvi_web.rtvi.protocol.envelope import client_ready, new_id
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.inbound import MessageReader
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss
from rtvi_web.rtvi.protocol.outcomes import (
    Answered,
    BotBecameReady,
    CallAnnounced,
    CallCancelled,
    FatalError,
    Fire,
    Outcome,
    Refused,
)
from rtvi_web.rtvi.protocol.payloads import BotReadyData
from rtvi_web.rtvi.protocol.state import TransportState
from rtvi_web.rtvi.session.answers import FunctionAnswers
from rtvi_web.rtvi.session.error_events import emit_error
from rtvi_web.rtvi.session.functions import NO_HANDLER, FunctionCalls
from rtvi_web.rtvi.session.helpers import MessageHelpers
from rtvi_web.rtvi.session.notify import notify, refusal, unknown_type
from rtvi_web.rtvi.session.outbox import Outbox, until_taken
from rtvi_web.rtvi.session.participants import Participants
from rtvi_web.rtvi.session.pending import PendingRequests
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, Transport

logger = logging.getLogger(__name__)

_BOT_LEFT = "The bot left the session."
_INTERRUPTIONS = frozenset({RTVIEvent.BOT_INTERRUPTED, RTVIEvent.USER_STARTED_SPEAKING})
"""Older bots say only the second when they are interrupted."""


class SessionOwner(Protocol):
    """What a session needs of the :class:`~rtvi_web.rtvi.session.connection.Connection` that runs it."""

    @property
    def state(self) -> TransportState: ...
    @property
    def phase(self) -> ConnectPhase: ...
    def move(self, state: TransportState) -> None: ...
    def enter(self, phase: ConnectPhase, stalled: str | None = None) -> None: ...
    def is_current(self, session: Session) -> bool: ...
    def bot_left(self, error: DisconnectedError) -> bool: ...
    def end(self, error: RTVIError) -> None: ...
    async def start_again(
        self, connect: Callable[[ConnectRequest, SessionReceiver], Awaitable[Participant]]
    ) -> None: ...


class Session:
    """One session. The transport reports to it (:class:`~rtvi_web.rtvi.transport.SessionReceiver`).

    Args:
        owner: the connection that runs it.
        transport: carries its messages.
        replaces: the session that it replaces, because the server has given that up. Messages that still wait go to the
            new bot.
    """

    def __init__(
        self,
        owner: SessionOwner,
        transport: Transport,
        emitter: Emitter,
        functions: FunctionCalls,
        helpers: MessageHelpers,
        *,
        replaces: Session | None = None,
    ) -> None:
        self._owner = owner
        self._transport = transport
        self._emitter = emitter
        self._functions = functions
        self._helpers = helpers
        self._outbox: Outbox = replaces._outbox if replaces else Outbox(transport, emitter)
        self._requests: PendingRequests = replaces._requests if replaces else PendingRequests()
        self._reader = MessageReader()
        self._unsupported: set[str] = set()
        self._participants = Participants(emitter)
        self._bot_has_left = False
        self._bot_ready: asyncio.Future[BotReadyData] = asyncio.get_running_loop().create_future()
        self._client_ready_id = new_id()
        self._answers = FunctionAnswers(self.send, lambda: self._is_current)
        self._tasks = Tasks()
        self._flushing: asyncio.Task[None] | None = None
        self._is_over = False
        if replaces:
            replaces._is_over = True

    @property
    def ready_data(self) -> BotReadyData | None:
        """What the bot said when it became ready."""
        ready = self._bot_ready
        return ready.result() if ready.done() and not ready.cancelled() else None

    # Its beginning and its end.

    def bot_joined(self, bot: Participant) -> None:
        """The transport has connected to the bot.

        Raises:
            DisconnectedError: the session has ended meanwhile.
        """
        if self._is_over or self._bot_has_left:
            raise DisconnectedError("The session ended meanwhile.")
        self._participants.bot_joined(bot)

    async def greet(self) -> BotReadyData:
        """Say client-ready, and wait for bot-ready."""
        self._outbox.send(self._outbox.write("client-ready", client_ready(), self._client_ready_id))
        return await self._bot_ready

    def close(self, reason: str, cause: RTVIError | None) -> None:
        """The session is over: all are gone, what waits for an answer fails, what waits for the link is dropped.

        Handlers of function calls are cancelled, except the one that ended the session.

        Args:
            reason: what happened.
            cause: why it has ended; ``None`` if the page ended it.
        """
        self._is_over = True
        self._participants.all_left()
        self._drop_messages(reason, cause)
        self._answers.cancel()
        self._tasks.cancel()

    def retire(self) -> None:
        """The server has given the session up: another one takes its place, which sends what waits for the link."""
        self._participants.all_left()
        self._answers.cancel()
        lost = DisconnectedError("The server has given the session up.", reason=DisconnectReason.LOST)
        self._requests.fail_all(lost.message, self._owner.phase, cause=lost, keep=self._outbox)

    def _drop_messages(self, reason: str, cause: RTVIError | None) -> None:
        self._requests.fail_all(reason, self._owner.phase, cause=cause)
        if unsent := self._outbox.clear():
            logger.warning("%s %d messages that waited for the link were not sent", reason, unsent)

    @property
    def _is_current(self) -> bool:
        return not self._is_over and self._owner.is_current(self)

    @property
    def _is_reconnecting(self) -> bool:
        return self._owner.state is TransportState.RECONNECTING

    # What the transport reports: SessionReceiver.

    def enter(self, phase: ConnectPhase, stalled: str | None = None) -> None:
        if self._is_current:
            self._owner.enter(phase, stalled)

    def participant_joined(self, participant: Participant) -> None:
        if self._is_current:
            self._participants.joined(participant)

    def participant_left(self, participant: Participant) -> None:
        if not self._is_over:
            self._participants.left(participant)

    def receive(self, text: str) -> None:
        if self._is_over:
            return
        self._emitter.emit(RTVIEvent.MESSAGE_RECEIVED, text)
        for outcome in self._reader.receive(text, whole=bool(self._helpers.by_name)):
            if isinstance(outcome, Fire) and outcome.event in _INTERRUPTIONS:
                self._transport.interrupted()
            if not notify(outcome, self._emitter, self._helpers):
                self._act(outcome)

    def bot_left(self, bot: Participant) -> None:
        if self._is_over or self._bot_has_left:
            return
        self._bot_has_left = True
        self._participants.bot_left(bot)
        left = DisconnectedError(_BOT_LEFT, reason=DisconnectReason.BOT_LEFT)
        if not self._is_current or self._owner.bot_left(left):
            return
        self._drop_messages(_BOT_LEFT, left)
        if self._is_reconnecting:
            self._owner.move(TransportState.READY)  # The link would lead to no bot.

    def lost(self, error: RTVIError) -> None:
        if self._is_current:
            emit_error(with_phase(error, self._owner.phase), self._emitter)
            self._owner.end(error)

    def reconnecting(self, attempt: int, cause: LinkLoss) -> None:
        if self._is_current:
            logger.info("the link is lost (%s), attempt %d", cause.value, attempt)
            if self._flushing:
                self._flushing.cancel()
            self._owner.move(TransportState.RECONNECTING)
            self._emitter.emit(RTVIEvent.RECONNECTING, attempt, cause)

    def reconnected(self) -> None:
        self._flushing = self._tasks.run(self.resume(resumed=True), "sending what waited for the link failed")

    async def start_again(self, connect: Callable[[ConnectRequest, SessionReceiver], Awaitable[Participant]]) -> None:
        await self._owner.start_again(connect)

    async def resume(self, *, resumed: bool) -> None:
        """The link is back: send what has waited for it, and go on.

        Args:
            resumed: whether it leads to the same bot.
        """
        try:
            await until_taken(self._outbox.flush)
        except DisconnectedError:
            return  # It is lost again; the transport is about to report it.
        if self._is_current and self._is_reconnecting:
            self._owner.move(TransportState.READY)
            self._emitter.emit(RTVIEvent.RECONNECTED, resumed)

    # Messages out.

    def send(self, type: str, data: Any, *, id: str | None = None) -> None:
        """Send a message, or keep it until the link is restored. Errors: see ``RTVIClient.send_client_message``."""
        self.check_supported(type)
        id = id or new_id()
        text = self._outbox.write(type, data, id)
        if not self._is_reconnecting:
            if self._bot_has_left:
                message = f"{_BOT_LEFT} {type!r} was not sent."
                raise DisconnectedError(message, reason=DisconnectReason.BOT_LEFT)
            try:
                self._outbox.send(text)
                return
            except DisconnectedError:
                if not self._is_reconnecting:  # The transport may have noticed just now that the link is lost.
                    raise
        self._outbox.put(id, text)

    async def request(self, type: str, data: Any, *, timeout: float | None, what: str) -> Any:
        """Send a message and wait for the bot's answer to it; see :meth:`PendingRequests.wait`."""
        id = new_id()
        pending = self._requests.open(id)
        try:
            self.send(type, data, id=id)
            return await self._requests.wait(pending, timeout=timeout, what=what)
        finally:
            pending.cancel()
            self._outbox.discard(id)  # If it still waits for the link, its answer is no longer wanted.

    def check_supported(self, type: str) -> None:
        """Check that the bot has not refused messages of this type as unknown.

        Raises:
            UnsupportedFeatureError: it has refused them.
        """
        if type in self._unsupported:
            raise unknown_type(type)

    # What messages lead to.

    def _act(self, outcome: Outcome) -> None:
        match outcome:
            case BotBecameReady(data):
                if not self._bot_ready.done():
                    self._bot_ready.set_result(data)
                    self._transport.bot_ready()
            case Answered(id, value):
                self._requests.answer(id, value)
            case Refused():
                self._refuse(outcome)
            case CallAnnounced(data, only_here):
                answerer = self._functions.answerer(data.function_name or "") or (NO_HANDLER if only_here else None)
                if answerer and self._reader.claim(data.tool_call_id):
                    self._answers.begin(answerer, data)
            case CallCancelled(data):
                self._answers.abandon(data)
            case FatalError(reason):
                if self._is_current:
                    self._owner.end(BotError(f"The bot reported a fatal error: {reason}"))

    def _refuse(self, refused: Refused) -> None:
        if refused.id == self._client_ready_id:
            # Older servers say this about a version they don't know, and still say bot-ready.
            logger.warning("the bot says about client-ready: %s", refused.reason)
        error = refusal(refused, self._outbox.types)
        if isinstance(error, UnsupportedFeatureError):
            self._unsupported.add(error.feature)
            self._emitter.emit(RTVIEvent.UNSUPPORTED_FEATURE, error)
        self._requests.refuse(refused.id, error)
