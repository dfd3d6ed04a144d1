"""record(): both sides in order, what was sent and what was played."""

from __future__ import annotations

import asyncio
import io
import wave
from array import array
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import Run, Server, connected, pcm, turns

from rtvi_web.errors import AlreadyStartedError, DisconnectedError, InvalidArgumentError
from rtvi_web.realtime import Recording, RecordingEvent
from rtvi_web.realtime.protocol.stereo_sound import PLAYED, SENT, LinearResampler, StereoSound


@pytest.fixture
async def run() -> Any:
    run = await connected()
    run.client.on("recording.stopped", run.events.append)
    yield run
    await run.client.disconnect()


def channels(file: bytes) -> tuple[int, array[int], array[int]]:
    """The rate and the two channels of a WAV file."""
    with wave.open(io.BytesIO(file)) as given:
        assert (given.getnchannels(), given.getsampwidth()) == (2, 2)
        both = array("h", given.readframes(given.getnframes()))
        return given.getframerate(), both[0::2], both[1::2]


def spans(samples: array[int]) -> list[tuple[int, int, int]]:
    """The runs of equal samples that are not silence: value, beginning and length."""
    found: list[tuple[int, int, int]] = []
    for place, value in enumerate(samples):
        if value and found and found[-1][0] == value and sum(found[-1][1:]) == place:
            found[-1] = (value, found[-1][1], found[-1][2] + 1)
        elif value:
            found.append((value, place, 1))
    return found


async def play(run: Run, seconds: float, value: int) -> None:
    """The person hears an answer."""
    for _ in range(round(seconds * 10)):
        await asyncio.sleep(0.1)
        run.server.record_played(pcm(2400, value))


async def speak(run: Run, seconds: float, value: int) -> None:
    """The person speaks into the microphone."""
    for _ in range(round(seconds * 25)):
        run.server.hear(pcm(960, value))
        await asyncio.sleep(0.04)


async def test_both_sides_are_in_order_and_silence_is_between(run: Run) -> None:
    recording = await run.client.record()
    assert (recording.is_running, recording.seconds, recording.sample_rate) == (True, 0, 24_000)
    await speak(run, 1, 1)
    await asyncio.sleep(0.5)
    await play(run, 1, 2)
    await asyncio.sleep(0.5)
    await speak(run, 0.2, 3)
    rate, left, right = channels(await recording.stop())
    assert rate == 24_000
    [(one, *first), (three, *third)] = spans(left)
    [(two, *second)] = spans(right)
    assert (one, two, three) == (1, 2, 3)
    assert first == [0, 24_000]
    assert second[0] == pytest.approx(36_000, abs=50)
    assert second[1] == 24_000
    assert third[0] == pytest.approx(72_000, abs=50)
    assert third[1] == 4800
    assert run.events[-1] == RecordingEvent("recording.stopped", recording, "stop")
    assert not run.server.recording


async def test_what_was_received_and_not_played_is_not_in_it(run: Run) -> None:
    recording = await run.client.record()
    run.server.response()
    run.server.answer()
    run.server.audio(pcm(72_000, 5))
    await play(run, 0.5, 5)
    await run.client.interrupt()
    _, left, right = channels(await recording.stop())
    assert spans(right) == [(5, 0, 12_000)]
    assert spans(left) == []


async def test_sound_that_is_sent_at_once_takes_its_time(run: Run) -> None:
    """A page that sends a file: what follows comes after it."""
    recording = await run.client.record()
    run.client.append_input_audio(pcm(72_000, 1))
    await asyncio.sleep(0.3)
    await play(run, 1, 2)
    await asyncio.sleep(0.3)
    run.client.append_input_audio(pcm(24_000, 3))
    _, left, right = channels(await recording.stop())
    assert [value for value, *_ in spans(left)] == [1, 3]
    assert [length for *_, length in spans(left)] == [72_000, 24_000]
    [(_, begin, length)] = spans(right)
    assert (begin, length) == (72_000, 24_000)
    assert spans(left)[1][1] >= begin + length


async def test_nothing_is_in_it_of_a_pause(run: Run) -> None:
    recording = await run.client.record()
    await speak(run, 0.4, 1)
    run.client.pause()
    await speak(run, 1, 9)
    run.client.resume()
    await speak(run, 0.4, 2)
    _, left, _ = channels(await recording.stop())
    [(_, begin, length), (_, later, _)] = spans(left)
    assert (begin, length) == (0, 9600)
    assert later == pytest.approx(9600 + 24_000, abs=50)


async def test_it_stops_at_its_limit(run: Run) -> None:
    recording = await run.client.record(limit=2)
    await speak(run, 1.5, 1)
    await play(run, 1, 2)
    assert run.events[-1] == RecordingEvent("recording.stopped", recording, "limit")
    assert (recording.is_running, recording.seconds) == (False, 2)
    await turns()
    assert not run.server.recording
    kept = recording.wav()
    await speak(run, 1, 3)
    assert await recording.stop() == kept
    assert len(kept) == 44 + 2 * 48_000 * 2
    await (await run.client.record()).stop()  # another one may begin


async def test_it_ends_with_its_session_and_keeps_what_it_has(run: Run) -> None:
    recording = await run.client.record()
    await speak(run, 1, 1)
    await run.client.disconnect()
    assert run.events[-1] == RecordingEvent("recording.stopped", recording, "disconnected")
    await run.client.connect()
    await speak(run, 1, 2)
    _, left, _ = channels(await recording.stop())
    assert spans(left) == [(1, 0, 24_000)]
    assert repr(recording) == "<Recording of 1.0 s>"


async def test_there_is_one_at_a_time_in_a_session(run: Run) -> None:
    recording = await run.client.record()
    assert repr(recording) == "<Recording of 0.0 s, running>"
    with pytest.raises(AlreadyStartedError, match="stop it first"):
        await run.client.record()
    await recording.stop()
    for wrong in (0, -1, 3601, float("nan"), None, "60", True):
        with pytest.raises(InvalidArgumentError, match="limit must be seconds"):
            await run.client.record(limit=wrong)  # type: ignore[arg-type]
    await run.client.disconnect()
    with pytest.raises(DisconnectedError):
        await run.client.record()


async def test_over_webrtc_both_tracks_are_recorded() -> None:
    run = await connected(server=Server(carries_tracks=True))
    recording = await run.client.record()
    run.client.append_input_audio(pcm(2400, 9))
    for _ in range(25):
        await asyncio.sleep(0.04)
        run.server.record_sent(pcm(960, 1))
        run.server.record_played(pcm(960, 2))
    _, left, right = channels(await recording.stop())
    assert [(value, length) for value, _, length in spans(left)] == [(1, 24_000)]
    assert [(value, length) for value, _, length in spans(right)] == [(2, 24_000)]
    await run.client.disconnect()


@pytest.mark.parametrize("format", ["audio/pcmu", "audio/pcma"])
async def test_sides_of_different_rates_have_their_length(format: str) -> None:
    run = await connected(config={"audio": {"input": {"format": {"type": format}}}})
    recording = await run.client.record()
    for _ in range(25):
        run.server.hear(pcm(320, 1000))
        await asyncio.sleep(0.04)
    await play(run, 1, 7)
    rate, left, right = channels(await recording.stop())
    assert rate == 24_000
    assert sum(value != 0 for value in left) == pytest.approx(24_000, abs=5)
    assert sum(value != 0 for value in right) == 24_000
    await run.client.disconnect()


@given(st.sampled_from([8000, 16_000, 24_000, 48_000]), st.sampled_from([8000, 16_000, 24_000, 48_000]), st.data())
def test_converting_in_pieces_is_converting_at_once(given_rate: int, wanted: int, data: Any) -> None:
    samples = array("h", data.draw(st.lists(st.integers(-32_768, 32_767), max_size=60)))
    whole = LinearResampler(given_rate, wanted).convert(samples.tobytes())
    resampler, pieces, place = LinearResampler(given_rate, wanted), b"", 0
    while place < len(samples):
        size = data.draw(st.integers(1, len(samples) - place))
        pieces += resampler.convert(samples[place : place + size].tobytes())
        place += size
    assert pieces == whole
    assert abs(len(whole) / 2 - len(samples) * wanted / given_rate) <= max(1, wanted / given_rate)
    if given_rate == wanted:
        assert whole == samples.tobytes()


@given(
    st.lists(st.tuples(st.sampled_from([SENT, PLAYED]), st.floats(0, 2), st.integers(0, 200)), max_size=30),
    st.sampled_from([0.1, 1.0, 60.0]),
)
def test_each_side_keeps_its_samples_in_order_and_within_the_limit(
    pieces: list[tuple[str, float, int]], limit: float
) -> None:
    sound, time = StereoSound(100, limit), 0.0
    added: dict[str, list[int]] = {SENT: [], PLAYED: []}
    for number, (side, pause, size) in enumerate(pieces, 1):
        time += pause
        has_room = sound.add(side, array("h", [number] * size).tobytes(), 100, time)
        added[side] += [number] * size
        assert has_room or sound.seconds == limit
    assert sound.seconds <= limit
    _, left, right = channels(sound.wav())
    for side, samples in ((SENT, left), (PLAYED, right)):
        kept = [sample for sample in samples if sample]
        assert kept == added[side][: len(kept)]
        if limit == 60.0 and sum(size for *_, size in pieces) < 2000:
            assert kept == added[side] or sound.seconds == limit


async def test_nothing_is_kept_without_a_recording(run: Run) -> None:
    await speak(run, 1, 1)
    run.server.record_played(pcm(2400))
    recording: Recording = await run.client.record()
    assert recording.seconds == 0
    assert spans(channels(await recording.stop())[1]) == []
