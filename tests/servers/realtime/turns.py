"""Hears when a person begins and stops to speak, by how loud it is."""

from typing import Any, NamedTuple

import numpy as np

SAMPLE_RATE = 24_000
FRAME = SAMPLE_RATE // 50  # samples: 20 ms
FRAMES_TO_BEGIN = 3
LOUDEST_SILENCE = 0.03  # RMS of full scale, times the configured threshold (0.5 by default)
KEPT_SILENCE = 15  # frames
EAGERNESS = {"low": 2000, "medium": 1000, "auto": 700, "high": 400}  # ms of silence that end a turn


class Turn(NamedTuple):
    """The person has begun (`end` is None) or stopped to speak, in samples since the session began."""

    start: int
    end: int | None = None


class TurnDetector:
    """Server VAD. `config` is `audio.input.turn_detection`; semantic VAD is silence of another length here."""

    def __init__(self, config: dict[str, Any]) -> None:
        self._threshold = LOUDEST_SILENCE * (config.get("threshold") or 0.5)
        silence = config.get("silence_duration_ms") or EAGERNESS.get(config.get("eagerness") or "", 500)
        self._silence_frames = max(1, silence * SAMPLE_RATE // 1000 // FRAME)
        self._padding = (config.get("prefix_padding_ms") or 300) * SAMPLE_RATE // 1000
        self._rest = np.zeros(0, np.int16)
        self._heard: int | None = None  # samples so far
        self._loud = self._quiet = 0
        self._start: int | None = None

    def hear(self, samples: np.ndarray, position: int) -> list[Turn]:
        """What happens in the next samples, the first of which is the session's sample number `position`."""
        if self._heard is None:
            self._heard = position
        samples = np.concatenate([self._rest, samples])
        turns = []
        for offset in range(0, len(samples) - FRAME + 1, FRAME):
            self._heard += FRAME
            if turn := self._frame(samples[offset : offset + FRAME]):
                turns.append(turn)
        self._rest = samples[len(samples) // FRAME * FRAME :]
        return turns

    def _frame(self, frame: np.ndarray) -> Turn | None:
        loudness = float(np.sqrt(np.mean(np.square(frame / 32768))))
        self._loud, self._quiet = (self._loud + 1, 0) if loudness > self._threshold else (0, self._quiet + 1)
        heard = self._heard or 0
        if self._start is None and self._loud >= FRAMES_TO_BEGIN:
            self._start = max(0, heard - self._loud * FRAME - self._padding)
            return Turn(self._start)
        if self._start is not None and self._quiet >= self._silence_frames:
            start, self._start = self._start, None
            return Turn(start, heard)
        return None


def without_silence(pcm: bytes) -> bytes:
    """The speech in some PCM, with a little of the silence around it: what was pressed to talk holds more."""
    samples = np.frombuffer(pcm, "<i2")
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME) / 32768
    loud = np.flatnonzero(np.sqrt(np.mean(np.square(frames), axis=1)) > LOUDEST_SILENCE / 2)
    if not len(loud):
        return pcm
    first, last = max(0, loud[0] - KEPT_SILENCE), loud[-1] + 1 + KEPT_SILENCE
    return samples[first * FRAME : last * FRAME].tobytes()
