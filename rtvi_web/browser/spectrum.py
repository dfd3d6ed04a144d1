"""The current spectrum of a voice, to draw it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.analysis import audio_context, resume_if_suspended

_FFT_SIZE = 512
_LOWEST, _HIGHEST = 90, 5000
"""Hertz: the range that has most of a voice's energy."""
_QUIETEST, _LOUDEST = -75, -25
"""Decibels that give 0 and 1."""


class Spectrum:
    """How loud a track is in bands of frequency, each wider than the one below by the same factor.

    Args:
        track: what to listen to.
        bands: how many.
    """

    def __init__(self, track: Any, bands: int) -> None:
        self.track = track
        self._context = audio_context()
        self._source = self._context.createMediaStreamSource(_js.construct("MediaStream", [track]))
        self._analyser = self._context.createAnalyser()
        self._analyser.fftSize = _FFT_SIZE
        self._analyser.smoothingTimeConstant = 0.5
        # The upper bound first: the lower one may not exceed the upper one's default.
        self._analyser.maxDecibels, self._analyser.minDecibels = _LOUDEST, _QUIETEST
        self._source.connect(self._analyser)
        width = float(self._context.sampleRate) / _FFT_SIZE
        edges = [round(_LOWEST * (_HIGHEST / _LOWEST) ** (band / bands) / width) for band in range(bands + 1)]
        self._bands = [(low, max(low + 1, high)) for low, high in pairwise(edges)]
        self._bins = _js.construct("Uint8Array", self._bands[-1][1])

    def read(self) -> list[float]:
        """The current level of each band, 0 to 1, the lowest band first."""
        resume_if_suspended(self._context)
        self._analyser.getByteFrequencyData(self._bins)
        bins: bytes = self._bins.to_bytes()
        return [max(bins[low:high]) / 255 for low, high in self._bands]

    def close(self) -> None:
        """Stop listening, and release the audio hardware."""
        self._source.disconnect()
        _js.begin(self._context, "close")
