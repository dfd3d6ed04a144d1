"""Audio for Python, as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from rtvi_web.browser.analysis import Recorder
from rtvi_web.core.media import AudioFrame


class TrackAudio:
    """The frames of whatever track is there; an :class:`~rtvi_web.rtvi.transport.AudioStream`.

    Nothing runs between two frames but the browser's own audio nodes, so a loop that is left costs nothing more.

    Args:
        track: the track of this moment, or ``None``.
        alive: whether the session goes on; the stream ends with it.
        sample_rate: samples a second.
        frame: seconds.
    """

    def __init__(self, track: Callable[[], Any], alive: Callable[[], bool], *, sample_rate: int, frame: float) -> None:
        self._track = track
        self._alive = alive
        self._sample_rate = sample_rate
        self._frame = frame
        self.dropped = 0

    async def __aiter__(self) -> AsyncIterator[AudioFrame]:
        recorder: Recorder | None = None
        try:
            while self._alive():
                track = self._track()
                if track is None:
                    await asyncio.sleep(self._frame)
                    continue
                if recorder is None:
                    recorder = Recorder(self._sample_rate, track)
                recorder.listen(track)
                count = round(self._frame * recorder.sample_rate)
                data = recorder.read(count)
                self.dropped = recorder.dropped
                if data:
                    yield AudioFrame(data, recorder.sample_rate, 1)
                else:
                    await asyncio.sleep((count - recorder.available()) / recorder.sample_rate)
        finally:
            if recorder is not None:
                recorder.close()
