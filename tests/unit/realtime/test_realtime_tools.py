"""Tools and the order of responses."""

from __future__ import annotations

import asyncio
import datetime
import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from realtime_server import Run, Server, connected, pcm, turns

from rtvi_web import DisconnectedError, InvalidArgumentError
from rtvi_web.realtime import BackgroundResult
from rtvi_web.realtime.protocol.responses import ResponseSequencer
from rtvi_web.realtime.tools import tool_of


@pytest.fixture
async def run() -> Any:
    run = await connected()
    yield run
    await run.client.disconnect()


def outputs(run: Run) -> list[tuple[str, str]]:
    items = [event["item"] for event in run.server.sent_of("conversation.item.create")]
    return [(item["call_id"], item["output"]) for item in items if item["type"] == "function_call_output"]


class Place(BaseModel):
    city: str
    zip: int | None = None


@dataclass
class Point:
    x: float
    y: float


def weather(place: Place, unit: Annotated[Literal["C", "F"], Field(description="The unit.")] = "C") -> dict[str, Any]:
    """How warm it is."""
    return {"city": place.city, "unit": unit, "t": 21}


# Definitions.


def test_a_typed_function_is_a_definition() -> None:
    tool = tool_of(weather)
    assert tool.definition["description"] == "How warm it is."
    assert tool.definition["parameters"]["properties"]["unit"]["enum"] == ["C", "F"]
    assert tool.definition["parameters"]["required"] == ["place"]
    assert tool.handler is not None
    assert tool.handler({"place": {"city": "Rome"}}) == {"city": "Rome", "unit": "C", "t": 21}


def test_a_definition_keeps_what_ga_knows() -> None:
    definition = {"name": "f", "description": "d", "operation_mode": "client_mode", "required": ["x"], "id": "1"}
    assert tool_of(definition).definition == {
        "type": "function",
        "name": "f",
        "description": "d",
        "parameters": {"type": "object", "properties": {}, "required": ["x"]},
    }


def test_invalid_tools_are_refused() -> None:
    class Odd:
        pass

    def odd(x: Odd) -> None: ...

    wrong: Any
    for wrong in ({}, {"name": ""}, {"name": 3}):
        with pytest.raises(InvalidArgumentError, match="Tool definition must have a name"):
            tool_of(wrong)
    for wrong in (lambda: 1, 3, None):
        with pytest.raises(InvalidArgumentError):
            tool_of(wrong)
    with pytest.raises(InvalidArgumentError, match="no JSON schema"):
        tool_of(odd)
    with pytest.raises(InvalidArgumentError, match="cannot be given by name"):
        tool_of(math_like)
    with pytest.raises(InvalidArgumentError, match="handler must be a function"):
        tool_of({"name": "f"}, "g")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="timeout must be"):
        tool_of({"name": "f"}, print, timeout=-1)


def math_like(x: float, /) -> float:
    return x


async def test_tools_come_and_go(run: Run) -> None:
    client = run.client
    client.add_tool({"name": "theirs", "description": "The page answers by itself."})
    client.add_tool({"type": "mcp", "server_label": "s", "server_url": "http://127.0.0.1/"})
    client.add_tool(weather)
    assert client.register_tool({"name": "mine"}, print) == {"name": "mine"}
    assert [tool.get("name") for tool in client.get_tools()] == ["theirs", None, "weather", "mine"]
    assert list(client.tools) == ["weather", "mine"]
    assert run.server.sent[-1]["session"] == {"type": "realtime", "tools": client.get_tools()}
    client.add_tool({"name": "theirs", "description": "Again."})
    client.register_tool({"name": "theirs"}, print)
    assert [tool.get("name") for tool in client.get_tools()] == [None, "weather", "mine", "theirs"]
    client.update_config({"instructions": "x"})
    assert "tools" not in run.server.sent[-1]["session"]
    client.update_config({"tools": [{"name": "listed"}]})
    assert [tool["name"] for tool in run.server.sent[-1]["session"]["tools"]] == ["listed", "weather", "mine", "theirs"]
    for name in ("weather", "never", "listed"):
        client.remove_tool(name)
    client.unregister_tool("mine")
    assert [tool["name"] for tool in run.server.sent[-1]["session"]["tools"]] == ["theirs"]
    with pytest.raises(InvalidArgumentError, match="handler must be a function"):
        client.register_tool({"name": "f"})


async def test_execute_runs_a_tool_here(run: Run) -> None:
    async def later(args: dict[str, Any]) -> int:
        return int(args["x"]) * 2

    run.client.register_tool({"name": "double"}, later)
    before = len(run.server.sent)
    assert await run.client.execute_tool("double", {"x": 2}) == 4
    with pytest.raises(KeyError):
        await run.client.execute_tool("double", {})
    with pytest.raises(InvalidArgumentError, match='Tool "never" is not registered'):
        await run.client.execute_tool("never", {})
    assert len(run.server.sent) == before


# Calls.


@pytest.mark.parametrize(
    ("result", "output"),
    [
        ("text", "text"),
        ({"x": 1}, '{"x": 1}'),
        (None, "null"),
        ([], "[]"),
        (Place(city="Rome"), '{"city":"Rome","zip":null}'),
        ({"all": [Place(city="Rome")]}, '{"all":[{"city":"Rome","zip":null}]}'),
        (Point(1.0, float("nan")), '{"x":1.0,"y":null}'),
        ({"x": float("nan")}, '{"x":null}'),
        ([datetime.date(2026, 1, 2)], '["2026-01-02"]'),
        ({"x"}, '["x"]'),
    ],
)
async def test_what_a_handler_returns_is_the_output(run: Run, result: Any, output: str) -> None:
    run.client.register_tool({"name": "f"}, lambda args: result)
    run.server.response()
    run.server.call("f", "{}")
    await turns()
    assert outputs(run) == [("call_1", output)]
    assert "response.create" not in run.server.types  # the response is still being made
    run.server.done()
    assert run.server.types[-1] == "response.create"


@pytest.mark.parametrize("opening", ["[", '{"a":'])
async def test_arguments_that_are_nested_too_deeply_are_an_error_for_the_model(
    run: Run, opening: str, reported: list[Any]
) -> None:
    run.client.register_tool({"name": "f"}, lambda args: "never")
    run.server.response()
    run.server.call("f", opening * 10_000)
    await turns()
    [(_, output)] = outputs(run)
    assert "nested more than 200 levels" in json.loads(output)["error"]
    assert len(reported) == 1
    reported.clear()


async def test_all_calls_are_answered_before_the_model_goes_on_once(run: Run) -> None:
    gates = {"a": asyncio.Event(), "b": asyncio.Event()}

    async def wait(which: str) -> str:
        await gates[which].wait()
        return which

    run.client.add_tool(wait)
    run.server.response()
    run.server.call("wait", '{"which": "a"}', call="call_a")
    run.server.call("wait", '{"which": "b"}', call="call_b")
    run.server.call("wait", '{"which": "b"}', call="call_b")  # announced twice
    run.server.done(output=[{"id": "item_call_a", "type": "function_call", "status": "completed"}])
    gates["b"].set()
    await turns()
    assert run.server.types == ["conversation.item.create"]
    gates["a"].set()
    await turns()
    assert outputs(run) == [("call_b", "b"), ("call_a", "a")]
    assert run.server.types.count("response.create") == 1


@pytest.mark.parametrize("status", ["incomplete", "in_progress"])
async def test_only_completed_calls_are_run(run: Run, status: str) -> None:
    run.client.register_tool({"name": "f"}, lambda args: "x")
    run.server.response()
    run.server.call("f", '{"half', status=status)
    run.server.done(status="cancelled")
    await turns()
    assert run.server.types == []


async def test_a_call_that_only_the_end_tells_of_is_run(run: Run) -> None:
    run.client.register_tool({"name": "f"}, lambda args: "x")
    run.server.response()
    item = {"id": "i", "type": "function_call", "name": "f", "call_id": "c", "arguments": "{}", "status": "completed"}
    run.server.done(output=[item])
    await turns()
    assert run.server.types == ["conversation.item.create", "response.create"]


async def test_calls_without_a_handler_are_left_to_others(run: Run) -> None:
    run.client.add_tool({"name": "theirs"})
    run.server.say("session.updated", session={"tools": [{"type": "function", "name": "the_servers"}]})
    run.server.response()
    run.server.call("theirs", "{}")
    run.server.call("the_servers", "{}", call="call_2")
    run.server.done()
    await turns()
    assert run.server.types == []
    assert run.errors == []


async def test_calls_of_tools_of_a_single_response_are_left_to_others(run: Run) -> None:
    tools = [{"name": "once", "parameters": {"type": "object"}}]
    run.client.create_response({"tools": tools})
    run.server.response()
    run.server.call("once", "{}")
    run.server.done()
    await turns()
    assert run.server.types == ["response.create"]
    assert run.errors == []


async def test_a_call_of_what_was_never_offered_does_not_stall_the_conversation(run: Run) -> None:
    run.server.response()
    run.server.call("never", "{}")
    run.server.done()
    await turns()
    assert outputs(run) == [("call_1", '{"error": "Tool \\"never\\" has not been added"}')]
    assert run.server.types[-1] == "response.create"
    assert [(error.source, "'never'" in error.message) for error in run.errors] == [("response", True)]


@pytest.mark.parametrize(("status", "runs"), [("completed", True), ("cancelled", False), ("incomplete", False)])
@pytest.mark.parametrize("listed", [True, False])
async def test_a_call_without_a_status_waits_for_the_end_of_its_response(
    run: Run, status: str, runs: bool, listed: bool
) -> None:
    called: list[Any] = []
    run.client.register_tool({"name": "f"}, called.append)
    item = {"id": "i", "type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"}
    run.server.response()
    run.server.say("response.output_item.added", response_id="resp_1", item={**item, "arguments": ""})
    run.server.say("conversation.item.done", previous_item_id=None, item=item)
    run.server.say("response.output_item.done", response_id="resp_1", item=item)
    await turns()
    assert called == []
    run.server.done(status=status, output=[item] if listed else [])
    await turns()
    assert called == [{}] * runs
    assert run.item("i").status == ("completed" if runs else "incomplete")


async def test_what_goes_wrong_is_told_to_the_model_and_reported(run: Run, reported: list[Any]) -> None:
    def fail(args: Any) -> None:
        raise ValueError("broken")

    async def never(args: Any) -> None:
        await asyncio.Event().wait()

    run.client.register_tool({"name": "fail"}, fail)
    run.client.register_tool({"name": "never"}, never, timeout=0.001)
    run.client.register_tool({"name": "odd"}, lambda args: object())
    run.client.add_tool(weather)
    run.server.response()
    calls = [
        ("fail", "{}", "ValueError: broken"),
        ("fail", "[1", "JSONDecodeError"),
        ("fail", "[1]", "are not an object"),
        ("never", "{}", "tool 'never' gave no result within 0.001 s"),
        ("odd", "{}", "Unable to serialize unknown type"),
        ("weather", '{"place": 3}', "validation error"),
    ]
    for number, (name, arguments, _) in enumerate(calls):
        run.server.call(name, arguments, call=f"call_{number}")
    run.server.done()
    assert await run.client.wait_for_next("client.response.create", 2)
    errors = {call: json.loads(output)["error"] for call, output in outputs(run)}
    for number, (_, _, reason) in enumerate(calls):
        assert reason in errors[f"call_{number}"]
    assert len(reported) == len(calls)
    reported.clear()


async def test_a_background_result_asks_for_no_response(run: Run) -> None:
    run.client.register_tool({"name": "note"}, lambda args: BackgroundResult({"ok": True}))
    run.server.response()
    run.server.call("note", "{}")
    run.server.done()
    await turns()
    assert outputs(run) == [("call_1", '{"ok": true}')]
    assert "response.create" not in run.server.types


async def test_a_tool_does_not_commit_what_the_person_is_saying(run: Run) -> None:
    run.client.register_tool({"name": "f"}, lambda args: "x")
    run.client.append_input_audio(b"\0\0")
    run.server.response()
    run.server.call("f", "{}")
    run.server.done()
    await turns()
    assert "input_audio_buffer.commit" not in run.server.types
    assert run.server.types[-1] == "response.create"


async def test_a_cancelled_response_asks_for_no_other(run: Run) -> None:
    run.client.register_tool({"name": "f"}, lambda args: "x")
    run.server.response()
    run.server.call("f", "{}")
    run.server.done(status="cancelled")
    await turns()
    assert run.server.types == ["conversation.item.create"]


async def test_results_of_a_session_that_is_over_are_dropped() -> None:
    run = await connected()
    gate, cancelled = asyncio.Event(), []

    async def slow(args: Any) -> str:
        try:
            await gate.wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise
        return "late"

    async def leave(args: Any) -> str:
        await run.client.disconnect()
        await run.client.connect()
        return "from before"

    run.client.register_tool({"name": "slow"}, slow)
    run.client.register_tool({"name": "leave"}, leave)
    run.server.response()
    run.server.call("slow", "{}")
    await turns()
    run.server.call("leave", "{}", call="call_2")
    await turns(60)
    assert cancelled == [True]
    assert run.client.is_connected()
    assert outputs(run) == []
    await run.client.disconnect()


async def test_a_result_that_is_too_large_is_told_as_an_error() -> None:
    run = await connected(server=Server(max_message_size=5000))
    run.client.register_tool({"name": "f"}, lambda args: "x" * 6000)
    run.server.response()
    run.server.call("f", "{}")
    run.server.done()
    await turns()
    ((_, output),) = outputs(run)
    assert "carries at most" in json.loads(output)["error"]
    assert run.server.types[-1] == "response.create"
    assert [error.source for error in run.errors] == ["message"]
    await run.client.disconnect()


# The order of responses.


async def test_a_response_waits_for_the_one_that_is_being_made(run: Run) -> None:
    run.server.response()
    for _ in range(3):
        assert run.client.create_response() is True
    run.client.create_response({"instructions": "First."})
    run.client.create_response({"instructions": "Second."})
    assert run.server.types == []
    for number in range(4):
        run.server.done(f"resp_{number + 1}")
        if number < 3:
            assert len(run.server.sent_of("response.create")) == number + 1
            run.server.response(f"resp_{number + 2}")
    created = run.server.sent_of("response.create")
    assert [event.get("response", {}).get("instructions") for event in created] == [None, "First.", "Second."]


async def test_a_request_that_collides_with_the_persons_turn_is_made_again(run: Run) -> None:
    run.client.create_response({"instructions": "Mine."})
    (mine,) = run.server.sent_of("response.create")
    run.server.response("resp_vad")  # the server answers the person, at the same moment
    code = "conversation_already_has_active_response"
    run.server.say("error", error={"code": code, "message": "Busy.", "event_id": mine["event_id"]})
    assert run.errors == []
    assert len(run.server.sent_of("response.create")) == 1
    run.server.done("resp_vad")
    assert [event["response"]["instructions"] for event in run.server.sent_of("response.create")] == ["Mine."] * 2


async def test_a_refused_request_lets_the_next_be_sent(run: Run) -> None:
    run.client.create_response({"instructions": "Bad."})
    run.client.create_response()
    (bad,) = run.server.sent_of("response.create")
    run.server.say("error", error={"message": "Not mine.", "event_id": "evt_other"})
    assert len(run.server.sent_of("response.create")) == 1
    run.server.say("error", error={"message": "No.", "event_id": bad["event_id"]})
    assert len(run.server.sent_of("response.create")) == 2
    assert [error.message for error in run.errors] == ["Not mine.", "No."]


async def test_a_refusal_that_names_no_request_lets_the_next_be_sent(run: Run) -> None:
    run.client.create_response()
    run.client.create_response({"instructions": "Next."})
    for code in ("input_audio_buffer_commit_empty", "response_cancel_not_active"):  # these are about something else
        run.server.say("error", error={"code": code, "message": "No.", "event_id": None})
    assert len(run.server.sent_of("response.create")) == 1
    run.server.say("error", error={"code": "rate_limit_exceeded", "message": "Too many.", "event_id": None})
    first, second = run.server.sent_of("response.create")
    assert [error.message for error in run.errors] == ["Too many."]
    # It was about something else: the first is still being made, and the second comes in its turn.
    run.server.response()
    collided = {"code": "conversation_already_has_active_response", "event_id": second["event_id"]}
    run.server.say("error", error=collided)
    run.server.say("error", error=collided)
    run.server.done()
    third = run.server.sent_of("response.create")[2:]
    assert third == [second]
    assert first != second


async def test_a_request_that_cannot_be_sent_is_refused_at_once_and_blocks_no_other(run: Run) -> None:
    run.client.append_input_audio(pcm(240))
    with pytest.raises(InvalidArgumentError, match="cannot be written as JSON"):
        run.client.create_response({"metadata": {"x": float("nan")}})
    assert run.server.types == ["input_audio_buffer.append"]
    run.client.create_response()
    run.server.response()
    with pytest.raises(InvalidArgumentError, match="cannot be written as JSON"):
        run.client.create_response({"metadata": {"x": float("nan")}})
    run.client.create_response({"instructions": "Next."})
    run.server.done()
    assert run.server.types[1:] == ["input_audio_buffer.commit", "response.create", "response.create"]


async def test_a_collision_may_name_any_response(run: Run) -> None:
    run.client.create_response()
    code = "conversation_already_has_active_response"
    run.server.say("error", error={"code": code, "message": "Busy.", "event_id": None})
    run.server.response("resp_x", conversation_id=None)
    run.server.done("resp_x", conversation_id=None)
    assert len(run.server.sent_of("response.create")) == 2


async def test_cancel_is_sent_once_and_only_while_there_is_something(run: Run) -> None:
    assert run.client.cancel() is False
    run.server.response()
    assert run.client.cancel() is True
    assert run.client.cancel() is False
    assert run.client.cancel_response() == (None,)
    assert run.server.types == ["response.cancel"]
    run.server.done(status="cancelled")
    run.client.create_response()  # asked for, and not made yet
    assert run.client.cancel() is True


async def test_a_failed_response_is_an_error_and_lets_the_next_be_sent(run: Run) -> None:
    run.server.response()
    run.client.create_response()
    details = {"type": "failed", "error": {"type": "server_error", "message": "Overloaded."}}
    run.server.done(status="failed", status_details=details)
    assert [(error.source, error.message) for error in run.errors] == [("response", "Overloaded.")]
    assert run.server.types == ["response.create"]


async def test_a_request_that_cannot_be_sent_is_forgotten() -> None:
    run = await connected()
    run.server.is_open = False
    with pytest.raises(DisconnectedError):
        run.client.create_response()
    run.server.is_open = True
    run.client.create_response()
    assert run.server.types == ["response.create"]
    await run.client.disconnect()
    with pytest.raises(DisconnectedError, match="Await connect"):
        run.client.create_response()


def test_cancelling_forgets_what_only_tools_asked_for() -> None:
    responses = ResponseSequencer()
    responses.created({"type": "response.created", "response": {"id": "r"}})
    responses.request(automatic=True)
    assert responses.cancel() is True
    responses.done({"type": "response.done", "response": {"id": "r"}})
    assert responses.take() is None
    responses.request(automatic=True)
    responses.request()  # somebody wants it too
    responses.cancel()
    assert responses.take() is not None


async def test_usage_adds_up(run: Run) -> None:
    details = {"cached_tokens": 1, "cached_tokens_details": {"text_tokens": 1}}
    for number in range(2):
        run.server.response(f"r{number}")
        usage = {"total_tokens": 30, "input_tokens": 20, "output_tokens": 10, "input_token_details": details}
        run.server.done(f"r{number}", usage=usage)
    assert run.client.usage.responses == 2
    assert run.client.usage.tokens["total_tokens"] == 60
    assert run.client.usage.tokens["input_token_details"]["cached_tokens_details"] == {"text_tokens": 2}
