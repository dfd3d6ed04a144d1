"""Draws the sound of a track as a moving line on a canvas, while the page is visible."""

from array import array

from js import (
    AudioContext,
    Float32Array,
    MediaStream,
    Path2D,
    devicePixelRatio,
    document,
    getComputedStyle,
    navigator,
    setInterval,
)
from pyodide.ffi import create_proxy

INTERVAL = 1000 / 20  # milliseconds
SAMPLES = 1024  # of each picture: 21 ms at 48 kHz
POINTS = 64


class Waveform:
    """Draws what `track()` returns at the time; None draws a flat line."""

    def __init__(self, canvas, track):
        self._canvas = canvas
        self._pen = canvas.getContext("2d")
        self._track = track
        self._drawn = None
        self._context = self._source = self._analyser = None
        self._samples = Float32Array.new(SAMPLES)
        self._buffer = array("f", bytes(4 * SAMPLES))
        setInterval(create_proxy(self._draw), INTERVAL)

    def _draw(self):
        if document.hidden:
            return
        self._listen(self._track())
        points = [0.0] * POINTS
        if self._context and self._context.state != "running" and navigator.userActivation.hasBeenActive:
            self._context.resume()  # Without a click a browser may keep it suspended.
        if self._analyser:
            self._analyser.getFloatTimeDomainData(self._samples)
            self._samples.assign_to(self._buffer)
            points = self._buffer[:: SAMPLES // POINTS]
        self._paint(points)

    def _listen(self, track):
        if track is self._drawn or (track and self._drawn and track.id == self._drawn.id):
            return
        self._drawn = track
        if self._source:
            self._source.disconnect()
            self._source = self._analyser = None
        if track:
            self._context = self._context or AudioContext.new()
            self._source = self._context.createMediaStreamSource(MediaStream.new([track]))
            self._analyser = self._context.createAnalyser()
            self._analyser.fftSize = SAMPLES
            self._source.connect(self._analyser)

    def _paint(self, points):
        width, height = self._canvas.clientWidth * devicePixelRatio, self._canvas.clientHeight * devicePixelRatio
        if (self._canvas.width, self._canvas.height) != (width, height):
            self._canvas.width, self._canvas.height = width, height
        step = width / (POINTS - 1)
        # The root makes quiet speech visible.
        swings = (abs(point) ** 0.5 * (-0.48 if point > 0 else 0.48) for point in points)
        line = (f"{n * step:.1f} {(0.5 + swing) * height:.1f}" for n, swing in enumerate(swings))
        self._pen.clearRect(0, 0, width, height)
        self._pen.lineWidth = 2 * devicePixelRatio
        self._pen.strokeStyle = getComputedStyle(self._canvas).color
        self._pen.stroke(Path2D.new("M" + "L".join(line)))
