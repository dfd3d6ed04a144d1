"""How loud tracks are, measured by the browser's own audio nodes on its audio thread.

None of them is an AudioWorklet, whose module would have to be a file or a Blob: this works from a plain wheel, under
any Content-Security-Policy.
"""

from __future__ import annotations

import math
from typing import Any

from rtvi_web.browser import _js


def audio_context(sample_rate: int | None = None) -> Any:
    """A context that runs as soon as the browser allows it: at once if the page was clicked, or uses a microphone."""
    context = _js.construct("AudioContext", *([{"sampleRate": sample_rate}] if sample_rate else []))
    if context.state == "suspended":
        _js.begin(context, "resume")
    return context


def track_source(context: Any, track: Any) -> Any:
    """A node of the context that gives what the track sends."""
    return context.createMediaStreamSource(_js.construct("MediaStream", [track]))


def resume_if_suspended(context: Any) -> None:
    """Start a context that the autoplay policy suspended, or the system, if the page was clicked meanwhile."""
    if context.state not in ("suspended", "interrupted"):
        return
    # Before a click the browser refuses, and writes a warning to its console each time.
    activation = getattr(_js.api("navigator"), "userActivation", None)
    if activation is None or activation.hasBeenActive:
        _js.begin(context, "resume")


def resume_after_interruptions(context: Any, scope: _js.Scope) -> None:
    """Resume a context whenever the system has interrupted it, until the scope is closed: for a call, or for Siri.

    Safari says "interrupted" then. When that is over, the context may be "suspended", or still need to be resumed.
    """
    interrupted = False

    def changed(_event: Any) -> None:
        nonlocal interrupted
        interrupted = context.state == "interrupted" or (interrupted and context.state == "suspended")
        if interrupted:
            _js.begin(context, "resume")

    scope.listen(context, "statechange", changed)


class LevelMeter:
    """How loud tracks are: the root mean square of the last moment.

    Audio nodes compute it: a gain controlled by its own input squares, a convolver with a constant averages. Python
    reads one number.

    Args:
        seconds: the length of the moment.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._context: Any = None
        self._graphs: dict[str, tuple[Any, list[Any]]] = {}
        self._sample: Any = None

    def level(self, name: str, track: Any) -> float:
        """The level of a track, 0 to 1. Measuring begins with the first call, and anew if the track is another one."""
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
            track_source(context, track),
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
        """Stop measuring, and release the audio hardware."""
        for name in list(self._graphs):
            self.drop(name)
        if self._context is not None:
            _js.begin(self._context, "close")
            self._context = None
