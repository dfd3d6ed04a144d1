"""What is said before the bot is ready reaches it, in order and once."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_everything_from_connect_on_reaches_the_bot_and_the_live_track_only_then(selenium):
    import asyncio
    import base64
    import time

    from loopback import RTVIBot, energy, frequency, stats, tone, until

    from rtvi_web import RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    async with tone(1000) as own, RTVIBot() as bot:
        bot.may_be_ready.clear()
        transport = SmallWebRTCTransport(webrtc_url=bot.url, audio_track=own, buffer_until_ready=True)
        client = RTVIClient(transport=transport)
        await client.init_devices()
        await asyncio.sleep(0.5)  # What is said before connect() is nobody's business.
        began = time.monotonic()
        connecting = asyncio.ensure_future(client.connect())
        await bot.met.wait()
        await asyncio.sleep(2)
        [receiver, *_] = bot.connection.getReceivers()
        assert await stats(receiver, "packetsReceived") == 0
        assert not bot.batches
        assert client.is_mic_enabled
        bot.may_be_ready.set()
        await connecting
        waited = time.monotonic() - began
        await until(lambda: energy(receiver))
        live = time.monotonic() - began
        chunks = [base64.b64decode(chunk) for batch in bot.batches for chunk in batch["base64AudioBatch"]]
        assert {(batch["sampleRate"], batch["numChannels"]) for batch in bot.batches} == {(16000, 1)}
        assert max(map(len, chunks)) == 640
        audio = b"".join(chunks)
        seconds = len(audio) / 32000
        assert waited - 0.3 < seconds < live, (waited, seconds, live)
        sounds = audio[3200:]  # The browser needs a moment until its audio graph runs.
        assert abs(frequency(sounds, 16000) - 1000) < 20  # A busy machine starves the browser of sound now and then.
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
async def test_a_session_without_a_microphone_has_no_first_words(selenium):
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
