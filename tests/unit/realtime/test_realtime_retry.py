"""A response that failed before any output is asked for again, if the page wants that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import Run, Server, connected, pcm, turns

from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime import RealtimeClient, RetryEvent

ERROR = {"type": "server_error", "message": "Overloaded."}
FAILED: dict[str, Any] = {"status": "failed", "status_details": {"type": "failed", "error": ERROR}, "output": []}
SPEECH = "input_audio_buffer.speech_started"


@pytest.fixture
async def run() -> Any:
    run = await retrying(2)
    yield run
    await run.client.disconnect()


async def retrying(count: int, **options: Any) -> Run:
    run = await connected(response_retries=count, **options)
    run.client.on("response.retrying", run.events.append)
    return run


def fail(run: Run, id: str) -> None:
    run.server.response(id)
    run.server.done(id, **FAILED)


def created(run: Run) -> list[Any]:
    return [event.get("response") for event in run.server.sent_of("response.create")]


def messages(run: Run) -> list[str]:
    return [error.message for error in run.errors]


async def test_it_is_repeated_with_its_options_and_fails_at_last(run: Run) -> None:
    options = {"instructions": "Be brief."}
    run.client.create_response(options)
    delays = []
    for number in range(3):
        began = asyncio.get_running_loop().time()
        if number:
            await run.client.wait_for_next("client.response.create")
        delays.append(asyncio.get_running_loop().time() - began)
        fail(run, f"r{number}")
        assert len(run.of("response.retrying")) == min(2, number + 1)
    assert delays == pytest.approx([0, 0.5, 1], abs=0.01)
    await asyncio.sleep(10)
    assert created(run) == [options] * 3
    assert run.of("response.retrying") == [
        RetryEvent("response.retrying", 1, 0.5, "Overloaded.", ERROR),
        RetryEvent("response.retrying", 2, 1.0, "Overloaded.", ERROR),
    ]
    assert messages(run) == ["Overloaded."]
    run.client.create_response()  # a new one may be repeated as often
    fail(run, "r3")
    await asyncio.sleep(1)
    assert created(run)[3:] == [None, None]


async def test_one_that_succeeds_is_told_as_usual(run: Run) -> None:
    run.client.create_response()
    fail(run, "r1")
    run.server.done("r1", **FAILED)  # a repetition
    await asyncio.sleep(1)
    assert created(run) == [None, None]
    run.server.response("r2")
    run.server.answer("a", response="r2")
    run.server.done("r2")
    await asyncio.sleep(10)
    assert (len(created(run)), messages(run)) == (2, [])


async def test_one_that_the_server_makes_by_itself_is_asked_for(run: Run) -> None:
    fail(run, "r1")
    await asyncio.sleep(1)
    assert created(run) == [None]


async def test_nothing_is_repeated_unless_the_page_wants_it() -> None:
    run = await retrying(0)
    run.client.create_response()
    fail(run, "r1")
    await asyncio.sleep(10)
    assert (len(created(run)), messages(run)) == (1, ["Overloaded."])
    await run.client.disconnect()


OUTPUTS: dict[str, Callable[[Run], object]] = {
    "item": lambda run: run.server.answer("a", response="r1"),
    "sound": lambda run: run.server.audio(pcm(240), "a"),
    "text": lambda run: run.server.delta("output_text", "Hi", "a", response="r1"),
    "transcript": lambda run: run.server.delta("output_audio_transcript", "Hi", "a", response="r1"),
    "call": lambda run: run.server.delta("function_call_arguments", "{", "a", response="r1"),
}


@pytest.mark.parametrize("output", [*OUTPUTS, "listed"])
async def test_one_with_any_output_is_not_repeated(run: Run, output: str) -> None:
    run.client.create_response()
    run.server.response("resp_1" if output == "sound" else "r1")
    if output in OUTPUTS:
        OUTPUTS[output](run)
    item = {"id": "a", "type": "message", "role": "assistant", "status": "incomplete", "content": []}
    listed = {"output": [item]} if output == "listed" else {}
    run.server.done("resp_1" if output == "sound" else "r1", **{**FAILED, **listed})
    await asyncio.sleep(10)
    assert (len(created(run)), messages(run)) == (1, ["Overloaded."])


ENDS: dict[str, Callable[[Run], Any]] = {
    "cancel": lambda run: run.client.cancel(),
    "cancel_response": lambda run: run.client.cancel_response(),
    "interrupt": lambda run: run.client.interrupt(),
    "speech": lambda run: run.server.say(SPEECH, item_id="u", audio_start_ms=0),
    "send_text": lambda run: run.client.send_text("Never mind."),
    "create_response": lambda run: run.client.create_response(),
    "disconnect": lambda run: run.client.disconnect(),
}


@pytest.mark.parametrize("tracks", [False, True])
@pytest.mark.parametrize("when", ["before", "between"])
@pytest.mark.parametrize("end", ENDS)
async def test_nothing_is_repeated_after_something_else(end: str, when: str, tracks: bool) -> None:
    run = await retrying(2, server=Server(carries_tracks=tracks))
    run.client.create_response({"instructions": "the first"})
    run.server.response("r1")
    if when == "between":
        run.server.done("r1", **FAILED)
    ending = ENDS[end](run)
    if hasattr(ending, "__await__"):
        await ending
    if when == "before" and end != "disconnect":
        run.server.done("r1", **FAILED)
    await asyncio.sleep(10)
    asked = [response for response in created(run) if response]
    assert asked == [{"instructions": "the first"}]
    assert len(created(run)) == 1 + (end in ("send_text", "create_response"))
    await run.client.disconnect()


async def test_one_cancelled_before_it_was_created_is_not_repeated(run: Run) -> None:
    run.client.create_response()
    run.client.cancel()
    fail(run, "r1")
    await asyncio.sleep(10)
    assert len(created(run)) == 1


async def test_one_out_of_band_is_not_repeated_and_disturbs_none(run: Run) -> None:
    aside = {"conversation": "none", "metadata": {"topic": "title"}}
    run.client.create_response(aside)
    run.server.say("response.created", response={"id": "x", "conversation_id": None, "metadata": {"topic": "title"}})
    run.client.create_response()
    run.server.response("r1")
    run.server.answer("t", response="x")
    run.server.done("r1", **FAILED)
    run.server.say("response.done", response={"id": "x", "conversation_id": None, **FAILED})
    await asyncio.sleep(10)
    assert created(run) == [aside, None, None]


@pytest.mark.parametrize("wrong", [-1, 6, True, 1.0, None, "2"])
def test_only_a_small_number_is_allowed(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="response_retries must be from 0 to 5"):
        RealtimeClient(transport=Server(), response_retries=wrong)


@given(st.integers(0, 3), st.lists(st.sampled_from(["fail", "output", "speech", "wait"]), max_size=12))
async def test_no_response_is_asked_for_more_often_than_allowed(limit: int, steps: list[str]) -> None:
    run = await retrying(limit)
    try:
        run.client.create_response()
        asked = 1
        for number, step in enumerate(steps):
            match step:
                case "fail" | "output" if len(created(run)) == asked:
                    asked += 1
                    run.server.response(f"r{number}")
                    if step == "output":
                        run.server.answer(f"a{number}", response=f"r{number}")
                    run.server.done(f"r{number}", **FAILED)
                case "speech":
                    run.server.say(SPEECH, item_id="u", audio_start_ms=0)
                case "wait":
                    await asyncio.sleep(5)
            await turns()
            assert len(created(run)) <= 1 + limit
    finally:
        await run.client.disconnect()
