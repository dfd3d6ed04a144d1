"""The contract between the client and whatever carries its messages and media.

A transport knows neither the client nor its state: it opens devices, connects, sends text and reports what happens
to its :class:`TransportHost`. The client owns the state machine and calls the transport in one order::

    attach → (open_devices → connect → send …* → close)*

Later features add members with a default, so that a transport written today keeps working.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeVarTuple

from rtvi_web.errors import ConnectPhase, RTVIError
from rtvi_web.protocol.events import Event
from rtvi_web.protocol.media import Participant, Tracks

Args = TypeVarTuple("Args")


class HttpResponse(NamedTuple):
    """An HTTP answer: its status and its whole body as text."""

    status: int
    text: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class HttpClient(Protocol):
    """How the client reaches HTTP servers; every transport brings one."""

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], body: str) -> HttpResponse:
        """Send JSON text and read the whole answer, whatever its status. Cancelling the task aborts the request.

        Raises:
            HttpError: no answer at all; says why and chains the cause.
        """
        ...


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
    """What a transport may tell its client. All of it returns at once; none of it raises."""

    def fire(self, event: Event[*Args], *args: *Args) -> None:
        """Fire a device or media event."""

    def listens(self, event: Event[Any]) -> bool:
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

    @abstractmethod
    async def open_devices(self) -> None:
        """Open the devices that are wanted, asking for permission where the browser does.

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
