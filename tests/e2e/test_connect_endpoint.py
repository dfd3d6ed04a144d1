"""The connect endpoint with an RTVI 0.3 bot behind it: the server-route sample of RTVI's documents, over HTTP."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import Request

import pytest
from local_bot import LocalBot
from rtvi_0_3_requests import CONFIG, SERVICES, action, events, opener, received, request
from rtvi_0_3_server import API_KEYS, CONNECT_ENDPOINT, Rtvi03Servers, connect_endpoint, rtvi_0_3_python
from servers import free_port

WHO_ARE_YOU = [{"role": "user", "content": "who are you"}]


def answer_to_who_are_you(stream: str) -> str:
    return "".join(event["data"]["text"] for event in events(stream) if event["type"] == "bot-llm-text").strip()


@pytest.fixture(scope="module")
def own_endpoint() -> Iterator[str]:
    """An endpoint without named origins, in front of nothing."""
    with connect_endpoint(f"http://127.0.0.1:{free_port()}") as (url, _server):
        yield url


# The server-route sample.


@pytest.mark.parametrize(
    ("body", "missing"),
    [({}, "config and services"), ({"services": SERVICES}, "config"), ({"config": CONFIG}, "services")],
    ids=["neither", "no config", "no services"],
)
def test_connect_without_services_or_config_is_refused(
    rtvi_0_3_server: Rtvi03Servers, body: dict[str, Any], missing: str
) -> None:
    answer = request(f"{rtvi_0_3_server.connect_url}/connect", body)
    assert answer.status == 400
    assert answer.json == {"detail": f"Not found in the request's body: {missing}"}


def test_the_bot_gets_the_keys_and_the_page_gets_a_connection(rtvi_0_3_server: Rtvi03Servers) -> None:
    answer = request(f"{rtvi_0_3_server.connect_url}/connect", {"services": SERVICES, "config": CONFIG})
    assert answer.status == 200
    assert answer.json.keys() == {"session_id", "webrtc_url", "ws_url"}
    assert answer.json["webrtc_url"].startswith(f"{rtvi_0_3_server.bot_url}/api/offer?session=")
    assert not [key for key in API_KEYS.values() if key in answer.text + str(answer.headers)]
    assert received(rtvi_0_3_server)[-1] == {
        "path": "/start-bot",
        "body": {
            "services": SERVICES,
            "config": CONFIG,
            "api_keys": API_KEYS,
            "bot_profile": "voice_2024_10",
            "max_duration": 600.0,
        },
    }


def test_a_page_cannot_say_what_is_the_servers_to_say(rtvi_0_3_server: Rtvi03Servers) -> None:
    body = {"services": SERVICES, "config": CONFIG, "api_keys": {"together": "mine"}, "max_duration": 1e9, "x": 1}
    assert request(f"{rtvi_0_3_server.connect_url}/connect", body).status == 200
    sent = received(rtvi_0_3_server)[-1]["body"]
    assert sent["api_keys"] == API_KEYS
    assert sent["max_duration"] == 600.0
    assert "x" not in sent


def test_defaults_stand_in_for_what_a_page_does_not_send(rtvi_0_3_server: Rtvi03Servers, tmp_path: Path) -> None:
    defaults = tmp_path / "defaults.json"
    defaults.write_text(json.dumps({"services": SERVICES, "config": CONFIG}))
    with connect_endpoint(rtvi_0_3_server.bot_url, defaults=defaults) as (url, _server):
        assert request(f"{url}/connect", {"services": {"llm": "openai"}}).status == 200
    sent = received(rtvi_0_3_server)[-1]["body"]
    assert (sent["services"], sent["config"]) == ({"llm": "openai"}, CONFIG)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"services": {"llm": "mine"}, "config": CONFIG}, "'mine' is not a provider of llm; take openai or together"),
        ({"services": {"cook": "openai"}, "config": CONFIG}, "there is no service 'cook'"),
        ({"services": SERVICES, "config": [{"service": "llm"}]}, "config.0.options: Field required"),
        (
            {"services": SERVICES, "config": [{"service": "llm", "options": [{"name": "mood", "value": 1}]}]},
            "there is no option llm.mood",
        ),
        (
            {"services": SERVICES, "config": [{"service": "llm", "options": [{"name": "model", "value": 1}]}]},
            "llm.model must be of type string",
        ),
        ({"services": "together", "config": CONFIG}, "services: Input should be a valid dictionary"),
    ],
    ids=["provider", "service", "options", "option", "type", "services"],
)
def test_what_the_bot_does_not_know_is_refused_in_its_words(
    rtvi_0_3_server: Rtvi03Servers, body: dict[str, Any], reason: str
) -> None:
    answer = request(f"{rtvi_0_3_server.connect_url}/connect", body)
    assert answer.status == 400
    assert reason in answer.json["detail"]
    assert not [key for key in API_KEYS.values() if key in answer.text]


def test_services_may_be_a_list_as_in_the_documents(rtvi_0_3_server: Rtvi03Servers) -> None:
    body = {"services": [{"llm": "together", "tts": "cartesia"}], "config": CONFIG}
    assert request(f"{rtvi_0_3_server.connect_url}/connect", body).status == 200


# Who may ask, and how.


def test_pages_of_a_named_origin_may_ask(rtvi_0_3_server: Rtvi03Servers, bot: LocalBot) -> None:
    origin = bot.address.rstrip("/")
    preflight = {"origin": origin, "access_control_request_method": "POST"}
    for url in (f"{rtvi_0_3_server.connect_url}/connect", f"{rtvi_0_3_server.bot_url}/api/offer"):
        asked = request(url, b"", method="OPTIONS", access_control_request_headers="content-type,x-mine", **preflight)
        assert asked.status == 200
        assert asked.headers["access-control-allow-origin"] == origin
        assert "x-mine" in asked.headers["access-control-allow-headers"]
    refusal = request(f"{rtvi_0_3_server.connect_url}/connect", {}, origin=origin)
    assert refusal.status == 400
    assert refusal.headers["access-control-allow-origin"] == origin, "else the page could not read why"


def test_pages_of_another_origin_may_not(rtvi_0_3_server: Rtvi03Servers) -> None:
    origin = "https://elsewhere.example"
    preflight = {"origin": origin, "access_control_request_method": "POST"}
    for url in (f"{rtvi_0_3_server.connect_url}/connect", f"{rtvi_0_3_server.bot_url}/api/offer"):
        asked = request(url, b"", method="OPTIONS", access_control_request_headers="content-type", **preflight)
        assert asked.status == 400
        assert "access-control-allow-origin" not in asked.headers
    # What a browser sends without asking first is refused too.
    sent = len(received(rtvi_0_3_server))
    for kind in ("text/plain", "application/json"):
        body = {"services": SERVICES, "config": CONFIG}
        unasked = request(f"{rtvi_0_3_server.connect_url}/connect", body, origin=origin, content_type=kind)
        assert (unasked.status, unasked.json) == (403, {"detail": f"Pages of {origin} may not use this server"})
    assert len(received(rtvi_0_3_server)) == sent


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8000", 400),
        ("https://127.0.0.1", 400),
        ("http://[::1]:1", 400),
        ("http://localhost.elsewhere.example", 403),
        ("http://elsewhere.example/localhost", 403),
        ("http://localhost:80@elsewhere.example", 403),
        ("null", 403),
        ("", 403),
    ],
)
def test_without_named_origins_pages_of_this_machine_may_ask(own_endpoint: str, origin: str, status: int) -> None:
    answer = request(f"{own_endpoint}/connect", {}, origin=origin)
    assert answer.status == status
    assert (answer.headers["access-control-allow-origin"] == origin) == (status == 400)


@pytest.mark.parametrize("path", ["/connect", "/action", "/health"])
def test_a_foreign_host_name_is_refused(own_endpoint: str, path: str) -> None:
    assert request(own_endpoint + path, {}, host="rebound.example").status == 400


def test_too_many_requests_are_refused_for_a_minute() -> None:
    origin = "http://localhost:8000"
    with connect_endpoint("http://127.0.0.1:9", requests=3) as (url, _server):
        # A minute may end in between, but not twice.
        answers = [request(f"{url}/connect", {}, origin=origin) for _ in range(7)]
    assert [answer.status for answer in answers[:3]] == [400] * 3
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.headers["retry-after"] == "60"
    assert refused.headers["access-control-allow-origin"] == origin
    assert refused.json == {"detail": "Too many requests: try again in a minute"}


def test_no_origin_can_be_everybody() -> None:
    command = [str(rtvi_0_3_python()), str(CONNECT_ENDPOINT), "--origin", "*"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert "name the origins" in run.stderr


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"x" * 100_001, 413),
        (b"no json", 400),
        (b"[]", 400),
        (b"[" * 50_000, 400),
        (b'{"services": ' * 300 + b"1" + b"}" * 300, 400),
        (b'{"services": "\\ud800", "config": [], "actions": [1]}', 400),
        (b'{"services": "\xff", "config": [], "actions": [1]}', 400),
        (b'{"services": NaN, "config": [], "actions": [1]}', 400),
        (b'{"services": 1e999, "config": [], "actions": [1]}', 400),
        (b'{"services": ' + b"9" * 5000 + b', "config": [], "actions": [1]}', 400),
        (b"", 400),
    ],
    ids=[
        *("too large", "not JSON", "not an object", "a deep list", "a deep object", "half a character"),
        *("not UTF-8", "not a number", "an infinite number", "a long number", "nothing"),
    ],
)
@pytest.mark.parametrize("path", ["/connect", "/action"])
def test_a_bad_body_is_refused_with_a_reason(
    rtvi_0_3_server: Rtvi03Servers, path: str, body: bytes, status: int
) -> None:
    answer = request(rtvi_0_3_server.connect_url + path, body)
    assert answer.status == status
    assert "body" in answer.json["detail"]


def test_a_body_that_does_not_arrive_is_refused(own_endpoint: str) -> None:
    address = urlsplit(own_endpoint)
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        head = (
            "POST /connect HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n"
        )
        connection.sendall(head.encode() + b"{")
        started = time.monotonic()
        assert connection.recv(1000).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - started > 9


# Single turns.


@pytest.mark.parametrize(("provider", "name"), [("openai", "OpenAI"), ("together", "Together")])
def test_the_provider_that_the_page_chooses_answers(rtvi_0_3_server: Rtvi03Servers, provider: str, name: str) -> None:
    ask = action("llm", "append_to_messages", messages=WHO_ARE_YOU, run_immediately=True)
    answer = request(f"{rtvi_0_3_server.connect_url}/action", {"services": {"llm": provider}, "actions": [ask]})
    assert answer.status == 200
    assert answer.headers.get_content_type() == "text/event-stream"
    assert answer_to_who_are_you(answer.text) == f"I am {name}'s model."
    kinds = [event["type"] for event in events(answer.text)]
    assert kinds.index("action-response") < kinds.index("bot-llm-text"), "the stream goes on after the response"
    assert received(rtvi_0_3_server)[-1]["body"]["api_keys"] == API_KEYS


def test_a_turn_streams_while_it_runs(rtvi_0_3_server: Rtvi03Servers) -> None:
    slow = {**action("test", "slow", seconds=60), "id": "slow"}
    body = json.dumps({"actions": [action("test", "echo", value="é"), slow]}).encode()
    asked = Request(f"{rtvi_0_3_server.connect_url}/action", body, {"Content-Type": "application/json"})
    with opener.open(asked, timeout=25) as answer:  # the server ends the turn after 30 s
        assert events(answer.readline().decode())[0]["data"] == {"result": "é"}


def test_a_turn_in_json_is_the_response(rtvi_0_3_server: Rtvi03Servers) -> None:
    echo = action("test", "echo", value={"a": [1, "é"]})
    answer = request(f"{rtvi_0_3_server.connect_url}/action", {"actions": [echo]}, accept="application/json")
    assert answer.headers.get_content_type() == "application/json"
    data = {"result": {"a": [1, "é"]}}
    assert answer.json == {"label": "rtvi-ai", "type": "action-response", "id": "echo", "data": data}


def test_a_turn_with_an_unknown_action_is_an_error_response(rtvi_0_3_server: Rtvi03Servers) -> None:
    unknown = {"actions": [action("llm", "fly")]}
    answer = request(f"{rtvi_0_3_server.connect_url}/action", unknown, accept="application/json")
    assert (answer.status, answer.json["type"]) == (200, "error-response")
    assert "not registered" in answer.json["data"]["error"]


@pytest.mark.parametrize(
    ("body", "accept", "detail"),
    [
        ({}, "*/*", "Not found in the request's body: actions"),
        ({"actions": [{"type": "action"}]}, "*/*", "actions.0.id: Field required"),
        ({"actions": [action("llm", "run")] * 2}, "application/json", "JSON holds one response"),
        ({"actions": [action("llm", "run")] * 21}, "*/*", "at most 20"),
    ],
    ids=["no actions", "no id", "two in JSON", "too many"],
)
def test_a_bad_turn_is_refused_with_a_reason(
    rtvi_0_3_server: Rtvi03Servers, body: dict[str, Any], accept: str, detail: str
) -> None:
    answer = request(f"{rtvi_0_3_server.connect_url}/action", body, accept=accept)
    assert answer.status == 400
    assert detail in answer.json["detail"]
