"""Servers that are down, refuse, answer nonsense or never answer, over real HTTP: a typed error that names the phase
and the cause, the microphone released, and the client ready to connect again."""

import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from conftest import Visit
from in_page import InPagePython
from serve import serve

JSON, HTML = "application/json", "text/html"
VALIDATION = json.dumps({"detail": [{"loc": ["body", "transport"], "msg": "Field required"}]})
NO_SDP = json.dumps({"sdp": "this is not SDP", "type": "answer", "pc_id": "1"})
ANSWERS: dict[str, tuple[int, str, str]] = {
    "/404/start": (404, JSON, '{"detail": "no such bot"}'),
    "/422/start": (422, JSON, VALIDATION),
    "/500/start": (500, HTML, "<!doctype html><h1>Internal Server Error</h1>"),
    "/info/start": (503, JSON, '{"info": "all bots are busy"}'),
    "/no-json/start": (200, HTML, "<!doctype html>welcome"),
    "/offer-404/api/offer": (404, JSON, '{"detail": "Invalid session"}'),
    "/offer-422/api/offer": (422, JSON, VALIDATION),
    "/offer-500/api/offer": (500, HTML, "<!doctype html><h1>Internal Server Error</h1>"),
    "/no-sdp/api/offer": (200, JSON, NO_SDP),
    "/empty/api/offer": (200, JSON, "{}"),
}
START, OFFER = "start", "offer"


async def bad_server(scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Any) -> None:
    """Answers what ANSWERS says; an /offer-… or other path accepts the start, and /hang… never answers."""
    path = scope["path"]
    if path.startswith("/hang"):
        while (await receive())["type"] != "http.disconnect":
            pass
        return
    status, kind, body = ANSWERS.get(path, (200, JSON, "{}"))
    headers = [(b"content-type", kind.encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body.encode()})


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serve(app=bad_server) as address:
        yield address


@pytest.fixture
def page(address: str, visit: Visit) -> InPagePython:
    return InPagePython(visit("", allow=("Failed to load resource",)), address)


CONNECT = """
client = new_client(params={"base_url": base, "endpoints": {"connect": connect}}, timeout=2 if hangs else 30)
states = []
client.on("transportStateChanged", states.append)
result = await failure(client.connect())
result["again"] = (await failure(client.connect()))["type"]  # it may be tried again, and fails in the same way
result |= {"states": states[:len(states) // 2], "mic": client.is_mic_enabled, "state": client.state}
"""
REFUSED_AT_START = ["initializing", "initialized", "authenticating", "error"]
FAILED_LATER = ["initializing", "initialized", "connecting", "disconnecting", "disconnected", "error"]


@pytest.mark.parametrize(
    ("case", "phase", "kind", "status", "reason"),
    [
        ("404", START, "StartBotError", 404, "no such bot"),
        ("422", START, "StartBotError", 422, "body.transport: Field required"),
        ("500", START, "StartBotError", 500, "Internal Server Error"),
        ("info", START, "StartBotError", 503, "all bots are busy"),
        ("no-json", START, "StartBotError", 200, "not a JSON object"),
        ("offer-404", OFFER, "TransportStartError", 404, "Invalid session"),
        ("offer-422", OFFER, "TransportStartError", 422, "body.transport: Field required"),
        ("offer-500", OFFER, "TransportStartError", 500, "Internal Server Error"),
        ("no-sdp", OFFER, "TransportStartError", None, "is not SDP"),
        ("empty", OFFER, "TransportStartError", 200, "no SDP"),
        ("hang-at-start", START, "ConnectionTimeoutError", None, "2 s"),
        ("hang-at-offer", OFFER, "ConnectionTimeoutError", None, "2 s"),
    ],
)
def test_a_bad_answer(page: InPagePython, case: str, phase: str, kind: str, status: int | None, reason: str) -> None:
    at_start = phase == START
    hangs = kind == "ConnectionTimeoutError"
    error = page.run(CONNECT, base=f"/{case}", connect="/start" if at_start else None, hangs=hangs)
    assert (error["type"], error["phase"], error["status"]) == (kind, phase, status)
    assert reason in error["text"]
    assert error["again"] == kind
    assert error["state"] == "error"
    if hangs:
        assert error["states"][-3:] == ["disconnecting", "disconnected", "error"]
    else:
        assert error["states"] == (REFUSED_AT_START if at_start else FAILED_LATER)
    assert not error["mic"]
    page.check_released()


def test_a_server_that_is_down(visit: Visit) -> None:
    """The page came from it a moment ago."""
    with serve() as address:
        page = InPagePython(visit("", allow=("ERR_CONNECTION_REFUSED",)), address)
    at_start = page.run(CONNECT, base="/", connect="/start", hangs=False)
    assert (at_start["type"], at_start["phase"]) == ("StartBotError", START)
    at_offer = page.run(CONNECT, base="/", connect=None, hangs=False)
    assert (at_offer["type"], at_offer["phase"]) == ("TransportStartError", OFFER)
    for error in (at_start, at_offer):
        assert "Is the server running?" in error["text"]
    page.check_released()
