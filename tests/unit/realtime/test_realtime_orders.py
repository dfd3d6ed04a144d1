"""Items of which the server announces nothing, or too late: whatever the order, they end up the same."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import Run, connected, turns

CALL = {"name": "f", "call_id": "call_1"}
ARGUMENTS = '{"city": "Oslo"}'


async def with_tool() -> tuple[Run, list[Any]]:
    called: list[Any] = []
    run = await connected()
    run.client.register_tool({"name": "f"}, called.append)
    run.server.sent.clear()
    return run, called


def streams(shared_id: bool, announced: list[bool], names_response: bool) -> dict[str, list[dict[str, Any]]]:
    """What is said of the person's item, the answer, and the call; each in its order, with or without announcements."""
    belongs = {"response_id": "resp_1"} if names_response else {}
    user = {"id": "item_u", "type": "message", "role": "user", "status": "completed"}
    answer = {"id": "item_a", "type": "message", "role": "assistant", "status": "in_progress", "content": []}
    call_id = "item_a" if shared_id else "item_c"
    call = {"id": call_id, "type": "function_call", "status": "in_progress", "arguments": "", **CALL}
    added = "response.output_item.added"
    said: dict[str, list[dict[str, Any]]] = {
        "user": [
            {"type": "conversation.item.added", "item": {**user, "content": [{"type": "input_audio"}]}},
            *({"type": _transcription("delta"), "item_id": "item_u", "delta": each} for each in ("Is it ", "cold?")),
            {"type": _transcription("completed"), "item_id": "item_u", "transcript": "Is it cold?"},
        ],
        "answer": [
            {"type": added, "item": answer, **belongs},
            *({"type": "response.output_audio_transcript.delta", "delta": each} for each in ("Let ", "me ", "see.")),
            {"type": "response.output_audio_transcript.done", "transcript": "Let me see."},
        ],
        "call": [
            {"type": added, "item": call, **belongs},
            *({"type": "response.function_call_arguments.delta", "delta": each} for each in ('{"city": ', '"Oslo"}')),
            {"type": "response.function_call_arguments.done", "arguments": ARGUMENTS, **CALL},
        ],
    }
    for name, id in (("answer", "item_a"), ("call", call_id)):
        said[name][1:] = [{"item_id": id, "content_index": 0, **belongs, **event} for event in said[name][1:]]
    for call_event in said["call"][1:]:
        call_event["call_id"] = "call_1"
    return {name: events[not keep :] for (name, events), keep in zip(said.items(), announced, strict=True)}


def _transcription(step: str) -> str:
    return f"conversation.item.input_audio_transcription.{step}"


@given(
    shared_id=st.booleans(),
    announced=st.lists(st.booleans(), min_size=3, max_size=3),
    announced_late=st.booleans(),
    names_response=st.booleans(),
    ends_early=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_what_is_said_of_items_makes_them_in_any_order(
    shared_id: bool,
    announced: list[bool],
    announced_late: bool,
    names_response: bool,
    ends_early: bool,
    order: random.Random,
) -> None:
    said = streams(shared_id, announced, names_response or ends_early)
    if announced_late:
        for events, keep in zip(said.values(), announced, strict=True):
            if keep:
                events.insert(order.randint(0, len(events) - 1), events.pop(0))
    labels = [name for name, events in said.items() for _ in events]
    order.shuffle(labels)
    end = order.randint(0, len(labels)) if ends_early else len(labels)
    labels.insert(end, "end")

    async def check() -> None:
        run, called = await with_tool()
        run.server.response()
        for label in labels:
            if label == "end":
                run.server.done()
            else:
                run.server.say(**said[label].pop(0))
        await turns()
        user = run.item("item_u")
        answer, call = (_only(run, type, role) for type, role in (("message", "assistant"), ("function_call", None)))
        assert (user.role, user.formatted.transcript) == ("user", "Is it cold?")
        assert answer.formatted.transcript == "Let me see."
        assert (call.name, call.call_id, call.arguments) == ("f", "call_1", ARGUMENTS)
        assert len(run.ids) == 3
        assert {item.status for item in (user, answer, call)} == {"completed"}
        for kind in ("conversation.item.appended", "conversation.item.completed"):
            assert sorted(event.item.id for event in run.of(kind)) == sorted(run.ids)
        for item in (user, answer):
            deltas = [event.delta.transcript for event in run.of("conversation.updated") if _is_about(event, item)]
            assert "".join(filter(None, deltas)) == item.formatted.transcript
        assert called == [{"city": "Oslo"}]
        assert run.server.types == ["conversation.item.create", "response.create"]
        assert run.errors == []
        await run.client.disconnect()

    asyncio.run(check())


def _only(run: Run, type: str, role: str | None) -> Any:
    (item,) = [item for item in run.client.get_conversation_items() if (item.type, item.role) == (type, role)]
    return item


def _is_about(event: Any, item: Any) -> bool:
    return event.item is item and event.delta is not None


MESSAGE = {"item_id": "item_x", "content_index": 0}
NEWS: list[tuple[dict[str, Any], tuple[str, str | None]]] = [
    *(
        ({"type": _transcription(step), **MESSAGE, **fields}, ("message", "user"))
        for step, fields in (
            ("delta", {"delta": "Hi"}),
            ("segment", {"text": "Hi"}),
            ("completed", {"transcript": "Hi"}),
            ("failed", {"error": {"message": "Noise."}}),
        )
    ),
    *(
        ({"type": f"response.{kind}", **MESSAGE, **fields}, ("message", "assistant"))
        for kind, fields in (
            ("content_part.added", {"part": {"type": "output_text", "text": ""}}),
            ("content_part.done", {"part": {"type": "output_text", "text": "Hi"}}),
            ("output_text.delta", {"delta": "Hi"}),
            ("text.delta", {"delta": "Hi"}),
            ("output_text.done", {"text": "Hi"}),
            ("output_audio.delta", {"delta": "AQA="}),
            ("audio.delta", {"delta": "AQA="}),
            ("output_audio_transcript.delta", {"delta": "Hi"}),
            ("output_audio_transcript.done", {"transcript": "Hi"}),
        )
    ),
    *(
        ({"type": f"response.{kind}_arguments.{step}", "item_id": "item_x", **fields}, (kind, None))
        for kind in ("function_call", "mcp_call")
        for step, fields in (("delta", {"delta": "{"}), ("done", {"arguments": "{}"}))
    ),
]


@pytest.mark.parametrize(("event", "made"), NEWS)
@pytest.mark.parametrize("response", ["active", "named", "none"])
async def test_every_event_about_an_item_makes_it(event: dict[str, Any], made: Any, response: str) -> None:
    run = await connected()
    if response != "none":
        run.server.response()
    named = {"response_id": "resp_1"} if response == "named" else {}
    run.server.say(**event, **named)
    item = run.item("item_x")
    assert (item.type, item.role) == made
    assert item.status in ("in_progress", "completed")
    assert [each.item for each in run.of("conversation.item.appended")] == [item]
    if response != "none" and item.role != "user":
        run.server.done()
        assert item.status == ("completed" if item.type == "message" or event["type"].endswith("done") else item.status)
        assert item.status != "in_progress"
    await run.client.disconnect()


DONE = {"type": "response.output_item.done", "item": {"id": "item_x", "type": "message", "role": "assistant"}}


@pytest.mark.parametrize("event", [*(event for event, _ in NEWS), DONE, {**DONE, "type": "conversation.item.done"}])
async def test_an_item_that_was_deleted_is_not_made_again(event: dict[str, Any]) -> None:
    run = await connected()
    run.server.response()
    run.server.answer("item_x")
    run.server.say("conversation.item.deleted", item_id="item_x")
    run.server.say(**event)
    run.server.done(output=[{"id": "item_x", "type": "message", "role": "assistant", "content": []}])
    assert run.ids == []
    run.server.user_item("item_x")  # but a new one may have its id
    assert run.ids == ["item_x"]
    await run.client.disconnect()


@pytest.mark.parametrize("event", [*(event for event, (_, role) in NEWS if role != "user"), DONE])
@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("announced", [True, False])
async def test_an_item_out_of_band_is_not_made(event: dict[str, Any], named: bool, announced: bool) -> None:
    run = await connected()
    run.client.create_response({"conversation": "none", "metadata": {"topic": "x"}})
    run.server.say("response.created", response={"id": "resp_o", "conversation_id": None, "metadata": {"topic": "x"}})
    belongs = {"response_id": "resp_o"} if named else {}
    if announced:
        run.server.say("response.output_item.added", item={"id": "item_x", "type": "message"}, **belongs)
    run.server.say(**event, **belongs)
    run.server.say("response.done", response={"id": "resp_o", "status": "completed", "output": [DONE["item"]]})
    run.server.say(**event)
    assert run.ids == []
    await run.client.disconnect()


@pytest.mark.parametrize("others", [[], ["message"], ["message", "call_0"], ["call_0"]])
async def test_calls_have_items_of_their_own_where_ids_collide(others: list[str]) -> None:
    run, called = await with_tool()
    run.server.response()
    for other in others:
        if other == "message":
            run.server.answer("item_x")
        else:
            done = {"item_id": "item_x", "call_id": other, "name": "f", "arguments": '{"call": 0}'}
            run.server.say("response.function_call_arguments.done", **done)
    for step, fields in (("delta", {"delta": '{"call": 1}'}), ("done", {"name": "f", "arguments": '{"call": 1}'})):
        run.server.say(f"response.function_call_arguments.{step}", item_id="item_x", call_id="call_1", **fields)
    run.server.delta("output_text", "Hi", "item_x")
    item = {"id": "item_x", "type": "message", "role": "assistant", "status": "completed"}
    run.server.say("response.output_item.done", response_id="resp_1", item=item)
    run.server.done()
    await turns()
    items = run.client.get_conversation_items()
    assert [each.formatted.text for each in items if each.type == "message"] == ["Hi"]
    calls = [each.call_id or "" for each in items if each.type == "function_call"]
    assert calls == [*(each for each in others if each != "message"), "call_1"]
    assert called == [{"call": int(each[-1])} for each in calls]
    assert len(run.server.sent_of("response.create")) == 1
    await run.client.disconnect()


async def test_a_call_may_have_no_item_at_all() -> None:
    run, called = await with_tool()
    run.server.response()
    for step, fields in (("delta", {"delta": "{}"}), ("done", {"name": "f", "arguments": "{}"})):
        run.server.say(f"response.function_call_arguments.{step}", call_id="call_1", **fields)
    await turns()
    assert called == [{}]
    assert len(run.ids) == 1
    await run.client.disconnect()


@pytest.mark.parametrize(
    ("arguments", "status", "runs"),
    [("", "completed", True), ("", "cancelled", False), ('{"city": "Os', "cancelled", False)],
)
async def test_a_call_whose_arguments_may_be_cut_short_waits_for_its_response(
    arguments: str, status: str, runs: bool
) -> None:
    run, called = await with_tool()
    run.server.response()
    run.server.say("response.function_call_arguments.done", item_id="item_x", arguments=arguments, **CALL)
    await turns()
    assert called == []
    run.server.done(status=status)
    await turns()
    answered = run.server.sent_of("conversation.item.create")
    assert bool(answered) is runs
    await run.client.disconnect()


async def test_a_call_without_a_name_is_not_complete() -> None:
    run, called = await with_tool()
    run.server.response()
    run.server.say("response.function_call_arguments.done", item_id="item_x", call_id="call_1", arguments="{}")
    assert run.item("item_x").status == "in_progress"
    run.server.call("f", "{}", id="item_x")
    run.server.done()
    await turns()
    assert called == [{}]
    await run.client.disconnect()


# Places and deletions.


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True, min_size=1))
def test_null_means_first_only_while_there_is_no_other_item(ids: list[str]) -> None:
    async def check() -> None:
        run = await connected()
        for id in ids:
            run.server.user_item(id, previous=None)
        assert run.ids == ids
        run.server.user_item("first", previous="root")
        assert run.ids == ["first", *ids]
        await run.client.disconnect()

    asyncio.run(check())


@given(st.lists(st.sampled_from(["named", "unnamed", "refused"]), max_size=6))
def test_deleted_without_an_id_means_the_oldest_deletion(answers: list[str]) -> None:
    async def check() -> None:
        run = await connected()
        ids = [f"item_{number}" for number in range(len(answers))]
        for id in ids:
            run.server.user_item(id)
        for id in ids:
            run.client.realtime.send("conversation.item.delete", {"item_id": id})
        deletions = run.server.sent_of("conversation.item.delete")
        for answer, deletion in zip(answers, deletions, strict=True):
            if answer == "refused":
                run.server.say("error", error={"message": "No.", "event_id": deletion["event_id"]})
            else:
                run.server.say("conversation.item.deleted", item_id=deletion["item_id"] if answer == "named" else "")
        assert run.ids == [id for id, answer in zip(ids, answers, strict=True) if answer == "refused"]
        run.server.say("conversation.item.deleted", item_id="")  # of nothing
        assert len(run.ids) == answers.count("refused")
        await run.client.disconnect()

    asyncio.run(check())
