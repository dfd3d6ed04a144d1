"""Tools: their definitions, and the calls of them."""

from __future__ import annotations

import asyncio
import datetime
import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field
from realtime_server import Run, Server, connected, turns

from rtvi_web import InvalidArgumentError
from rtvi_web.realtime import BackgroundResult
from rtvi_web.realtime.tools import tool_of


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
