"""What handlers do with events, and what servers and pages leave out."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from realtime_server import Run, connected, pcm, turns

from rtvi_web.realtime.protocol.session_config import merge, to_ga


def spoil(value: Any) -> None:
    """Change everything in an event."""
    if isinstance(value, dict):
        for each in list(value.values()):
            spoil(each)
        value.clear()
        value["type"] = "spoiled"
    elif isinstance(value, list):
        for each in value:
            spoil(each)
        value.clear()


@pytest.mark.parametrize(
    "pattern", ["*", "realtime.event", "server.*", "client.*", "error", "conversation.interrupted"]
)
async def test_handlers_cannot_corrupt_the_session(pattern: str) -> None:
    clean, spoiled = await connected(), await connected()

    def handle(event: Any) -> None:
        spoil(event if isinstance(event, dict) else getattr(event, "event", None) or getattr(event, "error", None))

    spoiled.client.on(pattern, handle)
    spoiled.client.realtime.on(pattern, handle)
    for run in (clean, spoiled):
        run.client.register_tool({"name": "f"}, lambda args: args)
        run.client.create_response({"conversation": "none", "metadata": {"topic": "x"}})
        run.server.response("aside", conversation_id=None, metadata={"topic": "x"})
        run.server.done("aside", conversation_id=None, metadata={"topic": "x"})
        run.server.response()
        run.server.answer()
        run.server.audio(pcm(1440))
        run.server.say("input_audio_buffer.speech_started", item_id="u", audio_start_ms=0)
        run.server.call("f", '{"x": 1}', annotations={"deep": [1]})
        run.server.say("error", error={"message": "No.", "param": ["x"]})
        failed = {"code": "unintelligible"}
        run.server.user_item("u", content=[{"type": "input_audio"}])
        run.server.say("conversation.item.input_audio_transcription.failed", item_id="u", content_index=0, error=failed)
        run.server.done(output=[], usage={"total_tokens": 13})
        await turns(20)
    assert len(spoiled.item("item_a").formatted.audio) == 1440
    assert spoiled.item("item_call_1").extra == {"annotations": {"deep": [1]}}
    assert spoiled.item("u").formatted.transcript_error == {"code": "unintelligible"}
    assert [repr(item) for item in spoiled.client.get_conversation_items()] == [
        repr(item) for item in clean.client.get_conversation_items()
    ]
    assert spoiled.server.played == clean.server.played
    assert spoiled.client.usage.tokens == {"total_tokens": 13}
    assert [event["type"] for event in spoiled.server.sent] == [event["type"] for event in clean.server.sent]
    for run in (clean, spoiled):
        await run.client.disconnect()


async def test_what_the_page_changes_after_sending_changes_nothing(run: Run) -> None:
    metadata = {"topic": "x"}
    run.client.realtime.send("response.create", {"response": {"conversation": "none", "metadata": metadata}})
    metadata["topic"] = "changed"
    run.server.response("aside", conversation_id=None, metadata={"topic": "x"})
    run.server.answer(response="aside")
    assert run.ids == ["item_a"]  # announced in the conversation, and only there
    run.server.say("response.output_item.added", response_id="aside", item={"id": "item_b", "type": "message"})
    assert run.ids == ["item_a"]


async def test_the_bytes_that_were_sent_are_those_that_were_given(run: Run) -> None:
    run.client.on("client.*", spoil)
    run.client.append_input_audio(pcm(1440))
    assert base64.b64decode(run.server.sent[-1]["audio"]) == pcm(1440)
    assert bytes(run.client.input_audio_buffer) == pcm(1440)


@pytest.mark.parametrize(
    "given",
    [
        {"audio": None},
        {"audio": {}},
        {"audio": {"input": None}},
        {"audio": {"input": None, "output": None}},
    ],
)
def test_none_for_a_whole_side_means_not_set(given: dict[str, Any]) -> None:
    assert to_ga(given) == {}
    base = to_ga({"audio": {"input": {"turn_detection": {"type": "server_vad"}}, "output": {"voice": "marin"}}})
    assert merge(base, to_ga(given)) == base


async def test_a_page_that_sets_no_side_can_be_updated(run: Run) -> None:
    run.client.update_config({"audio": {"input": None, "output": {"voice": "marin"}}, "instructions": "Hi."})
    assert run.server.sent[-1]["session"] == {
        "type": "realtime",
        "instructions": "Hi.",
        "audio": {"output": {"voice": "marin"}},
    }
    assert run.client.get_turn_detection_type() is None


@pytest.mark.parametrize(
    ("item", "added", "done"),
    [
        ({"type": "message", "role": "user"}, "completed", "completed"),
        ({"type": "message", "role": "system"}, "completed", "completed"),
        ({"type": "message", "role": "assistant"}, "in_progress", "completed"),
        ({"type": "function_call", "call_id": "c", "name": "f"}, "in_progress", "completed"),
        ({"type": "function_call_output", "call_id": "c", "output": ""}, "completed", "completed"),
        ({"type": "mcp_list_tools", "server_label": "x"}, "completed", "completed"),
    ],
)
@pytest.mark.parametrize("first", ["added", "created", "retrieved", "done"])
async def test_items_without_a_status_have_one(
    run: Run, item: dict[str, Any], added: str, done: str, first: str
) -> None:
    item = {"id": "i", **item}
    run.server.say(f"conversation.item.{first}", previous_item_id=None, item=item)
    assert run.item("i").status == (added if first in ("added", "created") else done)
    if first == "added":
        run.server.say("conversation.item.done", previous_item_id=None, item=item)
        assert run.item("i").status == done
    assert len(run.of("conversation.item.completed")) == (run.item("i").status == "completed")
