"""The connect endpoint with an RTVI 0.3 bot behind it: the server-route sample of RTVI's documents, over HTTP."""

import base64
import contextlib
import json
import signal
import socket
import subprocess
import textwrap
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
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


# The bot's server is not there, or talks nonsense.


@pytest.fixture(scope="module")
def own_endpoint() -> Iterator[str]:
    """An endpoint without named origins, in front of nothing."""
    with connect_endpoint(f"http://127.0.0.1:{free_port()}") as (url, _server):
        yield url


class ScriptedBot:
    """A bot's server that gives every request the same answer, with an endpoint in front of it at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers(200, "{}")

    def answers(
        self, status: int, text: str, media_type: str = "text/event-stream", *, size: int = 100_000, length: int = 0
    ) -> None:
        """From now on it answers so, in pieces of a size, and says that the whole is as long as `length`, if given."""
        self.status, self.text, self.media_type, self.size, self.length = status, text, media_type, size, length

    def reply(self, handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["Content-Length"]))
        handler.send_response(self.status)
        if self.media_type:
            handler.send_header("Content-Type", self.media_type)
        if self.length:
            handler.send_header("Content-Length", str(self.length))
        handler.end_headers()
        data = self.text.encode()
        with contextlib.suppress(ConnectionError):  # the endpoint may have read enough
            for start in range(0, len(data), self.size):
                handler.wfile.write(data[start : start + self.size])


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedBot]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bot.reply(self)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with connect_endpoint(f"http://127.0.0.1:{server.server_port}") as (url, _server):
                bot = ScriptedBot(url)
                yield bot
        finally:
            server.shutdown()
            thread.join()


NOT_JSON = "The bot's server answered with something other than a JSON object"


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
        (200, "<h1>hello</h1>", 502, NOT_JSON),
        (200, "[1]", 502, NOT_JSON),
        (200, "[" * 10_000, 502, NOT_JSON),
        (200, '{"a":' * 201 + "1" + "}" * 201, 502, NOT_JSON),
        (200, '{"url": "\\ud800"}', 502, NOT_JSON),
        (200, '{"url": NaN}', 502, NOT_JSON),
        (200, '{"url": 1e999}', 502, NOT_JSON),
        (200, "", 502, NOT_JSON),
        (200, '{"url": "' + "x" * 1_000_000 + '"}', 502, "The bot's server answered with more than 1000000 bytes"),
        (302, "", 502, "The bot's server answered with 302"),
        (400, "[" * 10_000, 400, "The bot's server answered with 400"),
        (400, '{"detail": [1]}', 400, "The bot's server answered with 400"),
        (400, '{"detail": "\\ud800"}', 400, "The bot's server answered with 400"),
        (500, "broken", 502, "The bot's server answered with 500"),
        (503, '{"detail": "full"}', 503, "full"),
        (404, "[]", 404, "The bot's server answered with 404"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bot_that_answers_otherwise(
    scripted: ScriptedBot, status: int, text: str, passed_on: int, detail: str
) -> None:
    scripted.answers(status, text)
    answer = request(f"{scripted.url}/connect", {"services": SERVICES, "config": CONFIG})
    assert (answer.status, answer.json) == (passed_on, {"detail": detail})


@pytest.mark.parametrize("media_type", ["text/html", "", "image/svg+xml", "text/html; charset=text/event-stream"])
def test_a_turn_that_is_neither_json_nor_events_is_not_passed_on(scripted: ScriptedBot, media_type: str) -> None:
    script = "<script>alert(1)</script>"
    scripted.answers(200, script, media_type)
    answer = request(f"{scripted.url}/action", {"actions": [action("llm", "run")]})
    assert (answer.status, answer.json) == (502, {"detail": NOT_JSON})


@pytest.mark.parametrize("path", ["/connect", "/action"])
def test_an_answer_that_breaks_off_is_a_bad_gateway(scripted: ScriptedBot, path: str) -> None:
    scripted.answers(200, '{"a":', "application/json", length=100)
    answer = request(
        scripted.url + path, {"services": SERVICES, "config": [], "actions": [1]}, accept="application/json"
    )
    assert answer.status == 502
    assert answer.json["detail"].startswith("The bot's server did not finish its answer: ")


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
def test_no_key_comes_back(scripted: ScriptedBot, status: int, text: str, said: str) -> None:
    scripted.answers(status, text)
    answer = request(f"{scripted.url}/connect", {"services": SERVICES, "config": []})
    assert answer.status == status if status != 422 else answer.status in (400, 422)
    assert said in answer.text
    assert KEY not in answer.text


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ESCAPED = KEY.replace("-", "\\u002d").replace("s", "\\u0073")
QUOTES = {
    "plain": f'{{"sent": "{KEY}"}}',
    "a text": f"the key {KEY} is unknown",
    "escaped": f'{{"sent": ["{ESCAPED}"]}}',
    "as a name": f'{{"{KEY}": {{"{ESCAPED}": 1}}}}',
    "base64": encoded(f'{{"sent": "{KEY}", "umlaut": "é"}}'),
    "base64 of a text": encoded(f"{KEY}?"),
    "base64, escaped": encoded(f'{{"sent": "{ESCAPED}"}}'),
    "base64 for addresses": base64.urlsafe_b64encode(f'{{"sent": "{KEY}", "x": "~~~???>>>"}}'.encode()).decode(),
    "base64 without padding": encoded(f'{{"sent": "{KEY}"}} ').rstrip("="),
    "base64 with tabs": "\t".join(textwrap.wrap(encoded(f'{{"sent": "{KEY}"}}'), 16)),
    "base64 in JSON": json.dumps({"sent": encoded(f"the key {KEY}")}),
    "base64 in lines": "\ndata: ".join(textwrap.wrap(encoded(f'{{"sent": "{KEY}"}}'), 16)),
}


def quotes_a_key(event: str) -> bool:
    """Whether an event's data holds a key, however it is written."""
    data = "".join(line.removeprefix("data:").strip() for line in event.splitlines() if line.startswith("data:"))
    texts = [event, data]
    with contextlib.suppress(ValueError):
        texts.append(
            base64.urlsafe_b64decode(data.translate(str.maketrans("+/", "-_")) + "==").decode(errors="replace")
        )
    for text in list(texts):
        with contextlib.suppress(ValueError):
            value = json.loads(text)
            texts.append(json.dumps(value))
            if isinstance(value, dict) and isinstance(value.get("sent"), str):
                texts.append(base64.b64decode(value["sent"]).decode(errors="replace"))
    return any(KEY in text for text in texts)


@pytest.mark.parametrize("separator", ["\n\n", "\r\n\r\n", "\r\r", "\n\r"], ids=["LF", "CRLF", "CR", "mixed"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_no_key_comes_back_in_a_turn(scripted: ScriptedBot, separator: str, size: int) -> None:
    clean = [f'data: {{"n": {number}}}' for number in range(len(QUOTES))]
    pairs = zip(clean, QUOTES.values(), strict=True)
    text = separator.join(line for before, quote in pairs for line in (before, f"event: message\ndata: {quote}"))
    assert all(map(quotes_a_key, text.split(separator)[1::2]))
    scripted.answers(200, text, size=size)
    answer = request(f"{scripted.url}/action", {"services": SERVICES, "config": [], "actions": [action("llm", "run")]})
    came = answer.text.split("\n\n")
    assert answer.status == 200
    assert came[::2] == clean
    assert len(came) == 2 * len(clean)
    assert not list(filter(quotes_a_key, came))
    assert all("event: message" in event and "data: " in event for event in came[1::2])


def test_events_without_a_key_come_as_they_were(scripted: ScriptedBot) -> None:
    texts = [encoded("é☃"), "hello", '{"a":  1.50}', "", encoded("{}") + "\nid: 7\nretry: 5"]
    text = "".join(f"data: {data}\n\n" for data in texts)
    scripted.answers(200, text)
    answer = request(f"{scripted.url}/action", {"actions": [action("llm", "run")]})
    assert (answer.status, answer.text) == (200, text)


def test_an_event_without_end_ends_the_turn(scripted: ScriptedBot) -> None:
    text = "data: 1\n\ndata: " + "x" * 3_000_000
    scripted.answers(200, text)
    answer = request(f"{scripted.url}/action", {"actions": [action("llm", "run")]})
    assert answer.text == "data: 1\n\n"


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
