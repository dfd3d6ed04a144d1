"""Messages to the bot, requests with an answer, and what the client is told at construction."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from sessions import Run, Transport, over, ready, turns
from virtual_clock import kept_futures

from rtvi_web import (
    BotNotReadyError,
    ClientParams,
    DisconnectedError,
    InvalidArgumentError,
    MessageTooLargeError,
    RequestError,
    RequestTimeoutError,
    RTVIClient,
    RTVIEvent,
)
from rtvi_web.testing import expect, leave, say
from rtvi_web.voice_client import VoiceClient

pytestmark = pytest.mark.usefixtures("tidy")


class TestSending:
    async def test_text(self) -> None:
        run = await ready(
            expect("send-text", {"content": "hi", "options": {}}),
            expect("send-text", {"options": {"run_immediately": True, "audio_response": False}}),
        )
        run.client.send_text("hi")
        run.client.send_text("quietly", run_immediately=True, audio_response=False)
        run.transport.finish()
        assert [message["data"] for message in run.transport.sent[1:]] == [
            {"content": "hi", "options": {}},
            {"content": "quietly", "options": {"run_immediately": True, "audio_response": False}},
        ]
        await run.client.disconnect()

    @pytest.mark.parametrize(
        ("data", "sent"), [(None, {"t": "x"}), (0, {"t": "x", "d": 0}), ({"a": [1]}, {"t": "x", "d": {"a": [1]}})]
    )
    async def test_client_messages(self, data: Any, sent: Any) -> None:
        run = await ready(expect("client-message"))
        run.client.send_client_message("x", data)
        assert run.transport.sent[-1]["data"] == sent
        assert json.loads(run.arguments("messageSent")[-1]) == run.transport.sent[-1]
        await run.client.disconnect()

    async def test_every_message_has_an_id_of_its_own(self) -> None:
        run = await ready(*[expect("send-text")] * 20)
        for _ in range(20):
            run.client.send_text("hi")
        assert len({message["id"] for message in run.transport.sent}) == 21
        await run.client.disconnect()

    async def test_before_and_after_the_session(self) -> None:
        run = Run(Transport())
        for send in (run.client.send_text, run.client.send_client_message):
            with pytest.raises(BotNotReadyError, match="is not possible while the client is disconnected"):
                send("x")
        with pytest.raises(BotNotReadyError):
            await run.client.send_client_request("x")
        run.transport.heal()
        await run.client.connect()
        await run.client.disconnect()
        with pytest.raises(BotNotReadyError):
            run.client.send_text("x")
        assert len(run.transport.sent) == 1
        run.released()

    @pytest.mark.parametrize("nonsense", [None, 5, "text", {}, {"type": 5}, [1]], ids=repr)
    async def test_invalid_messages_are_refused(self, nonsense: Any) -> None:
        run = await ready()
        with pytest.raises(InvalidArgumentError, match="must be a dict with a type"):
            run.client.send_message(nonsense)
        with pytest.raises(InvalidArgumentError, match="content must be a text"):
            run.client.send_text(None if nonsense == "text" else nonsense)  # type: ignore[arg-type]
        assert len(run.transport.sent) == 1
        await run.client.disconnect()

    async def test_characters_are_no_larger_than_they_are(self) -> None:
        run = await ready(expect("send-text", {"content": "你" * 15_000}))
        run.client.send_text("你" * 15_000)  # 45,000 bytes; twice as many as \u escapes
        run.transport.finish()
        await run.client.disconnect()

    async def test_too_large(self) -> None:
        run = await ready(expect("send-text"))
        limit = run.transport.max_message_size
        with pytest.raises(MessageTooLargeError) as raised:
            run.client.send_text("é" * limit)
        assert raised.value.limit == limit
        assert raised.value.size > limit
        assert f"{limit:,}" in str(raised.value)
        run.client.send_text("small")
        assert len(run.transport.sent) == 2
        await run.client.disconnect()

    async def test_the_limit_itself_is_allowed(self) -> None:
        run = await ready(expect("client-message"), expect("client-message"))
        run.client.send_client_message("x", "")
        room = run.transport.max_message_size - len(run.arguments("messageSent")[-1])
        run.client.send_client_message("x", "y" * room)
        with pytest.raises(MessageTooLargeError):
            run.client.send_client_message("x", "y" * (room + 1))
        run.transport.finish()
        await run.client.disconnect()

    @pytest.mark.parametrize("data", [object(), {1, 2}, b"x", float("nan"), {"a": float("inf")}, {(1, 2): 3}])
    async def test_data_that_json_cannot_hold_is_refused(self, data: Any) -> None:
        run = await ready()
        with pytest.raises(InvalidArgumentError, match="'client-message' cannot be written as JSON"):
            run.client.send_client_message("x", data)
        with pytest.raises(InvalidArgumentError):
            await run.client.send_client_request("x", data)
        await run.client.disconnect()
        run.released()

    @pytest.mark.parametrize("type", ["", None, 5])
    async def test_a_message_without_a_type(self, type: Any) -> None:
        run = await ready()
        with pytest.raises(InvalidArgumentError, match="type must be a non-empty string"):
            run.client.send_client_message(type)
        await run.client.disconnect()


class TestRequests:
    @pytest.mark.parametrize("value", [{"a": 1}, 0, "", [], None])
    async def test_the_answer(self, value: Any) -> None:
        answer = {"t": "ask"} if value is None else {"t": "ask", "d": value}
        run = await ready(expect("client-message", {"t": "ask", "d": 1}), say("server-response", answer, answers=True))
        assert await run.client.send_client_request("ask", 1) == value
        await run.client.disconnect()
        run.released()

    async def test_refused(self) -> None:
        run = await ready(expect("client-message"), say("error-response", {"error": "not today"}, answers=True))
        with pytest.raises(RequestError, match="not today"):
            await run.client.send_client_request("ask")
        assert len(run.arguments("messageError")) == 1
        await run.client.disconnect()
        run.released()

    async def test_the_deadline_is_exact_and_a_late_answer_is_ignored(self) -> None:
        run = await ready(expect("client-message"))
        clock = asyncio.get_running_loop()
        begun = clock.time()
        with pytest.raises(RequestTimeoutError, match=r"did not answer request 'ask' within 0.1 s"):
            await run.client.send_client_request("ask", timeout=0.1)
        assert clock.time() - begun == pytest.approx(0.1)
        late = {"label": "rtvi-ai", "type": "server-response", "id": run.transport.sent[-1]["id"], "data": {"d": 1}}
        run.transport.receiver.receive(json.dumps(late))
        run.transport.receiver.receive(json.dumps({**late, "type": "error-response", "data": {"error": "late"}}))
        assert run.arguments("invalidMessage") == []
        await run.client.disconnect()
        run.released()

    async def test_two_answers_count_as_the_first(self) -> None:
        answer = say("server-response", {"d": 1}, answers=True)
        refusal = say("error-response", {"error": "no"}, answers=True)
        run = await ready(expect("client-message"), answer, answer, refusal)
        assert await run.client.send_client_request("ask") == 1
        await run.client.disconnect()

    async def test_many_at_once_are_answered_by_id(self) -> None:
        run = await ready(*[expect("client-message")] * 3)
        tasks = [asyncio.ensure_future(run.client.send_client_request("ask", number)) for number in range(3)]
        await turns(2)
        for message in reversed(run.transport.sent[1:]):
            data = {"t": "ask", "d": message["data"]["d"] * 10}
            text = json.dumps({"label": "rtvi-ai", "type": "server-response", "id": message["id"], "data": data})
            run.transport.receiver.receive(text)
        assert [await over(task) for task in tasks] == [0, 10, 20]
        await run.client.disconnect()
        run.released()

    @pytest.mark.parametrize("timeout", [None, 10])
    async def test_the_session_ends_first(self, timeout: float | None) -> None:
        run = await ready(expect("client-message"), expect("client-message"), leave())
        tasks = [asyncio.ensure_future(run.client.send_client_request("ask", timeout=timeout)) for _ in range(2)]
        for task in tasks:
            with pytest.raises(DisconnectedError):
                await over(task)
        await turns(20)
        run.released()

    async def test_cancelled(self) -> None:
        run = await ready(expect("client-message"))
        task = asyncio.ensure_future(run.client.send_client_request("ask"))
        await turns(2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await over(task)
        await run.client.disconnect()
        run.released()

    async def test_nothing_is_kept_of_them_however_they_end(self) -> None:
        answer = say("server-response", {"d": 1}, answers=True)
        refusal = say("error-response", {"error": "no"}, answers=True)
        ask = expect("client-message")
        run = await ready(ask, answer, ask, refusal, ask, ask)
        kept = set(await kept_futures())
        assert await run.client.send_client_request("answered") == 1
        with contextlib.suppress(RequestError):
            await run.client.send_client_request("refused")
        with contextlib.suppress(RequestTimeoutError):
            await run.client.send_client_request("late", timeout=0.1)
        cancelled = asyncio.ensure_future(run.client.send_client_request("cancelled"))
        await turns(2)
        cancelled.cancel()
        await asyncio.wait({cancelled})
        del cancelled
        with contextlib.suppress(InvalidArgumentError):
            await run.client.send_client_request("unsayable", object())
        assert set(await kept_futures()) <= kept
        await run.client.disconnect()

    @pytest.mark.parametrize("timeout", [0, -1, "1", float("nan")])
    async def test_an_invalid_timeout_is_refused(self, timeout: Any) -> None:
        run = await ready()
        with pytest.raises(InvalidArgumentError, match="timeout"):
            await run.client.send_client_request("ask", timeout=timeout)
        assert len(run.transport.sent) == 1
        await run.client.disconnect()

    async def test_a_timeout_that_looks_like_milliseconds_warns(self) -> None:
        run = await ready(expect("client-message"), say("server-response", {"d": 1}, answers=True))
        with pytest.warns(UserWarning, match="did you mean 5"):
            await run.client.send_client_request("ask", timeout=5000)
        await run.client.disconnect()


class TestCallbacks:
    @pytest.mark.parametrize("name", ["on_bot_llm_text", "onBotLlmText"])
    async def test_by_name_and_before_other_handlers(self, name: str) -> None:
        got: list[str] = []
        run = await ready(callbacks={name: lambda text: got.append("callback")})
        run.client.on(RTVIEvent.BOT_LLM_TEXT, lambda text: got.append("on"))
        run.transport.receiver.receive('{"label": "rtvi-ai", "type": "bot-llm-text", "data": {"text": "hi"}}')
        assert got == ["callback", "on"]
        await run.client.disconnect()

    @pytest.mark.parametrize("event", list(RTVIEvent), ids=str)
    async def test_every_event_has_one(self, event: Any, reported: list[Any]) -> None:
        for name in (event.callback, event.js_callback):
            transport = Transport()
            got: list[str] = []
            RTVIClient(transport=transport, callbacks={name: lambda got=got: got.append("called")})
            transport.host.fire(event)
            assert got == ["called"]
        reported.clear()  # the client's own handlers lack the event's arguments

    async def test_unknown(self) -> None:
        with pytest.raises(InvalidArgumentError, match=r"callbacks must be a dict; it is a value of type list"):
            RTVIClient(transport=Transport(), callbacks=[1])  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="no callback '3'"):
            RTVIClient(transport=Transport(), callbacks={3: print})  # type: ignore[dict-item]
        with pytest.raises(InvalidArgumentError, match=r"no callback 'onBotRedy'\. Did you mean 'on_bot_ready'\?"):
            RTVIClient(transport=Transport(), callbacks={"onBotRedy": print})

    async def test_not_callable(self) -> None:
        with pytest.raises(InvalidArgumentError, match="handler of 'botReady' must be a function"):
            RTVIClient(transport=Transport(), callbacks={"onBotReady": "print"})  # type: ignore[dict-item]


class TestParams:
    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"baseUrll": "x"}, r"^There is no params\.base_urll\. Did you mean 'base_url'"),
            ({"base_url": 5}, r"^params\.base_url must be a text or None; it is 5\.$"),
            ({"endpoints": {"conect": "/x"}}, r"params\.endpoints\.conect\. Did you mean 'connect'"),
            ({"endpoints": {"connect": 5}}, r"params\.endpoints\.connect must be a text"),
            ({"endpoints": 5}, r"^params\.endpoints must be a dict"),
            ({"headers": 5}, r"^params\.headers must be a dict of texts, or pairs"),
            ({"headers": {"a": 1}}, r"^params\.headers must be a dict of texts, or pairs"),
            ({"requestData": [1]}, r"^params\.request_data must be a dict; it is a value of type list"),
            ({"config": {"service": "llm"}}, r"^params\.config must be a list"),
            ({"config": [{"options": []}]}, r"^params\.config\[0\] must be .* with the service's name"),
            ({"config": [{"service": "llm", "options": ["x"]}]}, r"^params\.config\[0\]\.options\[0\] must be"),
            ({"qqqqqqq": 1}, r"^There is no params\.qqqqqqq\.$"),
            ({5: 1}, r"^There is no params\.5\.$"),
            ("http://bot.test", "^params must be a dict"),
        ],
    )
    async def test_errors_name_the_key(self, params: Any, message: str) -> None:
        with pytest.raises(InvalidArgumentError, match=message):
            RTVIClient(transport=Transport(), params=params)

    async def test_both_spellings_and_nulls(self) -> None:
        camel = RTVIClient(
            transport=Transport(),
            params={"baseUrl": "u", "requestData": {"a": 1}, "headers": None, "endpoints": {"connect": None}},
        )
        snake = {"base_url": "u", "request_data": {"a": 1}, "headers": {}, "endpoints": {"connect": None}}
        assert camel.params == ClientParams.of(snake)
        assert RTVIClient(transport=Transport()).params == ClientParams.of({"endpoints": None})

    async def test_a_model_is_kept_as_it_is(self) -> None:
        params = ClientParams(base_url="http://bot.test")
        assert RTVIClient(transport=Transport(), params=params).params is params

    @pytest.mark.parametrize(
        ("given", "keywords", "message"),
        [
            ({"transport": Transport(), "enableMic": False}, {}, r"dict: \w+\(transport=…, enable_mic=…\)\.$"),
            ({"params": {"headers": {"Authorization": "secret"}}}, {}, r"dict: \w+\(transport=…, params=…\)\.$"),
            ({}, {}, r"dict: \w+\(transport=…\)\.$"),
            (Transport(), {"timeout": 5}, r"Transport: \w+\(transport=…, timeout=…\)\.$"),
            ({"timeout": 5}, {"transport": Transport()}, r"dict: \w+\(transport=…, timeout=…\)\.$"),
            ("http://bot.test", {}, r"str: \w+\(transport=…\)\.$"),
        ],
    )
    @pytest.mark.parametrize("client", [RTVIClient, VoiceClient])
    async def test_options_as_in_javascript(
        self, client: Callable[..., object], given: Any, keywords: Any, message: str
    ) -> None:
        with pytest.raises(InvalidArgumentError, match=message) as raised:
            client(given, **keywords)
        assert f"{client.__name__} takes keyword arguments, not a positional " in str(raised.value)
        assert "secret" not in str(raised.value)

    async def test_a_subclass_may_take_what_it_likes(self) -> None:
        class Ours(RTVIClient):
            def __init__(self, base_url: str) -> None:
                super().__init__(transport=Transport(), params={"base_url": base_url})

        assert Ours("http://bot.test").params.base_url == "http://bot.test"

    async def test_an_object_that_is_not_a_transport_is_refused(self) -> None:
        with pytest.raises(InvalidArgumentError, match="transport must be a Transport such as"):
            RTVIClient(transport=Transport)  # type: ignore[arg-type]
