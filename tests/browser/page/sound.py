"""Sounds for the tests in the page: tones as tracks, PCM, and an ear."""

import asyncio
import contextlib
import math
from array import array

from rtvi_web.browser import _js
from rtvi_web.browser.worklet import add_module
from rtvi_web.browser.worklet_recorder import WorkletRecorder


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


def recorder_into(chunks):
    """A recorder that appends each 40 ms of what it listens to, at 24 kHz."""
    recorder = WorkletRecorder(24_000, 960, lambda: chunks.append(recorder.read(960)))
    return recorder


async def recorded_offline(sound, *, native, rate):
    """The PCM that the recorder's worklet makes of a sound, without its first and its last chunk.

    It is rendered as fast as the machine can, and whole. A track is not: where the audio thread of one context is late,
    Chromium gives the other one 10 ms of silence.
    """
    chunk = 960
    context = _js.construct("OfflineAudioContext", 1, len(sound), native)
    await add_module(context, "pcm.js")
    options = {"numberOfOutputs": 0, "processorOptions": {"rate": rate, "chunk": chunk}}
    node = _js.construct("AudioWorkletNode", context, "rtvi-web-recorder", options)
    source = context.createBufferSource()
    source.buffer = context.createBuffer(1, len(sound), native)
    source.buffer.getChannelData(0).assign(sound)
    source.connect(node)
    source.start()
    expected = len(sound) * rate // native // chunk - 1
    chunks, complete = [], asyncio.Event()

    def take(event):
        chunks.append(event.data.to_bytes())
        if len(chunks) == expected:
            complete.set()

    scope = _js.Scope()
    scope.listen(node.port, "message", take)
    node.port.start()
    try:
        await _js.call(context, "startRendering")
        await complete.wait()
    finally:
        scope.close()
    return b"".join(chunks[1:expected])


def sine(frequency, *, rate, seconds):
    """Samples of a sine of amplitude 1. (An oscillator of the browser's fades near half the rate.)"""
    return array("f", [math.sin(2 * math.pi * frequency * n / rate) for n in range(round(seconds * rate))])


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
