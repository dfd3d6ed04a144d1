"""Recording both sides, and holding them, by the pitch, the length and the order of tones."""

import pytest
from pytest_pyodide import run_in_pyodide


@pytest.mark.parametrize("rate", [8000, 24_000])
@run_in_pyodide
async def test_each_sample_that_was_played_is_recorded_once_through_a_pause_and_an_interruption(selenium, rate):
    import asyncio
    from array import array

    from loopback import latest_context, until

    from rtvi_web.browser.pcm_player import PcmPlayer

    spoken, recorded = [], []
    player = PcmPlayer(rate=24_000, speaking=spoken.append, blocked=lambda: None)
    player.rate = rate
    await player.open()
    clock = latest_context()
    player.record(lambda pcm: recorded.append(array("h", pcm)))
    counting = array("h", range(1, min(1 + 2 * rate, 32_000)))
    for start in range(0, len(counting), rate // 10):
        player.play(counting[start : start + rate // 10].tobytes(), "item", 0)
    await until(lambda: sum(map(len, recorded)) > 6000)
    player.pause(True)
    await until(lambda: spoken == [True, False])
    held = sum(map(len, recorded))
    begun = clock.currentTime
    await until(lambda: clock.currentTime > begun + 0.5)
    assert sum(map(len, recorded)) == held
    player.pause(False)
    await until(lambda: sum(map(len, recorded)) > held + 6000)
    assert spoken[-1] is True
    player.pause(True)
    await until(lambda: spoken[-1] is False)
    played = await player.interrupt()
    assert played.item == "item"
    await asyncio.wait_for(player.stop_recording(), 2)
    samples = array("h", [sample for piece in recorded for sample in piece])
    assert abs(played.samples / rate - len(samples) / 24_000) < 0.002
    if rate == 24_000:
        assert list(samples) == list(range(1, 1 + played.samples))
    player.pause(False)
    player.play(counting.tobytes(), "other", 0)  # it plays on, and is not recorded
    await until(lambda: spoken[-1] is True)
    assert sum(map(len, recorded)) == len(samples)
    # An answer that comes in a pause, and is interrupted: nothing of it was heard.
    player.pause(True)
    await player.interrupt()
    player.play(counting.tobytes(), "third", 2)
    assert await player.interrupt() == ("third", 2, 0)
    assert await player.interrupt() is None
    player.close()


@run_in_pyodide
async def test_both_sides_of_a_session_are_recorded_as_they_were_heard(selenium, port):
    import asyncio
    import io
    import wave
    from array import array

    from loopback import frequency, until
    from sound import sine

    from rtvi_web.realtime import RealtimeClient

    def spans(samples):
        """Where it is not silent: beginning and end of each part, in samples."""
        loud, found = [n for n in range(0, len(samples), 24) if max(map(abs, samples[n : n + 24]), default=0) > 300], []
        for place in loud:
            if found and place - found[-1][1] <= 2400:
                found[-1][1] = place
            else:
                found.append([place, place])
        return [(begin, end + 24) for begin, end in found]

    def voice(pitch, seconds):
        return array("h", (int(9000 * x) for x in sine(pitch, rate=24_000, seconds=seconds))).tobytes()

    client = RealtimeClient(url=f"ws://127.0.0.1:{port}/realtime", microphone=False)
    speaking = []
    client.on("conversation.speaking", lambda event: speaking.append(event.speaking))
    await client.connect()
    try:
        client.mute_bot()
        recording = await client.record()
        client.append_input_audio(voice(700, 1))
        client.create_response()  # 440 Hz, 5 s, of which a part is heard
        await until(lambda: recording.seconds > 2.2)
        await client.interrupt()
        heard = client.conversation.get_item("i").formatted.audio
        assert len(heard) / heard.rate > 4.9  # all of it was received
        await asyncio.sleep(0.5)
        client.append_input_audio(voice(1100, 0.5))
        await asyncio.sleep(0.1)
        file = await recording.stop()
    finally:
        await client.disconnect()
    with wave.open(io.BytesIO(file)) as given:
        assert (given.getnchannels(), given.getsampwidth(), given.getframerate()) == (2, 2, 24_000)
        both = array("h", given.readframes(given.getnframes()))
    left, right = both[0::2], both[1::2]
    [(first, first_end), (second, second_end)] = spans(left)
    [(answer, answer_end)] = spans(right)
    assert first < 2400
    assert abs(first_end - first - 24_000) <= 48
    assert abs(frequency(left[first:first_end].tobytes(), 24_000) - 700) < 5
    assert abs(frequency(left[second:second_end].tobytes(), 24_000) - 1100) < 8
    assert abs(second_end - second - 12_000) <= 48
    assert abs(frequency(right[answer:answer_end].tobytes(), 24_000) - 440) < 3
    assert first_end - 48 <= answer < answer_end < second
    assert 1 < (answer_end - answer) / 24_000 < 4


@run_in_pyodide
async def test_the_tracks_of_a_call_are_recorded(selenium):
    import asyncio
    import io
    import wave
    from array import array

    from loopback import frequency, until
    from realtime_peer import RealtimeServer
    from sound import tone

    from rtvi_web.realtime import RealtimeClient
    from rtvi_web.transports import RealtimeWebRTCTransport

    async with RealtimeServer() as peer, tone(900) as voice:
        client = RealtimeClient(url=peer.url, transport=RealtimeWebRTCTransport(microphone=voice))
        await client.connect()
        try:
            recording = await client.record()
            await until(lambda: recording.seconds > 1.5)
            client.mute()
            muted = recording.seconds
            await until(lambda: recording.seconds > muted + 1.5)
            file = await recording.stop()
            length = recording.seconds
            await asyncio.sleep(0.2)
            assert recording.seconds == length
            again = await client.record(limit=0.5)
            await until(lambda: not again.is_running)
            assert again.seconds == 0.5
        finally:
            await client.disconnect()
    with wave.open(io.BytesIO(file)) as given:
        both = array("h", given.readframes(given.getnframes()))
    left, right = both[0::2], both[1::2]
    assert abs(frequency(left[12_000:30_000].tobytes(), 24_000) - 900) < 10
    assert abs(frequency(right[12_000:].tobytes(), 24_000) - 440) < 10
    assert max(map(abs, left[-12_000:])) < 100
    assert max(map(abs, right[-12_000:])) > 1000


@run_in_pyodide
async def test_a_pause_holds_both_sides_and_a_muted_answer_is_written(selenium, port):
    import asyncio
    from array import array

    from loopback import frequency, until
    from sound import recorder_into, tone

    from rtvi_web.realtime import RealtimeClient
    from rtvi_web.transports import RealtimeWebSocketTransport

    def loud(chunks):
        """What sounds, without the silence around it: the periods of 2 ms in which the tone rises."""
        samples = array("h", b"".join(chunks))
        periods = (samples[n : n + 48] for n in range(0, len(samples), 48))
        return array("h", [sample for period in periods if max(period) > 2000 for sample in period])

    chunks, heard, speaking, said = [], [], [], []
    async with tone(1000) as voice:
        link = RealtimeWebSocketTransport(microphone=voice)
        side = {"format": {"type": "audio/pcm", "rate": 24_000}}
        config = {"audio": {"input": {**side, "turn_detection": None}, "output": side}}
        client = RealtimeClient(transport=link, url=f"ws://127.0.0.1:{port}/tone", config=config)
        client.on("server.heard", heard.append)
        client.on("conversation.speaking", lambda event: speaking.append(event.speaking))
        client.on("transcript.updated", lambda event: said.append((event.text, event.final)))
        try:
            await client.connect()
            client.mute_bot()
            await until(lambda: len(heard) > 5)
            recorder = recorder_into(chunks)
            await recorder.listen(link.media.tracks().bot.audio)
            client.realtime.send("response.create")  # 500 Hz, 1 s
            await until(lambda: len(loud(chunks)) > 6000)
            client.pause()
            await until(lambda: speaking == [True, False])
            await asyncio.sleep(0.5)
            before, sent, length = len(chunks), len(heard), len(loud(chunks))
            await asyncio.sleep(0.5)
            assert len(chunks) - before > 5
            assert len(heard) == sent
            assert len(loud(chunks)) == length < 22_000
            client.resume()
            await until(lambda: len(loud(chunks)) > 22_000 and speaking[-1] is False)
            await until(lambda: len(heard) > sent)
            assert abs(frequency(loud(chunks).tobytes(), 24_000) - 500) < 8
            assert abs(len(loud(chunks)) / 24_000 - 1) < 0.1
            assert said[-1] == ("0 1 2 3 4 5 6 7 8 9", True)
            recorder.close()
        finally:
            await client.disconnect()
