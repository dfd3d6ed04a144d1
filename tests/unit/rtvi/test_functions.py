"""Functions of the page that the bot's model calls: each call is answered exactly once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from sessions import Run, Transport, ready, turns

from rtvi_web import DisconnectedError, FunctionCall, InvalidArgumentError, RTVIClient
from rtvi_web.core.media import Participant
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver
from rtvi_web.testing import expect, handshake, say

pytestmark = pytest.mark.usefixtures("tidy")


def call(tool_call_id: str = "1", **arguments: Any) -> Any:
    data = {"function_name": "f", "tool_call_id": tool_call_id, "arguments": arguments}
    return say("llm-function-call-in-progress", data)


class Weather(BaseModel):
    sky: str


async def result_of(handler: Callable[[FunctionCall], Any], **arguments: Any) -> Any:
    """What the model gets when a handler answers."""
    run = await ready(expect("send-text"), call(**arguments), expect("llm-function-call-result"))
    run.client.register_function_call_handler("f", handler)
    run.client.send_text("call it")
    await turns(10)
    run.transport.finish()
    await run.client.disconnect()
    run.released()
    return run.transport.sent[-1]["data"]


class TestResults:
    async def test_the_handler_gets_the_call_and_the_bot_its_echo(self) -> None:
        calls: list[FunctionCall] = []

        def handler(call: FunctionCall) -> dict[str, bool]:
            calls.append(call)
            return {"ok": True}

        answer = await result_of(handler, color="green")
        assert calls == [FunctionCall("f", {"color": "green"}, "1")]
        assert answer == {
            "function_name": "f",
            "tool_call_id": "1",
            "arguments": {"color": "green"},
            "result": {"ok": True},
        }

    @pytest.mark.parametrize(
        ("value", "result"),
        [
            ({"a": [1]}, {"a": [1]}),
            ("done", "done"),
            (Weather(sky="blue"), {"sky": "blue"}),
            ([1, 2], {"result": [1, 2]}),
            (None, {"result": None}),
            (7.5, {"result": 7.5}),
            (False, {"result": False}),
        ],
        ids=repr,
    )
    async def test_what_handlers_may_return(self, value: Any, result: Any) -> None:
        async def handler(call: FunctionCall) -> Any:
            await asyncio.sleep(0)
            return value

        assert (await result_of(lambda call: value))["result"] == result
        assert (await result_of(handler))["result"] == result

    @pytest.mark.parametrize("error", [ValueError("no such color"), asyncio.CancelledError("why")], ids=repr)
    async def test_an_error_is_an_answer_too(self, reported: list[Any], error: BaseException) -> None:
        def handler(call: FunctionCall) -> Any:
            raise error

        async def coroutine(call: FunctionCall) -> Any:
            raise error

        for bad in (handler, coroutine):
            answer = await result_of(bad)
            assert answer["result"] == {"error": f"{type(error).__name__}: {error}"}
        assert reported == [error, error]
        reported.clear()

    async def test_exit_is_an_error_too(self, reported: list[Any]) -> None:
        class Wordless(Exception):
            def __str__(self) -> str:
                raise RuntimeError

        for error, said in ((SystemExit(1), "SystemExit: 1"), (Wordless(), "Wordless: (it cannot say why)")):

            async def handler(call: FunctionCall, error: BaseException = error) -> Any:
                raise error

            assert (await result_of(handler))["result"] == {"error": said}
        assert [type(error) for error in reported] == [SystemExit, Wordless]
        reported.clear()

    @pytest.mark.parametrize("value", [object(), {"a": {1}}, float("nan")], ids=["object", "set", "nan"])
    async def test_data_that_json_cannot_hold_is_refused(self, reported: list[Any], value: Any) -> None:
        assert "JSON" in (await result_of(lambda call: value))["result"]["error"]
        assert isinstance(reported.pop(), TypeError | ValueError)

    async def test_too_large(self, caplog: pytest.LogCaptureFixture) -> None:
        answer = await result_of(lambda call: "x" * 70_000)
        assert "bytes; the transport carries at most" in answer["result"]["error"]
        assert "the result of function 'f' was not sent" in caplog.text

    @pytest.mark.parametrize("argument", [float("nan"), "x" * 70_000], ids=["nan", "too large"])
    async def test_arguments_that_cannot_be_sent_back(self, argument: Any) -> None:
        answer = await result_of(lambda call: "done", argument=argument)
        assert answer["arguments"] == {}
        assert answer["result"]["error"]


class TestWhoAnswers:
    async def test_a_decorator(self) -> None:
        run = await ready(expect("send-text"), call(), expect("llm-function-call-result", {"result": "mine"}))

        @run.client.register_function_call_handler("f")
        def mine(call: FunctionCall) -> str:
            return "mine"

        run.client.send_text("go")
        await turns(10)
        run.transport.finish()
        assert mine(FunctionCall("f", {}, "1")) == "mine"
        await run.client.disconnect()

    async def test_the_last_handler_wins(self) -> None:
        run = await ready(expect("send-text"), call(), expect("llm-function-call-result", {"result": "second"}))
        run.client.register_function_call_handler("f", lambda call: "first")
        run.client.register_function_call_handler("f", lambda call: "second")
        run.client.send_text("go")
        await turns(10)
        run.transport.finish()
        await run.client.disconnect()

    async def test_without_a_handler_it_is_the_servers(self) -> None:
        nameless = say("llm-function-call-in-progress", {"tool_call_id": "2"})
        run = await ready(expect("send-text"), call(), nameless)
        run.client.register_function_call_handler("other", lambda call: 1 / 0)
        run.client.send_text("go")
        await turns(10)
        run.transport.finish()
        assert len(run.arguments("llmFunctionCallInProgress")) == 2
        await run.client.disconnect()

    async def test_told_twice_run_once(self) -> None:
        old = say("llm-function-call", {"function_name": "f", "tool_call_id": "1", "args": {}})
        run = await ready(expect("send-text"), old, call(), call("2"), *[expect("llm-function-call-result")] * 2)
        calls: list[str] = []
        run.client.register_function_call_handler("f", lambda call: calls.append(call.tool_call_id))
        run.client.send_text("go")
        await turns(10)
        run.transport.finish()
        assert calls == ["1", "2"]
        await run.client.disconnect()

    async def test_of_very_many_at_once_the_last_are_refused(self) -> None:
        refused = expect("llm-function-call-result", {"tool_call_id": "64", "arguments": {}})
        late = expect("llm-function-call-result", {"tool_call_id": "65", "result": {"result": 1}})
        answers = [expect("llm-function-call-result")] * 64
        calls = [call(str(n)) for n in range(65)]
        run = await ready(expect("send-text"), *calls, refused, *answers, expect("send-text"), call("65"), late)
        may_end = asyncio.Event()

        @run.client.register_function_call_handler("f")
        async def f(_call: FunctionCall) -> int:
            await may_end.wait()
            return 1

        run.client.send_text("go")
        await turns(10)
        assert "already" in run.transport.sent[-1]["data"]["result"]["error"]
        may_end.set()
        await turns(20)
        run.client.send_text("again")
        await turns(20)
        run.transport.finish()
        await run.client.disconnect()
        run.released()

    async def test_an_id_that_the_model_uses_again(self) -> None:
        stopped = say("llm-function-call-stopped", {"tool_call_id": "1"})
        answers = [expect("llm-function-call-result")] * 4
        run = await ready(
            expect("send-text"), call(), stopped, say("bot-llm-started"), call(), call(""), call(""), *answers
        )
        calls: list[str] = []
        run.client.register_function_call_handler("f", lambda call: calls.append(call.tool_call_id))
        run.client.send_text("go")
        await turns(10)
        run.transport.finish()
        assert calls == ["1", "1", "", ""]
        await run.client.disconnect()

    async def test_a_decorator_needs_a_name(self) -> None:
        client = RTVIClient(transport=Transport())
        with pytest.raises(InvalidArgumentError, match="must be a non-empty string, or None for all others"):

            @client.register_function_call_handler  # type: ignore[call-overload]
            def f(call: FunctionCall) -> None: ...

    async def test_only_that_handler_is_unregistered(self) -> None:
        run = await ready(expect("send-text"), call("1"), expect("llm-function-call-result"), say("bot-llm-started"))
        client, calls = run.client, []

        def handler(call: FunctionCall) -> None:
            calls.append(call.tool_call_id)

        client.register_function_call_handler("f", handler)
        client.unregister_function_call_handler("f", len)
        client.send_text("go")
        await turns(10)
        assert calls == ["1"]
        client.unregister_function_call_handler("f", handler)
        client.unregister_function_call_handler("f", handler)
        run.transport.steps += [expect("send-text"), call("2"), say("bot-llm-stopped")]
        client.send_text("again")
        await turns(10)
        run.transport.finish()
        assert calls == ["1"]
        await client.disconnect()

    @pytest.mark.parametrize(("name", "handler"), [("", print), (5, print), ("f", 5), (None, 5)])
    async def test_what_cannot_be_registered(self, name: Any, handler: Any) -> None:
        client = RTVIClient(transport=Transport())
        with pytest.raises(InvalidArgumentError, match="must be a"):
            client.register_function_call_handler(name, handler)
        with pytest.raises(InvalidArgumentError, match="must be a"):
            client.register_function_call_handler(name)(handler)


class TestEnds:
    async def test_a_handler_that_disconnects(self) -> None:
        run = await ready(expect("send-text"), call())
        ends: list[str] = []

        @run.client.register_function_call_handler("f")
        async def hang_up(call: FunctionCall) -> str:
            await run.client.disconnect()
            ends.append(run.client.state)
            return "bye"

        run.client.send_text("go")
        await turns(30)
        assert ends == ["disconnected"]
        run.transport.finish()
        run.released()

    async def test_a_handler_ends_with_the_session(self) -> None:
        run = await ready(expect("send-text"), call())
        ends: list[str] = []

        @run.client.register_function_call_handler("f", timeout=None)
        async def endless(call: FunctionCall) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ends.append("cancelled")

        run.client.send_text("go")
        await turns(5)
        await run.client.disconnect()
        await turns(3)
        assert ends == ["cancelled"]
        run.released()

    async def test_a_handler_that_disconnects_goes_on_but_answers_into_no_other_session(self) -> None:
        run = await ready(expect("send-text"), call())
        gate = asyncio.Event()
        ends: list[str] = []

        @run.client.register_function_call_handler("f")
        async def hang_up(call: FunctionCall) -> str:
            await asyncio.ensure_future(run.client.disconnect())
            await gate.wait()
            ends.append("went on")
            return "late"

        run.client.send_text("go")
        await turns(30)
        run.transport.heal()
        await run.client.connect()
        gate.set()
        await turns(5)
        run.transport.finish()
        assert ends == ["went on"]
        await run.client.disconnect()
        run.released()

    async def test_a_cancelled_answer_is_not_sent(self) -> None:
        run = await ready(expect("send-text"), call())

        @run.client.register_function_call_handler("f")
        async def slow(call: FunctionCall) -> None:
            await asyncio.Event().wait()

        before = asyncio.all_tasks()
        run.client.send_text("go")
        await turns(5)
        for task in asyncio.all_tasks() - before:
            task.cancel()
        await turns(3)
        run.transport.finish()
        await run.client.disconnect()
        run.released()

    async def test_a_link_that_cannot_take_the_answer(self) -> None:
        class Deaf(Transport):
            def send(self, text: str) -> None:
                if "result" in text:
                    raise DisconnectedError("closing")
                super().send(text)

        run = Run(Deaf(*handshake(), expect("send-text"), call()))
        await run.client.connect()
        run.client.register_function_call_handler("f", lambda call: "x")
        run.client.send_text("go")
        await turns(5)
        await run.client.disconnect()
        run.released()


async def test_a_call_before_the_client_knows_of_the_bot_is_answered() -> None:
    class Early(Transport):
        async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
            bot = await super().connect(request, receiver)
            receiver.receive(json.dumps(call().message))
            await turns(3)
            return bot

    run = Run(Early(expect("llm-function-call-result", {"result": {"result": 7}}), *handshake()))
    run.client.register_function_call_handler("f", lambda call: 7)
    await run.client.connect()
    run.transport.finish()
    await run.client.disconnect()
    run.released()


async def test_all_handlers_can_be_taken_away_at_once() -> None:
    run = await ready(expect("send-text"), call())
    for name in ("f", "g", None):
        run.client.register_function_call_handler(name, lambda _: {})
    run.client.unregister_all_function_call_handlers()
    run.client.send_text("call it")
    await turns(10)
    assert run.transport.sent[-1]["type"] == "send-text", "the call is left to the server"
    await run.client.disconnect()
