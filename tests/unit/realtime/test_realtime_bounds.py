"""What a realtime server may make a page keep is bounded: whatever it sends, memory stops growing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from growth import PER_MESSAGE, growth
from realtime_server import SERVER_EVENTS, Run, turns

from rtvi_web.core.tasks import MAX_ANSWERING
from rtvi_web.realtime import RealtimeClient
from rtvi_web.realtime.connection import MAX_FRAME
from rtvi_web.realtime.protocol.item_list import MAX_ITEMS, MAX_SIZE
from rtvi_web.realtime.protocol.items import MAX_TEXT
from rtvi_web.testing import ScriptedRealtimeTransport


def realtime_fields(type: str, number: int) -> dict[str, Any]:
    """Everything that any event may have, and nothing twice."""
    call = {"type": "function_call", "name": f"f{number}", "call_id": f"call{number}", "arguments": "{}"}
    part = {"type": "output_text", "text": "hello", f"key{number}": number}
    message = {"type": "message", "role": ["user", "assistant"][number % 2], "content": [part, {"type": "input_audio"}]}
    item = {"id": f"item{number}", f"key{number}": number, **(call if number % 3 else message)}
    if number % 3 or number % 2:
        item["status"] = "completed"
    counts = {f"tokens{number}": number, "details": {f"more{number}": {f"deep{number}": {f"er{number}": 1}}}}
    response = {"id": f"response{number}", "output": [{**item, "id": f"other{number}"}], "usage": counts}
    fields = {
        "item": item,
        "item_id": f"item{number}",
        "previous_item_id": f"missing{number}",
        "response_id": f"response{number}",
        "content_index": number % 100,
        "part": part,
        "delta": "AAAA" if number % 2 else "AAA=",
        "transcript": f"words{number}",
        "text": f"words{number}",
        "arguments": "{}",
        "audio_start_ms": number,
        "audio_end_ms": number + 1,
        "response": response,
        "usage": counts,
        "error": {"code": f"code{number}", "event_id": f"event{number}", "message": "no"},
    }
    if type.startswith("session."):
        fields["session"] = {f"key{number}": "x" * 20_000, "audio": {f"key{number}": {}}}
    return fields


async def grows(send: Callable[[ScriptedRealtimeTransport, int], None]) -> float:
    transport = ScriptedRealtimeTransport()
    client = RealtimeClient(transport=transport, keep_audio=0.02)
    await client.connect()

    def receive(number: int) -> None:
        send(transport, number)
        transport.sent.clear()
        transport.frames.clear()
        transport.played.clear()

    result = await growth(receive)
    await client.disconnect()
    return result


@pytest.mark.parametrize("type", SERVER_EVENTS)
async def test_events_of_a_realtime_server(type: str) -> None:
    is_about_item = "item_id" in SERVER_EVENTS[type].model_fields

    def send(server: ScriptedRealtimeTransport, number: int) -> None:
        fields = realtime_fields(type, number)
        if is_about_item:
            server.say("conversation.item.added", **fields)
        server.say(type, **fields)

    assert await grows(send) < PER_MESSAGE


@pytest.mark.parametrize(
    "type",
    [
        *(f"conversation.item.input_audio_transcription.{step}" for step in ("delta", "completed", "failed")),
        *(f"input_audio_buffer.{step}" for step in ("speech_started", "speech_stopped", "committed")),
        *(f"response.{kind}.delta" for kind in ("output_text", "output_audio", "function_call_arguments")),
    ],
)
async def test_events_about_items_that_are_not_announced(type: str) -> None:
    assert await grows(lambda server, number: server.say(type, **realtime_fields(type, number))) < PER_MESSAGE


@pytest.fixture
async def run() -> Run:
    run = Run()
    await run.client.connect()
    return run


async def test_the_newest_items_are_kept(run: Run) -> None:
    for number in range(MAX_ITEMS + 5):
        run.server.user_item(f"item{number}", previous=f"item{number - 1}" if number else None)
    assert run.ids == [f"item{number}" for number in range(5, MAX_ITEMS + 5)]
    assert run.client.conversation.get_item("item4") is None
    run.server.user_item("first", previous="root")  # at the beginning, but the newest
    assert run.ids == ["first", *(f"item{number}" for number in range(6, MAX_ITEMS + 5))]


async def test_the_items_with_large_images_are_the_newest(run: Run) -> None:
    image = {"type": "input_image", "image_url": "data:image/png;base64," + "A" * (MAX_SIZE // 10)}
    for number in range(12):
        run.server.user_item(f"item{number}", content=[image])
    assert 3 <= len(run.ids) < 10
    assert "item11" in run.ids
    assert "item0" not in run.ids


@pytest.mark.parametrize("kind", ["output_text", "output_audio_transcript", "function_call_arguments"])
async def test_a_text_without_end(run: Run, kind: str) -> None:
    if kind == "function_call_arguments":
        run.server.call("f", "", status="in_progress")
        id = "item_call_1"
    else:
        run.server.answer(id := "item_a")
    for number in range(150):
        run.server.delta(kind, f"{number:1000}", id)
    item, key = run.item(id), kind.removeprefix("output_audio_")
    text = item.arguments if kind == "function_call_arguments" else item.content[0][key.removeprefix("output_")]
    given = [getattr(event.delta, key.rpartition("_")[2]) for event in run.of("conversation.updated") if event.delta]
    assert text == "".join(given)
    assert len(text) == MAX_TEXT
    run.server.say(f"response.{kind}.done", item_id=id, content_index=0, **{key.rpartition("_")[2]: "x" * 150_000})
    assert len(item.arguments or item.content[0][key.removeprefix("output_")]) == MAX_TEXT


async def test_a_frame_without_end(run: Run) -> None:
    run.server.say_text(json.dumps({"type": "x", "text": "x" * MAX_FRAME}))
    [error] = run.errors
    assert error.source == "message"
    assert len(error.message) < 300
    assert run.client.is_connected()


async def test_at_most_64_calls_are_answered_at_once(run: Run) -> None:
    go_on, begun = asyncio.Event(), 0

    async def work(_: Any) -> str:
        nonlocal begun
        begun += 1
        await go_on.wait()
        return "done"

    run.client.register_tool({"name": "work"}, work)
    for number in range(MAX_ANSWERING + 3):
        run.server.call("work", "{}", call=f"call{number}")
    await turns(5)
    outputs = [event["item"] for event in run.server.sent_of("conversation.item.create")]
    assert [output["call_id"] for output in outputs] == ["call64", "call65", "call66"]
    assert all("64 functions are running already" in json.loads(output["output"])["error"] for output in outputs)
    assert begun == MAX_ANSWERING == 64
    assert [error.message for error in run.errors] == ["Tool 'work' was not called: 64 calls are running."] * 3
    go_on.set()
    await turns(5)
    run.server.call("work", "{}", call="later")
    await turns(5)
    assert run.server.sent_of("conversation.item.create")[-1]["item"]["call_id"] == "later"
    assert begun == MAX_ANSWERING + 1
