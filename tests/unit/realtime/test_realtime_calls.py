"""Calls of tools: which are answered, how often, and when the model goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from realtime_server import Run, connected, turns


@pytest.fixture
def calls() -> list[Any]:
    """The arguments of each call of the tool."""
    return []


@pytest.fixture
async def run(calls: list[Any]) -> AsyncIterator[Run]:
    def f(args: Any) -> str:
        calls.append(args)
        return "done"

    run = await connected()
    run.client.register_tool({"name": "f"}, f)
    run.server.sent.clear()
    yield run
    await run.client.disconnect()


def answered(run: Run) -> list[str]:
    created = run.server.sent_of("conversation.item.create")
    return [event["item"]["call_id"] for event in created if event["item"]["type"] == "function_call_output"]


@pytest.mark.parametrize(("status", "goes_on"), [("completed", 1), ("incomplete", 1), ("failed", 0), ("cancelled", 0)])
@pytest.mark.parametrize("early", [True, False])
async def test_the_model_does_not_go_on_after_a_response_that_failed(
    run: Run, status: str, goes_on: int, early: bool
) -> None:
    run.server.response()
    run.server.call("f", "{}")
    if early:
        await turns()
    run.server.done(status=status)
    await turns()
    assert answered(run) == ["call_1"]
    assert len(run.server.sent_of("response.create")) == goes_on


async def test_a_call_id_that_recurs_in_a_later_response_is_another_call(run: Run, calls: list[Any]) -> None:
    for response in ("resp_1", "resp_2", "resp_3"):
        run.server.response(response)
        for _ in range(2):  # but not one that is announced again
            run.server.call("f", "{}", call="call_1", response=response)
        item = {"id": "item_call_1", "type": "function_call", "name": "f", "call_id": "call_1", "status": "completed"}
        run.server.done(response, output=[{**item, "arguments": "{}"}])
        await turns()
    assert answered(run) == ["call_1"] * 3
    assert len(calls) == 3
    assert len(run.server.sent_of("response.create")) == 3


async def test_two_calls_of_a_response_are_two(run: Run) -> None:
    run.server.response()
    run.server.call("f", "{}", call="a")
    run.server.call("f", "{}", call="b")
    run.server.done()
    await turns()
    assert answered(run) == ["a", "b"]
    assert len(run.server.sent_of("response.create")) == 1


@pytest.mark.parametrize("created", [True, False])
async def test_a_call_that_does_not_say_where_it_belongs_is_answered_once(run: Run, created: bool) -> None:
    if created:
        run.server.response()
    item = {"id": "i", "type": "function_call", "name": "f", "call_id": "c", "status": "completed", "arguments": "{}"}
    run.server.say("response.output_item.done", item=item)
    run.server.done(output=[item])
    await turns()
    assert answered(run) == ["c"]
    assert len(run.server.sent_of("response.create")) == 1


async def test_a_call_without_an_id_is_told_once_and_the_others_are_answered(run: Run) -> None:
    run.server.response()
    run.server.call("f", "{}", call="", id="item_x")
    run.server.call("f", "{}", call="", id="item_x")
    run.server.call("f", "{}", call="a")
    run.server.done()
    await turns()
    assert [(error.source, "without a call id" in error.message) for error in run.errors] == [("response", True)]
    assert answered(run) == ["a"]
    assert len(run.server.sent_of("response.create")) == 1


def refuse(run: Run, *, named: bool) -> None:
    asked = run.server.sent_of("response.create")[-1]
    run.server.say("error", error={"message": "Not now.", "event_id": asked["event_id"] if named else None})


@pytest.mark.parametrize("named", [True, False])
async def test_the_one_request_after_several_outputs_is_made_once_more(run: Run, named: bool) -> None:
    run.server.response()
    run.server.call("f", "{}", call="a")
    run.server.call("f", "{}", call="b")
    run.server.done()
    await turns()
    refuse(run, named=named)
    first, second = run.server.sent_of("response.create")
    assert first["event_id"] != second["event_id"]
    refuse(run, named=named)
    await turns()
    assert len(run.server.sent_of("response.create")) == 2
    assert len(run.errors) == 2
    run.client.create_response()
    assert len(run.server.sent_of("response.create")) == 3


async def test_the_one_request_after_several_messages_is_made_once_more(run: Run) -> None:
    run.server.response()
    for text in ("One", "Two", "Three"):
        run.client.send_user_message_content([{"type": "input_text", "text": text}])
    run.server.done()
    assert len(run.server.sent_of("response.create")) == 1
    refuse(run, named=True)
    assert len(run.server.sent_of("response.create")) == 2
    run.server.response("resp_2")
    run.server.done("resp_2")
    assert len(run.server.sent_of("response.create")) == 2


async def test_a_request_for_a_single_message_is_not(run: Run) -> None:
    run.client.send_user_message_content([{"type": "input_text", "text": "One"}])
    refuse(run, named=True)
    assert len(run.server.sent_of("response.create")) == 1


async def test_a_cancelled_one_is_not(run: Run) -> None:
    run.server.response()
    run.server.call("f", "{}")
    run.server.done()
    await turns()
    run.client.cancel()
    refuse(run, named=True)
    assert len(run.server.sent_of("response.create")) == 1
