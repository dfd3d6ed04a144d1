"""The contract between the realtime client and whatever carries its events and its sound.

A transport knows neither the protocol nor the conversation: it connects, carries JSON text, and plays what it is told
to. Its devices and media are an object of their own, ``transport.media``. The client calls it in one order::

    attach → (media.open_devices → connect → send, play, interrupt … → close)*

``media.open_devices()`` may also come first of all (a page that shows a level before it connects) or again in
mid-session (a page that begins in writing).

How sound flows depends on :attr:`RealtimeTransport.carries_tracks`:

* **False (WebSocket).** Sound is PCM: 16-bit signed little-endian, mono, :data:`SAMPLE_RATE`. What the microphone hears
  goes to :meth:`RealtimeHost.microphone` in chunks of at most :data:`MAX_CHUNK` bytes, and the client sends it as
  ``input_audio_buffer.append``. What the server says comes back through :meth:`RealtimeTransport.play`, delta by delta.
  The client has not kept count of what was heard: the player has, and :meth:`RealtimeTransport.interrupt` gives it.
* **True (WebRTC).** The browser sends and plays tracks. ``microphone()`` and ``play()`` are never called, and the
  server itself truncates what was not heard when the client sends ``output_audio_buffer.clear``.

No URL, log line or exception of a transport may contain the key.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from rtvi_web.core.media import Media, MediaListener
from rtvi_web.core.no_media import NoMedia
from rtvi_web.errors import ConnectPhase, RTVIError

MAX_BACKLOG = 1 << 20
"""Bytes that may wait in a link before the microphone's chunks are dropped: 16 s of sound as base64."""


@dataclass(frozen=True)
class RealtimeRequest:
    """Where to connect, and as whom.

    Attributes:
        url: the address the client was given, without a key; ``None`` is the transport's own, OpenAI's.
        model: goes into the URL's query where the transport is a WebSocket; ``None`` leaves it to the server.
        api_key: an ephemeral key (``ek_…``) or, where that is allowed, another; ``None`` for a server that asks for
            none. It is left out of ``repr()``.
        session: the whole configuration in GA form, with ``"type": "realtime"``. The client sends it by itself once
            connected; it is here for a server of one's own that takes it together with the SDP.
    """

    url: str | None = None
    model: str | None = None
    api_key: str | None = field(default=None, repr=False)
    session: Mapping[str, Any] = field(default_factory=dict)


class Played(NamedTuple):
    """How much of an item was heard.

    Attributes:
        item_id: the item that was playing.
        content_index: which part of it, as ``play()`` was told.
        samples: how many of its samples left the speaker since its beginning, at :data:`SAMPLE_RATE`; exact, and never
            more than ``play()`` was given for it.
    """

    item_id: str
    content_index: int
    samples: int


class RealtimeHost(Protocol):
    """What a transport may tell its client, from ``attach()`` on. All of it returns at once; none of it raises."""

    @property
    def media(self) -> MediaListener:
        """Who hears what happens to devices and media; for the transport's :class:`Media`."""
        ...

    def enter(self, phase: ConnectPhase) -> None:
        """``connect()`` goes on to another phase (offer, ice, data-channel); errors and time-outs will name it."""

    def receive(self, text: str) -> None:
        """A text frame has arrived, as it came and in the order of arrival; after ``connect()`` was called.

        Frames may arrive before ``connect()`` has returned. Binary frames are the transport's to drop.
        """

    def microphone(self, pcm: bytes) -> None:
        """The microphone has heard this, in whole samples, at most :data:`MAX_CHUNK` bytes. WebSocket only.

        Call it while the microphone is open and not muted; the client ignores it while there is no session. Chunks
        heard while :data:`MAX_BACKLOG` bytes wait in the link are dropped, not kept.
        """

    def speaking(self, speaking: bool) -> None:
        """The first sample of an answer leaves the speaker, or the last one has. WebSocket only.

        An interruption ends it too. Over WebRTC the server tells (``output_audio_buffer.started``, ``.stopped``).
        """

    def lost(self, error: RTVIError) -> None:
        """The link is gone for good, through no doing of ``close()``. At most once for each ``connect()``.

        The transport does not reconnect: it waits out what heals by itself (WebRTC's ``disconnected``: 5 s), and then
        calls this. The client calls ``close()``, fails whoever waits, and can ``connect()`` again. ``error`` says
        what happened, such as the close code and reason; while ``connect()`` runs, raise there instead.
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
        """Whether sound goes by media tracks (WebRTC) and not by events (WebSocket). Constant."""

    @property
    @abstractmethod
    def max_message_size(self) -> int:
        """Bytes of UTF-8 that one message may have at most; read before each ``send()`` of something large."""

    @abstractmethod
    async def connect(self, request: RealtimeRequest) -> None:
        """Establish the link; return once ``send()`` works. The server's ``session.created`` isn't waited for.

        Cancelling the task (the client's deadline does) or an error leaves nothing half-open for longer than the
        ``close()`` that follows, whatever happened.

        Raises:
            RTVIError: it could not be established: ``TransportStartError``, ``HttpError``, ``InvalidArgumentError``. It
                says what the server said (a refused SDP: the provider's ``error.message``, and ``status``).
        """

    @abstractmethod
    async def close(self) -> None:
        """Release everything: link, microphone, player. From any state, any number of times; raises nothing.

        A track that a page handed to the transport is left running: who opened it stops it. After ``close()``,
        ``media.open_devices()`` and ``connect()`` work again; muted stays muted.
        """

    @abstractmethod
    def send(self, text: str) -> None:
        """Send one text frame, which is within ``max_message_size``; frames keep their order.

        Raises:
            DisconnectedError: the link cannot take it. The client then changes nothing on its side.
        """

    @abstractmethod
    def play(self, pcm: bytes, *, item_id: str, content_index: int) -> None:
        """Play this after all that was given before. WebSocket only; a session's answers in the order they came.

        The player takes an answer's sound faster than it is heard, so what waits is bounded by the length of an answer
        and not by time: nothing is dropped here.

        Args:
            pcm: whole samples, in the size the server chose (deltas of 100 ms to some seconds).
            item_id: the item it belongs to. What comes for an item after its ``interrupt()`` is dropped.
            content_index: the part of the item it belongs to.
        """

    @abstractmethod
    async def interrupt(self) -> Played | None:
        """Fall silent at once: drop what plays and what waits, and all that still comes for those items.

        The silence begins before the first ``await``; the exact count may need an answer of the audio thread. It comes
        within a second, whatever happens (a context that was suspended: the last count known).

        Returns:
            What was playing, or ``None`` when nothing was; always ``None`` where tracks are carried.
        """
