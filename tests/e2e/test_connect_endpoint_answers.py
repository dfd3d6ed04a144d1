"""What the connect endpoint passes on of the bot's answers: neither nonsense nor keys."""

import base64
import contextlib
import itertools
import json
import textwrap
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest
from rtvi_0_3_requests import CONFIG, SERVICES, action, request
from rtvi_0_3_server import API_KEYS, connect_endpoint
from servers import free_port


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


ENCODERS: dict[str, tuple[Callable[[str], str], Callable[[str], str]]] = {
    "base64": (encoded, lambda text: base64.b64decode(text).decode()),
    "base64 for addresses": (
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
        lambda text: base64.urlsafe_b64decode(text + "==").decode(),
    ),
    "hexadecimal": (lambda text: text.encode().hex(), lambda text: bytes.fromhex(text).decode()),
    "escaped for addresses": (lambda text: "".join(f"%{byte:02X}" for byte in text.encode()), unquote),
    "escaped as in JSON": (
        lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
        lambda text: str(json.loads(f'"{text}"')),
    ),
    "JSON": (lambda text: json.dumps({"sent": text}), lambda text: str(json.loads(text)["sent"])),
    "a header": (lambda text: f"Authorization: Basic {text}.", lambda text: text[21:-1]),
}
"""How a bot's server may write what it was sent, and what undoes it."""


def encoded_by(names: Sequence[str]) -> str:
    text = f"{KEY} é~?>"
    for name in names:
        text = ENCODERS[name][0](text)
    return text


def tells_the_key(text: str, names: Sequence[str]) -> bool:
    """Whether somebody who knows how it was encoded finds the key."""
    for name in reversed(names):
        if KEY in text:
            return True
        try:
            text = ENCODERS[name][1](text)
        except (ValueError, KeyError, TypeError):
            return False
    return KEY in text


WAYS = [names for count in (1, 2, 3) for names in itertools.product(ENCODERS, repeat=count)]


def test_no_key_comes_back_in_a_turn_however_it_is_encoded(scripted: ScriptedBot) -> None:
    texts = [encoded_by(names) for names in WAYS]
    assert all(tells_the_key(text, names) for text, names in zip(texts, WAYS, strict=True))
    scripted.answers(200, "".join(f"data: {text}\n\ndata: {encoded('hello')}\n\n" for text in texts))
    answer = request(f"{scripted.url}/action", {"services": SERVICES, "config": [], "actions": [action("llm", "run")]})
    came = answer.text.removesuffix("\n\n").split("\n\n")
    assert came[1::2] == [f"data: {encoded('hello')}"] * len(WAYS)
    told = [names for event, names in zip(came[::2], WAYS, strict=True) if tells_the_key(event[6:], names)]
    assert not told


def test_no_key_comes_back_in_json_however_it_is_encoded(scripted: ScriptedBot) -> None:
    ways = [names for names in WAYS if len(names) < 3]
    texts = [encoded_by(names) for names in ways]
    scripted.answers(200, json.dumps({"sent": texts}))
    came = request(f"{scripted.url}/connect", {"services": SERVICES, "config": []}).json["sent"]
    for text, names in zip(texts, ways, strict=True):
        scripted.answers(400, json.dumps({"detail": text}))
        refusal = request(f"{scripted.url}/connect", {"services": SERVICES, "config": []})
        assert not tells_the_key(refusal.json["detail"], names)
    assert not [names for text, names in zip(came, ways, strict=True) if tells_the_key(text, names)]


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
