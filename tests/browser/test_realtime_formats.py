"""Rates other than 24 kHz over a WebSocket, by the pitch and the length of a tone."""

import pytest
from pytest_pyodide import run_in_pyodide


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 48_000])
@run_in_pyodide
async def test_the_microphone_is_recorded_at_the_rate_of_the_session(selenium, port, rate):
    from loopback import frequency, until
    from realtime_peer import request, transport
    from sound import tone

    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    async with tone(1000) as track, transport(RealtimeWebSocketTransport(microphone=track)) as (link, host):
        await link.media.open_devices(mic=True)
        await host.until(lambda: host.heard)
        assert len(host.heard[0]) == 2 * 960
        link.use_rates(microphone=rate, answers=rate)  # as when the session begins
        host.heard.clear()
        await link.connect(request(f"ws://127.0.0.1:{port}/echo"))

        def is_the_tone():
            pcm = b"".join(host.heard[-20:])
            return len(host.heard) >= 20 and abs(frequency(pcm, rate) - 1000) < 10

        await until(is_the_tone)
        assert {len(pcm) for pcm in host.heard[-20:]} == {2 * rate // 25}


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("late", [False, True])
@run_in_pyodide
async def test_answers_are_played_at_the_rate_of_the_session(selenium, port, rate, late):
    import asyncio
    from array import array

    from loopback import frequency, until
    from realtime_peer import request, transport
    from sound import recorder_into, sine

    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    def loud(chunks):
        samples = array("h", b"".join(chunks))
        heard = [n for n, sample in enumerate(samples) if abs(sample) > 2000]
        return samples[heard[0] : heard[-1] + 1] if heard else array("h")

    chunks = []
    async with transport(RealtimeWebSocketTransport()) as (link, host):
        if not late:
            link.use_rates(microphone=24_000, answers=rate)
        await link.connect(request(f"ws://127.0.0.1:{port}/echo"))
        if late:  # as when the server answers with another format than asked
            link.use_rates(microphone=24_000, answers=rate)
        recorder = recorder_into(chunks)
        await recorder.listen(link.media.tracks().bot.audio)
        second = array("h", (int(16_384 * sample) for sample in sine(500, rate=rate, seconds=1))).tobytes()
        for start in range(0, len(second), len(second) // 10):  # in pieces, as a server sends it
            link.play(second[start : start + len(second) // 10], item_id="i", content_index=0)
        await host.until(lambda: host.spoken == [True, False])
        await until(lambda: len(loud(chunks)) > 22_000)
        tone = loud(chunks)
        assert abs(frequency(tone, 24_000) - 500) < 5
        assert abs(len(tone) / 24_000 - 1) < 0.03, len(tone)
        # What was heard is counted at the rate of the session.
        for _ in range(3):
            link.play(second, item_id="j", content_index=0)
        await host.until(lambda: host.spoken[-1])
        await asyncio.sleep(0.5)
        item, part, samples = await link.interrupt()
        assert (item, part) == ("j", 0)
        assert 0.3 < samples / rate < 1.5
        recorder.close()


FORMATS = [
    *({"type": "audio/pcm", "rate": rate} for rate in (8000, 16_000, 24_000, 48_000)),
    {"type": "audio/pcmu"},
    {"type": "audio/pcma"},
]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("answers", ["", "audio/pcma"])
@run_in_pyodide
async def test_a_tone_has_its_pitch_and_length_in_each_format_both_ways(selenium, port, format, answers):
    import asyncio
    from array import array

    from loopback import frequency, until
    from sound import recorder_into, tone

    from rtvi_web.realtime import RealtimeClient
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    def loud(chunks):
        samples = array("h", b"".join(chunks))
        heard = [n for n, sample in enumerate(samples) if abs(sample) > 2000]
        return samples[heard[0] : heard[-1] + 1] if heard else array("h")

    chunks, pitches, errors = [], [], []
    async with tone(1000) as track:
        link = RealtimeWebSocketTransport(microphone=track)
        side = {"format": format}
        client = RealtimeClient(
            transport=link,
            url=f"ws://127.0.0.1:{port}/tone?answers={answers}",
            config={"audio": {"input": {**side, "turn_detection": None}, "output": side}},
        )
        client.on("server.heard", lambda event: pitches.append(event["pitch"]))
        client.on("error", errors.append)
        try:
            await client.connect()
            recorder = recorder_into(chunks)
            await recorder.listen(link.media.tracks().bot.audio)
            await until(lambda: pitches and abs(pitches[-1] - 1000) <= 10)
            client.realtime.send("response.create")
            await until(lambda: len(loud(chunks)) > 22_000)
            await asyncio.sleep(0.3)  # what would make it too long
            sound = loud(chunks)
            assert abs(frequency(sound, 24_000) - 500) < 5
            assert abs(len(sound) / 24_000 - 1) < 0.03, len(sound)
            item = client.conversation.get_item("i")
            assert abs(len(item.formatted.audio) / item.formatted.audio.rate - 1) < 0.01
            assert errors == []
            recorder.close()
        finally:
            await client.disconnect()
