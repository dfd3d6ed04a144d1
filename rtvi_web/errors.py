"""Every error that rtvi_web raises.

::

    RTVIError
    ├── InvalidArgumentError      (ValueError)       an argument that cannot work; nothing was changed
    ├── NotInBrowserError         (RuntimeError)     a browser API was touched outside a web page
    ├── UnsupportedRuntimeError   (ImportError)      this Python lacks pydantic, or has one that cannot be used
    ├── UnsupportedFeatureError                      this browser, bot or transport cannot do it
    ├── AlreadyStartedError       (RuntimeError)     connect() while a session is running
    ├── ConnectionTimeoutError    (TimeoutError)     connect() did not end within its deadline
    ├── ConnectAbortedError       (ConnectionError)  disconnect() or an abort controller ended connect()
    ├── HttpError                 (ConnectionError)  a request got no answer
    ├── StartBotError                                the start endpoint refused, or its answer cannot be used
    ├── LinkError                 (ConnectionError)  the link to the bot, with the reason and the code
    │   ├── TransportStartError                      the transport could not be established
    │   └── DisconnectedError                        the session ended while something waited for it
    ├── BotError                                     the bot reported a fatal error
    ├── BotNotReadyError                             something was sent before the session was ready
    ├── RequestError                                 the bot answered a request with an error
    │   └── ConfigUpdateError                        the bot refused a configuration
    ├── ActionEndpointNotSetError                    action() without a session and without an endpoint
    ├── RequestTimeoutError       (TimeoutError)     the bot did not answer a request in time
    ├── MessageTooLargeError      (ValueError)       a message over the transport's size limit; not sent
    ├── QueueFullError                               too many messages wait already; not sent
    └── DeviceError                                  a microphone, camera or speaker could not be used

``LinkError.reason`` is a :class:`DisconnectReason`, and ``RTVIError.phase`` a :class:`ConnectPhase`.

Nine names come from the JavaScript client and mean the same here: ``RTVIError``, ``ConnectionTimeoutError``,
``StartBotError``, ``TransportStartError``, ``BotNotReadyError``, ``ConfigUpdateError``, ``ActionEndpointNotSetError``,
``DeviceError``, ``UnsupportedFeatureError``.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class ConnectPhase(StrEnum):
    """What ``connect()`` is doing, in order. The last phase means that it has succeeded."""

    DEVICES = "devices"
    """Opening the microphone; the browser may be asking the person for permission."""
    START = "start"
    """POSTing to the start endpoint (base URL + ``endpoints.connect``)."""
    LINK = "link"
    """Opening the link to the bot's server. The next three phases are those of a WebRTC link."""
    OFFER = "offer"
    """Exchanging the WebRTC offer and answer."""
    ICE = "ice"
    """Finding a network path to the bot."""
    DATA_CHANNEL = "data-channel"
    """Waiting for the data channel to open."""
    BOT = "bot"
    """The link is open; waiting for the bot to join."""
    BOT_READY = "bot-ready"
    """client-ready was sent; waiting for the bot's bot-ready."""
    SESSION = "session"
    """``connect()`` has returned; the session goes on."""


class DisconnectReason(StrEnum):
    """Why a session has ended, or could not begin, as far as the transport knows."""

    BOT_LEFT = "bot-left"
    """The bot has left by itself."""
    CLOSED = "closed"
    """The server closed the link, and did not say that the bot leaves."""
    LOST = "lost"
    """The network or the server has failed, and the link could not be restored."""
    EXPIRED = "expired"
    """The time of the session, of its room or of its token is over."""
    EJECTED = "ejected"
    """Somebody has removed the person from the session."""
    ROOM_FULL = "room-full"
    """The room takes no more participants."""
    REFUSED = "refused"
    """The server does not let the person in: a wrong token, an origin or a person that is not allowed."""


class RTVIError(Exception):
    """The base of all errors of rtvi_web.

    Attributes:
        status: the HTTP status if an HTTP answer is the reason, else ``None``.
        phase: what ``connect()`` was doing when it failed, or ``session`` if the session ended later, else ``None``.
    """

    default_message = "An RTVI error occurred."

    def __init__(
        self, message: str | None = None, status: int | None = None, *, phase: ConnectPhase | None = None
    ) -> None:
        super().__init__(message or self.default_message)
        self.status = status
        self.phase = phase

    @property
    def message(self) -> str:
        """What happened, without the phase."""
        return str(self.args[0])

    def __str__(self) -> str:
        return f"{self.message} [phase: {self.phase.value}]" if self.phase else self.message


class InvalidArgumentError(RTVIError, ValueError):
    """An argument that cannot work. Raised before anything is changed or sent."""


class NotInBrowserError(RTVIError, RuntimeError):
    """A browser API was used where it does not exist: on CPython, in a web worker, or in a browser without it.

    Attributes:
        touched: the API's name, such as ``"RTCPeerConnection"``.
    """

    def __init__(self, touched: str, *, in_page: bool = False) -> None:
        if in_page:
            what = "WebRTC" if touched.startswith("RTC") else touched
            message = f"This browser has no {what} (switched off, or not built in)."
        else:
            message = (
                f"{touched} exists only in a web page's main thread. rtvi_web imports anywhere, but connecting, "
                "devices and audio need Pyodide or PyScript in a page (without the `worker` attribute)."
            )
        super().__init__(message)
        self.touched = touched


class UnsupportedRuntimeError(RTVIError, ImportError):
    """The Python of this page lacks pydantic, or has one that is broken or too old. The message says what to do."""


class UnsupportedFeatureError(RTVIError):
    """This browser, this bot or this transport cannot do what was requested.

    Attributes:
        feature: what it cannot do, such as the message type ``"get-config"``.
    """

    def __init__(self, message: str, *, feature: str) -> None:
        super().__init__(message)
        self.feature = feature


class AlreadyStartedError(RTVIError, RuntimeError):
    """``connect()`` was called while a session is running or starting."""

    default_message = "The client has already been started. Call disconnect() before starting again."


class ConnectionTimeoutError(RTVIError, TimeoutError):
    """``connect()`` did not end within the client's ``timeout``; ``phase`` says what it was waiting for."""

    default_message = "The bot did not become ready within the time-out."


class ConnectAbortedError(RTVIError, ConnectionError):
    """``disconnect()``, or the abort controller of a custom connect handler, ended ``connect()``.

    Attributes:
        by_disconnect: ``True`` for ``disconnect()``, which leaves the client ``disconnected``; ``False`` for an abort
            controller, which leaves it in ``error``.
    """

    default_message = "disconnect() was called while connect() was running."

    def __init__(self, message: str | None = None, *, by_disconnect: bool = True) -> None:
        super().__init__(message)
        self.by_disconnect = by_disconnect


class HttpError(RTVIError, ConnectionError):
    """A request got no answer, or the answer broke off.

    The server is down, the address is wrong, or CORS or the page's Content-Security-Policy blocks it.
    """


class StartBotError(RTVIError):
    """The start endpoint refused, was unreachable, or returned a body that is not a JSON object.

    Attributes:
        error: always ``"invalid-request-error"``, as in the JavaScript client.
        body: the answer's body as text, cut after 2,000 characters; empty when there was no answer.
    """

    default_message = "Failed to connect / invalid auth bundle from base url"
    error = "invalid-request-error"

    def __init__(
        self,
        message: str | None = None,
        status: int | None = None,
        *,
        phase: ConnectPhase | None = ConnectPhase.START,
        body: str = "",
    ) -> None:
        super().__init__(message, status, phase=phase)
        self.body = body[:2000]


class LinkError(RTVIError, ConnectionError):
    """The base of the errors about the link to the bot.

    Attributes:
        reason: why, as far as the transport knows; ``None`` if it does not, and after ``disconnect()``.
        code: what the server calls it: the close code of a WebSocket, the type of a Daily error; else ``None``.
    """

    def __init__(
        self,
        message: str | None = None,
        status: int | None = None,
        *,
        phase: ConnectPhase | None = None,
        reason: DisconnectReason | None = None,
        code: int | str | None = None,
    ) -> None:
        super().__init__(message, status, phase=phase)
        self.reason = reason
        self.code = code


class TransportStartError(LinkError):
    """The transport could not be established; the cause is chained."""

    default_message = "Unable to connect to transport"


class BotError(RTVIError):
    """The bot reported a fatal error; the session is over."""


class BotNotReadyError(RTVIError):
    """Something was sent before the session was ready."""

    default_message = "The bot is not ready. Await connect() first."


class DisconnectedError(LinkError):
    """The session ended: the link was lost, the bot left, or ``disconnect()`` was called while something waited."""

    default_message = "The session ended."

    @classmethod
    def because(
        cls, cause: RTVIError | None, message: str | None = None, *, phase: ConnectPhase | None = None
    ) -> DisconnectedError:
        """The error for something that waited for a session which ``cause`` has ended.

        Args:
            cause: why the session has ended; ``None`` if the page ended it.
            message: what happened.
            phase: what ``connect()`` was doing.
        """
        if not isinstance(cause, LinkError):
            return cls(message, phase=phase)
        return cls(message, phase=phase, reason=cause.reason, code=cause.code)


class RequestError(RTVIError):
    """The bot answered a request with ``error-response``, or its action endpoint refused. The message is the bot's."""


class ConfigUpdateError(RequestError):
    """The bot refused a configuration; its status is 400, as in the JavaScript client."""

    default_message = "Unable to update configuration"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message, status=400)


class ActionEndpointNotSetError(RTVIError):
    """``action()`` was called without a session, and ``params.endpoints.action`` is ``None``."""

    default_message = "Action endpoint is not set. Set client.params.endpoints.action, or connect first."


class RequestTimeoutError(RTVIError, TimeoutError):
    """The bot did not answer a request in time."""


class MessageTooLargeError(RTVIError, ValueError):
    """A message is larger than the transport can carry. It was not sent; the session goes on.

    Attributes:
        size: bytes of the message as JSON in UTF-8.
        limit: bytes that the transport carries at most.
    """

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"The message has {size:,} bytes; the transport carries at most {limit:,}. It was not sent.")
        self.size = size
        self.limit = limit


class QueueFullError(RTVIError):
    """Too many messages wait to be sent: the link is being restored, or it cannot keep up.

    The message was not sent; the session goes on.
    """


class DeviceError(RTVIError):
    """A device could not be used.

    Attributes:
        devices: which ones: ``"mic"``, ``"cam"``, ``"speaker"``, ``"screen"``.
        type: ``"permissions"``, ``"not-found"``, ``"in-use"``, ``"constraints"``, ``"undefined-mediadevices"``
            (the page is not on https or localhost) or ``"unknown"``.
    """

    def __init__(self, message: str, *, devices: Sequence[str], type: str) -> None:
        super().__init__(message)
        self.devices = tuple(devices)
        self.type = type
