"""Transcripts: the deltas that a page gets add up to them, and what is final counts once."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import Run, connected

SAID = "conversation.item.input_audio_transcription"
AUDIO = {"type": "input_audio"}
WHO = st.sampled_from(["user", "assistant"])
USAGE = {"total_tokens": 13, "input_tokens": 10, "output_tokens": 3}


def given_to_the_page(run: Run, id: str) -> str:
    deltas = [event.delta for event in run.of("conversation.updated") if event.item.id == id and event.delta]
    return "".join(delta.transcript or "" for delta in deltas)


@st.composite
def courses(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """A transcript, and how a server tells it: deltas, repetitions of all so far, finals, in any mix."""
    words = draw(st.lists(st.sampled_from(["Hello", " there", ",", " how", " are", " you", "?", " fine"]), min_size=1))
    words[0] = draw(st.sampled_from(["Well", "Good morning"]))  # no later piece begins with all that came before
    steps: list[tuple[str, str]] = []
    said = ""
    for word in words:
        said += word
        steps.append(draw(st.sampled_from([("delta", word), ("delta", said), ("skip", word)])))
        if steps[-1][0] == "skip":
            steps[-1] = ("delta", said)  # a repetition may hold more than one piece
        steps += [("delta", said)] * draw(st.integers(0, 2))
    if draw(st.booleans()):
        steps = steps[: draw(st.integers(0, len(steps)))]  # the rest comes with the final
    finals = draw(st.integers(1, 3))
    return said, [*steps, *[("final", said)] * finals]


def check_that_the_deltas_add_up(transcript: str, steps: list[tuple[str, str]], who: str, *, late: bool) -> None:
    async def check() -> None:
        run = await connected()
        if who == "user":
            run.server.user_item("x", content=[AUDIO])
            names = {"delta": f"{SAID}.delta", "final": f"{SAID}.completed"}
        else:
            run.server.response()
            run.server.answer("x")
            names = {kind: f"response.output_audio_transcript.{kind}" for kind in ("delta", "final")}
            names["final"] = "response.output_audio_transcript.done"
        for kind, text in steps:
            field = "delta" if kind == "delta" else "transcript"
            run.server.say(names[kind], item_id="x", content_index=0, **{field: text})
        if late:
            run.server.say(names["delta"], item_id="x", content_index=0, delta=" late")
        if who == "assistant":
            part = {"type": "output_audio", "transcript": transcript}
            item = {"id": "x", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
            run.server.say("response.content_part.done", item_id="x", content_index=0, part=part)
            run.server.say("response.output_item.done", response_id="resp_1", item=item)
        assert run.item("x").formatted.transcript == transcript
        assert given_to_the_page(run, "x") == transcript
        await run.client.disconnect()

    asyncio.run(check())


@given(course=courses(), who=WHO, late=st.booleans())
def test_the_deltas_add_up(course: tuple[str, list[tuple[str, str]]], who: str, late: bool) -> None:
    check_that_the_deltas_add_up(*course, who, late=late)


@given(
    short=st.sampled_from(["谢", "1", "ha", "Oh"]),
    times=st.integers(2, 4),
    rest=st.lists(st.sampled_from(["你", "2", "!", " there"]), max_size=3),
    who=WHO,
)
def test_a_short_beginning_that_follows_itself_is_not_lost(short: str, times: int, rest: list[str], who: str) -> None:
    pieces = [*[short] * times, *rest]
    said = "".join(pieces)
    check_that_the_deltas_add_up(said, [*(("delta", piece) for piece in pieces), ("final", said)], who, late=True)


@given(short=st.sampled_from(["谢", "I", "Oh"]), times=st.integers(1, 4), who=WHO)
def test_a_short_beginning_that_is_repeated_with_what_follows_counts_once(short: str, times: int, who: str) -> None:
    so_far = [*[short] * times, f"{short} am", f"{short} am here"]
    check_that_the_deltas_add_up(so_far[-1], [("delta", each) for each in so_far], who, late=False)


async def test_what_follows_a_short_repetition_is_told_at_once(run: Run) -> None:
    run.server.response()
    run.server.answer("a")
    for piece in ("谢", "谢", "你", "们"):
        run.server.delta("output_audio_transcript", piece, "a")
    deltas = [event.delta.transcript for event in run.of("conversation.updated") if event.delta]
    assert deltas == ["谢", "谢你", "们"]


async def test_a_repeated_final_tells_nothing_and_counts_nothing(run: Run) -> None:
    run.server.user_item("u", content=[AUDIO])
    for _ in range(3):
        run.server.say(f"{SAID}.completed", item_id="u", content_index=0, transcript="Hello", usage=USAGE)
    emitted = [event for event in run.of("conversation.updated") if event.delta]
    assert [event.delta.transcript for event in emitted] == ["Hello"]
    assert len(run.of("conversation.updated")) == 3  # added, done, transcribed
    assert run.client.usage.transcription == USAGE


@pytest.mark.parametrize("known", [True, False])
async def test_usage_of_a_transcription_counts_once_whether_the_item_is_known_or_not(run: Run, known: bool) -> None:
    if known:
        run.server.user_item("u", content=[AUDIO])
    for _ in range(2):
        run.server.say(f"{SAID}.completed", item_id="u", content_index=0, transcript="Hello", usage=USAGE)
    run.server.say(f"{SAID}.completed", item_id="v", content_index=0, transcript="Hello", usage=USAGE)
    assert run.client.usage.transcription["total_tokens"] == 26


async def test_a_repeated_end_of_a_response_counts_nothing(run: Run) -> None:
    failed = {"type": "failed", "error": {"message": "Overloaded."}}
    for _ in range(2):
        run.server.response("resp_1")  # a server may use its ids again
        for _ in range(3):
            run.server.done("resp_1", status="failed", status_details=failed, usage=USAGE)
    assert run.client.usage.responses == 2
    assert run.client.usage.tokens["total_tokens"] == 26
    assert [error.message for error in run.errors] == ["Overloaded."] * 2


async def test_a_transcript_that_is_replaced_is_told_without_a_delta(run: Run) -> None:
    run.server.user_item("u", content=[AUDIO])
    run.server.say(f"{SAID}.delta", item_id="u", content_index=0, delta="Hallo")
    run.server.say(f"{SAID}.completed", item_id="u", content_index=0, transcript="Hello")
    assert run.events[-1].delta is None
    assert run.item("u").formatted.transcript == "Hello"


async def test_a_transcript_that_comes_with_its_item_is_a_delta(run: Run) -> None:
    run.server.user_item("u", content=[{**AUDIO, "transcript": "Hello"}])
    assert given_to_the_page(run, "u") == "Hello"
    run.server.say(f"{SAID}.completed", item_id="v", content_index=0, transcript="Early")
    run.server.user_item("v", previous="u", content=[AUDIO])
    assert given_to_the_page(run, "v") == "Early"


async def test_an_announcement_that_comes_late_undoes_nothing(run: Run) -> None:
    run.server.response()
    run.server.answer("a")
    for kind, key in (("output_audio_transcript", "transcript"), ("output_text", "text")):
        index = int(key == "text")
        run.server.delta(kind, "Hel", "a", index=index)
        part = {"type": "audio" if key == "transcript" else "text", key: ""}
        run.server.say("response.content_part.added", item_id="a", content_index=index, part=part)
        run.server.delta(kind, "lo", "a", index=index)
        assert run.item("a").content[index][key] == "Hello"


async def test_a_final_text_completes_its_deltas(run: Run) -> None:
    run.server.response()
    run.server.answer("a")
    run.server.delta("output_text", "Hel", "a")
    run.server.say("response.output_text.done", item_id="a", content_index=0, text="Hello")
    deltas = [event.delta.text for event in run.of("conversation.updated") if event.delta]
    assert deltas == ["Hel", "lo"]


async def test_an_item_that_was_deleted_begins_anew(run: Run) -> None:
    for _ in range(2):
        run.server.user_item("u", content=[AUDIO])
        run.server.say(f"{SAID}.delta", item_id="u", content_index=0, delta="Hi")
        run.server.say(f"{SAID}.completed", item_id="u", content_index=0, transcript="Hi")
        run.server.say("conversation.item.deleted", item_id="u")
    assert given_to_the_page(run, "u") == "HiHi"
