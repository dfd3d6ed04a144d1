"""Samples for Python: of the microphone, of the bot, and of what was said before the bot was ready."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_what_both_sides_say_as_samples(selenium):
    from loopback import Bot, connected, frequency, tone

    async with (
        tone(1000, amplitude=0.5) as own,
        Bot(speaks=True) as bot,
        connected(bot, audio_track=own) as (link, _),
    ):
        for stream, pitch, rate in (
            (link.local_audio(sample_rate=16000, frame=0.1), 1000, 16000),
            (link.remote_audio(sample_rate=24000, frame=0.1), 440, 24000),
        ):
            async for frame in stream:
                assert (frame.sample_rate, frame.channels) == (rate, 1)
                assert (type(frame.data), len(frame.data)) == (bytes, rate // 10 * 2)
                if abs(frequency(frame.data, rate) - pitch) < 5:
                    break
            assert stream.dropped == 0
            if pitch == 1000:
                assert abs(max(memoryview(frame.data).cast("h")) - 16383) < 200


@run_in_pyodide
async def test_no_sample_is_lost_or_read_twice_but_those_that_nobody_took(selenium):
    """The track is a slow ramp, so that each sample tells where it belongs."""
    import array
    import asyncio
    import time

    import js

    from rtvi_web.browser.analysis import Recorder

    context = js.AudioContext.new(js.Object.fromEntries([["sampleRate", 16000]]))
    ramp = context.createBuffer(1, 30000, 16000)
    ramp.getChannelData(0).assign(array.array("f", [i / 32767 for i in range(30000)]))
    source, out = context.createBufferSource(), context.createMediaStreamDestination()
    source.buffer, source.loop = ramp, True
    source.connect(out)
    source.start()
    [track] = out.stream.getAudioTracks()
    recorder = Recorder(16000, track)
    taken = array.array("h")
    while len(taken) < 48000 or not any(taken):
        await asyncio.sleep(0.01)
        taken.frombytes(recorder.read(recorder.available()) or b"")
        if 20000 < len(taken) < 22000:
            time.sleep(0.3)  # noqa: ASYNC251 - a page that is busy
    begin = next(i for i, sample in enumerate(taken) if sample > 100)
    steps = [(b - a) % 30000 for a, b in zip(taken[begin:], taken[begin + 1 :], strict=False)]
    wrong = [step for step in steps if step not in (0, 1, 2)]  # a float is cut to an integer
    # The track comes through the browser's own buffers, which a busy machine may starve: not here.
    assert len(wrong) <= 2, wrong
    assert recorder.dropped == 0
    position = recorder._position
    time.sleep(2.5)  # noqa: ASYNC251 - longer than the ring
    await asyncio.sleep(0.05)
    available = recorder.available()
    assert available == 32768
    assert 4000 < recorder.dropped < 12000
    assert recorder._position == position + recorder.dropped
    recorder.close()
    track.stop()
    context.close()


@run_in_pyodide
async def test_a_loop_that_is_left_leaves_no_context_and_the_session_ends_the_others(selenium):
    import asyncio

    import js
    from loopback import transport, until

    async with transport("/unused") as (link, _):
        waiting = link.local_audio(sample_rate=16000, frame=0.02)

        async def count():
            return sum([1 async for _ in waiting])

        counting = asyncio.ensure_future(count())  # Before there is a microphone.
        await asyncio.sleep(0.05)
        assert js.opened.contexts.size == 0
        await link.open_devices()
        async for _ in link.local_audio(sample_rate=16000, frame=0.02):
            break
        await until(lambda: [context.state for context in js.opened.contexts].count("closed") == 1)
        await link.select_device("mic", (await link.list_devices("mic"))[1].id)
        await asyncio.sleep(0.3)
        await link.close()
        assert await counting > 10
