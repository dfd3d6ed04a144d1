"""Sounds for the tests in the page: tones as tracks, PCM, and an ear."""

import asyncio
import contextlib
import math
from array import array

from rtvi_web.browser import _js


@contextlib.asynccontextmanager
async def tone(frequency, *, rate=48_000, volume=0.5):
    """A track of a sine."""
    context = _js.construct("AudioContext", {"sampleRate": rate})
    source, gain, output = (
        context.createOscillator(),
        context.createGain(),
        context.createMediaStreamDestination(),
    )
    source.frequency.value, gain.gain.value = frequency, volume
    output.channelCount = 1
    source.connect(gain)
    gain.connect(output)
    source.start()
    [track] = output.stream.getAudioTracks()
    try:
        yield track
    finally:
        track.stop()
        await _js.call(context, "close")


def ramp(seconds, *, rate=24_000):
    """PCM that is loud."""
    return array("h", [(n * 400) % 32768 - 16384 for n in range(round(seconds * rate))]).tobytes()


def root_mean_square(pcm):
    """How loud PCM is, 0 to 1."""
    samples = array("h", pcm)
    return math.sqrt(sum(sample * sample for sample in samples) / len(samples)) / 32768


async def loudness(track, *, over=0.01):
    """The root mean square of a track, as soon as it is above a threshold."""
    context = _js.construct("AudioContext")
    analyser = context.createAnalyser()
    context.createMediaStreamSource(_js.construct("MediaStream", [track])).connect(analyser)
    samples = _js.construct("Float32Array", analyser.fftSize)
    level = 0.0
    try:
        while level <= over:
            await asyncio.sleep(0.01)
            analyser.getFloatTimeDomainData(samples)
            level = math.sqrt(sum(x * x for x in samples.to_py()) / analyser.fftSize)
        return level
    finally:
        await _js.call(context, "close")
