"""The contract between the client and whatever carries its messages and media.

A transport knows neither the client nor its state: it connects, sends text and reports what happens to its
:class:`TransportHost`. Its devices and media are an object of their own, ``transport.media``. The client owns the
state machine and calls the transport in one order::

    attach → (media.open_devices → connect → send …* → close)*

Later features add members with a default, so that a transport written today keeps working.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVarTuple

from rtvi_web.core.event import Event
from rtvi_web.core.http import HttpClient
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
        bundle: the start endpoint's answer; empty when there was no start request.
        start_url: the address that gave it, or ``None``.
        base_url: ``params.base_url``, or ``None``.
        headers: ``params.headers``: they go with every request of the session.
        request_data: ``params.request_data`` where no start request has taken it to the bot.
    """

    bundle: Mapping[str, Any]
    start_url: str | None
    base_url: str | None
    headers: Mapping[str, str]
    request_data: Mapping[str, Any] = MappingProxyType({})


class TransportHost(Protocol):
    """What a transport may tell its client. None of it raises and all of it returns at once, unless it says so."""

    @property
    def media(self) -> MediaListener:
        """Who hears what happens to devices and media; for the transport's :class:`Media`."""
        ...

    def fire(self, event: Event[*Args], *args: *Args) -> None:
        """Fire an event that nothing else here reports, such as one of a participant besides the bot."""

    def receive(self, text: str) -> None:
        """A frame with an RTVI message has arrived."""

    def enter(self, phase: ConnectPhase) -> None:
        """``connect()`` goes on to another phase; errors and time-outs will name it."""

    def bot_left(self, bot: Participant) -> None:
        """The bot has left; the client fires ``botDisconnected`` and disconnects."""

    def lost(self, error: RTVIError) -> None:
        """The link is gone for good; the client closes and says why."""

    def reconnecting(self, attempt: int, cause: LinkLoss) -> None:
        """The link is lost, and it may heal (attempt 0), or is being restored (attempts 1, 2 …)."""

    def reconnected(self) -> None:
        """The link is back, with the same bot, which goes on where it was."""

    async def start_again(self, connect: Callable[[ConnectRequest], Awaitable[Participant]]) -> None:
        """Begin a new session in place of one that the server has given up; returns when the new bot is ready.

        Args:
            connect: establishes the link; the transport's own way, with devices that stay open.

        Raises:
            RTVIError: it could not be started, or not be connected to.
        """

    def send(self, type: str, data: Any) -> None:
        """Send a message of the transport's own, as the client's own messages go.

        Raises:
            BotNotReadyError, DisconnectedError, MessageTooLargeError: it was not sent.
        """


class Transport(ABC):
    """Carries a session. Mirrors ``Transport``, without the state, which is the client's."""

    @abstractmethod
    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        """Called once, by the client's constructor, before anything else.

        Args:
            host: who hears what happens; ``host.media`` hears what happens to devices and media.
            enable_mic, enable_cam: whether microphone and camera are wanted at first.
        """

    @property
    def media(self) -> Media:
        """The devices and media, which stay the same from session to session. By default there are none."""
        return NoMedia(type(self).__name__)

    @property
    @abstractmethod
    def http(self) -> HttpClient:
        """The way to HTTP servers."""

    @property
    @abstractmethod
    def max_message_size(self) -> int:
        """Bytes of UTF-8 that one message may have at most."""

    @property
    def expiry(self) -> float | None:
        """When the session will end by itself, in seconds since 1970; by default nobody knows. Mirrors ``expiry``."""
        return None

    def starting(self) -> None:
        """``connect()`` was called, and is going to open the devices. By default that does not matter."""
        return

    def bot_ready(self) -> None:
        """The bot has said bot-ready: what was kept for it can go. By default nothing was."""
        return

    @abstractmethod
    async def connect(self, request: ConnectRequest) -> Participant:
        """Establish the link; return the bot once messages can be sent.

        Raises:
            RTVIError: it could not be established. ``close()`` is called next, whatever happened.
        """

    @abstractmethod
    async def close(self) -> None:
        """Release everything, devices too. From any state, at any time, any number of times; raises nothing.

        After it, ``media.open_devices()`` and ``connect()`` work again.
        """

    @abstractmethod
    def send(self, text: str) -> None:
        """Send one frame of text, which is within ``max_message_size``.

        Raises:
            DisconnectedError: the link cannot take it.
        """

    # How the link does.

    async def stats(self) -> LinkStats:
        """How the link does at this moment.

        Raises:
            DisconnectedError: there is no link.
            UnsupportedFeatureError: nobody knows.
        """
        raise UnsupportedFeatureError(f"{type(self).__name__} has no stats().", feature="stats")

    async def examine(self) -> LinkEvidence:
        """What is known of the link, or of the last one, after a look at it of some seconds; by default nothing."""
        from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence

        return LinkEvidence()
