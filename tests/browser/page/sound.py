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


async def loudness(track, *, over=0.01):
    """The root mean square of a track as soon as it is above a threshold; 0 if it is not within three seconds."""
    context = _js.construct("AudioContext")
    analyser = context.createAnalyser()
    context.createMediaStreamSource(_js.construct("MediaStream", [track])).connect(analyser)
    samples = _js.construct("Float32Array", analyser.fftSize)
    level = 0.0
    for _ in range(300):
        analyser.getFloatTimeDomainData(samples)
        level = math.sqrt(sum(x * x for x in samples.to_py()) / analyser.fftSize)
        if level > over:
            break
        await asyncio.sleep(0.01)
    await _js.call(context, "close")
    return level if level > over else 0.0
