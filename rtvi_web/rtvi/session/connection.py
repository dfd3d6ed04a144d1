"""Runs the sessions of one client: the state, the attempt to connect, the end.

``Connection`` keeps three promises:

* ``connect()`` settles: with the bot's data, or with an error that names the phase; devices are released then.
* Everything that waits for an answer or an event gets it, or an error, by the end of the session.
* Nothing that the bot sends and nothing that a handler raises stops a session.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

from rtvi_web.core import late_files, requirements
from rtvi_web.core.connect_attempt import CLOSE_LIMIT, ConnectAttempts, with_phase
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.event import Event
from rtvi_web.core.media import Participant
from rtvi_web.core.tasks import end_if_cancelled, run_within
from rtvi_web.errors import (
    AlreadyStartedError,
    BotNotReadyError,
    ConnectAbortedError,
    ConnectPhase,
    DisconnectedError,
    RTVIError,
    StartBotError,
)
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import ESTABLISHED, IN_SESSION, STARTABLE, UNCONNECTED, StateMachine, TransportState
from rtvi_web.rtvi.session.error_events import emit_error
from rtvi_web.rtvi.session.functions import FunctionCalls
from rtvi_web.rtvi.session.helpers import MessageHelpers
from rtvi_web.rtvi.session.media_events import MediaEvents
from rtvi_web.rtvi.session.start import ConnectTimeout, SessionStart
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, Transport

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import BotReadyData
    from rtvi_web.rtvi.session.session import Session

logger = logging.getLogger(__name__)
Args = TypeVarTuple("Args")
Result = TypeVar("Result")


class Connection:
    """Creates a :class:`Session` for each connect(), and drops it at its end. It is the transport's host."""

    def __init__(
        self,
        transport: Transport,
        emitter: Emitter,
        functions: FunctionCalls,
        helpers: MessageHelpers,
        *,
        ends_with_bot: bool = True,
    ) -> None:
        self.media = MediaEvents(emitter)
        self._transport = transport
        self._emitter = emitter
        self._functions = functions
        self._helpers = helpers
        self._ends_with_bot = ends_with_bot
        self._machine = StateMachine()
        self._attempts = ConnectAttempts(self._close)
        self._session: Session | None = None
        self._start: SessionStart | None = None  # asks for another bot if the server has given up the session
        self._started: ConnectRequest | None = None
        self._failure: RTVIError | None = None

    @property
    def state(self) -> TransportState:
        return self._machine.state

    @property
    def started(self) -> ConnectRequest | None:
        """The request of this session, or of the last one; ``None`` before it is known."""
        return self._started

    @property
    def phase(self) -> ConnectPhase:
        """How far ``connect()`` has got, at present or the last time."""
        return self._attempts.phase

    @property
    def failure(self) -> RTVIError | None:
        """Why the last session, or the attempt to begin it, has ended; ``None`` if the page ended it."""
        return self._failure

    @property
    def is_connecting(self) -> bool:
        """Whether ``connect()`` or ``start_bot()`` is running."""
        return self._attempts.is_connecting

    @property
    def in_session(self) -> bool:
        """Whether the state is ``connected``, ``ready`` or ``reconnecting``."""
        return self.state in IN_SESSION

    @property
    def bot_ready_data(self) -> BotReadyData | None:
        """What the bot of this session said when it became ready."""
        return self._session.ready_data if self._session and self.in_session else None

    # Connecting and disconnecting.

    async def connect(self, start: SessionStart, timeout: float | None) -> BotReadyData:
        """Run one attempt to connect; see ``RTVIClient.connect``."""

        async def connect() -> BotReadyData:
            return await self._establish(await self._ask(start, timeout))

        return await self._attempt(start, connect)

    async def start_bot(self, start: SessionStart, timeout: float | None) -> Any:
        """Have a bot started, and go no further; see ``RTVIClient.start_bot``."""

        async def start_bot() -> Any:
            await self._ask(start, timeout)
            return start.answer

        return await self._attempt(start, start_bot)

    async def _attempt(self, start: SessionStart, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        busy = self.state not in STARTABLE | UNCONNECTED
        if self.is_connecting or (busy and not self._attempts.is_closing):
            message = f"The client is {self.state.value} already. Call disconnect() before starting again."
            raise AlreadyStartedError(message, phase=self.phase)
        self._failure = None

        async def prepare_and_work() -> Result:
            try:
                await self._prepare()
                return await work()
            except BaseException:
                start.give_up()
                raise

        return await self._attempts.run(prepare_and_work)

    async def _prepare(self) -> None:
        """Open the devices, unless that was done for a bot that has been started already."""
        if self.state is TransportState.AUTHENTICATED:
            return
        self._start = self._started = None
        if self.state is not TransportState.INITIALIZED:
            self.move(TransportState.INITIALIZING)
        self._transport.starting()
        await requirements.provide()
        # Once the browser is asking the person for permission, there is time to load it.
        late_files.use_when_here(self._import_session)
        await self._transport.media.open_devices()
        end_if_cancelled()
        self.move(TransportState.INITIALIZED)
        await late_files.arrived()
        end_if_cancelled()

    def _import_session(self) -> None:
        try:
            _session_type()
        except RTVIError as error:
            self._attempts.fail(error)

    async def _ask(self, start: SessionStart, timeout: float | None) -> ConnectRequest:
        """Learn where to connect. The deadline begins here: a person may take their time over a prompt."""
        lift_deadline = self._attempts.set_deadline(
            timeout, lambda: f"The bot did not become ready within {timeout:g} s: {self._attempts.stalled}."
        )
        fail = self._attempts.aborter()
        if start.makes_request or self._start is None:
            self._start = start
        if start.makes_request:
            self.move(TransportState.AUTHENTICATING)
            self.enter(ConnectPhase.START)
        try:
            request = self._started = await start.locate_bot(
                ConnectTimeout(lift_deadline), lambda reason: fail(ConnectAbortedError(reason, by_disconnect=False))
            )
        except StartBotError as error:
            if start.emits_bot_started:
                emit_error(error, self._emitter)
            raise
        if start.emits_bot_started:
            self.move(TransportState.AUTHENTICATED)
            self._emitter.emit(RTVIEvent.BOT_STARTED, start.answer)
        return request

    async def _establish(self, request: ConnectRequest) -> BotReadyData:
        session = self._session = self._make_session()
        self.move(TransportState.CONNECTING)
        self.enter(ConnectPhase.LINK)
        self.media.hold_tracks()
        bot = await self._transport.connect(request, session)
        end_if_cancelled()
        self.move(TransportState.CONNECTED)
        self._emitter.emit(RTVIEvent.CONNECTED)
        session.bot_joined(bot)
        self.media.release_tracks()
        self.move(TransportState.READY)
        self.enter(ConnectPhase.BOT_READY)
        data = await session.greet()
        self.enter(ConnectPhase.SESSION)
        return data

    def _make_session(self, replaces: Session | None = None) -> Session:
        make = _session_type()
        return make(self, self._transport, self._emitter, self._functions, self._helpers, replaces=replaces)

    async def init_devices(self) -> None:
        """Open the devices ahead of connect(); see ``RTVIClient.init_devices``."""
        try:
            await self._attempts.open_devices(self._open_devices)
        except BaseException:
            if self.state is TransportState.INITIALIZING and not self.is_connecting:
                await self._attempts.close("The devices could not be opened.")
            raise

    async def _open_devices(self) -> None:
        if self.state in STARTABLE and not self.is_connecting:
            self.move(TransportState.INITIALIZING)
        await self._transport.media.open_devices()
        end_if_cancelled()
        if self.state is TransportState.INITIALIZING and not self.is_connecting:
            self.move(TransportState.INITIALIZED)

    def check_not_disconnecting(self) -> None:
        """Check that devices may be opened; raises ``DisconnectedError`` if ``disconnect()`` is running."""
        self._attempts.check_not_disconnecting()

    async def disconnect(self) -> None:
        """End the session, or the attempt to connect; see ``RTVIClient.disconnect``."""
        await self._attempts.disconnect()

    async def _close(self, reason: str, failure: RTVIError | None) -> None:
        """Release everything; see :class:`ConnectAttempts`."""
        # If the start endpoint refuses, no session has begun, so none is disconnected.
        refused = isinstance(failure, StartBotError) and self.state is TransportState.AUTHENTICATING
        begun = not refused and self.state is not TransportState.DISCONNECTED
        self._failure = failure or self._failure
        if begun:
            self.move(TransportState.DISCONNECTING)
        session, self._session = self._session, None
        if session:
            session.close(reason, self._failure)
        # Without a session there may still be a shared screen to release.
        await run_within(CLOSE_LIMIT, self._transport.close(), "the transport could not be closed")
        self.media.drop_held_tracks()
        if begun:
            self.move(TransportState.DISCONNECTED)
            self._emitter.emit(RTVIEvent.DISCONNECTED)
        if failure:
            self.move(TransportState.ERROR)
        if begun or failure:
            self._emitter.fail_waiters(reason, self.phase, cause=self._failure)

    # What the transport reports: TransportHost.

    def fire(self, event: Event[*Args], *args: *Args) -> None:
        self._emitter.emit(event, *args)

    # What a session needs: SessionOwner.

    def move(self, state: TransportState) -> None:
        if self._machine.move(state):
            logger.debug("state: %s", state.value)
            self._emitter.emit(RTVIEvent.TRANSPORT_STATE_CHANGED, state)

    def enter(self, phase: ConnectPhase, stalled: str | None = None) -> None:
        logger.debug("connect: %s", phase.value)
        self._attempts.enter(phase, stalled)

    def is_current(self, session: Session) -> bool:
        return session is self._session and not self._attempts.is_closing

    def bot_left(self, error: DisconnectedError) -> bool:
        if self.is_connecting or self._ends_with_bot:
            self.end(error)
            return True
        return False

    def end(self, error: RTVIError) -> None:
        if self.is_connecting:
            self._attempts.fail(error)
        else:
            self._failure = with_phase(error, self.phase)
            self._attempts.begin_to_close(error.message)

    async def start_again(self, connect: Callable[[ConnectRequest, SessionReceiver], Awaitable[Participant]]) -> None:
        start, old = self._start, self._session
        if start is None or old is None:
            raise DisconnectedError("No session was started that could be started again.")
        old.retire()
        request = self._started = await start.locate_bot(ConnectTimeout(lambda: None), lambda _: None)
        if not self.is_current(old):
            raise DisconnectedError("The session ended meanwhile.")
        if start.emits_bot_started:
            self._emitter.emit(RTVIEvent.BOT_STARTED, start.answer)
        new = self._session = self._make_session(replaces=old)
        self.media.hold_tracks()
        new.bot_joined(await connect(request, new))
        self.media.release_tracks()
        await new.greet()
        await new.resume(resumed=False)

    def require_ready(self, what: str) -> Session:
        """The session, if messages can be sent; see ``RTVIClient.require_ready``."""
        if self._session is None or self.state not in ESTABLISHED:
            raise BotNotReadyError(
                f"{what} is not possible while the client is {self.state.value}. Await connect() first."
            )
        return self._session


def _session_type() -> type[Session]:
    """The class of sessions, imported with the first session. It needs pydantic, which no page should boot with."""
    requirements.check()
    import rtvi_web.rtvi.protocol.conversation.conversation  # noqa: F401 - its first word must not wait for it
    from rtvi_web.rtvi.session.session import Session

    return Session
