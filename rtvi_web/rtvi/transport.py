"""The contract between the client and its transport, which carries messages and media.

A transport knows neither the client nor the client's state. It connects, sends text, and reports what happens in a
session to its :class:`SessionReceiver`. Its devices are a separate object, ``transport.media``: in a page a
:class:`~rtvi_web.media.PageMedia` that names what the transport carries. The client owns the state and calls the
transport in this order::

    attach → (media.open_devices → connect → send …* → close)*

The client fires the events of a session in one order over every transport: ``connected``, ``participantConnected`` and
``botConnected`` for the bot, then what the transport has reported meanwhile: other participants, and the tracks of all.

:mod:`rtvi_web.testing.contract` has the tests that every transport must pass. New members get a default, so a transport
written today keeps working.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVarTuple

from rtvi_web.core.event import Event
from rtvi_web.core.http import HttpClient
from rtvi_web.core.masking import masked_url
from rtvi_web.core.media import Media, MediaListener, Participant
from rtvi_web.core.no_media import NoMedia
from rtvi_web.errors import ConnectPhase, RTVIError, UnsupportedFeatureError
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence
    from rtvi_web.rtvi.protocol.link.stats import LinkStats

Args = TypeVarTuple("Args")


class ConnectRequest(NamedTuple):
    """Where to connect.

    Attributes:
        bundle: the start endpoint's answer, as parsed JSON; empty without a start request.
        start_url: the start endpoint's address, or ``None``.
        base_url: ``params.base_url``, or ``None``.
        headers: ``params.headers``, to be sent with every request of the session.
        request_data: ``params.request_data``, if no start request has sent it to the bot already; else empty.
        start_data: what the start request has sent; empty without one.
    """

    bundle: Mapping[str, Any]
    start_url: str | None
    base_url: str | None
    headers: Mapping[str, str]
    request_data: Mapping[str, Any] = MappingProxyType({})
    start_data: Mapping[str, Any] = MappingProxyType({})

    def __repr__(self) -> str:
        start_url, base_url = (url and masked_url(url) for url in (self.start_url, self.base_url))
        return f"ConnectRequest(bundle={list(self.bundle)}, {start_url=}, {base_url=}, …)"


class TransportHost(Protocol):
    """What a transport reports to its client at any time, in a session or not. It raises nothing, returns at once."""

    @property
    def media(self) -> MediaListener:
        """The listener for the transport's :class:`Media`."""
        ...

    def fire(self, event: Event[*Args], *args: *Args) -> None:
        """Fire an event that has no member here or in :class:`SessionReceiver`.

        Args:
            event: a constant of :class:`RTVIEvent`.
            args: what its handlers get.
        """


class SessionReceiver(Protocol):
    """What a transport reports to its client about one session. Reports after the session's end are ignored.

    Unless it says otherwise, a member raises nothing and returns at once.
    """

    def receive(self, text: str) -> None:
        """Handle an RTVI message from the bot: JSON, as it came, malformed or not."""

    def enter(self, phase: ConnectPhase, stalled: str | None = None) -> None:
        """Note the phase that ``connect()`` has reached. Errors and time-outs name it.

        Until a transport enters another, the phase is ``LINK``. ``OFFER``, ``ICE`` and ``DATA_CHANNEL`` are for WebRTC.

        Args:
            phase: what comes next. The same phase may be entered again, with other words.
            stalled: what is wrong if it takes too long, as the end of a sentence: ``"the room is empty"``.
                Without it, words that fit every transport.
        """

    def participant_joined(self, participant: Participant) -> None:
        """Somebody other than the bot is in the session. The client fires ``participantConnected``.

        It may be called while ``connect()`` still runs.
        """

    def participant_left(self, participant: Participant) -> None:
        """They have left. The client fires ``participantLeft``; at the session's end it does so by itself."""

    def bot_left(self, bot: Participant) -> None:
        """The bot has left. The client fires ``botDisconnected``.

        It also disconnects, unless ``disconnect_on_bot_disconnect`` is off.
        """

    def lost(self, error: RTVIError) -> None:
        """The link is gone for good. The client fires ``error`` with this reason and disconnects.

        Args:
            error: a :class:`DisconnectedError` with its ``reason`` and ``code``. What waits for the session fails with
                the same.
        """

    def reconnecting(self, attempt: int, cause: LinkLoss) -> None:
        """The link is lost. Attempt 0 waits for it to heal, attempts 1, 2 … restore it."""

    def reconnected(self) -> None:
        """The link is back, and the same bot goes on where it was."""

    async def start_again(self, connect: Callable[[ConnectRequest, SessionReceiver], Awaitable[Participant]]) -> None:
        """Start a new session after the server has given up the old one. Returns when the new bot is ready.

        Args:
            connect: the transport's coroutine function that establishes the link. The devices stay open.

        Raises:
            RTVIError: the new bot could not be started, or not be reached.
        """

    def send(self, type: str, data: Any) -> None:
        """Send a message of the transport, such as recorded sound, in the same way as the client's messages.

        Args:
            type: the RTVI message type.
            data: its data, as JSON can express it.

        Raises:
            BotNotReadyError: the session is not ready.
            DisconnectedError: the link cannot take the message.
            MessageTooLargeError: the message has more bytes than the link carries.
            QueueFullError: too much waits already.
            InvalidArgumentError: the data cannot be written as JSON.
        """


class Transport(ABC):
    """Carries the sessions of one client. Mirrors ``Transport``, but the client owns the state."""

    @abstractmethod
    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        """Take the client that this transport serves. The client's constructor calls it once, first of all.

        Args:
            host: is notified of what happens, and ``host.media`` of what happens to devices and media.
            enable_mic, enable_cam: whether a session begins with the microphone and the camera on.
        """

    @property
    def media(self) -> Media:
        """The devices and media: one object for all sessions. By default one without any devices."""
        return NoMedia(type(self).__name__)

    @property
    @abstractmethod
    def http(self) -> HttpClient:
        """Sends the client's HTTP requests."""

    @property
    @abstractmethod
    def max_message_size(self) -> int:
        """Bytes of UTF-8 that one message may have."""

    @property
    def resumable(self) -> bool:
        """Whether a link that is lost can be replaced by another one to the same bot. By default it cannot.

        A transport where it cannot may still wait for a silent link to heal, or start anew.
        """
        return False

    @property
    def expiry(self) -> float | None:
        """When the session will end by itself, in seconds since 1970; ``None`` (the default) if unknown.

        Mirrors ``expiry``.
        """
        return None

    def starting(self) -> None:
        """``connect()`` was called and is about to open the devices. Does nothing by default."""
        return

    def bot_ready(self) -> None:
        """The bot has said bot-ready, so messages kept for it can be sent. Does nothing by default."""
        return

    def interrupted(self) -> None:
        """The bot was interrupted: drop its sound that waits to be played. Does nothing by default.

        The client calls it when the bot says ``bot-interrupted`` or ``user-started-speaking``, of which older bots say
        only the second. So it may come twice, and while the bot is silent. Sound that arrives later is played in full.
        """
        return

    @abstractmethod
    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        """Establish the link, and return the bot once messages can be sent. May be cancelled at any time.

        Args:
            request: where to connect.
            receiver: is notified of what happens in this session.

        Raises:
            TransportStartError: the link could not be established; its ``reason`` and ``code`` say why.
            RTVIError: another error; any other exception is wrapped in a TransportStartError.

        The client calls ``close()`` after a failure or a cancellation.
        """

    @abstractmethod
    async def close(self) -> None:
        """Release everything, the devices too. May be called at any time, more than once, and raises nothing.

        Afterwards ``media.open_devices()`` and ``connect()`` work again.
        """

    @abstractmethod
    def send(self, text: str) -> None:
        """Send one message, of at most ``max_message_size`` bytes.

        Raises:
            DisconnectedError: the link cannot take it.
            QueueFullError: the link is up, but too much waits to leave.
        """

    # Statistics.

    async def stats(self) -> LinkStats:
        """Statistics of the link at this moment.

        Raises:
            DisconnectedError: the client is not connected.
            UnsupportedFeatureError: this transport has no statistics. The default.
        """
        raise UnsupportedFeatureError(f"{type(self).__name__} has no stats().", feature="stats")

    async def examine(self) -> LinkEvidence:
        """Examine the link for a few seconds; without one, report on the last. By default nothing is known."""
        from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence

        return LinkEvidence()
