"""How tests in the page watch it: what happens, what sounds, what is open, and what was not handled."""

import array
import asyncio
import contextlib
import functools
import itertools

import js

from rtvi_web.browser import _js
from rtvi_web.browser.capture import Capture, open_input

_unheard = []


def watch_the_loop():
    """Write down every exception that is not handled."""
    asyncio.get_event_loop().set_exception_handler(lambda loop, context: _unheard.append(str(context)))


def unheard():
    """The unhandled exceptions since the last call, as one text."""
    text = "\n".join(_unheard)
    _unheard.clear()
    return text


def cancel_all():
    """End a test that hangs."""
    for task in asyncio.all_tasks():
        task.cancel()


def capture(ended=lambda: None):
    """A microphone."""
    return Capture("mic", functools.partial(open_input, "mic"), ended)


async def event(target, name, check=lambda event: True):
    """Wait for an event of JavaScript."""
    happened = asyncio.get_running_loop().create_future()
    scope = _js.Scope()
    scope.listen(target, name, lambda e: check(e) and not happened.done() and happened.set_result(e))  # type: ignore[func-returns-value]
    try:
        return await happened
    finally:
        scope.close()


async def until(condition):
    """Wait until a condition of the browser's, which no event tells, becomes true; its value."""
    while True:
        value = condition()
        value = await value if asyncio.iscoroutine(value) else value
        if value:
            return value
        await asyncio.sleep(0.01)


def painted_canvas(scope):
    """A canvas of 64 by 48 on which something always happens, until the scope is closed."""
    canvas = js.document.createElement("canvas")
    canvas.width, canvas.height = 64, 48
    context = canvas.getContext("2d")

    def paint():
        context.fillStyle = f"rgb({next(shades) % 256}, 100, 100)"
        context.fillRect(0, 0, 64, 48)

    shades = itertools.count(step=8)
    timer = js.setInterval(scope.function(paint), 30)
    scope.defer(lambda: js.clearInterval(timer))
    return canvas


def own_peer():
    """The connection that the client opened last; ``channel`` is the data channel that it made."""
    return js.eval("[...opened.peers].findLast((peer) => peer.channel)")


def latest_context():
    """The audio context that was made last. Its clock stands still where a busy machine starves it of sound."""
    return list(js.opened.contexts)[-1]


async def released():
    """Wait until the browser has given every device that it was asked for, and each is released."""
    await until(lambda: not js.opened.asking and all(track.readyState == "ended" for track in js.opened.tracks))


@contextlib.asynccontextmanager
async def tone(frequency=440, amplitude=0.5):
    """A track that sounds until it is left."""
    context = js.AudioContext.new()
    source, volume, out = context.createOscillator(), context.createGain(), context.createMediaStreamDestination()
    source.frequency.value, volume.gain.value = frequency, amplitude
    source.connect(volume)
    volume.connect(out)
    source.start()
    await _js.call(context, "resume")
    [track] = out.stream.getAudioTracks()
    try:
        yield track
    finally:
        track.stop()
        await _js.call(context, "close")


def frequency(data, sample_rate):
    """The frequency of a tone, from how often it crosses zero upwards. A gap of the browser's counts for nothing."""
    samples = array.array("h", data)
    low = -max(map(abs, samples), default=0) // 10  # noise at a zero crosses it several times
    ups, is_below = [], False
    for i, sample in enumerate(samples):
        if is_below and sample >= 0:
            ups.append(i)
        is_below = sample < low or (is_below and sample < 0)
    periods = sorted(later - earlier for earlier, later in itertools.pairwise(ups))
    whole = [period for period in periods if period < 1.5 * periods[len(periods) // 2]]
    return sample_rate * len(whole) / sum(whole) if whole else 0


async def stats(place, name, type="inbound-rtp"):
    """A number of what a receiver or a connection has received, such as packetsReceived."""
    report = await _js.call(place, "getStats")
    return sum(getattr(stats, name, 0) for stats in report.values() if stats.type == type)


async def energy(receiver):
    """How much sound a peer connection has received; 0 for silence, and for none at all."""
    return await stats(receiver, "totalAudioEnergy")
