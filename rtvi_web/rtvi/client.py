"""RTVIClient: what a page talks to."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from rtvi_web._version import __version__
from rtvi_web.core.checks import checked_mapping, keywords_only, nearest, seconds, snake_case
from rtvi_web.core.handlers import Handler
from rtvi_web.core.logs import LogLevel, set_log_level
from rtvi_web.core.masking import described
from rtvi_web.errors import BotNotReadyError, InvalidArgumentError, RTVIError
from rtvi_web.rtvi.members.config import GivenConfig
from rtvi_web.rtvi.members.deprecated import DeprecatedMembers, merge_deprecated
from rtvi_web.rtvi.members.devices import Devices
from rtvi_web.rtvi.members.files import Files
from rtvi_web.rtvi.members.helpers import Helpers
from rtvi_web.rtvi.members.messages import Messages
from rtvi_web.rtvi.members.recording import Recordings
from rtvi_web.rtvi.members.stats import Stats
from rtvi_web.rtvi.protocol.events import EVENTS, RENAMED
from rtvi_web.rtvi.protocol.state import BotState, TransportState
from rtvi_web.rtvi.session.params import ClientParams
from rtvi_web.rtvi.session.start import BotRequest, ConnectHandler, DirectStart, ParamsStart, RequestStart, SessionStart
from rtvi_web.rtvi.transport import Transport

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.conversation.conversation import Conversation
    from rtvi_web.rtvi.protocol.payloads import BotReadyData


class RTVIClient(Devices, Messages, Files, Stats, Helpers, Recordings, DeprecatedMembers):
    """A session with a bot that speaks RTVI. Mirrors ``RTVIClient`` of the JavaScript client.

    ::

        client = RTVIClient(transport=SmallWebRTCTransport(), params={"base_url": "/api"})

        @client.on(RTVIEvent.USER_TRANSCRIPT)
        def heard(transcript):
            print(transcript.text)

        await client.connect()

    ``async with client:`` connects on entry and disconnects on exit.

    Args:
        transport: carries the session; one transport serves one client.
        params: a dict or :class:`ClientParams`: ``base_url``, ``endpoints``, ``headers``, ``request_data``,
            ``config`` (camelCase accepted). With neither base URL nor connect endpoint, ``connect()`` makes no start
            request and connects directly (``SmallWebRTCTransport(webrtc_url=…)``).
        callbacks: handlers by name, such as ``{"on_bot_ready": f}`` (``"onBotReady"`` is accepted too), called as
            handlers of ``on()`` are, and before those.
        timeout: seconds for all of ``connect()``, counted from the person's answer to the permission prompt, when all
            files of the page's Python are here; ``None`` means no limit.
        enable_mic: whether ``connect()`` opens the microphone.
        enable_cam: whether ``connect()`` opens the camera.
        disconnect_on_bot_disconnect: whether the session ends when the bot leaves. If not, it stays open until you
            call ``disconnect()``: devices stay open, and sending raises :class:`DisconnectedError`.
        custom_connect_handler: requests the bot in place of the start request. Called with :attr:`params`, a
            ``timeout`` whose ``clear()`` removes the deadline, and an ``abort_controller`` with ``signal`` and
            ``abort()``; sync or async; returns the connection bundle, a dict or ``None``.
        base_url, services, config, custom_headers, custom_body_params: deprecated; put them into ``params``.

    Raises:
        InvalidArgumentError: an argument cannot work; the message names it.
    """

    @keywords_only
    def __init__(
        self,
        *,
        transport: Transport,
        params: ClientParams | Mapping[str, Any] | None = None,
        callbacks: Mapping[str, Handler] | None = None,
        timeout: float | None = 15.0,
        enable_mic: bool = True,
        enable_cam: bool = False,
        disconnect_on_bot_disconnect: bool = True,
        custom_connect_handler: ConnectHandler | None = None,
        base_url: str | None = None,
        services: Mapping[str, str] | None = None,
        config: GivenConfig | None = None,
        custom_headers: Mapping[str, str] | None = None,
        custom_body_params: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(transport, Transport):
            raise InvalidArgumentError(
                f"transport must be a Transport such as SmallWebRTCTransport(), not {described(transport)}."
            )
        if custom_connect_handler is not None and not callable(custom_connect_handler):
            raise InvalidArgumentError(f"custom_connect_handler must be a function, not {custom_connect_handler!r}.")
        given = merge_deprecated(
            ClientParams.of(params),
            base_url=base_url,
            services=services,
            config=config,
            custom_headers=custom_headers,
            custom_body_params=custom_body_params,
        )
        super().__init__(transport, given, ends_with_bot=disconnect_on_bot_disconnect)
        self._timeout = seconds(timeout, "timeout")
        self._custom_connect_handler = custom_connect_handler
        for name, handler in checked_mapping("callbacks", callbacks).items():
            self.on(_event_of_callback(str(name)), handler)
        transport.attach(self._connection, enable_mic=enable_mic, enable_cam=enable_cam)

    # The session.

    @property
    def params(self) -> ClientParams:
        """What the next ``connect()`` uses; change it in place, or assign a dict. Mirrors ``params``."""
        return self._params

    @params.setter
    def params(self, given: ClientParams | Mapping[str, Any]) -> None:
        self._params = ClientParams.of(given)

    @property
    def state(self) -> TransportState:
        """The state of the session. Mirrors ``state``."""
        return self._connection.state

    @property
    def connected(self) -> bool:
        """Whether there is a session: the state is ``connected``, ``ready`` or ``reconnecting``. Mirrors ``connected``.

        While the link is being restored, the session goes on: devices stay open, messages and requests wait for the
        link (requests up to their own time limits), and ``disconnect()`` ends it. A hundred messages may wait; one
        more raises :class:`QueueFullError`.
        """
        return self._connection.in_session

    @property
    def failure(self) -> RTVIError | None:
        """Why the last session, or the attempt to begin it, has ended; ``None`` if the page ended it."""
        return self._connection.failure

    @property
    def conversation(self) -> Conversation:
        """What was said so far, turn by turn; ``conversationUpdated`` fires for each turn that changes."""
        return self._conversation_tracker.conversation

    @property
    def bot_state(self) -> BotState:
        """What the bot is doing; ``botStateChanged`` fires at each change."""
        return self._conversation_tracker.bot_state

    @property
    def transport(self) -> Transport:
        """The transport that the client was given. Mirrors ``transport``; leave connecting to the client."""
        return self._transport

    @property
    def transport_expiry(self) -> float | None:
        """When the session will end by itself, in seconds since 1970; ``None`` if the transport sets no such time.

        Mirrors ``transportExpiry``.

        Raises:
            BotNotReadyError: there is no session.
        """
        if not self.connected:
            raise BotNotReadyError("transport_expiry is known once the client is connected. Await connect() first.")
        return self._transport.expiry

    @property
    def version(self) -> str:
        """The version of rtvi_web. Mirrors ``version``."""
        return __version__

    @staticmethod
    def set_log_level(level: LogLevel) -> None:
        """Set the log level of all clients: :func:`rtvi_web.set_log_level`. Mirrors ``setLogLevel()``."""
        set_log_level(level)

    async def connect(self, params: Mapping[str, Any] | None = None) -> BotReadyData:
        """Open the microphone, request the bot, connect, and wait until the bot is ready. Mirrors ``connect()``.

        POSTs ``config``, ``services`` and ``request_data`` to base URL + ``endpoints.connect`` (or calls the
        ``custom_connect_handler``) and hands the answer to the transport. If the microphone is denied or missing,
        ``deviceError`` fires and the session goes on without it.

        Args:
            params: handed to the transport, without a start request: ``{"webrtc_url": …}``, or
                ``{"webrtc_request_params": {"endpoint": …, "headers": …, "request_data": …}}``, or what
                :meth:`start_bot` returned. After :meth:`start_bot` they may be left out.

        Returns:
            The data of the bot's ``bot-ready``.

        Raises:
            AlreadyStartedError: a session is running or starting; it goes on unchanged.
            StartBotError: the start endpoint refused or did not answer.
            TransportStartError: the transport could not be established.
            ConnectionTimeoutError: it took longer than ``timeout``.
            BotError: the bot reported a fatal error before it was ready.
            DisconnectedError: the link was lost or the bot left before it was ready.
            ConnectAbortedError: ``disconnect()`` was called meanwhile, or the custom connect handler aborted.

        Each names the phase (``error.phase``). After each but AlreadyStartedError the devices are released, and
        ``connect()`` may be called again. Cancelling the task that awaits ``connect()`` cleans up in the same way.
        """
        if params is None and self.state is not TransportState.AUTHENTICATED:
            start: SessionStart = ParamsStart(self._params, self._transport, self._custom_connect_handler)
            return await self._connection.connect(start, self._timeout)
        if isinstance(params, Mapping) and "endpoint" in params:
            warnings.warn("connect({endpoint: …}) is start_bot_and_connect() now.", DeprecationWarning, stacklevel=2)
            return await self.start_bot_and_connect(params)
        start = DirectStart(params, self._connection.started, self._params)
        return await self._connection.connect(start, self._timeout)

    async def start_bot(
        self,
        endpoint: str | Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        request_data: Any = None,
        timeout: float | None = None,
    ) -> Any:
        """Open the devices and request a bot from a server, but do not connect yet. Mirrors ``startBot()``.

        Then the state is ``authenticated``, and ``botStarted`` fires. Hand the answer to :meth:`connect`.

        Args:
            endpoint: where to POST, such as ``"/start"``; or a dict of all of these (``requestData`` is accepted).
            headers: sent with this request, and with the requests of the session that follows.
            request_data: the body, anything that JSON can carry.
            timeout: seconds to wait for the answer; the client's own ``timeout`` applies as well.

        Returns:
            The answer, parsed from JSON.

        Raises:
            StartBotError: the server refused, did not answer, or returned a body that is not JSON; ``error`` fires as
                well.
            AlreadyStartedError, ConnectionTimeoutError, ConnectAbortedError, InvalidArgumentError: as :meth:`connect`.
        """
        request = BotRequest.of(endpoint, headers=headers, request_data=request_data, timeout=timeout)
        return await self._connection.start_bot(RequestStart(request, self._transport, self._params), self._timeout)

    async def start_bot_and_connect(
        self,
        endpoint: str | Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        request_data: Any = None,
        timeout: float | None = None,
    ) -> BotReadyData:
        """:meth:`start_bot` and :meth:`connect` in one. Mirrors ``startBotAndConnect()``."""
        request = BotRequest.of(endpoint, headers=headers, request_data=request_data, timeout=timeout)
        return await self._connection.connect(RequestStart(request, self._transport, self._params), self._timeout)

    async def disconnect(self) -> None:
        """End the session, or the attempt to connect, and release all devices. Mirrors ``disconnect()``.

        Pending requests and ``wait_for()`` raise :class:`DisconnectedError`; streams of actions over HTTP are broken
        off. Without a session nothing happens. Handlers may call it.
        """
        self._http_actions.close()
        await self._connection.disconnect()

    def construct_url(self, endpoint: str) -> str:
        """The address of an endpoint. Mirrors ``constructUrl()``.

        Args:
            endpoint: ``"connect"`` or ``"action"``, or a path such as ``params.endpoints.connect``.

        Returns:
            Base URL and path with exactly one slash between them; the base URL if the path is ``None`` or empty.

        Raises:
            InvalidArgumentError: ``params.base_url`` is not set.
        """
        return self._params.construct_url(endpoint)

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.disconnect()


_CALLBACKS: dict[str, str] = {event.callback: event for event in EVENTS.values()}
_CALLBACKS |= {snake_case("on" + old[0].upper() + old[1:]): old for old in RENAMED}


def _event_of_callback(name: str) -> str:
    event = _CALLBACKS.get(snake_case(name))
    if event is None:
        raise InvalidArgumentError(f"There is no callback {name!r}.{nearest(snake_case(name), _CALLBACKS)}")
    return event
