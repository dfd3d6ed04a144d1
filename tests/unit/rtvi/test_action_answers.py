"""Actions over HTTP without a session: their answers, and what goes wrong."""

from __future__ import annotations

import asyncio
import base64
import functools
import gc
import json
from typing import Any

import pytest
from action_server import ACTION, Server, start_server  # noqa: F401
from sessions import URL, Run, Transport, over, turns

from rtvi_web import (
    DisconnectedError,
    HttpError,
    RequestError,
    RequestTimeoutError,
    RTVIEvent,
    TransportState,
    UnsupportedFeatureError,
)
from rtvi_web.core.http import HttpResponse
from rtvi_web.rtvi.protocol.sse import MAX_EVENT_SIZE
from rtvi_web.testing import HttpStream

pytestmark = [pytest.mark.usefixtures("tidy"), pytest.mark.filterwarnings("ignore:.*shorthand")]


def message(type: str, data: Any = None, id: str | None = None) -> dict[str, Any]:
    return {"label": "rtvi-ai", "type": type, **({} if data is None else {"data": data}), **({"id": id} if id else {})}


def plain(*messages: dict[str, Any]) -> list[bytes]:
    """Server-sent events of plain JSON, one a chunk."""
    return [f"data: {json.dumps(each, ensure_ascii=False)}\r\n\r\n".encode() for each in messages]


def encoded(*messages: dict[str, Any]) -> list[bytes]:
    """Server-sent events as the first Pipecat servers send them: base64 of the JSON."""
    return [b"data: " + base64.b64encode(json.dumps(each).encode()) + b"\n\n" for each in messages]


class Live:
    """An answer that a test sends piece by piece, in place of the scripted one."""

    def __init__(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pieces: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self.server = server
        self.open = False
        monkeypatch.setattr(server.http, "stream", self.stream)

    async def stream(self, method: str, url: str, *, headers: Any, body: str, on_chunk: Any) -> HttpResponse:
        self.server.http.requests.append((method, url, headers, json.loads(body)))  # type: ignore[arg-type]
        self.open = True
        try:
            while (piece := await self.pieces.get()) is not None:
                if isinstance(piece, Exception):
                    raise piece
                on_chunk(piece)
        finally:
            self.open = False
        return HttpResponse(200, "", "text/event-stream")

    @property
    def id(self) -> str:
        id: str = self.server.http.requests[-1][3]["actions"][0]["id"]
        return id

    async def send(self, *pieces: bytes | Exception | None) -> None:
        for piece in pieces:
            self.pieces.put_nowait(piece)
        await turns(5)


@pytest.fixture
def live(server: Server, monkeypatch: pytest.MonkeyPatch) -> Live:
    return Live(server, monkeypatch)


class TestAnswers:
    async def test_one_message_of_json(self, live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
        run = live.server.run

        async def stream(method: str, url: str, *, headers: Any, body: str, on_chunk: Any) -> HttpResponse:
            id = json.loads(body)["actions"][0]["id"]
            text = json.dumps(message("action-response", {"result": ["é☃"]}, id), ensure_ascii=False)
            return HttpResponse(200, text, "application/json")

        monkeypatch.setattr(run.transport.http, "stream", stream)
        response = await run.client.action(ACTION)
        assert response.data.result == ["é☃"]
        assert len(run.arguments("messageReceived")) == 1
        assert run.client.state is TransportState.DISCONNECTED

    @pytest.mark.parametrize("coding", [plain, encoded])
    async def test_a_stream_is_told_as_it_arrives(self, live: Live, coding: Any) -> None:
        """The response comes before the end, and what follows it is events still."""
        run = live.server.run
        task = await live.server.ask()
        await live.send(*coding(message("bot-llm-started")))
        assert run.fired[-1] == ("botLlmStarted",)
        assert not task.done()
        await live.send(*coding(message("action-response", {"result": True}, live.id)))
        assert (await over(task)).data.result is True
        assert live.open
        await live.send(*coding(message("action-response", {"result": True}, "END")))
        await live.send(*coding(message("bot-llm-text", {"text": "schön ☃"}), message("bot-llm-stopped")))
        assert [text.text for text in run.arguments("botLlmText")] == ["schön ☃"]
        assert run.fired[-1] == ("botLlmStopped",)
        await live.send(None)
        assert not live.open
        assert run.arguments("invalidMessage") == []

    async def test_cut_anywhere(self, live: Live) -> None:
        run = live.server.run
        task = await live.server.ask()
        response = message("action-response", {"result": "ü"}, live.id)
        text = message("bot-llm-text", {"text": "a\nß☃𝄞"})
        stream = (
            b": hello\r\nevent: message\r\nid: 7\r\n" + plain(text)[0] + b"retry: 5\r\n\r\n"
            b"data: " + json.dumps(response).replace(", ", ",\ndata: ").encode()
        )
        await live.send(*(stream[index : index + 1] for index in range(len(stream))), None)
        await turns(len(stream))
        assert (await over(task)).data.result == "ü"
        assert [text.text for text in run.arguments("botLlmText")] == ["a\nß☃𝄞"]
        assert run.arguments("invalidMessage") == []

    async def test_refused_in_the_stream(self, live: Live) -> None:
        task = await live.server.ask()
        await live.send(*plain(message("error-response", {"error": "not today"}, live.id)))
        with pytest.raises(RequestError, match=r"^not today$"):
            await over(task)
        assert len(live.server.run.arguments("messageError")) == 1
        await live.send(None)

    async def test_a_bot_without_actions(self, live: Live) -> None:
        task = await live.server.ask()
        await live.send(*plain(message("error-response", {"error": "Unsupported type action"}, live.id)), None)
        with pytest.raises(UnsupportedFeatureError, match="'action'"):
            await over(task)

    async def test_data_that_is_empty_only_keeps_the_stream_alive(self, live: Live) -> None:
        task = await live.server.ask()
        await live.send(b"data:\n\n", b"data: \n\n", *plain(message("action-response", {"result": 2}, live.id)), None)
        assert (await over(task)).data.result == 2
        assert live.server.run.arguments("invalidMessage") == []

    async def test_answers_to_others_are_not_ours(self, live: Live) -> None:
        task = await live.server.ask()
        for type in ("action-response", "error-response"):
            await live.send(*plain(message(type, {"result": 1, "error": "x"}, "END")))
        assert not task.done()
        await live.send(*plain(message("action-response", {"result": 2}, live.id)))
        await live.send(*plain(message("action-response", {"result": 3}, live.id)))
        await live.send(*plain(message("error-response", {"error": "late"}, live.id)))
        assert (await over(task)).data.result == 2
        await live.send(None)

    async def test_nonsense_in_the_stream_is_an_event(self, live: Live) -> None:
        task = await live.server.ask()
        await live.send(b"data: %%%\n\n", b"data: AAAA\n\n", b'data: {"a": 1}\n\n', b"data: []\n\n")
        assert len(live.server.run.arguments("invalidMessage")) == 4
        await live.send(*plain(message("action-response", {"result": 2}, live.id)), None)
        assert (await over(task)).data.result == 2

    async def test_unknown_messages_are_for_helpers_and_generic(self, live: Live) -> None:
        task = await live.server.ask()
        await live.send(*plain(message("no-such-type", {"a": 1})))
        assert [each.type for each in live.server.run.arguments("genericMessage")] == ["no-such-type"]
        task.cancel()
        await asyncio.wait({task})

    async def test_the_configuration_is_kept_too(self, live: Live) -> None:
        task = await live.server.ask()
        await live.send(*plain(message("config", {"config": [{"service": "tts", "options": []}]})))
        with pytest.warns(DeprecationWarning, match="get_config"):
            assert live.server.run.client.config == [{"service": "tts", "options": []}]
        task.cancel()
        await asyncio.wait({task})

    async def test_a_fatal_error_and_bot_ready_make_no_session(self, live: Live) -> None:
        task = await live.server.ask()
        await live.send(
            *plain(message("bot-ready", {"version": "0.3.0"}), message("error", {"error": "x", "fatal": True}))
        )
        assert len(live.server.run.arguments("error")) == 1
        assert live.server.run.client.bot_ready_data is None
        assert live.server.run.states == []
        assert not task.done()
        task.cancel()
        await asyncio.wait({task})

    async def test_several_at_once(self, live: Live) -> None:
        """Each has a stream and an id of its own."""
        first = await live.server.ask()
        second = await live.server.ask()
        ids = [request[3]["actions"][0]["id"] for request in live.server.http.requests]
        assert len(set(ids)) == 2
        for id in ids:  # the streams take turns
            await live.send(*plain(message("action-response", {"result": id}, id)))
        assert [(await over(task)).data.result for task in (first, second)] == ids
        await live.send(None, None)


class TestFailures:
    async def test_it_is_an_event_too(self) -> None:
        run = Run(Transport(start=[HttpResponse(500, '{"detail": "no credit"}')]), params={"base_url": URL})
        with pytest.raises(RequestError) as raised:
            await run.client.action(ACTION)
        [refusal] = run.arguments("messageError")
        assert (refusal.type, refusal.data.error) == ("error-response", str(raised.value))
        [request] = run.transport.http.requests
        assert refusal.id == request.body["actions"][0]["id"]

    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (HttpResponse(500, '{"info": "no credit", "detail": "x"}'), "no credit"),
            (HttpResponse(404, '{"detail": "Not Found"}'), "Not Found"),
            (
                HttpResponse(422, '{"detail": [{"loc": ["body", "actions"], "msg": "missing"}]}'),
                "body.actions: missing",
            ),
            (HttpResponse(502, "<h1>Bad Gateway</h1>"), "Bad Gateway"),
            (HttpResponse(500, ""), r"\(no text\)"),
        ],
        ids=["info", "detail", "fastapi", "text", "empty"],
    )
    async def test_it_says_what_the_server_said(self, answer: HttpResponse, said: str) -> None:
        run = Run(Transport(start=[answer]), params={"base_url": URL})
        with pytest.raises(RequestError, match=rf"^POST {URL}/action returned {answer.status}: {said}$") as raised:
            await run.client.action(ACTION)
        assert raised.value.status == answer.status
        run.released()

    async def test_no_answer_at_all(self) -> None:
        run = Run(Transport(start=[HttpError("Failed to fetch")]), params={"base_url": URL})
        with pytest.raises(HttpError, match="Failed to fetch"):
            await run.client.action(ACTION)
        run.released()

    @pytest.mark.parametrize(
        "answer",
        [
            HttpResponse(200, ""),
            HttpResponse(200, "<p>hello</p>"),
            HttpStream([]),
            HttpStream(plain(message("config"))),
        ],
        ids=["empty", "text", "empty stream", "stream"],
    )
    async def test_an_end_without_an_answer(self, answer: Any) -> None:
        run = Run(Transport(start=[answer]), params={"base_url": URL})
        with pytest.raises(RequestError, match="ended without an answer to action llm:append_to_messages"):
            await run.client.action(ACTION)
        run.released()

    async def test_broken_off_before_the_response(self) -> None:
        run = Run(Transport(start=[HttpStream([b"data: {", HttpError("broke off")])]), params={"base_url": URL})
        with pytest.raises(HttpError, match="broke off"):
            await run.client.action(ACTION)
        run.released()

    async def test_broken_off_after_the_response(self, live: Live, reported: list[Any]) -> None:
        task = await live.server.ask()
        await live.send(*plain(message("action-response", {"result": 1}, live.id)))
        assert (await over(task)).data.result == 1
        await live.send(HttpError("broke off"))
        assert str(reported.pop()) == "broke off"
        live.server.run.released()

    async def test_an_endless_event(self, live: Live) -> None:
        task = await live.server.ask()
        await live.send(b"data: " + b"x" * (MAX_EVENT_SIZE + 1))
        with pytest.raises(RequestError, match="returned too much"):
            await over(task)
        assert not live.open

    async def test_timeout(self, live: Live) -> None:
        task = await live.server.ask(timeout=0.02)
        await live.send(*plain(message("bot-llm-started")))
        with pytest.raises(
            RequestTimeoutError, match=rf"POST {URL}/action did not answer action llm:append.* within 0.02 s"
        ):
            await over(task)
        await turns(3)
        assert not live.open
        live.server.run.released()

    async def test_cancelled(self, live: Live) -> None:
        task = await live.server.ask()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await over(task)
        await turns(3)
        assert not live.open
        live.server.run.released()

    @pytest.mark.parametrize("cancelled_first", [True, False])
    async def test_an_error_that_is_no_longer_waited_for(self, live: Live, cancelled_first: bool) -> None:
        task = await live.server.ask()
        refuse = functools.partial(
            live.pieces.put_nowait, plain(message("error-response", {"error": "late"}, live.id))[0]
        )
        for step in (task.cancel, refuse) if cancelled_first else (refuse, task.cancel):
            step()
        await asyncio.wait({task})
        assert task.cancelled()
        await live.server.run.client.disconnect()
        del task, step
        await turns(5)
        gc.collect()  # an unseen error is reported when its future is collected

    async def test_disconnect_breaks_off_what_waits(self, live: Live) -> None:
        task = await live.server.ask(timeout=None)
        await live.server.run.client.disconnect()
        with pytest.raises(DisconnectedError, match=r"disconnect\(\) was called before action llm:append"):
            await over(task)
        await turns(3)
        assert not live.open
        live.server.run.released()

    async def test_disconnect_breaks_off_a_stream_that_goes_on(self, live: Live) -> None:
        task = await live.server.ask()
        await live.send(*plain(message("action-response", {"result": 1}, live.id)))
        await over(task)
        assert live.open
        await live.server.run.client.disconnect()
        await turns(3)
        assert not live.open
        live.server.run.released()

    async def test_a_handler_that_raises_harms_nothing(self, live: Live, reported: list[Any]) -> None:
        live.server.run.client.on(RTVIEvent.BOT_LLM_STARTED, lambda: 1 / 0)
        task = await live.server.ask()
        await live.send(*plain(message("bot-llm-started"), message("action-response", {"result": 1}, live.id)), None)
        assert (await over(task)).data.result == 1
        assert isinstance(reported.pop(), ZeroDivisionError)
