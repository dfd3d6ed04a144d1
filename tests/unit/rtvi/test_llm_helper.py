"""LLMHelper: the context, the messages, and function calls."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sessions import Run, Transport, ready, turns

from rtvi_web import (
    BotNotReadyError,
    FunctionCall,
    InvalidArgumentError,
    LLMContext,
    LLMHelper,
    RequestError,
    RequestTimeoutError,
    RTVIClient,
    RTVIEvent,
)
from rtvi_web.testing import Step, expect, handshake, say

pytestmark = pytest.mark.usefixtures("tidy")


async def helping(*steps: Step, **options: Any) -> tuple[Run, LLMHelper]:
    run = await ready(*steps)
    return run, run.client.register_helper("llm", LLMHelper(**options))


def answered(result: Any) -> tuple[Step, Step]:
    return expect("action"), say("action-response", {"result": result}, answers=True)


def receive(run: Run, type: str, data: Any = None) -> None:
    run.transport.receiver.receive(json.dumps({"label": "rtvi-ai", "type": type, "data": data}))


def call(tool_call_id: str = "1", name: str = "f") -> dict[str, Any]:
    return {"function_name": name, "tool_call_id": tool_call_id, "args": {"a": 1}}


def sent(run: Run) -> Any:
    return run.transport.sent[-1]["data"]


class TestContext:
    async def test_get_context(self) -> None:
        context = {"messages": [{"role": "user", "content": "é"}], "tools": [{"name": "f"}], "more": 1}
        run, llm = await helping(*answered(context))
        got = await llm.get_context()
        assert (got.messages, got.tools, got.model_extra) == (context["messages"], context["tools"], {"more": 1})
        assert sent(run) == {"service": "llm", "action": "get_context"}
        await run.client.disconnect()

    @pytest.mark.parametrize("result", [None, {}])
    async def test_an_empty_context(self, result: Any) -> None:
        run, llm = await helping(*answered(result))
        got = await llm.get_context()
        assert (got.messages, got.tools) == (None, None)
        await run.client.disconnect()

    @pytest.mark.parametrize(
        ("context", "messages"),
        [({"messages": [{"n": 1}], "tools": [1]}, [{"n": 1}]), (LLMContext(messages=[1]), [1]), ({"messages": []}, [])],
        ids=str,
    )
    @pytest.mark.parametrize("interrupt", [True, False])
    async def test_set_context(self, context: Any, messages: Any, interrupt: bool) -> None:
        run, llm = await helping(*answered(True))
        assert await llm.set_context(context, interrupt) is True
        assert sent(run) == {
            "service": "llm",
            "action": "set_context",
            "arguments": [{"name": "messages", "value": messages}, {"name": "interrupt", "value": interrupt}],
        }
        await run.client.disconnect()

    async def test_an_invalid_context_is_refused(self) -> None:
        run, llm = await helping(*answered([1]))
        for context in ({}, {"tools": [1]}, {"messages": "x"}):
            with pytest.raises(InvalidArgumentError, match="must have a list of messages"):
                await llm.set_context(context)
        with pytest.raises(InvalidArgumentError, match="message must be a dict"):
            await llm.append_to_messages("hello")  # type: ignore[arg-type]
        with pytest.raises(RequestError, match="answer to get_context is not a context: Input should be"):
            await llm.get_context()
        await run.client.disconnect()

    @pytest.mark.parametrize("name", ["get_context", "run"])
    async def test_time_limits(self, name: str) -> None:
        run, llm = await helping(expect("action"))
        with pytest.raises(RequestTimeoutError, match=r"within 0\.01 s"):
            await getattr(llm, name)(timeout=0.01)
        await run.client.disconnect()

    @pytest.mark.parametrize(("result", "said"), [(True, True), (False, False), (None, False), ("ok", True)])
    async def test_append_to_messages(self, result: Any, said: bool) -> None:
        run, llm = await helping(*answered(result))
        message = {"role": "user", "content": "Hello"}
        assert await llm.append_to_messages(message, run_immediately=True) is said
        assert sent(run) == {
            "service": "llm",
            "action": "append_to_messages",
            "arguments": [{"name": "messages", "value": [message]}, {"name": "run_immediately", "value": True}],
        }
        await run.client.disconnect()

    async def test_set_context_that_was_not_done(self) -> None:
        run, llm = await helping(*answered(False))
        assert await llm.set_context({"messages": []}) is False
        await run.client.disconnect()

    async def test_run(self) -> None:
        run, llm = await helping(*answered(True))
        response = await llm.run(interrupt=True)
        assert (response.type, response.data.result) == ("action-response", True)
        assert sent(run)["arguments"] == [{"name": "interrupt", "value": True}]
        await run.client.disconnect()

    async def test_the_service_is_the_name_it_is_registered_under(self) -> None:
        run = await ready(*answered(True))
        llm = run.client.register_helper("openai", LLMHelper())
        await llm.run()
        assert sent(run)["service"] == "openai"
        await run.client.disconnect()

    async def test_refused(self) -> None:
        run, llm = await helping(expect("action"), say("error-response", {"error": "no such action"}, answers=True))
        with pytest.raises(RequestError, match="no such action"):
            await llm.run()
        await run.client.disconnect()

    @pytest.mark.parametrize(
        ("name", "use"),
        [
            ("get_context", lambda llm: llm.get_context()),
            ("set_context", lambda llm: llm.set_context({"messages": []})),
            ("append_to_messages", lambda llm: llm.append_to_messages({})),
            ("run", lambda llm: llm.run()),
        ],
    )
    async def test_before_the_bot_is_ready(self, name: str, use: Any) -> None:
        client = RTVIClient(transport=Transport(), params={"base_url": "http://bot.test"})
        llm = client.register_helper("llm", LLMHelper())
        coroutine = use(llm)
        with pytest.raises(BotNotReadyError, match=rf"^{name}\(\) is not possible while the client is disconnected"):
            await coroutine
        with pytest.raises(BotNotReadyError, match=rf"^{name}\(\) was called on a helper without a client"):
            await use(LLMHelper())


class TestCallbacks:
    async def test_each_before_its_event(self) -> None:
        order: list[tuple[str, Any]] = []
        run, _ = await helping(
            callbacks={
                name: lambda data, name=name: order.append((name, data))
                for name in ("onLLMFunctionCall", "on_llm_function_call_start", "onLLMJsonCompletion")
            }
        )
        for event in (RTVIEvent.LLM_FUNCTION_CALL, RTVIEvent.LLM_FUNCTION_CALL_START, RTVIEvent.LLM_JSON_COMPLETION):
            run.client.on(event, lambda data, event=event: order.append((str(event), data)))
        run.transport.steps.append(expect("llm-function-call-result"))
        receive(run, "llm-function-call-start", {"function_name": "f"})
        receive(run, "llm-function-call", call())
        receive(run, "llm-json-completion", '{"a": 1}')
        await turns(3)
        assert [name for name, _ in order] == [
            "on_llm_function_call_start",
            "llmFunctionCallStart",
            "onLLMFunctionCall",
            "llmFunctionCall",
            "onLLMJsonCompletion",
            "llmJsonCompletion",
        ]
        assert order[0][1] == order[1][1] == "f"
        assert order[2][1] == order[3][1]
        assert (order[2][1].function_name, order[2][1].arguments) == ("f", {"a": 1})
        assert order[4][1] == order[5][1] == '{"a": 1}'
        await run.client.disconnect()

    @pytest.mark.parametrize("data", [None, {}])
    async def test_a_call_begins_without_a_name(self, data: Any) -> None:
        names: list[Any] = []
        run, _ = await helping(callbacks={"on_llm_function_call_start": names.append})
        receive(run, "llm-function-call-start", data)
        assert names == [None]
        assert run.arguments("llmFunctionCallStart") == [None]
        await run.client.disconnect()

    async def test_they_may_be_async(self) -> None:
        texts: list[str] = []

        async def keep(text: str) -> None:
            await asyncio.sleep(0)
            texts.append(text)

        run, _ = await helping(callbacks={"on_llm_json_completion": keep})
        receive(run, "llm-json-completion", "{}")
        await turns(3)
        assert texts == ["{}"]
        await run.client.disconnect()

    async def test_results_of_other_handlers_are_ignored(self) -> None:
        run, _ = await helping()
        receive(run, "llm-function-call-result", {"result": 1})
        assert run.arguments("genericMessage") == []
        await run.client.disconnect()

    def test_unknown(self) -> None:
        with pytest.raises(InvalidArgumentError, match="no callback 'onLLMText'"):
            LLMHelper(callbacks={"onLLMText": print})
        LLMHelper(callbacks={"onLLMMessage": print})


class TestFunctionCalls:
    @pytest.mark.parametrize("when", ["before", "after"])
    @pytest.mark.parametrize("style", ["sync", "async"])
    async def test_the_handler_answers(self, when: str, style: str) -> None:
        calls: list[FunctionCall] = []

        def answer(call: FunctionCall) -> Any:
            calls.append(call)
            return {"sky": "blue"}

        async def answer_later(call: FunctionCall) -> Any:
            await asyncio.sleep(0)
            return answer(call)

        handler = answer if style == "sync" else answer_later
        run = await ready(expect("llm-function-call-result"))
        llm = LLMHelper()
        if when == "before":
            llm.handle_function_call(handler)
        run.client.register_helper("llm", llm)
        if when == "after":
            llm.handle_function_call(handler)
        receive(run, "llm-function-call", call())
        await turns(5)
        assert calls == [FunctionCall("f", {"a": 1}, "1")]
        assert sent(run) == {
            "function_name": "f",
            "tool_call_id": "1",
            "arguments": {"a": 1},
            "result": {"sky": "blue"},
        }
        await run.client.disconnect()
        run.released()

    async def test_the_last_handler_wins_and_a_named_one_comes_first(self) -> None:
        run, llm = await helping(*[expect("llm-function-call-result")] * 2)
        llm.handle_function_call(lambda call: "first")
        llm.handle_function_call(lambda call: "second")
        run.client.register_function_call_handler("named", lambda call: "named")
        receive(run, "llm-function-call", call("1", "f"))
        await turns(3)
        receive(run, "llm-function-call", call("2", "named"))
        await turns(3)
        assert [message["data"]["result"] for message in run.transport.sent[1:]] == ["second", "named"]
        await run.client.disconnect()

    async def test_an_unregistered_handler_answers_no_more_calls(self) -> None:
        run, llm = await helping(expect("llm-function-call-result"), expect("llm-function-call-result"))
        llm.handle_function_call(lambda call: "mine")
        run.client.unregister_helper("llm")
        receive(run, "llm-function-call", call("1"))
        await turns(3)
        assert "no handler for function 'f'" in sent(run)["result"]["error"]
        run.client.register_helper("again", llm)
        receive(run, "llm-function-call", call("2"))
        await turns(3)
        assert sent(run)["result"] == "mine"
        await run.client.disconnect()

    @pytest.mark.parametrize("has_handler", [True, False])
    async def test_unregistered_it_leaves_the_default_of_others(self, has_handler: bool) -> None:
        run, llm = await helping(expect("llm-function-call-result"))
        if has_handler:
            llm.handle_function_call(lambda call: "mine")
        run.client.register_function_call_handler(None, lambda call: "others")
        run.client.unregister_helper("llm")
        receive(run, "llm-function-call", call())
        await turns(3)
        assert sent(run)["result"] == "others"
        await run.client.disconnect()

    async def test_without_any_handler_the_old_message_is_answered_with_an_error(self) -> None:
        """A server sends it only when the page is to answer, so the model would wait without end."""
        run = await ready(expect("llm-function-call-result"))
        receive(run, "llm-function-call", call())
        await turns(3)
        assert sent(run)["result"] == {"error": "There is no handler for function 'f'."}
        receive(run, "llm-function-call", call())
        await turns(3)
        assert len(run.transport.sent) == 2
        await run.client.disconnect()

    @pytest.mark.parametrize("first", ["llm-function-call", "llm-function-call-in-progress"])
    @pytest.mark.parametrize("handled", [True, False])
    async def test_announced_by_both_messages_it_is_answered_once(self, first: str, handled: bool) -> None:
        """The new message leaves an unknown function to the server; the old one says that there is no one there."""
        run = await ready(expect("llm-function-call-result"))
        if handled:
            run.client.register_function_call_handler("f", lambda call: "mine")
        types = ["llm-function-call", "llm-function-call-in-progress"]
        for type in types if first == types[0] else reversed(types):
            receive(run, type, call())
            await turns(3)
        assert len(run.transport.sent) == 2
        assert (sent(run)["result"] == "mine") is handled
        await run.client.disconnect()

    @pytest.mark.parametrize("by_helper", [True, False])
    async def test_a_handler_that_takes_too_long(self, reported: list[Any], by_helper: bool) -> None:
        run = await ready(expect("llm-function-call-result"))

        async def slow(call: FunctionCall) -> None:
            await asyncio.Event().wait()

        if by_helper:
            run.client.register_helper("llm", LLMHelper()).handle_function_call(slow, timeout=0.01)
        else:
            run.client.register_function_call_handler(None, slow, timeout=0.01)
        answer = asyncio.ensure_future(run.client.wait_for(RTVIEvent.MESSAGE_SENT, timeout=2))
        await turns(1)
        receive(run, "llm-function-call", call())
        await answer
        assert sent(run)["result"] == {
            "error": "TimeoutError: the handler of function 'f' gave no result within 0.01 s"
        }
        assert isinstance(reported.pop(), TimeoutError)
        await run.client.disconnect()

    async def test_unregistered_handlers_leave_it_to_the_default_and_then_to_the_server(self) -> None:
        run = await ready(*[expect("llm-function-call-result")] * 2)
        run.client.register_function_call_handler("f", lambda call: "named")
        run.client.register_function_call_handler(None, lambda call: "default")
        for number, name in enumerate(["f", None, None]):
            receive(run, "llm-function-call-in-progress", call(str(number)))
            await turns(3)
            run.client.unregister_function_call_handler(name)
        receive(run, "llm-function-call-in-progress", call("3"))
        await turns(3)
        assert [message["data"]["result"] for message in run.transport.sent[1:]] == ["named", "default"]
        await run.client.disconnect()

    async def test_an_early_call_is_answered_when_ready_and_a_late_one_not_at_all(self) -> None:
        run = Run(Transport(*handshake()))
        run.client.on(RTVIEvent.CONNECTED, lambda: receive(run, "llm-function-call", call()))
        run.client.on(RTVIEvent.DISCONNECTED, lambda: receive(run, "llm-function-call", call("2")))
        run.transport.steps.insert(1, expect("llm-function-call-result"))
        task = await run.connecting()
        await task
        await run.client.disconnect()
        await turns(3)
        assert [message["type"] for message in run.transport.sent] == ["client-ready", "llm-function-call-result"]
