"""Nothing that a server sends raises out of the client, makes it wait without end, or makes it grow without limit."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from realtime_server import SERVER_EVENTS, Run, turns

from rtvi_web.realtime.protocol.wire import decode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
IDS = st.sampled_from(["a", "b", "c"]) | JSON
CONTENT = st.lists(
    st.fixed_dictionaries({"type": st.sampled_from(["text", "audio", "input_audio", "output_text"]) | JSON})
    | st.fixed_dictionaries({}, optional={"text": JSON, "transcript": JSON, "audio": JSON})
    | JSON,
    max_size=3,
)
ITEMS = JSON | st.fixed_dictionaries(
    {"id": IDS, "type": st.sampled_from(["message", "function_call", "function_call_output"]) | JSON},
    optional={
        "role": st.sampled_from(["user", "assistant", "system"]) | JSON,
        "status": st.sampled_from(["completed", "in_progress"]) | JSON,
        "content": CONTENT | JSON,
        "name": st.just("f") | JSON,
        "call_id": IDS,
        "arguments": st.just("{}") | JSON,
        "output": JSON,
    },
)
RESPONSES = JSON | st.fixed_dictionaries(
    {"id": IDS},
    optional={
        "conversation_id": JSON,
        "output": st.lists(ITEMS, max_size=2) | JSON,
        "status": st.sampled_from(["completed", "failed", "cancelled"]) | JSON,
        "status_details": JSON,
        "usage": JSON,
    },
)
BETA = ["response.text.delta", "response.audio.delta", "response.audio_transcript.done", "unknown.event"]
EVENTS = st.fixed_dictionaries(
    {"type": st.sampled_from([*SERVER_EVENTS, *BETA])},
    optional={
        "item_id": IDS,
        "response_id": IDS,
        "previous_item_id": IDS | st.just("root"),
        "content_index": st.integers(-1, 100) | JSON,
        "delta": st.sampled_from(["AAAA", "x"]) | JSON,
        "text": JSON,
        "transcript": JSON,
        "arguments": JSON,
        "name": JSON,
        "audio_start_ms": JSON | st.just(10**18),
        "audio_end_ms": JSON | st.just(1e300),
        "item": ITEMS,
        "part": JSON | st.fixed_dictionaries({"type": st.just("text")}, optional={"text": JSON, "audio": JSON}),
        "response": RESPONSES,
        "error": JSON | st.fixed_dictionaries({}, optional={"code": JSON, "message": JSON, "event_id": JSON}),
        "usage": JSON,
        "session": JSON,
    },
)
FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def converse(frames: list[str], reports: list[Any]) -> None:
    """A session in which the server says all this; what would have been reported is complained about."""

    async def session() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reports.append(context))
        run = Run(config={"turn_detection": {"type": "server_vad"}})
        run.client.register_tool({"name": "f"}, lambda args: "x")
        run.client.on("*", lambda event: repr(event))
        await run.client.connect()
        run.client.append_input_audio(bytes(4800))
        for frame in frames:
            run.server.say_text(frame)
        await turns()
        run.client.export_history()
        ids = run.ids
        assert len(ids) == len(set(ids))
        assert all(run.item(id).id == id for id in ids)
        await run.client.disconnect()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(session())


@FUZZ
@given(st.lists(EVENTS, max_size=8))
def test_events_that_make_no_sense(events: list[dict[str, Any]]) -> None:
    reports: list[Any] = []
    converse([json.dumps(event) for event in events], reports)
    # The model's own arguments may be nonsense, which its tool reports; nothing else may be.
    assert [each for each in reports if "tool" not in each["message"]] == []


@FUZZ
@given(st.lists(st.text(max_size=20) | JSON.map(json.dumps), max_size=5))
def test_frames_that_are_no_events(frames: list[str]) -> None:
    reports: list[Any] = []
    converse(frames, reports)
    assert reports == []


def test_frames_that_are_not_events_are_refused() -> None:
    for text in (
        "",
        "[",
        "1",
        "[]",
        "{}",
        '{"type": 1}',
        "[" * 100_000,
        f'{{"type": "x", "a": {"[" * 201}{"]" * 201}}}',
    ):
        assert decode(text) is None
    assert decode('{"type": "response.audio.delta"}') == {"type": "response.output_audio.delta"}


async def test_a_frame_that_is_no_event_is_an_error_event() -> None:
    run = Run()
    await run.client.connect()
    run.server.say_text("{nonsense")
    (error,) = run.errors
    assert error.source == "message"
    assert error.message == "The server sent a frame that is not an event: {nonsense"
    await run.client.disconnect()


@pytest.mark.parametrize("name", sorted(SERVER_EVENTS))
async def test_every_event_of_the_protocol_reaches_handlers(name: str) -> None:
    run = Run()
    heard: list[Any] = []
    run.client.on(f"server.{name}", heard.append)
    await run.client.connect()
    before = len(heard)
    run.server.say(name)
    assert [event["type"] for event in heard[before:]] == [name]
    await run.client.disconnect()
