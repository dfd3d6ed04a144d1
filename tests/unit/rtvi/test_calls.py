"""What the conversation records of function calls, and which of them the page answers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from conversations import Heard
from hypothesis import given
from hypothesis import strategies as st
from sessions import Run, ready, turns

from rtvi_web import FunctionCall
from rtvi_web.testing import expect


def records(heard: Heard) -> list[tuple[str, str | None, str]]:
    calls = [call for turn in heard.conversation.turns for call in turn.function_calls]
    return [(call.tool_call_id, call.function_name, call.status) for call in calls]


def begin(heard: Heard, id: str = "1", **data: Any) -> None:
    heard.hear("llm-function-call-in-progress", tool_call_id=id, **data)


def stop(heard: Heard, id: str = "1", **data: Any) -> None:
    heard.hear("llm-function-call-stopped", tool_call_id=id, **data)


class TestRecords:
    @pytest.mark.parametrize(("cancelled", "status"), [(True, "cancelled"), (False, "done")])
    def test_a_stop_that_overtakes_its_call(self, cancelled: bool, status: str) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        stop(heard, cancelled=cancelled, result=5)
        begin(heard, function_name="f", arguments={"a": 1})
        [call] = heard.bot.function_calls
        assert (call.function_name, call.arguments, call.status, call.result) == ("f", {"a": 1}, status, 5)
        assert not heard.bot.waits_for_functions

    def test_the_next_answer_may_number_its_calls_alike(self) -> None:
        heard = Heard()
        for _ in range(2):
            heard.hear("bot-llm-started")
            begin(heard, function_name="f")
            stop(heard)
        heard.hear("bot-llm-started")
        begin(heard, function_name="f")
        assert records(heard) == [("1", "f", "done"), ("1", "f", "done"), ("1", "f", "in-progress")]

    def test_calls_without_an_id_are_many(self) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        for name in ("f", "g", "f"):
            begin(heard, "", function_name=name)
        stop(heard, "", function_name="g")
        stop(heard, "", function_name="f", cancelled=True)
        assert records(heard) == [("", "f", "cancelled"), ("", "g", "done"), ("", "f", "in-progress")]
        stop(heard, "")
        stop(heard, "")
        assert [status for _, _, status in records(heard)] == ["cancelled", "done", "done", "done"]

    def test_an_unknown_call_that_has_stopped(self) -> None:
        heard = Heard()
        stop(heard, function_name="f", result={"x": 1})
        [call] = heard.bot.function_calls
        assert (call.function_name, call.status, call.result) == ("f", "done", {"x": 1})

    def test_it_belongs_to_the_bot_s_last_turn(self) -> None:
        heard = Heard()
        heard.answer("Hello!")
        heard.hear("bot-interrupted")
        heard.hear("user-transcription", text="Stop", final=True)
        stop(heard, cancelled=True)
        assert [len(turn.function_calls) for turn in heard.conversation.turns] == [1, 0]

    def test_a_stop_fills_in_the_name(self) -> None:
        heard = Heard()
        begin(heard)
        stop(heard, function_name="f")
        assert records(heard) == [("1", "f", "done")]
        stop(heard, function_name="g", cancelled=True)
        assert records(heard) == [("1", "f", "done")], "it has stopped once"

    def test_the_end_of_a_session_cancels_calls_in_older_turns_too(self) -> None:
        heard = Heard()
        begin(heard, "old")
        heard.conversation.end_session()
        heard.conversation.turns[0].function_calls[0].status = "in-progress"  # of another session: left alone
        begin(heard, "1")
        heard.hear("bot-interrupted")
        for text in ("one", "two", "three"):
            heard.hear("user-transcription", text=text, final=True, user_id=text)
        begin(heard, "2")
        stop(heard, "3")
        changed = heard.conversation.end_session()
        assert [status for _, _, status in records(heard)] == ["in-progress", "cancelled", "cancelled", "done"]
        assert heard.conversation.turns[1] in changed
        assert len(changed) == len({turn.id for turn in changed})

    @given(st.permutations(["in-progress", "legacy", "stopped"]))
    def test_one_call_in_any_order_of_its_messages(self, order: list[str]) -> None:
        heard = Heard()
        heard.hear("bot-llm-started")
        for message in order:
            match message:
                case "in-progress":
                    begin(heard, function_name="f", arguments={"a": 1})
                case "legacy":
                    heard.hear("llm-function-call", tool_call_id="1", function_name="f", args={"a": 1})
                case "stopped":
                    stop(heard, cancelled=True)
        assert records(heard) == [("1", "f", "cancelled")]
        assert heard.bot.function_calls[0].arguments == {"a": 1}


CALL = {"tool_call_id": "1", "function_name": "f", "arguments": {}}


def receive(run: Run, type: str, **data: Any) -> None:
    assert run.transport.receiver
    run.transport.receiver.receive(json.dumps({"label": "rtvi-ai", "type": type, "data": {**CALL, **data}}))


@pytest.mark.usefixtures("tidy")
class TestHandlers:
    async def test_a_call_that_was_cancelled_before_it_came_is_not_answered(self) -> None:
        run = await ready()
        calls: list[FunctionCall] = []
        run.client.register_function_call_handler("f", calls.append)
        sent = len(run.transport.sent)
        receive(run, "llm-function-call-stopped", cancelled=True)
        for type in ("llm-function-call-in-progress", "llm-function-call"):
            receive(run, type)
        await turns(5)
        assert calls == []
        assert len(run.transport.sent) == sent
        [record] = run.client.conversation.turns[0].function_calls
        assert record.status == "cancelled"
        await run.client.disconnect()

    @pytest.mark.parametrize("id", ["1", ""])
    @pytest.mark.parametrize("stubborn", [True, False])
    async def test_a_handler_is_cancelled_with_its_call(self, id: str, stubborn: bool) -> None:
        run = await ready()
        ended: list[str] = []

        async def handler(call: FunctionCall) -> str:
            try:
                await asyncio.sleep(10)
            except asyncio.CancelledError:
                ended.append("cancelled")
                if not stubborn:
                    raise
            return "a result that comes too late"

        run.client.register_function_call_handler("f", handler)
        sent = len(run.transport.sent)
        receive(run, "llm-function-call-in-progress", tool_call_id=id)
        await turns(3)
        receive(run, "llm-function-call-stopped", tool_call_id=id, cancelled=True)
        await turns(5)
        await asyncio.sleep(20)
        assert ended == ["cancelled"]
        assert len(run.transport.sent) == sent
        await run.client.disconnect()

    async def test_other_handlers_go_on(self) -> None:
        run = await ready(*[expect("llm-function-call-result")] * 2)
        answered: list[str] = []

        async def handler(call: FunctionCall) -> None:
            await asyncio.sleep(1)
            answered.append(call.function_name + call.tool_call_id)

        run.client.register_function_call_handler(None, handler)
        for id, name in [("1", "f"), ("", "f"), ("", "g"), ("2", "f")]:
            receive(run, "llm-function-call-in-progress", tool_call_id=id, function_name=name)
        await turns(3)
        receive(run, "llm-function-call-stopped", tool_call_id="1", cancelled=True)
        receive(run, "llm-function-call-stopped", tool_call_id="", function_name="g", cancelled=True)
        receive(run, "llm-function-call-stopped", tool_call_id="2", cancelled=False)
        receive(run, "llm-function-call-stopped", tool_call_id="unknown", cancelled=True)
        await asyncio.sleep(2)
        run.transport.finish()
        assert answered == ["f", "f2"]
        await run.client.disconnect()
