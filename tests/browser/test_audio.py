"""The level meter, and the element that plays the bot."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_levels_come_only_while_somebody_listens(selenium):
    import asyncio
    import itertools
    import time

    from rtvi_web.browser.audio import measure
    from rtvi_web.browser.media import open_microphone

    levels, wanted, enough = [], False, asyncio.Event()

    def report(level):
        levels.append((time.monotonic(), level))
        # Chromium's fake microphone beeps once a second.
        if len(levels) >= 12 and any(level > 0.01 for _, level in levels):
            enough.set()

    track = await open_microphone()
    task = asyncio.ensure_future(measure(track, lambda: wanted, report))
    await asyncio.sleep(0.25)
    assert levels == []
    wanted = True
    await enough.wait()
    wanted = False
    task.cancel()
    await asyncio.wait({task})
    track.stop()
    assert all(0 <= level <= 1 for _, level in levels)
    gaps = sorted(b - a for (a, _), (b, _) in itertools.pairwise(levels))
    assert 0.08 < gaps[len(gaps) // 2] < 0.15  # Ten a second.


@run_in_pyodide
async def test_the_level_is_the_root_mean_square(selenium):
    import asyncio

    import js

    from rtvi_web.browser import _js
    from rtvi_web.browser.audio import LevelMeter

    context = js.AudioContext.new()
    await _js.call(context, "resume")
    tone, out = context.createOscillator(), context.createMediaStreamDestination()
    tone.frequency.value = 1000
    tone.connect(out)
    tone.start()
    [track] = out.stream.getAudioTracks()
    meter = LevelMeter(track)
    level = 0.0
    while level < 0.6:  # It takes a moment until the tone flows.
        await asyncio.sleep(0.01)
        level = meter.level()
    levels = []
    for _ in range(9):
        levels.append(meter.level())
        await asyncio.sleep(0.02)
    await meter.close()
    track.stop()
    await _js.call(context, "close")
    # A sine of amplitude 1; the median, because a busy machine drops samples.
    assert abs(sorted(levels)[4] - 0.707) < 0.02, levels


@run_in_pyodide
async def test_the_player_plays_a_track_and_lets_it_go(selenium):
    from loopback import event

    from rtvi_web.browser.audio import Player
    from rtvi_web.browser.media import open_microphone

    blocked = []
    track = await open_microphone()
    player = Player(lambda: blocked.append(1))
    await player.resume()  # Nothing to play yet.
    player.play(track)
    element = player.element
    await event(element, "playing")
    assert not element.paused
    player.close()
    assert element.paused
    assert not element.srcObject
    player.close()
    track.stop()
    assert not blocked


@run_in_pyodide
async def test_a_player_that_the_browser_blocks_says_so_until_it_may(selenium):
    import asyncio

    import js

    from rtvi_web.browser.audio import Player
    from rtvi_web.browser.media import open_microphone

    blocked = asyncio.Event()
    track = await open_microphone()
    player = Player(blocked.set)
    # A page that a test drives counts as one that a person has used: what Chromium says else is put into its mouth.
    js.eval(
        "globalThis.realPlay = HTMLMediaElement.prototype.play; HTMLMediaElement.prototype.play = async () => "
        "{ throw new DOMException('play() failed because the user did not interact first', 'NotAllowedError') }"
    )
    try:
        player.play(track)
        await blocked.wait()
        blocked.clear()
        await player.resume()
        assert blocked.is_set()
        blocked.clear()
    finally:
        js.eval("HTMLMediaElement.prototype.play = realPlay")
    await player.resume()
    assert not blocked.is_set()
    assert not player.element.paused
    player.close()
    track.stop()
