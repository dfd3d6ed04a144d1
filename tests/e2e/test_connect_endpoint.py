"""The connect endpoint with an RTVI 0.3 bot behind it: the server-route sample of RTVI's documents, over HTTP."""

import base64
import contextlib
import json
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from local_bot import LocalBot
from rtvi_0_3_server import (
    API_KEYS,
    BOT,
    CONNECT_ENDPOINT,
    Rtvi03Servers,
    connect_endpoint,
    rtvi_0_3_python,
    rtvi_0_3_servers,
    start_rtvi_0_3_server,  # noqa: F401
)
from servers import free_port

PEER = BOT / "peer.py"
SERVICES = {"llm": "together"}
CONFIG = [
    {
        "service": "llm",
        "options": [
            {"name": "model", "value": "meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo"},
            {"name": "initial_messages", "value": [{"role": "system", "content": "You are ExampleBot."}]},
        ],
    }
]
WHO_ARE_YOU = [{"role": "user", "content": "who are you"}]
_opener = build_opener(ProxyHandler({}))


@dataclass
class Answer:
    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def request(url: str, body: Any = None, *, method: str = "POST", **headers: str) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in {"content_type": "application/json", **headers}.items()}
    try:
        with _opener.open(Request(url, data, headers, method=method), timeout=60) as answer:
            return Answer(answer.status, answer.headers, answer.read().decode())
    except HTTPError as refusal:
        with refusal:
            return Answer(refusal.code, refusal.headers, refusal.read().decode())


def received(server: Rtvi03Servers) -> list[dict[str, Any]]:
    """What the connect endpoint has sent to the bot's server."""
    bodies: list[dict[str, Any]] = request(f"{server.bot_url}/received", b"", method="GET").json
    return bodies


def action(service: str, name: str, **arguments: Any) -> dict[str, Any]:
    listed = [{"name": argument, "value": value} for argument, value in arguments.items()]
    data = {"service": service, "action": name, "arguments": listed}
    return {"label": "rtvi-ai", "type": "action", "id": name, "data": data}


def events(stream: str) -> list[dict[str, Any]]:
    """The RTVI messages in the server-sent events of RTVI 0.3, which are base64."""
    lines = [line for line in stream.splitlines() if line]
    assert all(line.startswith("data: ") for line in lines)
    return [json.loads(base64.b64decode(line.removeprefix("data: "))) for line in lines]


def answer_to_who_are_you(stream: str) -> str:
    return "".join(event["data"]["text"] for event in events(stream) if event["type"] == "bot-llm-text").strip()


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
    assert answer.json.keys() == {"session_id", "webrtc_url"}
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
    # What a browser sends without asking first is refused for what it is.
    unasked = request(f"{rtvi_0_3_server.connect_url}/connect", {}, origin=origin, content_type="text/plain")
    assert unasked.status == 415


def test_no_origin_can_be_everybody() -> None:
    command = [str(rtvi_0_3_python()), str(CONNECT_ENDPOINT), "--origin", "*"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.returncode == 2
    assert "name the origins" in run.stderr


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"x" * 100_001, 413), (b"no json", 400), (b"[]", 400)],
    ids=["too large", "no JSON", "no object"],
)
@pytest.mark.parametrize("path", ["/connect", "/action"])
def test_a_bad_body_is_refused_with_a_reason(
    rtvi_0_3_server: Rtvi03Servers, path: str, body: bytes, status: int
) -> None:
    answer = request(rtvi_0_3_server.connect_url + path, body)
    assert answer.status == status
    assert "body" in answer.json["detail"]


# The bot's server is not there, or talks nonsense.


@pytest.mark.parametrize("path", ["/connect", "/action"])
def test_a_bot_that_is_down_is_a_bad_gateway(path: str) -> None:
    body = {"services": SERVICES, "config": CONFIG, "actions": [action("test", "echo", value=1)]}
    with connect_endpoint(f"http://127.0.0.1:{free_port()}") as (url, _server):
        answer = request(url + path, body)
    assert answer.status == 502
    assert answer.json == {"detail": "The bot's server does not answer: ConnectError"}


@pytest.mark.parametrize(
    ("status", "text", "passed_on", "detail"),
    [
        (200, "<h1>hello</h1>", 502, "The bot's server answered with no connection"),
        (500, "broken", 502, "The bot's server answered with 500"),
        (503, '{"detail": "full"}', 503, "full"),
        (404, "[]", 404, "The bot's server answered with 404"),
    ],
)
def test_a_bot_that_answers_otherwise(status: int, text: str, passed_on: int, detail: str) -> None:
    with answering(status, text) as bot_url, connect_endpoint(bot_url) as (url, _server):
        answer = request(f"{url}/connect", {"services": SERVICES, "config": CONFIG})
    assert (answer.status, answer.json) == (passed_on, {"detail": detail})


KEY = API_KEYS["together"]


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (
            422,
            f'{{"detail": [{{"loc": ["body", "room"], "msg": "required", "input": "{KEY}"}}]}}',
            "body.room: required",
        ),
        (400, f'{{"detail": "no such key: {KEY}"}}', "no such key: ***"),
        (400, f'{{"detail": {{"sent": "{KEY}"}}}}', "The bot's server answered with 400"),
        (200, f'{{"webrtc_url": "/offer", "sent": {{"api_keys": ["{KEY}"]}}}}', "***"),
    ],
    ids=["a list", "a text", "an object", "a connection"],
)
def test_no_key_comes_back(status: int, text: str, said: str) -> None:
    with answering(status, text) as bot_url, connect_endpoint(bot_url) as (url, _server):
        answer = request(f"{url}/connect", {"services": SERVICES, "config": []})
    assert answer.status == status if status != 422 else answer.status in (400, 422)
    assert said in answer.text
    assert KEY not in answer.text


@pytest.mark.parametrize("ending", ["\n\n", ""])
def test_no_key_comes_back_in_a_turn(ending: str) -> None:
    text = f'data: {{"sent": "{KEY}"}}\n\ndata: {{"sent": "{KEY}"}}{ending}'
    with answering(200, text) as bot_url, connect_endpoint(bot_url) as (url, _server):
        answer = request(f"{url}/action", {"services": SERVICES, "config": [], "actions": [action("llm", "run")]})
    assert (answer.status, answer.text) == (200, text.replace(KEY, "***"))


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
    with _opener.open(asked, timeout=25) as answer:  # the server ends the turn after 30 s
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


# Sessions.


def test_a_session_is_for_one_page(rtvi_0_3_server: Rtvi03Servers) -> None:
    url = start(rtvi_0_3_server)
    assert request(url, {"type": "offer"}).json == {"detail": "sdp: Field required"}
    refusal = request(url, {"type": "offer", "sdp": "m=nonsense"})
    assert refusal.status == 400
    assert "the offer cannot be answered" in refusal.json["detail"]
    assert request(url, {"type": "offer", "sdp": "m=nonsense"}).status == 404


def test_rtvi_0_3_takes_no_single_candidates(rtvi_0_3_server: Rtvi03Servers) -> None:
    assert request(start(rtvi_0_3_server), {"candidates": []}, method="PATCH").status == 405


def test_a_session_ends_when_its_time_is_up(rtvi_0_3_server: Rtvi03Servers) -> None:
    with peer(start(rtvi_0_3_server, max_duration=5)) as messages:
        first = next(messages)
        assert (first["type"], first["data"]["version"]) == ("bot-ready", "0.3.0")
        assert list(messages)[-1] == {"type": "signalling", "message": {"type": "peerLeft"}}


def test_an_action_that_fails_is_answered_and_so_is_the_next(rtvi_0_3_server: Rtvi03Servers) -> None:
    with peer(start(rtvi_0_3_server), action("tts", "say"), action("llm", "get_context")) as messages:
        answers: dict[str, Any] = {}
        for message in messages:
            answers |= {message.get("id") or message["type"]: message.get("data")}
            if "get_context" in answers:
                break
    assert answers["say"] == {"result": False}
    assert answers["error"] == {"error": "The action failed: KeyError('text')", "fatal": False}
    assert answers["get_context"]["result"]["messages"] == [{"role": "system", "content": "You are ExampleBot."}]


def test_a_configuration_that_cannot_be_applied_is_a_fatal_error(rtvi_0_3_server: Rtvi03Servers) -> None:
    config = [{"service": "tts", "options": [{"name": "voice", "value": "unknown"}]}]
    with peer(start(rtvi_0_3_server, config=config)) as messages:
        first = next(messages)
        assert first["type"] == "error"
        assert first["data"] == {
            "error": "The configuration cannot be applied: there is no voice 'unknown'",
            "fatal": True,
        }
        assert list(messages)[-1] == {"type": "signalling", "message": {"type": "peerLeft"}}
    logs = rtvi_0_3_server.bot.log.read_text() + rtvi_0_3_server.connect_endpoint.log.read_text()
    assert "the configuration cannot be applied" in logs, "with its traceback"
    assert not [key for key in API_KEYS.values() if key in logs]


def test_the_server_ends_at_once_in_the_middle_of_a_session() -> None:
    with rtvi_0_3_servers() as server, peer(start(server)) as messages:
        assert next(messages)["type"] == "bot-ready"
        server.bot.process.send_signal(signal.SIGTERM)
        assert server.bot.process.wait(20) == -signal.SIGTERM
        assert list(messages)[-1] == {"type": "signalling", "message": {"type": "peerLeft"}}


def start(server: Rtvi03Servers, **options: Any) -> str:
    """Start a bot; where the page meets it."""
    body = {"services": SERVICES, "config": CONFIG, "api_keys": API_KEYS, **options}
    return str(request(f"{server.bot_url}/start-bot", body).json["webrtc_url"])


@contextlib.contextmanager
def peer(url: str, *messages: dict[str, Any]) -> Iterator[Iterator[dict[str, Any]]]:
    """A peer in the session; what it receives, without the metrics that come at any time."""
    command = [str(rtvi_0_3_python()), str(PEER), url, *map(json.dumps, messages)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = map(json.loads, process.stdout)
            yield (message for message in lines if message["type"] != "metrics")
        finally:
            process.kill()


@contextlib.contextmanager
def answering(status: int, text: str) -> Iterator[str]:
    """A server that gives every request the same answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
