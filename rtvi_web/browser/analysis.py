"""Audio that is measured and read: levels, and samples.

All of it is done by the browser's own audio nodes, on its audio thread. None of them is an AudioWorklet, whose module
would have to be a file beside the page: so this works from a plain wheel, under any Content-Security-Policy.
"""

from __future__ import annotations

import math
from array import array
from typing import Any

from rtvi_web.browser import _js

RING = 32768
"""Samples that an ``AnalyserNode`` keeps at most."""
_FULL_SCALE = 32767
_CLOCK = 16384
"""Samples after which the clock starts again: enough to tell its rounds apart by the context's time."""


def audio_context(sample_rate: int | None = None) -> Any:
    """A context that runs as soon as the browser lets it: at once in a page that was clicked or that captures."""
    context = _js.construct("AudioContext", *([{"sampleRate": sample_rate}] if sample_rate else []))
    if context.state == "suspended":
        _js.begin(context, "resume")
    return context


def _source(context: Any, track: Any) -> Any:
    return context.createMediaStreamSource(_js.construct("MediaStream", [track]))


def resume_if_suspended(context: Any) -> None:
    """Let a context run that the autoplay policy has not let run so far, if the page was clicked meanwhile."""
    if context.state != "suspended":
        return
    # Before the click it would be in vain, and a warning in the browser's console each time.
    activation = getattr(_js.api("navigator"), "userActivation", None)
    if activation is None or activation.hasBeenActive:
        _js.begin(context, "resume")


class LevelMeter:
    """How loud tracks are: the root mean square of the last moment.

    The nodes do the sums (a gain that is controlled by its own input squares, a convolver with a constant averages),
    and Python reads one number.

    Args:
        seconds: the moment.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._context: Any = None
        self._graphs: dict[str, tuple[Any, list[Any]]] = {}
        self._sample: Any = None

    def level(self, name: str, track: Any) -> float:
        """The level of a track, 0 to 1. It is measured from the first time on, and another track in its place."""
        if name in self._graphs and self._graphs[name][0] is not track:
            self.drop(name)
        if name not in self._graphs:
            self._graphs[name] = track, self._measure(track)
        resume_if_suspended(self._context)
        self._graphs[name][1][-1].getFloatTimeDomainData(self._sample)
        return min(1.0, math.sqrt(max(0.0, self._sample[0])))

    def _measure(self, track: Any) -> list[Any]:
        if self._context is None:
            self._context = audio_context()
            self._sample = _js.construct("Float32Array", 1)
        context = self._context
        length = round(self._seconds * context.sampleRate)
        moment = context.createBuffer(1, length, context.sampleRate)
        moment.getChannelData(0).fill(1 / length)
        source, square, average, analyser = (
            _source(context, track),
            context.createGain(),
            context.createConvolver(),
            context.createAnalyser(),
        )
        square.channelCount, square.channelCountMode, square.gain.value = 1, "explicit", 0
        average.normalize, average.buffer = False, moment
        analyser.fftSize = 32
        source.connect(square)
        source.connect(square.gain)
        square.connect(average)
        average.connect(analyser)
        return [source, square, average, analyser]

    def drop(self, name: str) -> None:
        """Stop measuring a track."""
        for node in self._graphs.pop(name, (None, []))[1]:
            node.disconnect()

    def close(self) -> None:
        """Stop measuring, and let the audio hardware go."""
        for name in list(self._graphs):
            self.drop(name)
        if self._context is not None:
            _js.begin(self._context, "close")
            self._context = None


class Recorder:
    """Reads a track's samples as they come, as one channel of 16-bit integers.

    An ``AnalyserNode`` is a ring of the latest samples. Which of them are new is told by a second one that a clock
    runs through: a sound whose samples count themselves. So none is read twice, and none is lost unless nobody reads
    for the length of the ring; how many were is known then.

    Args:
        sample_rate: samples a second. Where the browser cannot convert (Firefox), ``sample_rate`` is another one.
        track: what to listen to at first.
    """

    def __init__(self, sample_rate: int, track: Any) -> None:
        self._source: Any = None
        self._track: Any = None
        self.dropped = 0
        """Samples that were lost because nobody read them in time."""
        self._build(sample_rate)
        try:
            with _js.guarded():
                self.listen(track)
        except _js.JsError:
            self.close()
            self._build(None)
            self.listen(track)
        self._position = self._head()

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
        self._ring.fftSize, self._now.fftSize = RING, 32
        self._clamp.connect(gain)
        gain.connect(self._ring)
        counting = context.createBuffer(1, _CLOCK, self.sample_rate)
        counting.getChannelData(0).assign(array("f", range(_CLOCK)))
        clock = context.createBufferSource()
        clock.buffer, clock.loop = counting, True
        clock.connect(self._now)
        self._began = float(context.currentTime)  # Not 0 where the page was busy meanwhile.
        clock.start()
        self._samples = _js.construct("Float32Array", RING)
        self._moment = _js.construct("Float32Array", 1)

    def listen(self, track: Any) -> None:
        """Read another track from now on; nothing happens if it is the same."""
        if track is self._track:
            return
        if self._source is not None:
            self._source.disconnect()
        self._source = _source(self._context, track)
        self._source.connect(self._clamp)
        self._track = track

    def available(self) -> int:
        """How many samples can be read; those that can no more are counted as dropped."""
        waiting = self._head() - self._position
        if waiting > RING:
            self.dropped += waiting - RING
            self._position += waiting - RING
        return min(waiting, RING)

    def read(self, count: int) -> bytes | None:
        """The next samples, ``None`` if there are not yet so many."""
        resume_if_suspended(self._context)
        available = self.available()
        if available < count:
            return None
        start = RING - available
        self._position += count
        samples = _js.construct("Int16Array", self._samples.subarray(start, start + count))
        data: bytes = samples.to_bytes()
        return data

    def skip(self) -> None:
        """Pass over what is there."""
        self._position = self._head()

    def close(self) -> None:
        """Stop listening, and let the audio hardware go."""
        if self._source is not None:
            self._source.disconnect()
            self._source = self._track = None
        _js.begin(self._context, "close")

    def _head(self) -> int:
        """The number of the newest sample, which is the last in ``_samples`` then."""
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
