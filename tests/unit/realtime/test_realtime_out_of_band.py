"""Responses that are not part of the conversation."""

from __future__ import annotations

from typing import Any

import pytest
from realtime_server import Run, pcm, turns

METADATA = {"topic": "x"}


async def test_an_out_of_band_response_is_not_part_of_the_conversation(run: Run) -> None:
    run.client.create_response({"conversation": "none", "metadata": METADATA, "modalities": ["text"]})
    assert run.server.sent[-1]["response"]["output_modalities"] == ["text"]
    item = {"id": "o", "type": "message", "role": "assistant", "status": "completed", "content": []}
    run.server.say("response.created", response={"id": "oob", "conversation_id": None, "metadata": METADATA})
    run.server.say("response.output_item.added", response_id="oob", item=item)
    run.server.delta("output_text", "Secret", "o", response="oob")
    run.server.audio(pcm(1), "o")
    run.server.say("response.output_item.done", response_id="oob", item=item)
    run.server.say("response.done", response={"id": "oob", "conversation_id": None, "output": [item]})
    assert run.ids == []
    assert run.events == []
    assert run.server.played == [("o", pcm(1))]  # it is still heard


@pytest.mark.parametrize(
    "fields", [{"metadata": METADATA}, {"conversation_id": None}, {"conversation_id": None, "metadata": METADATA}]
)
@pytest.mark.parametrize("created", [True, False])
async def test_what_makes_a_response_out_of_band(run: Run, fields: Any, created: bool) -> None:
    run.client.create_response({"conversation": "none", "metadata": METADATA})
    run.client.create_response({"conversation": "none", "metadata": {"topic": "another"}})
    if "metadata" not in fields:  # null alone says so where others have a name
        run.server.response()
        run.server.done()
    item = {"id": "o", "type": "message", "role": "assistant", "status": "completed", "content": []}
    if created:
        run.server.say("response.created", response={"id": "oob", **fields})
        run.server.say("response.output_item.added", response_id="oob", item=item)
        run.server.say("response.output_item.done", response_id="oob", item=item)
    run.server.say("response.done", response={"id": "oob", **fields, "output": [item]})
    assert run.ids == []
    if "metadata" in fields:  # another of the same was not asked for
        run.server.say("response.created", response={"id": "r", "metadata": METADATA})
        run.server.say("response.output_item.added", response_id="r", item={**item, "id": "a"})
        assert run.ids == ["a"]


async def test_a_refused_out_of_band_request_makes_no_response_out_of_band(run: Run) -> None:
    run.client.realtime.send("response.create", {"response": {"conversation": "none", "metadata": METADATA}})
    run.server.say("error", error={"message": "No.", "event_id": run.server.sent[-1]["event_id"]})
    run.server.say("response.created", response={"id": "r", "metadata": METADATA})
    run.server.answer(response="r")
    assert run.ids == ["item_a"]


async def test_a_server_that_writes_null_for_every_conversation(run: Run) -> None:
    run.client.create_response()
    run.client.create_response({"instructions": "Next."})
    run.server.response(conversation_id=None)
    item: dict[str, Any] = {"id": "a", "type": "message", "role": "assistant", "status": "completed", "content": []}
    run.server.say("response.output_item.added", response_id="resp_1", item=item)
    assert run.ids == ["a"]
    assert len(run.server.sent_of("response.create")) == 1
    run.server.done(conversation_id=None)
    assert len(run.server.sent_of("response.create")) == 2
    # One that has named a conversation means null, even while another response is awaited.
    run.server.response("resp_2")
    run.server.done("resp_2")
    run.client.create_response()
    run.server.say("response.created", response={"id": "oob", "conversation_id": None})
    run.server.say("response.output_item.added", response_id="oob", item={**item, "id": "o"})
    assert run.ids == ["a"]


async def test_a_server_that_names_no_conversation_may_speak_unasked(run: Run) -> None:
    ran: list[Any] = []
    run.client.register_tool({"name": "f"}, ran.append)
    run.server.response(conversation_id=None)
    run.server.answer()
    run.server.call("f", "{}")
    run.server.done(conversation_id=None)
    await turns()
    assert run.ids == ["item_a", "item_call_1"]
    assert ran == [{}]


async def test_without_metadata_the_response_that_the_conversation_awaits_comes_first(run: Run) -> None:
    run.client.create_response({"conversation": "none"})
    run.server.say("error", error={"message": "No.", "event_id": None})  # it names nothing that was sent
    for id in ("r1", "r2"):
        run.client.create_response()
        run.server.response(id, conversation_id=None)
        run.server.say("response.output_item.added", response_id=id, item={"id": f"item_{id}"})
        run.server.done(id, conversation_id=None)
    assert run.ids == ["item_r1", "item_r2"]
    assert len(run.server.sent_of("response.create")) == 3
    run.server.response("aside", conversation_id=None)
    run.server.say("response.output_item.added", response_id="aside", item={"id": "o"})
    assert len(run.ids) == 2


async def test_unanswered_requests_do_not_pile_up(run: Run) -> None:
    for number in range(65):
        run.client.create_response({"conversation": "none", "metadata": {"n": str(number)}})
    for number in (0, 1, 64):
        run.server.say("response.created", response={"id": f"r{number}", "metadata": {"n": str(number)}})
        run.server.say("response.output_item.added", response_id=f"r{number}", item={"id": f"i{number}"})
    assert run.ids == ["i0"]  # forgotten by then
