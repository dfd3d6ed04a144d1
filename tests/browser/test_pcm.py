"""PCM from a track and to the speaker, through the AudioWorklet of the wheel."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_track_becomes_pcm_of_the_rate_that_was_asked_for(selenium):
    import math

    from loopback import frequency, until
    from sound import recorder_into, root_mean_square, tone

    for native in (48_000, 44_100):
        chunks = []

        def is_the_tone(chunks=chunks):
            """Whether it is heard at last for 0.8 s: a busy machine starves the browser of sound now and then."""
            pcm = b"".join(chunks[-20:])
            return (
                len(chunks) >= 20
                and abs(root_mean_square(pcm) - 0.5 / math.sqrt(2)) < 0.02
                and abs(frequency(pcm, 24_000) - 1000) < 5
            )

        async with tone(1000, rate=native) as track:
            recorder = recorder_into(chunks)
            await recorder.listen(track)
            await until(is_the_tone)
            recorder.close()
        assert {len(pcm) for pcm in chunks} == {1920}


@run_in_pyodide
async def test_the_filter_lets_nothing_fold_back(selenium):
    """A tone above half the rate would come out as another one."""
    from sound import recorded_offline, root_mean_square, sine

    for native in (44_100, 48_000, 96_000):
        for tone in (15_000, 18_000, native // 2 - 1000):
            pcm = await recorded_offline(sine(tone, rate=native, seconds=0.3), native=native, rate=24_000)
            loudness = root_mean_square(pcm) * 2**0.5
            assert loudness < 0.001, (native, tone, loudness)  # -60 dB


@run_in_pyodide
async def test_the_filter_leaves_every_other_tone_as_it_is(selenium):
    from loopback import frequency
    from sound import recorded_offline, root_mean_square, sine

    for native in (8000, 16_000, 24_000, 44_100, 48_000, 96_000):
        for tone in (200, 1000, min(0.4 * native, 9600)):
            pcm = await recorded_offline(sine(tone, rate=native, seconds=0.3), native=native, rate=24_000)
            loudness, pitch = root_mean_square(pcm) * 2**0.5, frequency(pcm, 24_000)
            assert abs(loudness - 1) < 0.01, (native, tone, loudness)
            assert abs(pitch - tone) < 0.005 * tone, (native, tone, pitch)


@run_in_pyodide
async def test_each_sample_is_recorded_once_and_in_order(selenium):
    """The sound counts its own samples."""
    from array import array

    from sound import recorded_offline

    counting = array("f", [n / 32767 for n in range(30_000)])
    samples = array("h", await recorded_offline(counting, native=24_000, rate=24_000))
    assert list(samples) == list(range(samples[0], samples[0] + len(samples)))
    assert len(samples) > 20_000


@run_in_pyodide
async def test_a_busy_page_misses_no_chunk(selenium):
    import time

    import js
    from loopback import until
    from sound import recorder_into, tone

    chunks = []
    async with tone(440) as track:
        before = js.opened.contexts.size
        recorder = recorder_into(chunks)
        await recorder.listen(track)
        [context] = list(js.opened.contexts.values())[before:]
        await until(lambda: len(chunks) > 5)
        begun, heard = context.currentTime, len(chunks)
        time.sleep(1)  # noqa: ASYNC251 - a page that is busy
        rendered = context.currentTime - begun
        await until(lambda: len(chunks) - heard >= rendered / 0.04 - 1)
        assert rendered > 0.5
        recorder.close()


@run_in_pyodide
async def test_a_reader_that_does_not_keep_up_loses_the_oldest_samples_and_either_recorder_begins_again(selenium):
    from loopback import until
    from sound import tone

    from rtvi_web.browser.recorder import KEPT
    from rtvi_web.browser.ring_recorder import RingRecorder
    from rtvi_web.browser.worklet_recorder import WorkletRecorder

    chunks = []
    async with tone(440) as track:
        for recorder in (WorkletRecorder(16_000, 640, lambda: chunks.append(1)), RingRecorder(16_000)):
            assert (recorder.available(), recorder.read(1), recorder.dropped) == (0, None, 0)
            await recorder.listen(track)
            await until(lambda recorder=recorder: recorder.available() == KEPT and recorder.dropped)
            assert len(recorder.read(KEPT) or b"") == 2 * KEPT
            recorder.close()
            assert (recorder.available(), recorder.read(1)) == (0, None)
            await recorder.listen(track)
            await until(lambda recorder=recorder: recorder.available() > 640)
            recorder.close()
    assert len(chunks) > KEPT // 640


@run_in_pyodide
async def test_what_is_played_is_heard_in_order_and_counted(selenium):
    import asyncio

    from sound import loudness, ramp

    from rtvi_web.browser.pcm_player import PcmPlayer

    spoken = asyncio.Queue()
    player = PcmPlayer(rate=24_000, speaking=spoken.put_nowait, blocked=lambda: spoken.put_nowait("blocked"))
    hearing = asyncio.ensure_future(loudness(player.track, over=0.1))
    opening = asyncio.ensure_future(player.open())
    player.play(ramp(1), "item", 0)  # before it is ready
    await opening
    player.play(ramp(1), "item", 0)
    assert await spoken.get() is True
    assert await hearing
    assert await spoken.get() is False
    assert await player.interrupt() is None  # all of it was heard
    player.close()


@run_in_pyodide
async def test_an_interruption_counts_what_was_heard_and_drops_the_rest(selenium):
    import asyncio

    from loopback import latest_context, until
    from sound import ramp

    from rtvi_web.browser.pcm_player import PcmPlayer

    spoken = asyncio.Queue()
    player = PcmPlayer(rate=24_000, speaking=spoken.put_nowait, blocked=lambda: None)
    await player.open()
    clock = latest_context()  # Not the page's: a busy machine starves the browser of sound.
    piece = ramp(0.05)
    for _ in range(200):
        player.play(piece, "first", 1)
    player.play(piece, "second", 0)
    assert await spoken.get() is True
    begun = clock.currentTime
    await until(lambda: clock.currentTime > begun + 0.5)
    elapsed = clock.currentTime - begun
    played = await player.interrupt()
    assert played.item == "first"
    assert played.part == 1
    # It began before this was told so, and cannot have played for longer than its clock runs. If the audio thread
    # does not answer in time, the last report counts.
    assert elapsed - 0.2 < played.samples / 24_000 <= clock.currentTime, (played, elapsed)
    assert await spoken.get() is False
    assert await player.interrupt() is None
    # What comes late for them is dropped; what is new is played, and counted from its beginning.
    player.play(piece, "first", 1)
    player.play(piece, "second", 0)
    player.play(ramp(5), "third", 0)
    assert await spoken.get() is True
    played = await player.interrupt()
    assert played.item == "third"
    assert 0 < played.samples <= 120_000
    player.close()


@run_in_pyodide
async def test_every_sample_is_counted_that_left_and_no_other(selenium):
    from loopback import until

    from rtvi_web.browser import _js
    from rtvi_web.browser.worklet import add_module

    async def play_offline():
        """How many samples left, while they were counted."""
        length = 128 * 100  # what the audio thread renders at a time, some times
        context = _js.construct("OfflineAudioContext", 1, length, 24_000)
        await add_module(context, "pcm.js")
        processor = {"lull": 0.2, "report": 0, "buffer": 0, "most": 60}
        options = {"numberOfInputs": 0, "processorOptions": processor}
        node = _js.construct("AudioWorkletNode", context, "rtvi-web-player", options)
        scope.listen(node.port, "message", lambda event: counts.append(getattr(event.data, "samples", 0)))
        node.port.start()
        node.connect(context.destination)
        for size in [1000] * 3 + [777] * 20:  # they end in the midst of what is rendered at a time
            sound = _js.construct("Int16Array", size).fill(1000)
            piece = {"play": sound, "item": "item", "part": 0, "rate": 24_000, "channels": 1}
            node.port.postMessage(_js.plain(piece))
        rendered = await _js.call(context, "startRendering")
        return sum(sample != 0 for sample in rendered.getChannelData(0).to_py())

    counts, scope = [], _js.Scope()
    # It renders as fast as it can, and may be through before the sound has come to the audio thread.
    left = await until(play_offline)
    await until(lambda: max(counts, default=0) >= left)
    assert max(counts) == left
    scope.close()


@run_in_pyodide
async def test_a_pause_within_an_answer_does_not_end_it(selenium):
    import asyncio

    from loopback import latest_context, until
    from sound import ramp

    from rtvi_web.browser.pcm_player import LULL, PcmPlayer

    assert LULL == 0.2
    spoken = asyncio.Queue()
    # No machine is so busy that the next piece comes later.
    player = PcmPlayer(rate=24_000, speaking=spoken.put_nowait, blocked=lambda: None, lull=20.0)
    await player.open()
    clock = latest_context()
    player.play(ramp(0.1), "item", 0)
    assert await spoken.get() is True
    ended = clock.currentTime + 0.1
    await until(lambda: clock.currentTime > ended + 0.1)
    player.play(ramp(5), "item", 0)
    later = clock.currentTime
    await until(lambda: clock.currentTime > later + 0.3)
    assert spoken.empty()
    assert (await player.interrupt()).samples > 2400
    player.close()


@run_in_pyodide
async def test_a_suspended_context_still_answers(selenium):
    import asyncio

    from loopback import latest_context, until
    from sound import ramp

    from rtvi_web.browser import _js
    from rtvi_web.browser.pcm_player import PcmPlayer

    spoken = asyncio.Queue()
    player = PcmPlayer(rate=24_000, speaking=spoken.put_nowait, blocked=lambda: None)
    await player.open()
    context = latest_context()
    player.play(ramp(5), "item", 0)
    assert await spoken.get() is True
    begun = context.currentTime
    await until(lambda: context.currentTime > begun + 0.3)  # Some counts have come.
    await _js.call(context, "suspend")
    assert (await player.interrupt()).samples > 0
    player.close()


@run_in_pyodide
async def test_a_page_that_may_not_sound_says_so_once_until_a_click(selenium):
    import asyncio

    import js
    from loopback import latest_context
    from sound import ramp

    from rtvi_web.browser.pcm_player import PcmPlayer

    blocked, spoken = asyncio.Queue(), asyncio.Queue()
    resume = js.AudioContext.prototype.resume
    # A page that a test drives counts as clicked: what Chromium does else is put into its mouth.
    js.AudioContext.prototype.resume = js.Function.new("return new Promise(() => {})")
    try:
        player = PcmPlayer(rate=24_000, speaking=spoken.put_nowait, blocked=lambda: blocked.put_nowait(1))
        await latest_context().suspend()
        await player.open()
        player.play(ramp(0.1), "item", 0)
        await blocked.get()
        player.play(ramp(0.1), "item", 0)
        await asyncio.sleep(0.6)
        assert blocked.empty()
        assert spoken.empty()
    finally:
        js.AudioContext.prototype.resume = resume
    await player.resume()
    assert await spoken.get() is True
    player.close()


@run_in_pyodide
async def test_closing_ends_every_wait(selenium):
    import asyncio

    from sound import ramp, recorder_into, tone

    from rtvi_web.browser.pcm_player import PcmPlayer

    player = PcmPlayer(rate=24_000, speaking=lambda _: None, blocked=lambda: None)
    opening = asyncio.ensure_future(player.open())
    await asyncio.sleep(0)
    player.close()
    player.play(ramp(0.1), "item", 0)
    assert await player.interrupt() is None
    await asyncio.wait({opening})
    player.close()

    heard = []
    async with tone(440) as track:
        recorder = recorder_into(heard)
        opening = asyncio.ensure_future(recorder.listen(track))
        await asyncio.sleep(0)
        recorder.close()
        await asyncio.wait({opening})
        await asyncio.sleep(0.1)
    assert heard == []


@run_in_pyodide
async def test_the_worklet_comes_from_where_the_page_says(selenium):
    import js
    import pytest

    from rtvi_web import UnsupportedFeatureError
    from rtvi_web.browser.worklet import add_module

    context = js.AudioContext.new()
    meta = js.document.createElement("meta")
    meta.name, meta.content = "rtvi-web-worklets", "nowhere/"
    js.document.head.append(meta)
    try:
        with pytest.raises(UnsupportedFeatureError, match=r"/nowhere/pcm\.js could not be loaded"):
            await add_module(context, "pcm.js")
    finally:
        meta.remove()
        await context.close()


@run_in_pyodide
async def test_each_item_is_counted_by_itself(selenium):
    import asyncio

    from loopback import latest_context, until
    from sound import ramp

    from rtvi_web.browser.pcm_player import PcmPlayer

    spoken = asyncio.Queue()
    player = PcmPlayer(rate=24_000, speaking=spoken.put_nowait, blocked=lambda: None)
    await player.open()
    clock = latest_context()
    piece = ramp(1)
    for item in ("answer", "aside", *["answer"] * 9):
        player.play(piece, item, 0)
    assert await spoken.get() is True
    begun = clock.currentTime
    await until(lambda: clock.currentTime > begun + 2.5)  # In the answer's second piece, after the aside.
    played = await player.interrupt()
    assert played.item == "answer"
    assert 24_000 < played.samples < 240_000, played
    player.close()
