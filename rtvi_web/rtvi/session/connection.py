"""One session from connect() to its end: the state, the messages, and what waits for them.

``Connection`` is what the transport talks to (its :class:`TransportHost`). It keeps three promises:

* ``connect()`` settles: with the bot's data, or with an error that names the phase; devices are released then.
* whoever waits for an answer or an event gets it, or an error, by the end of the session.
* nothing that the bot sends and nothing that a handler raises gets out of ``receive()``.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from rtvi_web._version import __version__
from rtvi_web.core.connect_attempt import STALLED, deadline, with_phase
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.event import Event
from rtvi_web.core.media import Participant
from rtvi_web.core.tasks import cancelling, report
from rtvi_web.errors import (
    AlreadyStartedError,
    BotNotReadyError,
    ConnectAbortedError,
    ConnectPhase,
    DisconnectedError,
    QueueFullError,
    RTVIError,
    StartBotError,
)
from rtvi_web.rtvi.protocol.envelope import PROTOCOL_VERSION, new_id
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss
from rtvi_web.rtvi.protocol.state import ESTABLISHED, STARTABLE, UNCONNECTED, StateMachine, TransportState
from rtvi_web.rtvi.session.functions import FunctionCalls
from rtvi_web.rtvi.session.helpers import MessageHelpers
from rtvi_web.rtvi.session.media_events import MediaEvents
from rtvi_web.rtvi.session.outbox import Outbox
from rtvi_web.rtvi.session.pending import PendingRequests
from rtvi_web.rtvi.session.start import ConnectTimeout, SessionStart
from rtvi_web.rtvi.transport import ConnectRequest, Transport

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import BotReadyData
    from rtvi_web.rtvi.session.session import Session

logger = logging.getLogger(__name__)
Args = TypeVarTuple("Args")
Result = TypeVar("Result")

_BOT_LEFT = "The bot left the session."

_FLUSH_AGAIN = 0.2
"""Seconds until what waits is sent on, where the channel takes no more at once."""


class Connection:
    """Runs the sessions of one client, one after another."""

    def __init__(
        self,
        transport: Transport,
        emitter: Emitter,
        functions: FunctionCalls,
        helpers: MessageHelpers,
        *,
        ends_with_bot: bool = True,
    ) -> None:
        self._transport = transport
        self._emitter = emitter
        self._functions = functions
        self._helpers = helpers
        self._ends_with_bot = ends_with_bot
        self.media = MediaEvents(emitter)
        self._machine = StateMachine()
        self._session: Session | None = None
        self._requests = PendingRequests()
        self._outbox = Outbox(transport, emitter)
        self._start_request: SessionStart | None = None
        self._started: ConnectRequest | None = None
        self._bot: Participant | None = None
        self._phase = ConnectPhase.DEVICES
        self.client_ready_id = ""
        """The id of the message that greeted the bot."""
        self._attempt: asyncio.Task[Any] | None = None
        self._bot_ready: asyncio.Future[BotReadyData] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._flushing: asyncio.TimerHandle | None = None
        self._abortion: RTVIError | None = None
        self._failure: RTVIError | None = None

    @property
    def state(self) -> TransportState:
        return self._machine.state

    @property
    def started(self) -> ConnectRequest | None:
        """What the start request of this session, if there was one, has given."""
        return self._started

    @property
    def phase(self) -> ConnectPhase:
        """How far ``connect()`` has got, at present or the last time."""
        return self._phase

    @property
    def failure(self) -> RTVIError | None:
        """Why the last session, or the attempt to begin it, has ended; ``None`` where that was wanted."""
        return self._failure

    @property
    def is_connecting(self) -> bool:
        """Whether ``connect()`` or ``start_bot()`` is running."""
        return self._attempt is not None

    @property
    def in_session(self) -> bool:
        """Whether the state is ``connected``, ``ready`` or ``reconnecting``."""
        return self.state is TransportState.CONNECTED or self.state in ESTABLISHED

    @property
    def session(self) -> Session:
        """What takes the messages of this session."""
        if self._session is None:
            from rtvi_web.rtvi.session.session import Session

            self._session = Session(
                self, self._emitter, self._functions, self._helpers, self._requests, self._outbox.types
            )
        return self._session

    @property
    def bot_ready_data(self) -> BotReadyData | None:
        """What the bot of this session said when it became ready."""
        ready = self._bot_ready
        return ready.result() if self.in_session and ready and ready.done() and not ready.cancelled() else None

    # Connecting and disconnecting.

    async def connect(self, start: SessionStart, timeout: float | None) -> BotReadyData:
        """Run one attempt to connect; see ``RTVIClient.connect``."""
        return await self._attempt_to(start, self._connect(start, timeout))

    async def start_bot(self, start: SessionStart, timeout: float | None) -> Any:
        """Have a bot started, and go no further; see ``RTVIClient.start_bot``."""
        return await self._attempt_to(start, self._start(start, timeout))

    async def _attempt_to(self, start: SessionStart, work: Coroutine[Any, Any, Result]) -> Result:
        """Run one attempt; whatever ends it, the session is closed then, unless it succeeded."""
        if self._attempt or not (self._closing or self.state in STARTABLE | UNCONNECTED):
            work.close()
            message = f"The client is {self.state.value} already. Call disconnect() before starting again."
            raise AlreadyStartedError(message, phase=self._phase)
        self._phase, self._failure = ConnectPhase.DEVICES, None
        # A task of its own, so that it can be aborted wherever it stands.
        self._attempt = attempt = asyncio.ensure_future(work)
        try:
            result = await attempt
            if self._abortion is None:
                return result
        except asyncio.CancelledError:
            if self._abortion is None or cancelling():
                self._abortion = None
                start.give_up()
                await self._close()
                raise
        except Exception as error:
            self._abortion = with_phase(error, self._phase)
        finally:
            self._attempt = None
        failure, self._abortion = self._abortion, None
        start.give_up()
        if start.emits_bot_started and isinstance(failure, StartBotError):
            self._complain(failure)
        reason = f"connect() failed: {failure.message}"
        given_up = isinstance(failure, ConnectAbortedError) and failure.by_disconnect
        self._failure = None if given_up else failure
        await self._close(reason, None if given_up else failure)
        self._emitter.fail_waiters(reason, self._phase)
        raise failure

    async def init_devices(self) -> None:
        """Open the devices ahead of connect(); see ``RTVIClient.init_devices``."""
        if self._closing:
            await asyncio.shield(self._closing)
        if self.state in STARTABLE and not self._attempt:
            self._move(TransportState.INITIALIZING)
        try:
            await self._transport.media.open_devices()
        except BaseException:
            if self.state is TransportState.INITIALIZING and not self._attempt:
                await self._close()
            raise
        if self.state is TransportState.INITIALIZING and not self._attempt:
            self._move(TransportState.INITIALIZED)

    async def disconnect(self) -> None:
        """End the session, or the attempt to connect; see ``RTVIClient.disconnect``."""
        if attempt := self._attempt:
            self._abort(ConnectAbortedError())
            await asyncio.wait({attempt})
        await self._close()

    def _abort(self, reason: RTVIError) -> None:
        """Make the attempt to connect fail, wherever it stands; the first reason is the one it tells."""
        if self._attempt and self._abortion is None:
            self._abortion = with_phase(reason, self._phase)
            self._attempt.cancel()

    async def _connect(self, start: SessionStart, timeout: float | None) -> BotReadyData:
        await self._prepare()
        async with self._deadline(timeout) as limit:
            request = self._started = await self._ask(start, limit)
            return await self._establish(request)

    async def _start(self, start: SessionStart, timeout: float | None) -> Any:
        await self._prepare()
        async with self._deadline(timeout) as limit:
            self._started = await self._ask(start, limit)
        return start.answer

    def _deadline(self, timeout: float | None) -> contextlib.AbstractAsyncContextManager[asyncio.Timeout]:
        """For what follows the devices: a person may take their time over a prompt."""
        return deadline(timeout, lambda: f"The bot did not become ready within {timeout:g} s: {STALLED[self._phase]}.")

    async def _prepare(self) -> None:
        """Open the devices, unless that was done for a bot that has been started already."""
        if self._closing:
            await asyncio.shield(self._closing)
        if self.state is TransportState.AUTHENTICATED:
            return
        self._session = self._started = self._start_request = None
        if self.state is not TransportState.INITIALIZED:
            self._move(TransportState.INITIALIZING)
        self._transport.starting()
        # Once the browser is asking the person for permission, there is time to load it.
        asyncio.get_running_loop().call_soon(lambda: self.session)
        await self._transport.media.open_devices()
        self._move(TransportState.INITIALIZED)

    async def _ask(self, start: SessionStart, deadline: asyncio.Timeout) -> ConnectRequest:
        attempt = self._attempt
        if start.makes_request or self._start_request is None:
            self._start_request = start

        def abort(reason: str) -> None:
            if self._attempt is attempt:  # else it is over, and this is a later one
                self._abort(ConnectAbortedError(reason, by_disconnect=False))

        if start.makes_request:
            self._move(TransportState.AUTHENTICATING)
            self.enter(ConnectPhase.START)
        request = await start.start(ConnectTimeout(deadline), abort)
        if start.emits_bot_started:
            self._move(TransportState.AUTHENTICATED)
            self.fire(RTVIEvent.BOT_STARTED, start.answer)
        return request

    async def _establish(self, request: ConnectRequest) -> BotReadyData:
        self._bot_ready = asyncio.get_running_loop().create_future()
        self._move(TransportState.CONNECTING)
        self.enter(ConnectPhase.OFFER)
        bot = await self._transport.connect(request)
        self._move(TransportState.CONNECTED)
        self.fire(RTVIEvent.CONNECTED)
        self._bot_is_there(bot)
        self._move(TransportState.READY)
        self.enter(ConnectPhase.BOT_READY)
        data = await self._greet(self._bot_ready)
        self.enter(ConnectPhase.SESSION)
        return data

    async def _greet(self, bot_ready: asyncio.Future[BotReadyData]) -> BotReadyData:
        """Say client-ready, and wait for bot-ready."""
        self.client_ready_id = new_id()
        hello = {"version": PROTOCOL_VERSION, "about": about()}
        self._outbox.send(self._outbox.write("client-ready", hello, self.client_ready_id))
        return await bot_ready

    async def _close(self, reason: str = "The session ended.", failure: RTVIError | None = None) -> None:
        """Close the session once, however many ask for it; goes on even if they stop waiting."""
        await asyncio.shield(self._begin_to_close(reason, failure))

    def _begin_to_close(self, reason: str, failure: RTVIError | None = None) -> asyncio.Task[None]:
        """Close the session, unless it is closing.

        Args:
            reason: what whoever still waits for the session is told.
            failure: why ``connect()`` failed, which leaves the client in ``error``.
        """
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close_once(reason, failure))
        return self._closing

    async def _close_once(self, reason: str, failure: RTVIError | None) -> None:
        # Where no session has begun, none is disconnected; but the screen may be shared all the same.
        refused = isinstance(failure, StartBotError) and self.state is TransportState.AUTHENTICATING
        begun = not refused and self.state is not TransportState.DISCONNECTED
        try:
            if begun:
                self._move(TransportState.DISCONNECTING)
            self._bot = None
            self._forget_messages(reason)
            if self._session:
                self._session.close()
            try:
                await self._transport.close()
            except Exception as error:
                report(error, "the transport could not be closed", self._transport)
            if begun:
                self._move(TransportState.DISCONNECTED)
                self.fire(RTVIEvent.DISCONNECTED)
            if failure:
                self._move(TransportState.ERROR)
            if begun or failure:
                self._emitter.fail_waiters(reason, self._phase)
        finally:
            self._closing = None

    def _move(self, state: TransportState) -> None:
        if self._machine.move(state):
            logger.debug("state: %s", state.value)
            self.fire(RTVIEvent.TRANSPORT_STATE_CHANGED, state)

    # What the transport tells: TransportHost.

    def fire(self, event: Event[*Args], *args: *Args) -> None:
        self._emitter.emit(event, *args)

    def enter(self, phase: ConnectPhase) -> None:
        if self._attempt:  # else it is a link that is being restored, and connect() has long returned
            logger.debug("connect: %s", phase.value)
            self._phase = phase

    def receive(self, text: str) -> None:
        self._emitter.emit(RTVIEvent.MESSAGE_RECEIVED, text)
        (self._session or self.session).receive(text)

    def bot_became_ready(self, data: BotReadyData) -> None:
        """The bot has answered client-ready."""
        if self._bot_ready and not self._bot_ready.done():
            self._bot_ready.set_result(data)
            self._transport.bot_ready()

    def bot_left(self, bot: Participant) -> None:
        self._bot_is_gone(bot)
        if self._attempt or self._ends_with_bot:
            self.end(DisconnectedError(_BOT_LEFT))
        elif self._alive:
            self._forget_messages(_BOT_LEFT)
            if self._is_reconnecting:
                self._move(TransportState.READY)  # There is nobody any more to whom the link would lead.

    def _bot_is_there(self, bot: Participant) -> None:
        self._bot = bot
        self.fire(RTVIEvent.PARTICIPANT_CONNECTED, bot)
        self.fire(RTVIEvent.BOT_CONNECTED, bot)

    def _bot_is_gone(self, bot: Participant) -> None:
        self._bot = None
        self.fire(RTVIEvent.PARTICIPANT_LEFT, bot)
        self.fire(RTVIEvent.BOT_DISCONNECTED, bot)

    def _forget_messages(self, reason: str) -> None:
        """Nobody will get what waits, nor answer what was asked."""
        self._requests.fail_all(reason, self._phase)
        if unsent := self._outbox.clear():
            logger.warning("%s %d messages that waited for the link were not sent", reason, unsent)

    def lost(self, error: RTVIError) -> None:
        if self._alive:
            self._complain(with_phase(error, self._phase))
            self.end(error)

    def _complain(self, error: RTVIError) -> None:
        """Fire the event of a fatal error that no bot has told."""
        from rtvi_web.rtvi.protocol.payloads import ErrorData, ErrorMessage

        data = ErrorData(error=error.message, fatal=True)
        self.fire(RTVIEvent.ERROR, ErrorMessage(type="error", data=data))

    def reconnecting(self, attempt: int, cause: LinkLoss) -> None:
        if self._alive:
            logger.info("the link is lost (%s), attempt %d", cause.value, attempt)
            if self._flushing:
                self._flushing.cancel()
            self._move(TransportState.RECONNECTING)
            self.fire(RTVIEvent.RECONNECTING, attempt, cause)

    def reconnected(self) -> None:
        self._resume(resumed=True)

    async def start_again(self, connect: Callable[[ConnectRequest], Awaitable[Participant]]) -> None:
        if self._start_request is None:
            raise DisconnectedError("No session was started that could be started again.")
        if self._bot:
            self._bot_is_gone(self._bot)
        if self._session:
            self._session.close()
            self._session = None
        self._requests.fail_all("The server has given the session up.", self._phase, keep=self._outbox)
        request = self._started = await self._start_request.start(ConnectTimeout(asyncio.timeout(None)), lambda _: None)
        if self._start_request.emits_bot_started:
            self.fire(RTVIEvent.BOT_STARTED, self._start_request.answer)
        self._bot_ready = asyncio.get_running_loop().create_future()
        self._bot_is_there(await connect(request))
        await self._greet(self._bot_ready)
        self._resume(resumed=False)

    def _resume(self, *, resumed: bool) -> None:
        """The link is back: send what has waited for it, and go on."""
        if self.state is not TransportState.RECONNECTING or not self._alive:
            return
        try:
            self._outbox.flush()
        except DisconnectedError:
            return  # It is lost again, as the transport is about to tell.
        except QueueFullError:
            loop = asyncio.get_running_loop()
            self._flushing = loop.call_later(_FLUSH_AGAIN, lambda: self._resume(resumed=resumed))
            return
        self._move(TransportState.READY)
        self.fire(RTVIEvent.RECONNECTED, resumed)

    @property
    def _alive(self) -> bool:
        return self._closing is None and self.state not in STARTABLE

    def end(self, error: RTVIError) -> None:
        """The session cannot go on: fail the attempt to connect, or close what was connected."""
        if self._attempt:
            self._abort(error)
        elif self._alive:
            self._failure = with_phase(error, self._phase)
            self._begin_to_close(error.message)

    # Messages.

    def send(self, type: str, data: Any, *, id: str | None = None) -> None:
        """Send a message; see ``RTVIClient.send_client_message`` for the errors."""
        if self.state not in ESTABLISHED:
            raise BotNotReadyError(f"{type!r} cannot be sent while the client is {self.state.value}.")
        self.session.check_supported(type)
        id = id or new_id()
        text = self._outbox.write(type, data, id)
        if self.state is TransportState.READY:
            if self._bot is None:
                raise DisconnectedError(f"{_BOT_LEFT} {type!r} was not sent.")
            try:
                self._outbox.send(text)
                return
            except DisconnectedError:
                if not self._is_reconnecting:  # The transport may have noticed just now that the link is lost.
                    raise
        self._outbox.put(id, text)

    @property
    def _is_reconnecting(self) -> bool:
        return self.state is TransportState.RECONNECTING

    def require_ready(self, what: str) -> None:
        """See ``RTVIClient.require_ready``."""
        if self.state not in ESTABLISHED:
            raise BotNotReadyError(f"{what} was called while the client is {self.state.value}. Await connect() first.")

    async def request(self, type: str, data: Any, *, timeout: float | None, what: str) -> Any:
        """Send a message and wait for the bot's answer to it."""
        id = new_id()
        pending = self._requests.open(id)
        try:
            self.send(type, data, id=id)
            return await self._requests.wait(pending, timeout=timeout, what=what)
        finally:
            pending.cancel()
            self._outbox.discard(id)  # Where it still waits for the link, nobody waits for its answer any more.


def about() -> dict[str, str]:
    """What client-ready says about this client."""
    return {
        "library": "rtvi_web",
        "library_version": __version__,
        "platform": sys.platform,
        "platform_version": ".".join(map(str, sys.version_info[:3])),
    }
