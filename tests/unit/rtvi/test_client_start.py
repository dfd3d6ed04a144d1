"""The start request: what is sent, and what is told when it is refused."""

from __future__ import annotations

import pytest
from sessions import STARTED, URL, Run, Transport

from rtvi_web import (
    ConnectPhase,
    HttpError,
    InvalidArgumentError,
    StartBotError,
    TransportState,
    __version__,
)
from rtvi_web.core.http import HttpResponse
from rtvi_web.rtvi.transport import ConnectRequest
from rtvi_web.testing import handshake

pytestmark = pytest.mark.usefixtures("tidy")


class TestStartRequest:
    @pytest.mark.parametrize(
        ("base", "endpoint", "url"),
        [
            ("http://h", "/start", "http://h/start"),
            ("http://h/", "/start", "http://h/start"),
            ("http://h", "start", "http://h/start"),
            ("http://h///", "//start", "http://h/start"),
            ("http://h/api/", "start/", "http://h/api/start/"),
            ("http://h/start", "", "http://h/start"),
            ("/", "/start", "/start"),
            ("/api", "start?x=1", "/api/start?x=1"),
        ],
    )
    async def test_the_address(self, base: str, endpoint: str, url: str) -> None:
        params = {"base_url": base, "endpoints": {"connect": endpoint}}
        run = Run(Transport(*handshake(), start=[STARTED]), params=params)
        await run.client.connect()
        [request] = run.transport.http.requests
        assert (request.method, request.url) == ("POST", url)
        assert run.transport.connect_requests == [ConnectRequest({"sessionId": "s1"}, url, base, {})]
        await run.client.disconnect()

    async def test_headers_and_body_from_camel_case_params(self) -> None:
        params = {
            "baseUrl": URL,
            "endpoints": {"connect": "/start"},
            "headers": {"Authorization": "Bearer k"},
            "requestData": {"room": {"name": "é"}},
        }
        run = Run(Transport(*handshake(), start=[STARTED]), params=params)
        await run.client.connect()
        [request] = run.transport.http.requests
        assert request.headers == {"Content-Type": "application/json", "Authorization": "Bearer k"}
        assert request.body == {"room": {"name": "é"}, "rtvi_client_version": __version__}
        assert run.transport.connect_requests[0].headers == {"Authorization": "Bearer k"}
        assert run.client.params.request_data == {"room": {"name": "é"}}
        assert run.transport.connect_requests[0].start_data == {"room": {"name": "é"}}
        await run.client.disconnect()

    async def test_a_content_type_of_the_users_own_wins(self) -> None:
        params = {"base_url": URL, "headers": {"content-type": "application/vnd.bot+json"}}
        run = Run(Transport(*handshake(), start=[STARTED]), params=params)
        await run.client.connect()
        assert run.transport.http.requests[0].headers == params["headers"]
        await run.client.disconnect()

    async def test_params_changed_between_connects(self) -> None:
        run = Run(Transport(*handshake(), start=[STARTED]), params={"base_url": URL})
        await run.client.connect()
        await run.client.disconnect()
        run.transport.heal()
        run.client.params.base_url = "http://other.test"
        run.client.params.request_data["x"] = 1
        await run.client.connect()
        await run.client.disconnect()
        run.transport.heal()
        run.client.params = {"baseUrl": "http://third.test"}
        await run.client.connect()
        await run.client.disconnect()
        assert [(request.url, request.body.get("x")) for request in run.transport.http.requests] == [
            (f"{URL}/connect", None),
            ("http://other.test/connect", 1),
            ("http://third.test/connect", None),
        ]

    async def test_an_endpoint_without_a_base_url_changes_nothing(self) -> None:
        run = Run(Transport(), params={"endpoints": {"connect": "/start"}})
        with pytest.raises(InvalidArgumentError, match="Base URL not set"):
            await run.client.connect()
        assert run.fired == []
        run.client.params = {}
        await run.ended(TransportState.DISCONNECTED)

    async def test_a_configuration_that_was_changed_in_place(self) -> None:
        run = Run(Transport(*handshake(), start=[STARTED]), params={"base_url": URL, "config": []})
        assert run.client.params.config is not None
        run.client.params.config.append({"service": "vad", "options": [{"stop_secs": 0.5}]})
        with pytest.warns(DeprecationWarning, match="shorthand"):
            await run.client.connect()
        sent = [{"service": "vad", "options": [{"name": "stop_secs", "value": 0.5}]}]
        assert run.transport.http.requests[0].body["config"] == sent
        await run.client.disconnect()

    async def test_request_data_that_json_cannot_say(self) -> None:
        run = Run(Transport(), params={"base_url": URL, "request_data": {"x": object()}})
        with pytest.raises(
            InvalidArgumentError, match=r"request_data or params\.config cannot be written as JSON"
        ) as raised:
            await run.client.connect()
        assert raised.value.phase is ConnectPhase.START
        run.client.params.request_data.clear()
        await run.ended(TransportState.ERROR)


class TestRefusedStart:
    @pytest.mark.parametrize(
        ("answer", "said"),
        [
            (HttpResponse(500, '{"info": "no credit", "detail": "other"}'), "no credit"),
            (HttpResponse(404, '{"detail": "Not Found"}'), "Not Found"),
            (
                HttpResponse(422, '{"detail": [{"loc": ["body", "sdp"], "msg": "Field required"}, {"msg": "Bad"}, 5]}'),
                "body.sdp: Field required; Bad; 5",
            ),
            (HttpResponse(500, "<html><body><h1>Internal  Server\nError</h1></body></html>"), "Internal Server Error"),
            (HttpResponse(404, ""), "(no text)"),
            (HttpResponse(500, '["a list"]'), '["a list"]'),
            (HttpResponse(500, '{"detail": {"code": 7}}'), '{"detail": {"code": 7}}'),
            (HttpResponse(422, '{"detail": [{"loc": "body", "msg": "Bad"}]}'), "body: Bad"),
            (HttpResponse(500, '{"info": {"code": 7}, "detail": "no seat"}'), "no seat"),
            (HttpResponse(500, '{"detail": []}'), '{"detail": []}'),
            (HttpResponse(500, 'File "<string>", in <module>'), 'File "<string>", in <module>'),
            (HttpResponse(503, "x" * 5000), "x" * 199 + "…"),
        ],
        ids=lambda value: ascii(value)[:40],
    )
    async def test_it_says_what_the_server_said(self, answer: HttpResponse, said: str) -> None:
        run = Run(Transport(start=[answer]), params={"base_url": URL})
        with pytest.raises(StartBotError) as raised:
            await run.client.connect()
        error = raised.value
        assert said in error.message
        assert (error.status, error.phase, error.body) == (answer.status, ConnectPhase.START, answer.text[:2000])
        assert f"POST {URL}/connect returned {answer.status}" in str(error)
        assert str(error).endswith("[phase: start]")
        assert run.states == ["initializing", "initialized", "authenticating", "error"]
        assert run.arguments("disconnected") == []
        await run.ended(TransportState.ERROR)

    @pytest.mark.parametrize("text", ["", "<html>hello</html>", "[1]", "null", '"sdp"', "{"])
    async def test_an_answer_that_is_not_a_json_object_is_refused(self, text: str) -> None:
        run = Run(Transport(start=[HttpResponse(200, text)]), params={"base_url": URL})
        with pytest.raises(StartBotError, match="returned 200 with a body that is not a JSON object") as raised:
            await run.client.connect()
        assert (raised.value.status, raised.value.body) == (200, text)
        await run.ended(TransportState.ERROR)

    async def test_the_server_is_down(self) -> None:
        cause = HttpError("Failed to fetch")
        run = Run(Transport(start=[cause]), params={"base_url": URL})
        with pytest.raises(StartBotError, match="Failed to fetch") as raised:
            await run.client.connect()
        assert raised.value.__cause__ is cause
        assert (raised.value.status, raised.value.phase) == (None, ConnectPhase.START)
        await run.ended(TransportState.ERROR)
