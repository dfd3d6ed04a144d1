"""Sound: what the server gets, what is played, and how an answer is cut short."""

from __future__ import annotations

import asyncio
import base64
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import Run, Server, connected, pcm, turns

from rtvi_web import InvalidArgumentError
from rtvi_web.realtime import Played, RealtimeClient
from rtvi_web.realtime.testing import ScriptedRealtimeTransport


async def test_sound_goes_in_bounded_messages(run: Run) -> None:
    assert run.client.append_input_audio(pcm(60_000)) is True
    sent = [base64.b64decode(event["audio"]) for event in run.server.sent_of("input_audio_buffer.append")]
    assert [len(chunk) for chunk in sent] == [48_000, 48_000, 24_000]
    assert b"".join(sent) == bytes(run.client.input_audio_buffer) == pcm(60_000)
    assert run.client.append_input_audio(b"") is True
    assert len(run.server.types) == 3


async def test_messages_of_sound_fit_the_transport() -> None:
    run = await connected(server=Server(max_message_size=16_384))
    run.client.append_input_audio(pcm(24_000))
    assert max(map(len, run.server.frames)) <= 16_384
    await run.client.disconnect()


async def test_the_microphone_is_heard_unless_muted(run: Run) -> None:
    run.server.hear(pcm(240))
    run.client.mute()
    assert run.client.is_muted
    run.server.hear(pcm(240))
    run.client.mute(False)
    run.server.hear(pcm(240))
    assert run.server.types == ["input_audio_buffer.append"] * 2
    run.server.is_open = False
    run.server.hear(pcm(240))  # the transport reports the loss by itself
    assert run.client.input_audio_buffer.total == 480


async def test_muting_in_mid_speech_sends_silence_until_the_server_has_heard_the_end(run: Run) -> None:
    run.server.hear(pcm(240))
    run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=0)
    run.client.mute()
    run.server.hear(pcm(240))
    run.server.hear(pcm(240))
    run.server.say("input_audio_buffer.speech_stopped", item_id="u", audio_end_ms=20)
    run.server.hear(pcm(240))
    sent = [base64.b64decode(event["audio"]) for event in run.server.sent_of("input_audio_buffer.append")]
    assert sent == [pcm(240), bytes(480), bytes(480)]


async def test_the_persons_sound_is_bounded_however_long_it_lasts() -> None:
    run = await connected(config={"turn_detection": {"type": "server_vad"}})
    for _ in range(130):
        run.client.append_input_audio(bytes(48_000))
    assert len(run.client.input_audio_buffer) == 60 * 24_000
    assert run.client.input_audio_buffer.total == 130 * 24_000
    await run.client.disconnect()


async def answering(run: Run, samples: int = 24_000) -> None:
    run.server.response()
    run.server.answer()
    run.server.audio(pcm(samples))


async def test_an_interruption_truncates_at_what_was_heard(run: Run) -> None:
    run.client.update_config({"turn_detection": {"type": "server_vad"}})
    await answering(run)
    run.server.now_playing = Played("item_a", 0, 12_013)
    run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=0)
    assert run.events[-1]["type"] == "input_audio_buffer.speech_started"  # conversation.interrupted
    await turns()
    (truncated,) = run.server.sent_of("conversation.item.truncate")
    assert (truncated["item_id"], truncated["content_index"], truncated["audio_end_ms"]) == ("item_a", 0, 500)
    assert "response.cancel" not in run.server.types  # the server has done so


async def test_interruption_can_be_switched_off(run: Run) -> None:
    run.client.update_config({"turn_detection": {"type": "server_vad", "interrupt_response": False}})
    await answering(run)
    run.server.now_playing = Played("item_a", 0, 12_000)
    run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=0)
    await turns()
    assert run.server.types == []
    assert run.server.now_playing is not None


@pytest.mark.parametrize(
    ("heard", "end"),
    [
        *[(0, None), (23, None), (-5, None), (24, 1), (12_013, 500), (24_000, 1000), (99_999, 1000)],
        *[(0.5, None), (12_013.7, 500), (23_999.9, 999), (float("inf"), 1000), (-float("inf"), None)],
    ],
)
async def test_cancel_response_truncates_whole_milliseconds_of_what_there_is(
    run: Run, heard: float, end: int | None
) -> None:
    await answering(run)
    assert run.client.cancel_response("item_a", heard).item is run.item("item_a")
    assert run.server.types[0] == "response.cancel"
    assert [event["audio_end_ms"] for event in run.server.sent_of("conversation.item.truncate")] == (
        [end] if end else []
    )
    await turns()


async def test_an_answer_is_not_cut_twice_at_the_same_place(run: Run) -> None:
    await answering(run)
    run.server.say("conversation.item.truncated", item_id="item_a", content_index=0, audio_end_ms=500)
    run.client.cancel_response("item_a", 12_000)
    run.client.cancel_response("item_a", 20_000)
    assert run.server.sent_of("conversation.item.truncate") == []
    run.client.cancel_response("item_a", 6_000)
    assert len(run.server.sent_of("conversation.item.truncate")) == 1
    await turns()


async def test_what_cannot_be_cancelled_says_so_and_nothing_is_sent(run: Run) -> None:
    run.server.user_item("u")
    run.server.response()
    run.server.call("f", "{}", status="in_progress")
    for id, reason in (
        ("never", 'Could not find item "never"'),
        ("u", 'with role "assistant"'),
        ("item_call_1", 'with type "message"'),
    ):
        with pytest.raises(InvalidArgumentError, match=reason):
            run.client.cancel_response(id)
    await answering(run)
    count: Any
    for count in (float("nan"), "24000", None, True):
        with pytest.raises(InvalidArgumentError, match="sample_count must be"):
            run.client.cancel_response("item_a", count)
    assert run.server.types == []


async def test_interrupt_and_writing_make_the_model_fall_silent(run: Run) -> None:
    await answering(run)
    run.server.now_playing = Played("item_a", 0, 2_400)
    await run.client.send_text("Stop.")
    assert run.server.types == ["response.cancel", "conversation.item.truncate", "conversation.item.create"]
    run.server.done(status="cancelled")
    assert run.server.types[-1] == "response.create"
    assert await run.client.interrupt() is None


async def test_writing_can_wait(run: Run) -> None:
    await answering(run)
    run.server.now_playing = Played("item_a", 0, 2_400)
    await run.client.send_text("And?", interrupt=False)
    assert run.server.types == ["conversation.item.create"]


async def test_over_tracks_the_server_plays_and_truncates() -> None:
    run = await connected(server=Server(carries_tracks=True))
    await answering(run)
    assert run.server.played == []
    spoken: list[Any] = []
    run.client.on("conversation.speaking", spoken.append)
    run.server.say("output_audio_buffer.started", response_id="resp_1")
    await run.client.interrupt()
    run.server.say("output_audio_buffer.cleared", response_id="resp_1")
    assert [event.speaking for event in spoken] == [True, False]
    assert run.server.types == ["response.cancel", "output_audio_buffer.clear"]
    run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=0)
    await turns()
    assert len(run.server.types) == 2
    await run.client.disconnect()


async def test_the_shipped_script_is_a_transport_by_itself() -> None:
    transport = ScriptedRealtimeTransport()
    client = RealtimeClient(transport=transport)
    await client.connect()
    client.create_response()
    assert transport.sent[-1]["type"] == "response.create"
    await client.resume_output()
    assert client.tracks().bot.audio is None
    await client.disconnect()


# Deltas of sound.


@given(sound=st.binary(max_size=40), cuts=st.lists(st.integers(0, 40)), announced=st.booleans())
def test_sound_is_played_and_kept_in_whole_samples_wherever_it_is_cut(
    sound: bytes, cuts: list[int], announced: bool
) -> None:
    async def check() -> None:
        run = await connected()
        run.server.response()
        if announced:  # An item that is not announced is made.
            run.server.answer()
        edges = sorted({0, len(sound), *(cut for cut in cuts if cut < len(sound))})
        for start, end in pairwise(edges):
            run.server.audio(sound[start:end])
        whole = sound[: len(sound) // 2 * 2]
        played = [pcm for _, pcm in run.server.played]
        assert all(pcm and len(pcm) % 2 == 0 for pcm in played)
        assert b"".join(played) == whole
        updates = [event.delta.audio for event in run.of("conversation.updated") if event.delta]
        assert updates == played
        if whole:
            assert bytes(run.item("item_a").formatted.audio) == whole
        await run.client.disconnect()

    asyncio.run(check())


async def test_half_a_sample_is_forgotten_with_its_session(run: Run) -> None:
    run.server.audio(b"\1\0\2")
    await run.client.disconnect()
    await run.client.connect()
    run.server.audio(b"\3\0")
    assert [pcm for _, pcm in run.server.played] == [b"\1\0", b"\3\0"]
