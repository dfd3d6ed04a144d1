"""Audio that is heard and measured: the element that plays the bot, and the level meter."""

from __future__ import annotations

import asyncio
import math
from array import array
from collections.abc import Callable
from typing import Any

from rtvi_web.browser import _js

LEVEL_INTERVAL = 0.1
"""Seconds between two levels."""
LEVEL_SAMPLES = 512
"""How many samples a level is taken of: 11 ms at 48 kHz."""


class Player:
    """An audio element of our own that plays one track. It is not in the document.

    Args:
        blocked: called when the browser's autoplay policy does not let it play; ``resume()`` from a click does.
    """

    def __init__(self, blocked: Callable[[], object]) -> None:
        self._blocked = blocked
        self._tasks: set[asyncio.Task[None]] = set()
        self.element: Any = None
        """The ``<audio>`` element, ``None`` while there is nothing to play."""

    def play(self, track: Any) -> None:
        """Play a track, in place of the one before."""
        if self.element is None:
            self.element = _js.construct("Audio")
        self.element.srcObject = _js.construct("MediaStream", [track])
        # The promise of play() waits for sound, which may never come.
        task = asyncio.ensure_future(self.resume())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def resume(self) -> None:
        """Play, if there is something to play."""
        if self.element is None:
            return
        try:
            await _js.call(self.element, "play")
        except _js.JsError as error:
            # AbortError: another track or close() came in between.
            if error.name == "NotAllowedError":
                self._blocked()
            elif error.name != "AbortError":
                raise

    def close(self) -> None:
        """Stop, and let the track go."""
        for task in self._tasks:
            task.cancel()
        if self.element is not None:
            self.element.pause()
            self.element.srcObject = _js.null
            self.element = None


async def measure(track: Any, wanted: Callable[[], bool], report: Callable[[float], object]) -> None:
    """Report a track's level ten times a second while somebody wants it, until the task is cancelled.

    Args:
        track: an audio track.
        wanted: whether anybody listens; nothing is measured while nobody does.
        report: gets the RMS, 0 to 1.
    """
    while True:
        if wanted():
            meter = LevelMeter(track)
            try:
                while wanted():
                    report(meter.level())
                    await asyncio.sleep(LEVEL_INTERVAL)
            finally:
                await meter.close()
        await asyncio.sleep(LEVEL_INTERVAL)


class LevelMeter:
    """Measures how loud a track is at this moment."""

    def __init__(self, track: Any) -> None:
        self._context = _js.construct("AudioContext")
        self._source = self._context.createMediaStreamSource(_js.construct("MediaStream", [track]))
        self._analyser = self._context.createAnalyser()
        self._analyser.fftSize = LEVEL_SAMPLES
        self._source.connect(self._analyser)
        self._samples = _js.construct("Float32Array", LEVEL_SAMPLES)
        self._buffer = array("f", bytes(4 * LEVEL_SAMPLES))

    def level(self) -> float:
        """The root mean square of the last samples, 0 to 1."""
        self._analyser.getFloatTimeDomainData(self._samples)
        self._samples.assign_to(self._buffer)
        return min(1.0, math.sqrt(sum(sample * sample for sample in self._buffer) / LEVEL_SAMPLES))

    async def close(self) -> None:
        """Let the track and the audio hardware go."""
        self._source.disconnect()
        await _js.call(self._context, "close")
