"""Starting bots as RTVI 1.x does: start_bot, connect with its answer, both in one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sessions import STARTED, Run, Transport, over, ready, turns

from rtvi_web import (
    AlreadyStartedError,
    ConnectAbortedError,
    ConnectPhase,
    HttpError,
    InvalidArgumentError,
    RTVIEvent,
    StartBotError,
    TransportState,
)
from rtvi_web.core.http import HttpResponse
from rtvi_web.testing import expect, handshake, leave

pytestmark = pytest.mark.usefixtures("tidy")
START = "http://bot.test/start"


def run_with(*answers: Any, **options: Any) -> Run:
    return Run(Transport(*handshake(), start=answers), **options)


class TestStartBot:
    async def test_it_asks_and_goes_no_further(self) -> None:
        run = run_with(STARTED)
        answer = await run.client.start_bot(START, headers={"X-Key": "k"}, request_data={"transport": "webrtc"})
        assert answer == {"sessionId": "s1"}
        [request] = run.transport.http.requests
        assert (request.method, request.url, request.body) == ("POST", START, {"transport": "webrtc"})
        assert request.headers == {"Content-Type": "application/json", "X-Key": "k"}
        assert run.states == ["initializing", "initialized", "authenticating", "authenticated"]
        assert run.arguments("botStarted") == [answer]
        assert run.transport.connect_requests == []
        await run.client.disconnect()
        assert run.states[-2:] == ["disconnecting", "disconnected"]
        await run.ended(TransportState.DISCONNECTED)

    async def test_connect_goes_on_from_its_answer(self) -> None:
        run = run_with(STARTED)
        answer = await run.client.start_bot(START, headers={"X-Key": "k"})
        await run.client.connect(answer)
        [request] = run.transport.connect_requests
        assert (request.bundle, request.start_url) == ({"sessionId": "s1"}, START)
        assert request.headers == {"X-Key": "k"}
        assert run.states[4:] == ["connecting", "connected", "ready"]
        assert len(run.microphones) == 1
        await run.client.disconnect()

    async def test_connect_may_leave_the_answer_out(self) -> None:
        run = run_with(STARTED)
        await run.client.start_bot(START)
        await run.client.connect()
        assert run.transport.connect_requests[0].start_url == START
        assert len(run.transport.http.requests) == 1
        await run.client.disconnect()

    async def test_another_may_be_asked_for_in_its_place(self) -> None:
        other, third = HttpResponse(200, '{"sessionId": "s2"}'), HttpResponse(200, '{"sessionId": "s3"}')
        run = run_with(STARTED, other, third)
        await run.client.start_bot(START)
        assert await run.client.start_bot(START) == {"sessionId": "s2"}
        await run.client.start_bot_and_connect(START)
        assert run.transport.connect_requests[0].bundle == {"sessionId": "s3"}
        assert run.states[2:] == ["authenticating", "authenticated"] * 3 + ["connecting", "connected", "ready"]
        assert len(run.microphones) == 1
        await run.client.disconnect()
        await run.ended(TransportState.DISCONNECTED)

    async def test_another_that_is_refused_ends_it(self) -> None:
        run = run_with(STARTED, HttpResponse(503, "full"))
        await run.client.start_bot(START)
        with pytest.raises(StartBotError, match="full"):
            await run.client.start_bot(START)
        await run.ended(TransportState.ERROR)

    async def test_both_in_one(self) -> None:
        run = run_with(STARTED)
        data = await run.client.start_bot_and_connect({"endpoint": START, "requestData": {"a": 1}, "timeout": 5})
        assert data.version == "2.2.0"
        assert run.transport.http.requests[0].body == {"a": 1}
        assert run.states == [
            "initializing",
            "initialized",
            "authenticating",
            "authenticated",
            "connecting",
            "connected",
            "ready",
        ]
        assert run.arguments("botStarted") == [{"sessionId": "s1"}]
        await run.client.disconnect()

    async def test_connect_with_an_endpoint_is_the_old_way_to_say_so(self) -> None:
        run = run_with(STARTED)
        with pytest.warns(DeprecationWarning, match="start_bot_and_connect"):
            await run.client.connect({"endpoint": START})
        await run.client.disconnect()

    async def test_connect_with_parameters_makes_no_start_request(self) -> None:
        run = run_with(params={"base_url": "http://bot.test", "headers": {"X": "1"}})
        await run.client.connect({"webrtc_url": "/offer"})
        [request] = run.transport.connect_requests
        assert (request.bundle, request.start_url, request.headers) == ({"webrtc_url": "/offer"}, None, {"X": "1"})
        assert run.transport.http.requests == []
        await run.client.disconnect()

    async def test_request_data_that_nothing_has_sent_is_left_to_the_transport(self) -> None:
        for starts, expected in ((False, {"x": 1}), (True, {})):
            run = run_with(STARTED, params={"request_data": {"x": 1}})
            start = {"endpoint": START, "request_data": {"a": 1}}
            await run.client.connect(await run.client.start_bot(start) if starts else {"webrtc_url": "/offer"})
            [request] = run.transport.connect_requests
            assert request.start_data == ({"a": 1} if starts else {})
            assert request.request_data == expected
            await run.client.disconnect()

    async def test_any_json_is_an_answer(self) -> None:
        run = run_with(HttpResponse(200, "null"))
        assert await run.client.start_bot(START) is None
        await run.client.disconnect()

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            (HttpResponse(400, '{"detail": "no such transport"}'), "400: no such transport"),
            (HttpResponse(500, "<h1>Oops</h1>"), "500: Oops"),
            (HttpResponse(200, "<p>hello</p>"), "body that is not JSON"),
            (HttpError("no answer"), "no answer"),
        ],
    )
    async def test_refusals(self, answer: Any, message: str) -> None:
        run = run_with(answer)
        with pytest.raises(StartBotError, match=message) as raised:
            await run.client.start_bot(START)
        assert raised.value.phase is ConnectPhase.START
        assert run.states[-2:] == ["authenticating", "error"]
        [error] = run.arguments("error")
        assert error.data.fatal
        assert error.data.error == raised.value.message
        await run.ended(TransportState.ERROR)

    async def test_its_own_time_out(self) -> None:
        run = run_with()
        with pytest.raises(StartBotError, match=r"not answered within 0\.01 s"):
            await run.client.start_bot(START, timeout=0.01)
        await run.ended(TransportState.ERROR)

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            *(
                (given, "endpoint must be an address, or a dict with one; it is ")
                for given in (object(), None, 5, b"/start", ["/start"], [("endpoint", START)], {"/start"})
            ),
            ("", "needs an endpoint"),
            ({"headers": {}}, "needs an endpoint"),
            ({"endpoint": "/start", "body": {}}, "has no 'body'"),
            ({"endpoint": "/start", "headers": 5}, "headers must be"),
            ({"endpoint": "/start", "timeout": -1}, "timeout must be a positive number"),
        ],
    )
    async def test_uploads_that_cannot_work_are_refused(self, given: Any, message: str) -> None:
        run = run_with()
        for call in (run.client.start_bot, run.client.start_bot_and_connect):
            with pytest.raises(InvalidArgumentError, match=message):
                await call(given)
        with pytest.raises(InvalidArgumentError, match="a dict of connection parameters"):
            await run.client.connect(5)  # type: ignore[arg-type]
        assert run.fired == []

    async def test_data_that_json_cannot_say(self) -> None:
        run = run_with(STARTED)
        with pytest.raises(InvalidArgumentError, match="request_data cannot be written as JSON"):
            await run.client.start_bot(START, request_data={1, 2})
        await run.ended(TransportState.ERROR)

    async def test_not_during_a_session(self) -> None:
        run = await ready()
        for call in (run.client.start_bot, run.client.start_bot_and_connect):
            with pytest.raises(AlreadyStartedError):
                await call(START)
        await run.client.disconnect()

    @pytest.mark.parametrize("both", [False, True])
    @pytest.mark.parametrize("rounds", range(0, 14, 2))
    async def test_disconnect_at_any_moment(self, rounds: int, both: bool) -> None:
        run = Run(Transport(*handshake(), start=[]))
        call = run.client.start_bot_and_connect if both else run.client.start_bot
        task = asyncio.ensure_future(call(START))
        await turns(rounds)
        await run.client.disconnect()
        if rounds:
            with pytest.raises(ConnectAbortedError):
                await over(task)
        else:
            task.cancel()
            await asyncio.wait({task})
        await run.ended(TransportState.DISCONNECTED)

    async def test_disconnect_when_the_bot_has_started(self) -> None:
        run = run_with(STARTED)
        run.client.once(RTVIEvent.BOT_STARTED, lambda _: asyncio.ensure_future(run.client.disconnect()))
        with pytest.raises(ConnectAbortedError):
            await run.client.start_bot_and_connect(START)
        await run.ended(TransportState.DISCONNECTED)


class TestBotsThatLeave:
    async def test_the_session_may_outlive_its_bot(self) -> None:
        run = await ready(expect("send-text"), leave(), disconnect_on_bot_disconnect=False)
        run.client.send_text("bye")
        await turns(10)
        assert len(run.arguments("botDisconnected")) == 1
        assert run.client.state is TransportState.READY
        await run.client.disconnect()
        await run.ended(TransportState.DISCONNECTED)
