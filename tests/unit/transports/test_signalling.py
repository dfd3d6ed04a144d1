"""The HTTP side of SmallWebRTC on plain CPython: addresses, offers, refusals, and candidates in batches."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from rtvi_web import HttpError, InvalidArgumentError, NotInBrowserError, Reconnect, TransportStartError
from rtvi_web.core.http import HttpResponse
from rtvi_web.rtvi.session.start import BotRequest
from rtvi_web.rtvi.transport import ConnectRequest
from rtvi_web.transports import SmallWebRTCTransport
from rtvi_web.transports.small_webrtc import signalling
from rtvi_web.transports.small_webrtc.signalling import Signalling, Trickle, ice_servers, offer_request, offer_url

START = "https://bot.test/agents/x/start"


def request(bundle: Mapping[str, Any] = {}, start: str | None = START, base: str | None = "https://bot.test/"):
    return ConnectRequest(bundle, start, base, {})


@pytest.mark.parametrize(
    ("webrtc_url", "given", "url"),
    [
        ("/own", request({"webrtc_url": "/answer", "sessionId": "s1"}), "/own"),
        (None, request({"webrtc_url": "/answer", "sessionId": "s1"}), "/answer"),
        (None, request({"webrtcUrl": "/answer"}), "/answer"),
        (None, request({"connection_url": "/answer"}), "/answer"),
        (None, request({"webrtc_url": None, "sessionId": "s1"}), "https://bot.test/agents/x/sessions/s1/api/offer"),
        (None, request({"sessionId": "s1"}, f"{START}?key=k"), "https://bot.test/agents/x/sessions/s1/api/offer?key=k"),
        (None, request({"sessionId": "s1"}, "/start/"), "/sessions/s1/api/offer"),
        (None, request({"sessionId": "s1"}, "/starters/start"), "/starters/sessions/s1/api/offer"),
        (None, request({"sessionId": "s1"}, "https://bot.test/connect"), "https://bot.test/api/offer"),
        (None, request({}), "https://bot.test/api/offer"),
        (None, request({}, None, "/bots"), "/bots/api/offer"),
    ],
)
def test_where_the_offer_goes(webrtc_url: str | None, given: ConnectRequest, url: str) -> None:
    assert offer_url(webrtc_url, given) == url


def test_no_address_at_all_says_what_to_give() -> None:
    with pytest.raises(
        TransportStartError, match=r"Give SmallWebRTCTransport\(webrtc_url=…\), or a base_url"
    ) as caught:
        offer_url(None, request({"sessionId": "s1"}, None, None))
    assert caught.value.phase == "offer"


@pytest.mark.parametrize("key", ["webrtc_request_params", "webrtcRequestParams"])
def test_what_the_offer_is_told_to_be(key: str) -> None:
    told = {"endpoint": "/told", "headers": {"X-B": "b"}, "requestData": [1], "timeout": 5}
    given = ConnectRequest({key: told, "webrtc_url": "/answer"}, None, "/bots", {"X-A": "a"}, {"who": "me"})
    assert offer_request(None, given) == ("/told", {"X-A": "a", "X-B": "b"}, [1], 5.0)
    assert offer_request("/own", given) == ("/own", {"X-A": "a"}, {"who": "me"}, None)
    less = given._replace(bundle={key: {"endpoint": "/told"}})
    assert offer_request(None, less) == ("/told", {"X-A": "a"}, {"who": "me"}, None)


@pytest.mark.parametrize("told", ["/told", {"headers": {}}, {"endpoint": "/told", "method": "GET"}])
def test_what_the_offer_cannot_be(told: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        offer_request(None, request({"webrtc_request_params": told}))


STUN = {"urls": "stun:stun.test"}


@pytest.mark.parametrize(
    ("configured", "bundle", "servers"),
    [
        ([STUN], {"iceConfig": {"iceServers": []}}, [STUN]),
        ([], {"iceConfig": {"iceServers": [STUN]}}, []),
        (None, {"iceConfig": {"iceServers": [STUN]}}, [STUN]),
        (None, {"ice_config": {"ice_servers": [STUN]}}, [STUN]),
        (None, {"iceConfig": None}, []),
        (None, {"iceConfig": {"iceServers": ["nonsense"]}}, []),
        (None, {"iceConfig": "nonsense"}, []),
        (None, {}, []),
    ],
)
def test_whose_ice_servers_count(configured: Any, bundle: Any, servers: Any) -> None:
    assert ice_servers(configured, bundle) == servers


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
    return Signalling(http, BotRequest("/offer", {"X-Key": "k"}, request_data, None))


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
        await Signalling(Silent(), BotRequest("/offer", {}, None, 0.01)).offer("a")


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


class Sender:
    """Takes batches; each of ``failures`` makes one sending fail first."""

    def __init__(self, failures: int = 0, wanted: bool = True) -> None:
        self.batches: list[list[Any]] = []
        self.tries = 0
        self.failures = failures
        self.wanted = wanted
        self.sent = asyncio.Event()

    async def __call__(self, candidates: Sequence[Any]) -> bool:
        self.tries += 1
        if self.tries <= self.failures:
            raise HttpError("down")
        self.batches.append(list(candidates))
        self.sent.set()
        return self.wanted

    async def next(self) -> None:
        self.sent.clear()
        await self.sent.wait()


async def test_candidates_wait_for_the_answer_and_then_come_in_batches() -> None:
    sender = Sender()
    trickle = Trickle(sender)
    trickle.add({"n": 1})
    trickle.add({"n": 2})
    await asyncio.sleep(0)
    assert sender.batches == []
    running = asyncio.ensure_future(trickle.run())
    await sender.next()
    trickle.add({"n": 3})
    trickle.add({"n": 4})
    await sender.next()
    running.cancel()
    assert sender.batches == [[{"n": 1}, {"n": 2}], [{"n": 3}, {"n": 4}]]


async def test_a_batch_that_did_not_arrive_goes_with_the_next() -> None:
    sender = Sender(failures=1)
    trickle = Trickle(sender)
    trickle.add({"n": 1})
    running = asyncio.ensure_future(trickle.run())
    await asyncio.sleep(0)
    trickle.add({"n": 2})
    await sender.next()
    running.cancel()
    assert sender.batches == [[{"n": 1}, {"n": 2}]]


async def test_a_server_that_does_not_answer_is_given_up() -> None:
    sender = Sender(failures=100)
    trickle = Trickle(sender)
    trickle.add({"n": 1})
    await trickle.run()
    assert sender.tries == signalling.ATTEMPTS


async def test_a_server_that_wants_no_candidates_is_asked_once() -> None:
    sender = Sender(wanted=False)
    trickle = Trickle(sender)
    trickle.add({"n": 1})
    await trickle.run()
    assert sender.tries == 1


async def test_a_transport_is_made_anywhere_and_says_what_it_misses(tidy: None) -> None:
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
def test_a_reconnection_that_cannot_be_is_refused_at_once(given: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="reconnect"):
        SmallWebRTCTransport(reconnect=given)
