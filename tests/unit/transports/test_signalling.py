"""The HTTP side of SmallWebRTC on plain CPython: offers, refusals, and candidates."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from rtvi_web import HttpError, InvalidArgumentError, NotInBrowserError, Reconnect, TransportStartError
from rtvi_web.core.http import HttpClient, HttpResponse
from rtvi_web.transports import SmallWebRTCTransport
from rtvi_web.transports.small_webrtc.offer import OfferRequest
from rtvi_web.transports.small_webrtc.signalling import Signalling


class Http:
    """Answers in turn, and writes down what it was asked."""

    def __init__(self, *answers: HttpResponse | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, str, Mapping[str, str], Any]] = []

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], body: str) -> HttpResponse:
        self.requests.append((method, url, headers, json.loads(body)))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(sdp: str = "v=0", **fields: Any) -> HttpResponse:
    return HttpResponse(200, json.dumps({"sdp": sdp, "type": "answer", **fields}))


def signalling_of(http: Http, **request_data: Any) -> Signalling:
    return Signalling(cast("HttpClient", http), OfferRequest(["/offer"], {"X-Key": "k"}, request_data))


async def test_the_second_offer_renegotiates_the_first_connection() -> None:
    http = Http(answer("one", pc_id="pc-1"), answer("two"))
    exchange = signalling_of(http, who="me")
    assert [await exchange.offer("a"), await exchange.offer("b")] == ["one", "two"]
    data = {"type": "offer", "restart_pc": False, "request_data": {"who": "me"}}
    assert [body for *_, body in http.requests] == [
        {"sdp": "a", "pc_id": None, **data},
        {"sdp": "b", "pc_id": "pc-1", **data},
    ]
    method, url, headers, _ = http.requests[0]
    assert (method, url) == ("POST", "/offer")
    assert headers == {"Content-Type": "application/json", "X-Key": "k"}


async def test_without_request_data_the_offer_has_none() -> None:
    http = Http(answer())
    await signalling_of(http).offer("a")
    assert "request_data" not in http.requests[0][3]


async def test_an_offer_may_have_a_time_limit_of_its_own() -> None:
    class Silent(Http):
        async def request(self, *_: Any, **__: Any) -> HttpResponse:
            await asyncio.Event().wait()
            raise AssertionError

    with pytest.raises(TransportStartError, match=r"POST /offer was not answered within 0.01 s"):
        await Signalling(cast("HttpClient", Silent()), OfferRequest(["/offer"], {}, timeout=0.01)).offer("a")


HTML = "<!doctype html><html><head><title>Oops</title></head><body><h1>Bad\n gateway</h1></body></html>"


@pytest.mark.parametrize(
    ("response", "status", "message"),
    [
        (HttpResponse(404, '{"detail": "No such session"}'), 404, "refused with 404: No such session"),
        (HttpResponse(400, '{"info": "No more rooms"}'), 400, "refused with 400: No more rooms"),
        (HttpResponse(422, '{"detail": [{"loc": ["body", "sdp"], "msg": "Field required"}]}'), 422, "body.sdp: Field"),
        (HttpResponse(502, HTML), 502, "refused with 502: Bad gateway"),
        (HttpResponse(500, ""), 500, r"refused with 500: \(no text\)"),
        (HttpResponse(200, HTML), 200, "is not JSON: Bad gateway"),
        (HttpResponse(200, "[]"), 200, "has no SDP"),
        (HttpResponse(200, '{"sdp": null}'), 200, "has no SDP"),
    ],
)
async def test_an_offer_that_is_refused_says_why(response: HttpResponse, status: int, message: str) -> None:
    with pytest.raises(TransportStartError, match=message) as caught:
        await signalling_of(Http(response)).offer("a")
    assert (caught.value.status, caught.value.phase) == (status, "offer")
    assert caught.value.reason is None


@pytest.mark.parametrize("status", [401, 403])
async def test_an_offer_of_somebody_who_is_not_let_in(status: int) -> None:
    with pytest.raises(TransportStartError) as caught:
        await signalling_of(Http(HttpResponse(status, "no"))).offer("a")
    assert (caught.value.status, caught.value.reason) == (status, "refused")


class TestASecondAddress:
    """It is tried where the first has no offer endpoint, and kept then."""

    def exchange(
        self, *answers: HttpResponse | Exception, urls: Sequence[str] = ("/a", "/b")
    ) -> tuple[Http, Signalling]:
        http = Http(*answers)
        return http, Signalling(cast("HttpClient", http), OfferRequest(urls, {}, session_id="s1"))

    @pytest.mark.parametrize("status", [404, 405])
    @pytest.mark.parametrize("pc_id", [{"pc_id": "pc-1"}, {}])
    async def test_is_tried_once_and_kept(self, status: int, pc_id: dict[str, str]) -> None:
        http, exchange = self.exchange(
            HttpResponse(status, ""), answer("one", **pc_id), answer("two"), HttpResponse(200, "")
        )
        assert [await exchange.offer("a"), await exchange.offer("b")] == ["one", "two"]
        await exchange.send_candidates([{"candidate": "c"}])
        expected = [("POST", "/a"), ("POST", "/b"), ("POST", "/b"), ("PATCH", "/b")]
        assert [request[:2] for request in http.requests] == expected[: 4 if pc_id else 3]

    @pytest.mark.parametrize("response", [HttpResponse(500, "no"), HttpResponse(403, "no"), HttpError("no answer")])
    async def test_is_not_tried_for_another_reason(self, response: HttpResponse | Exception) -> None:
        http, exchange = self.exchange(response)
        with pytest.raises(TransportStartError, match="no"):
            await exchange.offer("a")
        assert len(http.requests) == 1

    @pytest.mark.parametrize(
        "second", [HttpResponse(404, "not here"), HttpResponse(501, "no POST"), HttpError("POST /b: gone")]
    )
    async def test_that_fails_too_is_named_with_the_first_and_the_session(
        self, second: HttpResponse | Exception
    ) -> None:
        _, exchange = self.exchange(HttpResponse(404, "what session?"), second)
        with pytest.raises(TransportStartError) as caught:
            await exchange.offer("a")
        for words in ("POST /a", "404: what session?", "POST /b", "session s1"):
            assert words in str(caught.value)
        assert caught.value.phase == "offer"
        assert caught.value.status == getattr(second, "status", None)

    async def test_that_does_not_exist_leaves_the_session_in_the_error(self) -> None:
        _, exchange = self.exchange(HttpResponse(404, ""), urls=["/a"])
        with pytest.raises(TransportStartError, match=r"POST /a.*404.*session s1"):
            await exchange.offer("a")

    async def test_shares_the_time_limit(self) -> None:
        class Silent(Http):
            async def request(self, method: str, url: str, **_: Any) -> HttpResponse:
                if url == "/a":
                    return HttpResponse(404, "")
                await asyncio.Event().wait()
                raise AssertionError

        exchange = Signalling(
            cast("HttpClient", Silent()), OfferRequest(["/a", "/b"], {}, timeout=5.0, session_id="s1")
        )
        with pytest.raises(TransportStartError, match=r"POST /a.*404.*POST /b was not answered within 5 s.*session s1"):
            await exchange.offer("a")


async def test_an_offer_without_any_answer_chains_the_reason() -> None:
    down = HttpError("POST /offer got no answer (Failed to fetch).")
    with pytest.raises(TransportStartError, match="Failed to fetch") as caught:
        await signalling_of(Http(down)).offer("a")
    assert caught.value.__cause__ is down


async def test_candidates_are_patched_with_the_connections_id() -> None:
    http = Http(answer(pc_id="pc-1"), HttpResponse(200, "{}"))
    exchange = signalling_of(http)
    await exchange.offer("a")
    assert await exchange.send_candidates([{"candidate": "c"}])
    assert http.requests[1][0] == "PATCH"
    assert http.requests[1][3] == {"pc_id": "pc-1", "candidates": [{"candidate": "c"}]}


@pytest.mark.parametrize("status", [400, 404, 405])
async def test_a_server_that_wants_no_candidates_is_noted_quietly(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    exchange = signalling_of(Http(answer(pc_id="pc-1"), HttpResponse(status, "")))
    await exchange.offer("a")
    assert not await exchange.send_candidates([{}])
    assert [record.levelname for record in caplog.records] == ["DEBUG"]


async def test_a_server_error_passes() -> None:
    exchange = signalling_of(Http(answer(pc_id="pc-1"), HttpResponse(503, ""), HttpResponse(200, "{}")))
    await exchange.offer("a")
    with pytest.raises(HttpError, match="returned 503"):
        await exchange.send_candidates([{}])
    assert await exchange.send_candidates([{}])


async def test_a_server_that_names_no_connection_gets_no_candidates() -> None:
    http = Http(answer())
    exchange = signalling_of(http)
    await exchange.offer("a")
    assert not await exchange.send_candidates([{}])
    assert len(http.requests) == 1


class TestWhetherTheConnectionIsKnown:
    """Servers with and without PATCH, in trouble before, now, or not."""

    @pytest.mark.parametrize(
        ("candidates", "asked", "known"),
        [
            (HttpResponse(200, ""), HttpResponse(200, ""), True),
            (HttpResponse(200, ""), HttpResponse(404, ""), False),
            (HttpResponse(200, ""), HttpResponse(410, ""), False),
            (HttpResponse(500, ""), HttpResponse(200, ""), True),
            (HttpResponse(500, ""), HttpResponse(404, ""), False),
            (HttpResponse(404, ""), None, None),
            (HttpResponse(405, ""), None, None),
            (HttpError("no answer"), HttpResponse(200, ""), True),
            (HttpError("no answer"), HttpResponse(404, ""), None),
            (None, HttpResponse(200, ""), True),
            (None, HttpResponse(405, ""), None),
        ],
    )
    async def test_is_asked(self, candidates: Any, asked: HttpResponse | None, known: bool | None) -> None:
        http = Http(*filter(None, [answer(pc_id="pc-1"), candidates, asked]))
        exchange = signalling_of(http)
        await exchange.offer("a")
        if candidates:
            with contextlib.suppress(HttpError):
                await exchange.send_candidates([{"candidate": "c"}])
        assert await exchange.is_connection_known() is known
        assert not http.answers
        if asked:
            assert http.requests[-1][3] == {"pc_id": "pc-1", "candidates": []}

    async def test_is_not_asked_where_it_has_no_name(self) -> None:
        exchange = signalling_of(Http(answer()))
        await exchange.offer("a")
        assert await exchange.is_connection_known() is None

    async def test_is_unknown_while_the_server_is_in_trouble(self) -> None:
        exchange = signalling_of(Http(answer(pc_id="pc-1"), HttpResponse(503, "")))
        await exchange.offer("a")
        with pytest.raises(TransportStartError, match="returned 503") as caught:
            await exchange.is_connection_known()
        assert caught.value.status == 503


async def test_a_transport_can_be_made_outside_a_browser_and_names_what_is_missing(tidy: None) -> None:
    from rtvi_web import RTVIClient

    transport = SmallWebRTCTransport(webrtc_url="/api/offer")
    assert not transport.media.is_mic_enabled
    assert transport.max_message_size == 65536
    client = RTVIClient(transport=transport)
    with pytest.raises(NotInBrowserError, match="navigator exists only in a web page") as caught:
        await client.connect()
    assert caught.value.phase == "devices"
    silent = RTVIClient(transport=SmallWebRTCTransport(webrtc_url="/api/offer"), enable_mic=False)
    with pytest.raises(NotInBrowserError, match="navigator exists only in a web page"):
        await silent.connect()


@pytest.mark.parametrize("given", [False, {"budget": 5}, Reconnect(0.0), Reconnect("5")])  # type: ignore[arg-type]
def test_invalid_reconnect_options_are_refused_at_once(given: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="reconnect"):
        SmallWebRTCTransport(reconnect=given)
