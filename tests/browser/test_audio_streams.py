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
            (link.media.local_audio(sample_rate=16000, frame=0.1), 1000, 16000),
            (link.media.remote_audio(sample_rate=24000, frame=0.1), 440, 24000),
        ):
            async for frame in stream:
                assert (frame.sample_rate, frame.channels) == (rate, 1)
                assert (type(frame.data), len(frame.data)) == (bytes, rate // 10 * 2)
                peak = max(memoryview(frame.data).cast("h"))
                if abs(frequency(frame.data, rate) - pitch) < 5 and (pitch != 1000 or abs(peak - 16383) < 200):
                    break
            assert stream.dropped == 0


@run_in_pyodide
async def test_no_sample_is_read_twice_and_lost_ones_are_counted(selenium):
    """What it hears is a slow ramp, so that each sample tells where it belongs."""
    import array
    import asyncio
    import time

    import js
    from edge import replaced
    from loopback import until

    from rtvi_web.browser import _js
    from rtvi_web.browser.ring_recorder import RingRecorder

    rate, ring = 16000, 32768
    context = _js.construct("AudioContext", {"sampleRate": rate})
    await until(lambda: context.currentTime > 0.6)  # The page was busy as it began, and it ran on meanwhile.
    # Made in its own context: a track comes through the browser's buffers, which a busy machine starves.
    ramp, source = context.createBuffer(1, 30000, rate), context.createBufferSource()
    ramp.getChannelData(0).assign(array.array("f", [i / 32767 for i in range(30000)]))
    source.buffer, source.loop = ramp, True
    js.prepared = _js.plain({"context": context, "source": source})
    audio_context = js.AudioContext
    with replaced("AudioContext.prototype", "createMediaStreamSource", "() => prepared.source"):
        js.AudioContext = js.Function.new("return prepared.context")
        try:
            recorder = RingRecorder(rate)
            await recorder.listen(context.createMediaStreamDestination().stream.getAudioTracks()[0])
            began = context.currentTime
        finally:
            js.AudioContext = audio_context
            del js.prepared
    source.start()
    # While the source is started, Chromium may pass over a moment of it.
    read = len(recorder.read(recorder.available()) or b"") // 2
    taken = array.array("h")
    while len(taken) < 48000 or not any(taken):
        await asyncio.sleep(0.01)
        taken.frombytes(recorder.read(recorder.available()) or b"")
        if 20000 < len(taken) < 22000:
            time.sleep(0.3)  # noqa: ASYNC251 - a page that is busy
    begin = next(i for i, sample in enumerate(taken) if sample > 100)
    steps = [(b - a) % 30000 for a, b in zip(taken[begin:], taken[begin + 1 :], strict=False)]
    assert [step for step in steps if step not in (0, 1, 2)] == []  # a float is cut to an integer
    assert recorder.dropped == 0
    read += len(taken)
    left = context.currentTime
    await until(lambda: context.currentTime > left + 2.5)  # Unread for longer than the ring holds.
    sooner = context.currentTime
    assert recorder.available() == ring
    later = context.currentTime
    assert recorder.dropped > 4000
    assert (sooner - began) * rate - 2000 < read + recorder.dropped + ring < (later - began) * rate + 2000
    recorder.close()


@run_in_pyodide
async def test_leaving_a_loop_closes_its_context_and_the_session_ends_the_others(selenium):
    import asyncio

    import js
    from loopback import transport, until

    async with transport("/unused") as (link, _):
        waiting, frames = link.media.local_audio(sample_rate=16000, frame=0.02), []

        async def hear():
            async for frame in waiting:
                frames.append(frame)

        hearing = asyncio.ensure_future(hear())  # Before there is a microphone.
        await asyncio.sleep(0.05)
        assert js.opened.contexts.size == 0
        await link.media.open_devices()
        async for _ in link.media.local_audio(sample_rate=16000, frame=0.02):
            break
        await until(lambda: [context.state for context in js.opened.contexts].count("closed") == 1)
        await link.media.select_device("mic", (await link.media.list_devices("mic"))[1].id)
        count = len(frames)
        await until(lambda: len(frames) > count + 10)
        await link.close()
        await hearing


@run_in_pyodide
async def test_what_was_lost_is_counted_by_the_frame_that_comes_next(selenium):
    import asyncio

    from loopback import tone, transport

    async with tone() as own, transport("/unused", audio_track=own) as (link, _):
        await link.media.open_devices()
        stream, counts = link.media.local_audio(sample_rate=16000, frame=0.02), []
        async for _frame in stream:
            counts.append(stream.dropped)
            if len(counts) == 5:
                await asyncio.sleep(4)  # Twice as long as anything is kept.
            if len(counts) == 6:
                break
        assert counts[:5] == [0] * 5
        assert counts[5] > 16000
