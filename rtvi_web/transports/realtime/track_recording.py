"""Records the tracks of a WebRTC session."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rtvi_web.browser.worklet_recorder import WorkletRecorder
from rtvi_web.realtime.protocol.audio import SAMPLE_RATE
from rtvi_web.realtime.protocol.stereo_sound import PLAYED, SENT

CHUNK = SAMPLE_RATE // 25


class TrackRecording:
    """Listens to what is sent and to what is received, which the browser plays as it comes.

    Args:
        recorded: gets the side, PCM, and its rate.
    """

    def __init__(self, recorded: Callable[[str, bytes, int], object]) -> None:
        self._recorded = recorded
        self._recorders = {side: self._recorder(side) for side in (SENT, PLAYED)}

    def _recorder(self, side: str) -> WorkletRecorder:
        def heard() -> None:
            if pcm := recorder.read(CHUNK):
                self._recorded(side, pcm, SAMPLE_RATE)

        recorder = WorkletRecorder(SAMPLE_RATE, CHUNK, heard)
        return recorder

    async def listen(self, side: str, track: Any) -> None:
        """Record this track of a side from now on; ``None`` is silence.

        Raises:
            UnsupportedFeatureError: the page has no AudioWorklet, or may not load its module.
        """
        if track is None:
            self._recorders[side].close()
        else:
            await self._recorders[side].listen(track)

    def close(self) -> None:
        """Record nothing more, and release the audio hardware."""
        for recorder in self._recorders.values():
            recorder.close()
