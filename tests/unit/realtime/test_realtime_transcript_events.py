"""transcript.updated: what either side is saying, while it grows."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import Run, connected

from rtvi_web.realtime import TranscriptEvent

TRANSCRIPTION = "conversation.item.input_audio_transcription"


@pytest.fixture
async def run() -> Any:
    run = await listening()
    yield run
    await run.client.disconnect()


async def listening() -> Run:
    run = await connected()
    run.client.on("transcript.updated", run.events.append)
    return run


def told(run: Run) -> list[tuple[str, str | None, str, bool]]:
    events: list[TranscriptEvent] = [event for event in run.events if isinstance(event, TranscriptEvent)]
    return [(event.item.id, event.item.role, event.text, event.final) for event in events]


async def test_both_sides_tell_what_they_say_so_far(run: Run) -> None:
    run.server.user_item("u", content=[{"type": "input_audio"}])
    for delta in ("How", " are"):
        run.server.say(f"{TRANSCRIPTION}.delta", item_id="u", content_index=0, delta=delta)
    run.server.say(f"{TRANSCRIPTION}.completed", item_id="u", content_index=0, transcript="How are you?")
    run.server.say(f"{TRANSCRIPTION}.completed", item_id="u", content_index=0, transcript="How are you?")
    run.server.response()
    run.server.answer("a", previous="u")
    run.server.delta("output_audio_transcript", "I am", "a")
    run.server.delta("output_audio_transcript", " fine.", "a")
    run.server.done(output=[{"id": "a", "type": "message", "role": "assistant", "status": "completed"}])
    run.server.done()
    assert told(run) == [
        ("u", "user", "How", False),
        ("u", "user", "How are", False),
        ("u", "user", "How are you?", True),
        ("a", "assistant", "I am", False),
        ("a", "assistant", "I am fine.", False),
        ("a", "assistant", "I am fine.", True),
    ]


async def test_an_answer_that_is_cut_off_is_final_as_far_as_it_came(run: Run) -> None:
    run.server.response()
    run.server.answer("a")
    run.server.delta("output_audio_transcript", "Once upon", "a")
    run.server.done(status="cancelled")
    assert told(run)[-1] == ("a", "assistant", "Once upon", True)


async def test_a_transcription_that_fails_or_is_empty_ends_the_partial_one(run: Run) -> None:
    for id in ("u", "v"):
        run.server.user_item(id, content=[{"type": "input_audio"}])
        run.server.say(f"{TRANSCRIPTION}.delta", item_id=id, content_index=0, delta="Er")
    run.server.say(f"{TRANSCRIPTION}.failed", item_id="u", content_index=0, error={"message": "No."})
    run.server.say(f"{TRANSCRIPTION}.completed", item_id="v", content_index=0, transcript="")
    assert told(run)[2:] == [("u", "user", "Er", True), ("v", "user", "", True)]
    assert run.item("u").formatted.transcript_error == {"message": "No."}


async def test_what_is_written_is_no_transcript(run: Run) -> None:
    run.client.send_user_message_content([{"type": "input_text", "text": "Hi"}])
    run.server.user_item("u", content=[{"type": "input_text", "text": "Hi"}])
    run.server.response()
    run.server.answer("a")
    run.server.delta("output_text", "Hello", "a")
    run.server.done()
    assert told(run) == []


async def test_a_handler_may_end_the_session() -> None:
    run = Run()
    texts: list[str] = []

    def leave(event: TranscriptEvent) -> None:
        texts.append(event.text)
        run.client.disconnect()

    run.client.on("transcript.updated", leave)
    await run.client.connect()
    run.server.response()
    run.server.answer("a")
    for delta in "ab":
        run.server.delta("output_audio_transcript", delta, "a")
    assert texts == ["a"]
    await run.client.disconnect()


@given(
    st.lists(
        st.tuples(st.sampled_from("uv"), st.sampled_from(["delta", "completed", "repeat"]), st.text("ab ", max_size=4))
    )
)
async def test_no_event_says_what_the_last_one_said(steps: list[tuple[str, str, str]]) -> None:
    run = await listening()
    try:
        for id in "uv":
            run.server.user_item(id, content=[{"type": "input_audio"}])
        for id, kind, text in steps:
            spoken = run.item(id).formatted.transcript
            place = {"item_id": id, "content_index": 0}
            match kind:
                case "delta":
                    run.server.say(f"{TRANSCRIPTION}.delta", **place, delta=text)
                case "repeat":
                    run.server.say(f"{TRANSCRIPTION}.delta", **place, delta=spoken + text)
                case _:
                    run.server.say(f"{TRANSCRIPTION}.completed", **place, transcript=text)
        for id in "uv":
            mine = [each[2:] for each in told(run) if each[0] == id]
            assert all(before != after for before, after in pairwise(mine))
            if mine:
                assert mine[-1][0] == run.item(id).formatted.transcript.strip()
            assert bool(mine and mine[-1][1]) == any(kind == "completed" for other, kind, _ in steps if other == id)
    finally:
        await run.client.disconnect()
