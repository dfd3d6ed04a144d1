"""Where an offer goes, what goes with it, and whose ICE servers it uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given as property_of
from hypothesis import strategies as st

from rtvi_web import InvalidArgumentError, TransportStartError
from rtvi_web.rtvi.transport import ConnectRequest
from rtvi_web.transports import SmallWebRTCTransport
from rtvi_web.transports.small_webrtc.offer import OfferRequest, ice_servers, offer_request

START = "https://bot.test/agents/x/start"


def request(
    bundle: Mapping[str, Any] = {}, start: str | None = START, base: str | None = "https://bot.test/"
) -> ConnectRequest:
    return ConnectRequest(bundle, start, base, {})


def urls(given: ConnectRequest, webrtc_url: str | None = None, template: str | None = None) -> list[str]:
    return list(offer_request(webrtc_url, given, template).urls)


BASE = "https://bot.test/api/offer"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (request({"webrtc_url": "/answer", "sessionId": "s1"}), ["/answer"]),
        (request({"webrtcUrl": "/answer"}), ["/answer"]),
        (request({"connection_url": "/answer"}), ["/answer"]),
        (request({"webrtc_url": "/answer", "room_url": "https://daily.test/r"}), ["/answer"]),
        (request({"webrtc_url": None, "sessionId": "s1"}), ["https://bot.test/agents/x/sessions/s1/api/offer"]),
        (
            request({"sessionId": "s1"}, f"{START}?k=/start"),
            ["https://bot.test/agents/x/sessions/s1/api/offer?k=/start"],
        ),
        (request({"session_id": 7}, "/start/"), ["/sessions/7/api/offer"]),
        (request({"sessionId": "s1"}, "/starters/start"), ["/starters/sessions/s1/api/offer"]),
        (request({"sessionId": "s1"}, "https://bot.test/connect"), ["https://bot.test/sessions/s1/api/offer", BASE]),
        (
            request({"sessionId": "s1"}, "https://bot.test/a/bots?k=1#x"),
            ["https://bot.test/a/sessions/s1/api/offer?k=1", BASE],
        ),
        (request({"sessionId": "s1"}, "https://bot.test"), ["https://bot.test/sessions/s1/api/offer", BASE]),
        (request({"sessionId": "s1"}, "https://bot.test/"), ["https://bot.test/sessions/s1/api/offer", BASE]),
        (request({"sessionId": "s1"}, "//bot.test/connect"), ["//bot.test/sessions/s1/api/offer", BASE]),
        (request({"sessionId": "s1"}, "connect", None), ["sessions/s1/api/offer"]),
        (request({"sessionId": "s1"}, "./a/connect", "."), ["./a/sessions/s1/api/offer", "./api/offer"]),
        (request({"sessionId": "../x?y/ü"}), ["https://bot.test/agents/x/sessions/..%2Fx%3Fy%2F%C3%BC/api/offer"]),
        (request({"sessionId": ["s1"]}), [BASE]),
        (request({"sessionId": "s1"}, None), [BASE]),
        (request({"dailyRoom": None}), [BASE]),
        (request({}), [BASE]),
        (request({}, None, "/bots"), ["/bots/api/offer"]),
    ],
)
def test_where_the_offer_goes(given: ConnectRequest, expected: list[str]) -> None:
    assert urls(given) == expected
    assert urls(given, "/own") == ["/own"]


@pytest.mark.parametrize("place", [":sessionId", "{sessionId}", "{session_id}", "{id}"])
def test_a_template_says_where_sessions_are(place: str) -> None:
    template = f"/bots/{place}/offer?s={place}"
    given = request({"sessionId": "a/b"})
    assert urls(given, template=template) == ["/bots/a%2Fb/offer?s=a%2Fb", BASE]
    assert urls(given._replace(base_url=None), template=template) == ["/bots/a%2Fb/offer?s=a%2Fb"]
    assert urls(request({"sessionId": "s1"}, None), template=BASE + place) == [f"{BASE}s1", BASE]
    assert urls(request({}), template=template) == [BASE]
    assert urls(request({"sessionId": "s1", "webrtc_url": "/answer"}), template=template) == ["/answer"]


@pytest.mark.parametrize("template", ["/offer", "", 7])
def test_a_template_without_a_place_for_the_session_is_refused(template: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="must contain ':sessionId'"):
        SmallWebRTCTransport(offer_url_template=template)


@property_of(
    st.text(min_size=1), st.sampled_from(["/start", "connect", "https://bot.test", "https://bot.test/a/b?c=d"])
)
def test_a_session_id_cannot_change_the_address(session_id: str, start: str) -> None:
    """It is one part of the path, whatever is in it."""
    url = urls(request({"sessionId": session_id}, start))[0]
    after = url.partition("sessions/")[2]
    assert after.removesuffix("?c=d").count("/") == 2
    assert set(after) < set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%/?=")


def test_without_an_address_the_error_says_what_to_give() -> None:
    with pytest.raises(
        TransportStartError, match=r"Give SmallWebRTCTransport\(webrtc_url=…\), or a base_url"
    ) as caught:
        urls(request({"sessionId": "s1"}, None, None))
    assert caught.value.phase == "offer"


@pytest.mark.parametrize("key", ["room_url", "roomUrl", "dailyRoom", "daily_room"])
def test_a_daily_room_is_recognised_and_named(key: str) -> None:
    given = request({key: "https://daily.test/room?t=secret", "token": "secret", "sessionId": "s1"})
    with pytest.raises(TransportStartError, match="Daily room") as caught:
        urls(given)
    assert caught.value.phase == "offer"
    assert "https://daily.test/room" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert urls(given, "/own") == ["/own"]


@pytest.mark.parametrize("key", ["webrtc_request_params", "webrtcRequestParams"])
def test_what_the_offer_is_told_to_be(key: str) -> None:
    given_params = {"endpoint": "/told", "headers": {"X-B": "b"}, "requestData": [1], "timeout": 5}
    given = ConnectRequest({key: given_params, "webrtc_url": "/answer"}, None, "/bots", {"X-A": "a"}, {"who": "me"})
    assert offer_request(None, given) == OfferRequest(["/told"], {"X-A": "a", "X-B": "b"}, [1], 5.0)
    assert offer_request("/own", given) == OfferRequest(["/own"], {"X-A": "a"}, {"who": "me"})
    less = given._replace(bundle={key: {"endpoint": "/told"}})
    assert offer_request(None, less) == OfferRequest(["/told"], {"X-A": "a"}, {"who": "me"})


@pytest.mark.parametrize("given_params", ["/told", {"headers": {}}, {"endpoint": "/told", "method": "GET"}])
def test_what_the_offer_cannot_be(given_params: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        offer_request(None, request({"webrtc_request_params": given_params}))


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
def test_which_ice_servers_are_used(configured: Any, bundle: Any, servers: Any) -> None:
    assert ice_servers(configured, bundle) == servers
