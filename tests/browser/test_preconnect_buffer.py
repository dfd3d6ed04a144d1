"""What is said before the bot is ready reaches it, in order and once."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_all_sound_since_connect_reaches_the_bot_before_the_live_track(selenium):
    import asyncio
    import base64
    import statistics

    import js
    from loopback import RTVIBot, energy, frequency, latest_context, stats, tone, until

    from rtvi_web import RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    async with tone(1000) as own, RTVIBot() as bot:
        bot.may_be_ready.clear()
        transport = SmallWebRTCTransport(webrtc_url=bot.url, audio_track=own, buffer_until_ready=True)
        client = RTVIClient(transport=transport)
        await client.init_devices()
        await asyncio.sleep(0.5)  # What is said before connect() must not be recorded.
        contexts = js.opened.contexts.size
        connecting = asyncio.ensure_future(client.connect())
        await until(lambda: bot.offers)
        assert js.opened.contexts.size == contexts + 1  # It has been recorded for a while.
        clock = latest_context()  # The recorder's own.
        await bot.met.wait()
        await until(lambda: clock.currentTime > 2)
        [receiver, *_] = bot.connection.getReceivers()
        assert await stats(receiver, "packetsReceived") == 0
        assert not bot.batches
        assert client.is_mic_enabled
        waited = clock.currentTime
        bot.may_be_ready.set()
        await connecting
        await until(lambda: energy(receiver))
        chunks = [base64.b64decode(chunk) for batch in bot.batches for chunk in batch["base64AudioBatch"]]
        assert {(batch["sampleRate"], batch["numChannels"]) for batch in bot.batches} == {(16000, 1)}
        assert max(map(len, chunks)) == 640
        audio = b"".join(chunks)
        seconds = len(audio) / 32000
        assert waited - 0.1 < seconds < clock.currentTime + 0.1, (waited, seconds, clock.currentTime)
        pitches = [frequency(audio[start : start + 3200], 16000) for start in range(0, len(audio) - 3200, 3200)]
        assert abs(statistics.median(pitches) - 1000) < 20, pitches
        await client.disconnect()
        count = len(bot.batches)
        await client.connect()  # And again.
        await until(lambda: len(bot.batches) > count)
        await client.disconnect()


@run_in_pyodide
async def test_a_failed_connect_forgets_what_was_said(selenium):
    import pytest
    from loopback import RTVIBot

    from rtvi_web import ConnectionTimeoutError, RTVIClient, TransportStartError
    from rtvi_web.transports import SmallWebRTCTransport

    transport = SmallWebRTCTransport(webrtc_url="/answers/not-found", buffer_until_ready=True)
    with pytest.raises(TransportStartError):
        await RTVIClient(transport=transport).connect()
    async with RTVIBot() as bot:
        bot.may_be_ready.clear()
        transport = SmallWebRTCTransport(webrtc_url=bot.url, buffer_until_ready=True)
        with pytest.raises(ConnectionTimeoutError):
            await RTVIClient(transport=transport, timeout=1).connect()
        assert not bot.batches


@run_in_pyodide
async def test_a_session_without_a_microphone_buffers_nothing(selenium):
    from loopback import RTVIBot, energy, until

    from rtvi_web import RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot() as bot:
        transport = SmallWebRTCTransport(webrtc_url=bot.url, buffer_until_ready=True)
        client = RTVIClient(transport=transport, enable_mic=False)
        await client.connect()
        await client.enable_mic(True)
        await until(lambda: energy(bot.connection.getReceivers()[0]))
        assert not bot.batches
        await client.disconnect()


@run_in_pyodide
async def test_what_is_said_while_the_last_batch_leaves_is_sent_too(selenium):
    import asyncio
    import time

    from loopback import latest_context, tone, until

    from rtvi_web.media.preconnect_buffer import PreconnectBuffer

    async with tone(1000) as own:
        words, sent, waits = PreconnectBuffer(lambda: own), [], []
        await words.collect()
        clock = latest_context()
        began = clock.currentTime
        await until(lambda: clock.currentTime > began + 0.3)

        async def leave():
            waits.append(time.monotonic())
            await asyncio.sleep(0.4 if len(waits) < 4 else 0)  # The connection is slow at first.

        await words.send(lambda type, data: sent.append(data), leave)
        seconds = sum(len(batch["base64AudioBatch"]) for batch in sent) * 0.02
        assert seconds > max(1.2, clock.currentTime - began - 0.15)
        waits.clear()
        words.close()

        words = PreconnectBuffer(lambda: own)
        began = time.monotonic()
        await words.send(lambda type, data: None, lambda: asyncio.sleep(0.4))  # It stays slow.
        assert time.monotonic() - began < 8
        words.close()


@run_in_pyodide
async def test_a_session_goes_on_if_no_sound_can_be_recorded(selenium):
    import js
    from loopback import RTVIBot, energy, until

    from rtvi_web import RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    js.eval(
        "globalThis.Real = AudioContext; globalThis.AudioContext ="
        "class { constructor() { throw new DOMException('says the test', 'NotSupportedError') } }"
    )
    try:
        async with RTVIBot() as bot:
            client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url, buffer_until_ready=True))
            await client.connect()
            await until(lambda: energy(bot.connection.getReceivers()[0]))
            assert not bot.batches
            await client.disconnect()
    finally:
        js.eval("globalThis.AudioContext = Real")


@run_in_pyodide
async def test_a_busy_page_sends_no_more_at_once_than_recognisers_keep(selenium):
    import itertools
    import time

    from loopback import latest_context, tone, until

    from rtvi_web.media.preconnect_buffer import PreconnectBuffer

    async with tone(1000) as own:
        words, sent, counts = PreconnectBuffer(lambda: own), [], [0]
        await words.collect()
        clock = latest_context()
        await until(lambda: clock.currentTime > 2)

        async def leave():
            counts.append(sum(len(batch["base64AudioBatch"]) for batch in sent))  # type: ignore[misc]
            if len(counts) in (3, 5):
                time.sleep(1)  # noqa: ASYNC251  # Nothing in the page goes on.

        await words.send(lambda type, data: sent.append(data), leave)
        assert max(now - before for before, now in itertools.pairwise(counts)) * 0.02 <= 0.5
        assert counts[-1] * 0.02 > 4
        words.close()
