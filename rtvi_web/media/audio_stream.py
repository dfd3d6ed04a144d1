"""A track's audio as a stream of PCM for Python."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from rtvi_web.core.media import AudioFrame


class TrackAudio:
    """The frames of one track after another: an :class:`~rtvi_web.core.media.AudioStream`.

    Between two frames only the browser's own audio nodes run, and a loop that is left stops them.

    Args:
        track: gives the current track, or ``None``.
        alive: whether the session lasts; the stream ends with it.
        sample_rate: samples a second.
        frame: seconds in a frame.
    """

    def __init__(self, track: Callable[[], Any], alive: Callable[[], bool], *, sample_rate: int, frame: float) -> None:
        self._track = track
        self._alive = alive
        self._sample_rate = sample_rate
        self._frame = frame
        self.dropped = 0

    async def __aiter__(self) -> AsyncIterator[AudioFrame]:
        from rtvi_web.browser.ring_recorder import RingRecorder  # few pages listen to samples

        recorder = RingRecorder(self._sample_rate)
        try:
            while self._alive():
                track = self._track()
                if track is None:
                    await asyncio.sleep(self._frame)
                    continue
                await recorder.listen(track)
                count = round(self._frame * recorder.sample_rate)
                data = recorder.read(count)
                self.dropped = recorder.dropped
                if data:
                    yield AudioFrame(data, recorder.sample_rate, 1)
                else:
                    await asyncio.sleep((count - recorder.available()) / recorder.sample_rate)
        finally:
            recorder.close()
