"""RTVIClient: what a page talks to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, overload

from rtvi_web._version import __version__
from rtvi_web.devices import Devices
from rtvi_web.emitter import Emitter, Handler, nearest
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.functions import FunctionCallHandler, FunctionCalls
from rtvi_web.lifecycle import Lifecycle
from rtvi_web.params import ClientParams, seconds
from rtvi_web.protocol.events import EVENTS, snake_case
from rtvi_web.protocol.state import TransportState
from rtvi_web.transport import Transport

if TYPE_CHECKING:
    from rtvi_web.protocol.payloads import BotReadyData


class RTVIClient(Emitter, Devices):
    """A session with a bot that speaks RTVI. Mirrors ``RTVIClient`` of the JavaScript client.

    ::

        client = RTVIClient(transport=SmallWebRTCTransport(), params={"base_url": "/api"})

        @client.on(RTVIEvent.USER_TRANSCRIPT)
        def heard(transcript):
            print(transcript.text)

        await client.connect()

    Args:
        transport: carries the session; one transport serves one client.
        params: a dict or :class:`ClientParams`: ``base_url``, ``endpoints``, ``headers``, ``request_data``
            (camelCase accepted). With neither base URL nor connect endpoint, ``connect()`` asks nobody for the bot
            and connects directly (``SmallWebRTCTransport(webrtc_url=…)``).
        callbacks: handlers by name, such as ``{"on_bot_ready": f}`` (``"onBotReady"`` is accepted too); they run
            before those that ``on()`` adds.
        timeout: seconds that all of ``connect()`` may take once the person has answered the permission prompt;
            ``None`` means no limit.
        enable_mic: whether the microphone is opened at first.

    Raises:
        InvalidArgumentError: something given cannot work; the message names it.
    """

    def __init__(
        self,
        *,
        transport: Transport,
        params: ClientParams | Mapping[str, Any] | None = None,
        callbacks: Mapping[str, Handler] | None = None,
        timeout: float | None = 15.0,
        enable_mic: bool = True,
    ) -> None:
        super().__init__(EVENTS)
        if not isinstance(transport, Transport):
            raise InvalidArgumentError(
                f"transport must be a Transport such as SmallWebRTCTransport(), not {transport!r}."
            )
        self._params = ClientParams.of(params)
        self._timeout = seconds(timeout, "timeout")
        self._functions = FunctionCalls()
        self._transport = transport
        self._lifecycle = Lifecycle(transport, self, self._functions)
        for name, handler in (callbacks or {}).items():
            self.on(_event_of_callback(name), handler)
        transport.attach(self._lifecycle, enable_mic=enable_mic)

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
        """Where the session stands. Mirrors ``state``."""
        return self._lifecycle.state

    @property
    def connected(self) -> bool:
        """Whether the state is ``connected`` or ``ready``. Mirrors ``connected``."""
        return self.state in (TransportState.CONNECTED, TransportState.READY)

    @property
    def version(self) -> str:
        """The version of rtvi_web. Mirrors ``version``."""
        return __version__

    async def connect(self) -> BotReadyData:
        """Open the microphone, ask for the bot, connect, and wait until the bot is ready. Mirrors ``connect()``.

        POSTs ``request_data`` to base URL + ``endpoints.connect`` and hands the answer to the transport. With the
        microphone denied or missing, ``deviceError`` is fired and the session goes on without it.

        Returns:
            What the bot said in ``bot-ready``.

        Raises:
            AlreadyStartedError: a session is running or starting; nothing was changed.
            StartBotError: the start endpoint refused or did not answer.
            TransportStartError: the transport could not be established.
            ConnectionTimeoutError: it took longer than ``timeout``.
            BotError: the bot reported a fatal error before it was ready.
            DisconnectedError: the link was lost or the bot left before it was ready.
            ConnectAbortedError: ``disconnect()`` was called meanwhile.

        Each names the phase (``error.phase``). The microphone is released then, and ``connect()`` may be called
        again. Cancelling the task that awaits ``connect()`` cleans up in the same way.
        """
        return await self._lifecycle.connect(self._params, self._timeout)

    async def disconnect(self) -> None:
        """End the session, or the attempt to connect, and release all devices. Mirrors ``disconnect()``.

        Everything that still waits for an answer or an event raises :class:`DisconnectedError`. Nothing happens when
        there is no session. Handlers may call it.
        """
        await self._lifecycle.disconnect()

    # Messages.

    def send_text(
        self, content: str, *, run_immediately: bool | None = None, audio_response: bool | None = None
    ) -> None:
        """Say something to the bot in writing. Mirrors ``sendText()``.

        Args:
            content: the text.
            run_immediately: whether the bot answers at once and interrupts itself (its default: yes).
            audio_response: whether it answers aloud (its default: yes).

        Raises:
            BotNotReadyError, DisconnectedError: there is no session; nothing was sent.
            MessageTooLargeError: see its ``limit``; nothing was sent.
        """
        options = {"run_immediately": run_immediately, "audio_response": audio_response}
        given = {name: value for name, value in options.items() if value is not None}
        self._lifecycle.send("send-text", {"content": content, "options": given})

    def send_client_message(self, type: str, data: Any = None) -> None:
        """Send a message of your own to the bot and expect no answer. Mirrors ``sendClientMessage()``.

        Args:
            type: your name for it; the bot's ``on_client_message`` gets it.
            data: anything JSON can say.

        Raises:
            InvalidArgumentError: ``data`` cannot be written as JSON.
            BotNotReadyError, DisconnectedError: there is no session; nothing was sent.
            MessageTooLargeError: see its ``limit``; nothing was sent.
        """
        self._lifecycle.send("client-message", _client_message(type, data))

    async def send_client_request(self, type: str, data: Any = None, *, timeout: float | None = 10.0) -> Any:
        """Send a message of your own to the bot and wait for its answer. Mirrors ``sendClientRequest()``.

        Args:
            type: your name for it.
            data: anything JSON can say.
            timeout: seconds until it is given up; ``None`` waits as long as the session lasts.

        Returns:
            The answer's data; ``None`` where the bot answered null.

        Raises:
            RequestError: the bot refused, in its own words.
            RequestTimeoutError: it did not answer in time.
            DisconnectedError: the session ended first.
            InvalidArgumentError, BotNotReadyError, MessageTooLargeError: nothing was sent.
        """
        limit = seconds(timeout, "timeout")
        return await self._lifecycle.request(
            "client-message", _client_message(type, data), timeout=limit, what=f"request {type!r}"
        )

    # Function calls.

    @overload
    def register_function_call_handler(self, name: str, handler: FunctionCallHandler) -> None: ...
    @overload
    def register_function_call_handler(self, name: str) -> Callable[[FunctionCallHandler], FunctionCallHandler]: ...
    def register_function_call_handler(self, name: str, handler: FunctionCallHandler | None = None) -> Any:
        """Answer a function of the bot's model in the page. Mirrors ``registerFunctionCallHandler()``.

        Args:
            name: the function's name; the last handler registered for it wins.
            handler: a function or coroutine function that takes a :class:`FunctionCall` and returns what the model
                gets: an object or a text; anything else that JSON can say is wrapped as ``{"result": …}``. If it
                raises, the model gets ``{"error": …}``. Without it, this is a decorator.

        A function without a handler is left to the server, which may own it.

        Raises:
            InvalidArgumentError: the name is empty, or the handler cannot be called.
        """
        if handler is not None:
            self._functions.register(name, handler)
            return None

        def register(given: FunctionCallHandler) -> FunctionCallHandler:
            self._functions.register(name, given)
            return given

        return register


def _client_message(type: str, data: Any) -> dict[str, Any]:
    if not type or not isinstance(type, str):
        raise InvalidArgumentError(f"A message's type must be a word; it is {type!r}.")
    return {"t": type} if data is None else {"t": type, "d": data}


_CALLBACKS = {event.callback: event for event in EVENTS.values()}


def _event_of_callback(name: str) -> str:
    event = _CALLBACKS.get(snake_case(name))
    if event is None:
        raise InvalidArgumentError(f"There is no callback {name!r}.{nearest(snake_case(name), _CALLBACKS)}")
    return event
