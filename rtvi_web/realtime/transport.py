"""The contract between the realtime client and its transport, which carries events and sound.

A transport knows neither the protocol nor the conversation: it connects, carries JSON text, and plays sound. Its
devices and media are an object of their own, ``transport.media``. The client calls it in this order::

    attach → (media.open_devices → connect → send … → start_microphone → send, play, interrupt … → close)*

``media.open_devices()`` may also come first (a page that shows a level before it connects) or in the middle of a
session (a page that begins in writing).

How sound flows depends on :attr:`RealtimeTransport.carries_tracks`:

* **False (WebSocket).** Sound is PCM: 16-bit signed little-endian, mono, at the rates of
  :meth:`RealtimeTransport.use_rates`, which are ``SAMPLE_RATE`` at first. The microphone's sound
  goes to :meth:`RealtimeHost.microphone` in chunks of at most ``MAX_CHUNK`` bytes, and the client sends it as
  ``input_audio_buffer.append``. The server's sound goes to :meth:`RealtimeTransport.play`, delta by delta. The player
  counts what was heard, and :meth:`RealtimeTransport.interrupt` returns it.
* **True (WebRTC).** The browser sends and plays tracks. ``microphone()`` and ``play()`` are never called, and the
  server itself truncates what was not heard when the client sends ``output_audio_buffer.clear``.

A transport must not put the key into URLs, log lines or exceptions.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from rtvi_web.core.masking import quoted
from rtvi_web.core.media import Media, MediaListener
from rtvi_web.core.no_media import NoMedia
from rtvi_web.errors import ConnectPhase, RTVIError, UnsupportedFeatureError
from rtvi_web.realtime.protocol.audio import SAMPLE_RATE
from rtvi_web.realtime.protocol.dialects.base import Dialect, Target

MAX_BACKLOG = 1 << 20
"""Bytes waiting in a link from which on the microphone's chunks are dropped: 16 s of sound as base64."""


@dataclass(frozen=True)
class RealtimeRequest:
    """The address and the key to connect with.

    Attributes:
        url: the address the client was given; ``None`` is the dialect's own. ``repr()`` shows it without its query,
            which may hold a key.
        model: which model to use; ``None`` leaves the choice to the server.
        api_key: an ephemeral key (``ek_…``) or, if that is allowed, another; ``None`` for a server that needs none.
            ``repr()`` leaves it out.
        session: the whole configuration in GA form, with ``"type": "realtime"``. The client sends it once connected;
            it is here for your own server that takes it together with the SDP.
        holds_microphone: whether WebRTC sends the microphone only after ``start_microphone()``, when the server has
            taken the configuration. Over WebSocket the client itself keeps what ``microphone()`` gave it.
        dialect: makes an address of all this: ``dialect.address(request.target(webrtc=…))``.
        sound: whether answers are played. If not, a transport that plays PCM needs no player.
    """

    url: str | None = None
    model: str | None = None
    api_key: str | None = None
    session: Mapping[str, Any] = field(default_factory=dict)
    holds_microphone: bool = False
    dialect: Dialect = field(default_factory=Dialect)
    sound: bool = True

    def target(self, *, webrtc: bool) -> Target:
        """What the dialect makes an address of.

        Args:
            webrtc: whether the address is for WebRTC, or for a WebSocket.
        """
        type = self.session.get("type")
        return Target(self.url, self.model, self.api_key, type if isinstance(type, str) else "realtime", webrtc)

    def __repr__(self) -> str:
        return f"RealtimeRequest(url={quoted(self.url)}, model={self.model!r}, …)"


class Played(NamedTuple):
    """How much of an item was heard.

    Attributes:
        item_id: the item that was playing.
        content_index: which part of it, as given to ``play()``.
        samples: how many of its samples were played since its beginning, at the rate of the answers; never more than
            ``play()`` got for it.
    """

    item_id: str
    content_index: int
    samples: int


class SpareLink(NamedTuple):
    """A second link beside that of the session.

    Attributes:
        send: sends one text frame; raises ``DisconnectedError``.
        take_over: makes it the link of the session. It takes a function, and calls it as soon as frames of the new link
            go to :meth:`RealtimeHost.receive`, and :meth:`RealtimeTransport.send` uses it; then it closes the old one.
            Nothing is awaited before.
        close: closes it, if it does not take over.
    """

    send: Callable[[str], None]
    take_over: Callable[[Callable[[], object]], Awaitable[None]]
    close: Callable[[], Awaitable[None]]


class RealtimeHost(Protocol):
    """What a transport may call, from ``attach()`` on. These methods return at once and never raise."""

    @property
    def media(self) -> MediaListener:
        """Gets what happens to devices and media; for the transport's :class:`Media`."""
        ...

    def enter(self, phase: ConnectPhase) -> None:
        """``connect()`` goes on to another phase (offer, ice, data-channel); errors and time-outs will name it."""

    def receive(self, frame: str | bytes) -> None:
        """A frame has arrived, of text or binary. Call it in the order of arrival, from the call of ``connect()`` on.

        Frames may arrive before ``connect()`` has returned. Some servers send their events in binary frames; those that
        hold no event are ignored.
        """

    def ask(self) -> bool:
        """Ask the server something that changes nothing, to find out whether a silent link is alive.

        Returns:
            Whether it was asked: a live server answers, with some frame.
        """
        ...

    def microphone(self, pcm: bytes, *, muted: bool = False) -> None:
        """The microphone has heard this, in whole samples, at most ``MAX_CHUNK`` bytes. WebSocket only.

        Call it while the microphone is open; the client ignores it outside a session. Chunks heard while
        ``MAX_BACKLOG`` bytes wait in the link are dropped, not kept.

        Args:
            pcm: the sound.
            muted: whether the microphone is muted; ``pcm`` is silence then. It is sent until the server has heard the
                end of what was said before.
        """

    def recorded(self, side: str, pcm: bytes, rate: int) -> None:
        """This was sent (``"sent"``, WebRTC only) or played (``"played"``) while the session is recorded.

        Args:
            pcm: whole samples of this rate; over WebSocket exactly what was played of the answers, and nothing while
                nothing was.
        """

    def speaking(self, speaking: bool) -> None:
        """The first sample of an answer is played now, or the last one has been. WebSocket only.

        An interruption and a pause end it too. Over WebRTC the server reports it (``output_audio_buffer.started``,
        ``.stopped``).
        """

    def lost(self, error: RTVIError) -> None:
        """The link is lost for good, without a call of ``close()``. At most once for each ``connect()``.

        The transport does not reconnect: it waits while the link may recover by itself (WebRTC's ``disconnected``:
        5 s), and then calls this. The client calls ``close()``, fails pending calls, and can ``connect()`` again.
        ``error`` says what happened, such as the close code and reason; while ``connect()`` runs, raise there instead.
        """


class RealtimeTransport(ABC):
    """Carries one session after another for one client."""

    @abstractmethod
    def attach(self, host: RealtimeHost) -> None:
        """Called once, by the client's constructor, before anything else."""

    @property
    def media(self) -> Media:
        """The devices and media, which stay the same from session to session. By default there are none."""
        return NoMedia(type(self).__name__)

    @property
    @abstractmethod
    def carries_tracks(self) -> bool:
        """Whether sound is carried by media tracks (WebRTC) or by events (WebSocket). Constant."""

    @property
    @abstractmethod
    def max_message_size(self) -> int:
        """The most bytes of UTF-8 in one message. The client reads it before it sends a large one."""

    def use_rates(self, *, microphone: int, answers: int) -> None:
        """Change the rates of PCM, in samples a second: of ``microphone()``, and of ``play()``.

        Called when a session begins with other rates than the last one, and when the server changes them. Over WebRTC
        there is nothing to do.

        Raises:
            UnsupportedFeatureError: this transport has sound of 24,000 samples a second only.
        """
        if not self.carries_tracks and {microphone, answers} != {SAMPLE_RATE}:
            message = f"{type(self).__name__} has sound of {SAMPLE_RATE} samples a second only."
            raise UnsupportedFeatureError(message, feature="use_rates")

    @abstractmethod
    async def connect(self, request: RealtimeRequest) -> None:
        """Establish the link; return once ``send()`` works, without waiting for ``session.created``.

        After an error, or when the task is cancelled (as by the client's deadline), the client calls ``close()``, which
        must release everything that is half open.

        Raises:
            RTVIError: it could not be established: ``TransportStartError``, ``HttpError``, ``InvalidArgumentError``. It
                has the server's words (for a refused SDP the provider's ``error.message``, and ``status``).
        """

    async def start_microphone(self) -> None:
        """Send the microphone from now on; called once after a ``connect()`` with ``holds_microphone``."""
        return

    async def open_spare(
        self,
        request: RealtimeRequest,
        received: Callable[[str | bytes], object],
        lost: Callable[[RTVIError], object],
    ) -> SpareLink:
        """Open a second link while the session goes on, to go on over that one. No microphone is sent there yet.

        If the task is cancelled, everything that is half open is released.

        Args:
            request: as in :meth:`connect`.
            received: gets its frames until it takes over.
            lost: is called if it is lost before.

        Raises:
            RTVIError: as in :meth:`connect`.
            UnsupportedFeatureError: this transport cannot do it.
        """
        raise UnsupportedFeatureError(f"{type(self).__name__} cannot renew a session.", feature="renew_session")

    @abstractmethod
    async def close(self) -> None:
        """Release everything: link, microphone, player. Works in any state, any number of times, and never raises.

        It does not stop a track that the page gave to the transport. After ``close()``, ``media.open_devices()`` and
        ``connect()`` work again; a muted microphone stays muted.
        """

    @abstractmethod
    def send(self, text: str) -> None:
        """Send one text frame, which is within ``max_message_size``, in the order of the calls.

        Raises:
            DisconnectedError: the link cannot take it. The client then changes nothing.
        """

    @abstractmethod
    def play(self, pcm: bytes, *, item_id: str, content_index: int) -> None:
        """Play sound after everything that was given before. WebSocket only.

        Servers send an answer faster than it is heard. The player must keep all of it, which is bounded by the length
        of an answer, and drop nothing.

        Args:
            pcm: whole samples, as many as the server sent at once (100 ms to some seconds).
            item_id: the item it belongs to. Sound for an item that was interrupted is dropped.
            content_index: the part of the item it belongs to.
        """

    def pause(self, paused: bool) -> None:
        """Hold the answers, with what still arrives of them, or go on where they stopped.

        ``interrupt()`` drops what is held, and counts what had been heard. A new session begins without a pause.

        Raises:
            UnsupportedFeatureError: this transport cannot hold an answer.
        """
        raise UnsupportedFeatureError(f"{type(self).__name__} cannot hold an answer.", feature="pause")

    async def record(self) -> None:
        """Give what is heard to :meth:`RealtimeHost.recorded`, from now on.

        Raises:
            UnsupportedFeatureError: this transport cannot record.
        """
        raise UnsupportedFeatureError(f"{type(self).__name__} cannot record.", feature="record")

    async def stop_recording(self) -> None:
        """Give the rest, and nothing more. Returns within a second, works in any state, and never raises."""
        return

    @abstractmethod
    async def interrupt(self) -> Played | None:
        """Fall silent at once: drop what plays, what waits, and what still arrives for those items.

        The silence begins before the first ``await``. The exact count may need an answer of the audio thread; the
        method returns within a second in any case (with the last known count if the context is suspended).

        Returns:
            What was playing, or ``None`` if nothing was; always ``None`` over WebRTC.
        """
