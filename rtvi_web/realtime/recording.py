"""Recordings of a session: what was sent and what was played, as it was heard."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import AlreadyStartedError, InvalidArgumentError
from rtvi_web.realtime.event_handlers import RealtimeEventHandler
from rtvi_web.realtime.protocol.audio import SAMPLE_RATE
from rtvi_web.realtime.protocol.formats import SoundFormat
from rtvi_web.realtime.protocol.stereo_sound import SENT, StereoSound
from rtvi_web.realtime.transport import RealtimeTransport

LONGEST = 3600.0
"""Seconds that a recording may have at most; at 24 kHz these are 346 MB."""


class Recording:
    """What :meth:`RealtimeClient.record` records, and goes on recording until :meth:`stop`."""

    def __init__(self, sound: StereoSound, end: Callable[[], Awaitable[None]]) -> None:
        self._sound = sound
        self._end = end
        self.is_running = True
        """Whether it still grows."""

    @property
    def seconds(self) -> float:
        """How long it is, from its beginning to the last sound."""
        return self._sound.seconds

    @property
    def sample_rate(self) -> int:
        """Samples a second of each channel."""
        return self._sound.rate

    def wav(self) -> bytes:
        """What was recorded so far, as a WAV file of 16 bits: the person on the left, the model on the right."""
        return self._sound.wav()

    async def stop(self) -> bytes:
        """End the recording. It may be called again, and after the end of the session.

        Returns:
            The WAV file, as :meth:`wav`.
        """
        if self.is_running:
            await self._end()
        return self.wav()

    def __repr__(self) -> str:
        return f"<Recording of {self.seconds:.1f} s{', running' if self.is_running else ''}>"


class RecordingEvent(NamedTuple):
    """A recording has ended: ``"recording.stopped"``.

    Attributes:
        type: ``"recording.stopped"``.
        recording: what was recorded.
        reason: ``"stop"`` (it was told to), ``"limit"`` (it is as long as it may be), or ``"disconnected"`` (the
            session has ended).
    """

    type: str
    recording: Recording
    reason: str


class Recorder:
    """Has one recording of a session at a time. While it has none, it keeps nothing.

    Args:
        transport: tells what is played, and over WebRTC what is sent.
        client: gets the event.
    """

    def __init__(self, transport: RealtimeTransport, client: RealtimeEventHandler) -> None:
        self._transport = transport
        self._client = client
        self._tasks = Tasks()
        self._recording: Recording | None = None
        self._sound = StereoSound(SAMPLE_RATE, 0)
        self._began = 0.0

    async def start(self, formats: tuple[SoundFormat, SoundFormat], limit: float) -> Recording:
        """See ``RealtimeClient.record``.

        Args:
            formats: those of the session.
            limit: seconds.
        """
        is_number = isinstance(limit, int | float) and not isinstance(limit, bool)
        if not (is_number and 0 < limit <= LONGEST):
            raise InvalidArgumentError(f"limit must be seconds, at most {LONGEST:g}; it is {limit!r}.")
        if self._recording is not None:
            raise AlreadyStartedError("A recording is running; stop it first.")
        tracks = self._transport.carries_tracks
        self._sound = StereoSound(SAMPLE_RATE if tracks else max(format.rate for format in formats), limit)
        recording = self._recording = Recording(self._sound, self._stop)
        self._began = asyncio.get_running_loop().time()
        try:
            await self._transport.record()
        except BaseException:
            self._recording, recording.is_running = None, False
            raise
        return recording

    def sent(self, pcm: bytes, rate: int) -> None:
        """This was sent as events. Over WebRTC the track is recorded instead."""
        if not self._transport.carries_tracks:
            self.add(SENT, pcm, rate)

    def add(self, side: str, pcm: bytes, rate: int) -> None:
        """This was sent, or played."""
        if self._recording is not None:
            time = asyncio.get_running_loop().time() - self._began
            if not self._sound.add(side, pcm, rate, time):
                self._tasks.run(self._transport.stop_recording(), "the recording could not be stopped")
                self._ended("limit")

    def session_ended(self) -> None:
        """The session of the recording is over."""
        self._ended("disconnected")

    async def _stop(self) -> None:
        await self._transport.stop_recording()
        self._ended("stop")

    def _ended(self, reason: str) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.is_running = False
            self._client.dispatch("recording.stopped", RecordingEvent("recording.stopped", recording, reason))
