"""The contract between the client and whatever carries its messages and media.

A transport knows neither the client nor its state: it opens devices, connects, sends text and reports what happens
to its :class:`TransportHost`. The client owns the state machine and calls the transport in one order::

    attach → (open_devices → connect → send …* → close)*

Later features add members with a default, so that a transport written today keeps working.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVarTuple

from rtvi_web.core.event import Event
from rtvi_web.core.http import HttpClient
from rtvi_web.core.media import (
    AudioStream,
    DeviceName,
    MediaDevice,
    MediaState,
    Participant,
    Tracks,
    VideoSource,
)
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

    def fire(self, event: Event[*Args], *args: *Args) -> None:
        """Fire a device or media event."""

    def listens(self, event: str) -> bool:
        """Whether anyone handles an event, so that nothing is measured for nobody."""
        ...

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
            host: who hears what happens.
            enable_mic, enable_cam: whether microphone and camera are wanted at first.
        """

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
    async def open_devices(self) -> None:
        """Open the devices that are wanted, asking for permission where the browser does; those open stay as they are.

        A device that is denied or missing is reported as ``deviceError`` and left closed: a session without a
        microphone is a session. Mirrors ``initDevices()``.
        """

    @abstractmethod
    async def connect(self, request: ConnectRequest) -> Participant:
        """Establish the link; return the bot once messages can be sent.

        Raises:
            RTVIError: it could not be established. ``close()`` is called next, whatever happened.
        """

    @abstractmethod
    async def close(self) -> None:
        """Release everything, devices too. From any state, at any time, any number of times; raises nothing.

        After it, ``open_devices()`` and ``connect()`` work again.
        """

    @abstractmethod
    def send(self, text: str) -> None:
        """Send one frame of text, which is within ``max_message_size``.

        Raises:
            DisconnectedError: the link cannot take it.
        """

    @abstractmethod
    async def enable_mic(self, enable: bool) -> None:
        """Open or unmute the microphone, or mute it. Mirrors ``enableMic()``.

        Before ``open_devices()`` it only remembers the wish.

        Raises:
            DeviceError: it could not be opened; also reported as ``deviceError``.
        """

    @property
    @abstractmethod
    def is_mic_enabled(self) -> bool:
        """Whether the microphone sends, read from its track. Mirrors ``isMicEnabled``."""

    @abstractmethod
    def tracks(self) -> Tracks:
        """The live tracks. Mirrors ``tracks()``."""

    async def resume_bot_audio(self) -> None:
        """Play the bot's audio after ``botAudioBlocked``; call it from a click. By default there is nothing to do."""
        return

    # How the link does.

    async def stats(self) -> LinkStats:
        """How the link does at this moment.

        Raises:
            DisconnectedError: there is no link.
            UnsupportedFeatureError: nobody knows.
        """
        raise _unsupported(self, "stats")

    async def examine(self) -> LinkEvidence:
        """What is known of the link, or of the last one, after a look at it of some seconds; by default nothing."""
        from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence

        return LinkEvidence()

    # Devices and media that a transport may do without: by default it has none of them.

    async def list_devices(self, name: DeviceName) -> list[MediaDevice]:
        """The devices that there are; never prompts. Mirrors ``getAllMics()`` and its kin."""
        return []

    def selected_device(self, name: DeviceName) -> MediaDevice | None:
        """The device in use, read from its track; where none is, the one that would be. Mirrors ``selectedMic``."""
        return None

    async def select_device(self, name: DeviceName, id: str) -> None:
        """Use another device, now and in later sessions. Mirrors ``updateMic()`` and its kin.

        Raises:
            DeviceError: it cannot be used, also reported as ``deviceError``; the one before stays in use.
            UnsupportedFeatureError: nothing can be chosen here.
        """
        raise _unsupported(self, f"update_{name}")

    @property
    def media_state(self) -> MediaState:
        """How far microphone and camera have got. Mirrors ``mediaState``."""
        return MediaState()

    async def enable_cam(self, enable: bool) -> None:
        """Open the camera, or release it. Mirrors ``enableCam()``; otherwise as ``enable_mic()``."""
        if enable:
            raise _unsupported(self, "enable_cam")

    @property
    def is_cam_enabled(self) -> bool:
        """Whether the camera sends, read from its track. Mirrors ``isCamEnabled``."""
        return False

    async def enable_screen_share(self, enable: bool) -> None:
        """Ask the person for a screen to share, or end it. Mirrors ``enableScreenShare()``.

        Raises:
            DeviceError: they refused; also reported as ``deviceError``.
        """
        if enable:
            raise _unsupported(self, "enable_screen_share")

    @property
    def is_sharing_screen(self) -> bool:
        """Whether the screen is shared, read from its track. Mirrors ``isSharingScreen``."""
        return False

    def local_audio(self, *, sample_rate: int, frame: float) -> AudioStream:
        """What the microphone sends, in frames of so many seconds."""
        raise _unsupported(self, "local_audio")

    def remote_audio(self, *, sample_rate: int, frame: float) -> AudioStream:
        """What the bot sends, in frames of so many seconds."""
        raise _unsupported(self, "remote_audio")

    def show_video(self, element: Any, source: VideoSource) -> None:
        """Show a video in an element, now and whenever it comes."""
        raise _unsupported(self, "show_video")


def _unsupported(transport: Transport, feature: str) -> UnsupportedFeatureError:
    return UnsupportedFeatureError(f"{type(transport).__name__} has no {feature}().", feature=feature)
