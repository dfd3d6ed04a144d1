"""A recorder of plain audio nodes, for any Content-Security-Policy; it must be read from time to time."""

from __future__ import annotations

from array import array
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.analysis import audio_context, resume_if_suspended, track_source
from rtvi_web.browser.recorder import KEPT

_FULL_SCALE = 32767
_CLOCK = 16384
"""Samples after which the clock starts again: enough to tell its rounds apart by the context's time."""


class RingRecorder:
    """A :class:`~rtvi_web.browser.recorder.Recorder`.

    An ``AnalyserNode`` is a ring of the latest samples. A second one tells which of them are new: it hears a clock, a
    sound whose samples count themselves. So no sample is read twice. None is lost, unless nothing is read for the
    length of the ring. Then the clock shows how many.

    Args:
        sample_rate: samples a second. A browser that cannot convert (Firefox) uses its own rate.
    """

    def __init__(self, sample_rate: int) -> None:
        self.sample_rate = sample_rate
        self.dropped = 0
        self._wanted_rate = sample_rate
        self._context: Any = None
        self._source: Any = None
        self._track: Any = None
        self._position = 0

    async def listen(self, track: Any) -> None:
        if self._context is not None:
            self._connect(track)
            return
        self._build(self._wanted_rate)
        try:
            self._connect(track)
        except _js.JsError:
            self.close()
            self._build(None)
            self._connect(track)
        self._position = self._head()

    def _connect(self, track: Any) -> None:
        if track is self._track:
            return
        if self._source is not None:
            self._source.disconnect()
        with _js.guarded():
            self._source = track_source(self._context, track)
        self._source.connect(self._clamp)
        self._track = track

    def _build(self, sample_rate: int | None) -> None:
        context = self._context = audio_context(sample_rate)
        self.sample_rate = int(context.sampleRate)
        self._clamp, gain = context.createWaveShaper(), context.createGain()
        curve = _js.construct("Float32Array", 2)
        curve[0], curve[1] = -1, 1
        self._clamp.curve = curve
        gain.gain.value = _FULL_SCALE
        gain.channelCount, gain.channelCountMode = 1, "explicit"
        self._ring, self._now = context.createAnalyser(), context.createAnalyser()
        self._ring.fftSize, self._now.fftSize = KEPT, 32
        self._clamp.connect(gain)
        gain.connect(self._ring)
        counting = context.createBuffer(1, _CLOCK, self.sample_rate)
        counting.getChannelData(0).assign(array("f", range(_CLOCK)))
        clock = context.createBufferSource()
        clock.buffer, clock.loop = counting, True
        clock.connect(self._now)
        self._began = float(context.currentTime)  # Not 0 if the page was busy meanwhile.
        clock.start()
        self._samples = _js.construct("Float32Array", KEPT)
        self._moment = _js.construct("Float32Array", 1)

    def available(self) -> int:
        if self._context is None:
            return 0
        waiting = self._head() - self._position
        if waiting > KEPT:
            self.dropped += waiting - KEPT
            self._position += waiting - KEPT
        return min(waiting, KEPT)

    def read(self, count: int) -> bytes | None:
        if self._context is None:
            return None
        resume_if_suspended(self._context)
        available = self.available()
        if available < count:
            return None
        start = KEPT - available
        self._position += count
        samples = _js.construct("Int16Array", self._samples.subarray(start, start + count))
        data: bytes = samples.to_bytes()
        return data

    def close(self) -> None:
        if self._source is not None:
            self._source.disconnect()
        context, self._context, self._source, self._track = self._context, None, None, None
        if context is not None:
            _js.begin(context, "close")

    def _head(self) -> int:
        """The number of the newest sample, which is then the last one in ``_samples``."""
        while True:
            before = self._read_clock()
            self._ring.getFloatTimeDomainData(self._samples)
            if self._read_clock() == before:  # else the audio thread came in between
                break
        elapsed = float(self._context.currentTime) - self._began
        rounds = round((elapsed * self.sample_rate - before) / _CLOCK)
        return before + _CLOCK * max(0, rounds)

    def _read_clock(self) -> int:
        self._now.getFloatTimeDomainData(self._moment)
        return int(self._moment[0])
