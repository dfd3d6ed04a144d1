"""rtvi-web console: the page, and what is passed on to the bot."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import anyio
import pytest
from bot_servers import Bot, served
from rtvi_web_console.cli.console import console
from rtvi_web_console.cli.errors import CommandError
from rtvi_web_console.cli.forward import Forwarder, OnlyLocal
from rtvi_web_console.cli.listening import listen
from rtvi_web_console.cli.main import main
from sites import carried_site
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route


class Got(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def ask(server: str, path: str, *, method: str = "POST", body: bytes | None = b"{}", **headers: str) -> Got:
    connection = http.client.HTTPConnection(server, timeout=20)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return Got(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@pytest.fixture
def bot() -> Bot:
    return Bot()


@pytest.fixture
def page(bot: Bot, tmp_path: Path) -> Iterator[str]:
    """The console for a bot, as served."""
    with (
        served(bot.app([])) as host,
        served(console(f"http://{host}/start?x=1", site=carried_site(tmp_path / "site"))) as page,
    ):
        yield page


class TestThePage:
    def test_a_bot_at_an_ipv6_address_has_a_page(self, tmp_path: Path) -> None:
        with served(console("http://[::1]:1/start", site=carried_site(tmp_path / "site"))) as page:
            got = ask(page, "/", method="GET", body=None)
            assert b"gave no answer" in ask(page, "/start").body
        assert "connect-src 'self';" in got.headers["content-security-policy"]

    def test_it_may_connect_elsewhere(self, tmp_path: Path) -> None:
        app = console("localhost:1", connect=["https://a.example/x"], site=carried_site(tmp_path / "site"))
        with served(app) as page:
            policy = ask(page, "/", method="GET", body=None).headers["content-security-policy"]
        assert "connect-src 'self' http://localhost:1 ws://localhost:1 https://a.example wss://a.example;" in policy

    def test_it_is_at_the_root(self, page: str) -> None:
        got = ask(page, "/", method="GET", body=None)
        assert got.status == 200
        assert b'"endpoint": "/start?x=1"' in got.body
        assert "connect-src 'self' http://127.0.0.1:" in got.headers["content-security-policy"]

    def test_the_bot_is_reached_through_it(self, page: str, bot: Bot) -> None:
        got = ask(page, "/start?x=1", content_type="application/json", authorization="Bearer k", cookie="c=1")
        assert (got.status, json.loads(got.body)) == (200, {"sessionId": "s1"})
        assert bot.bodies == [{}]
        assert bot.headers[0]["authorization"] == "Bearer k"
        assert {"cookie", "origin", "referer"}.isdisjoint(bot.headers[0])

    @pytest.mark.parametrize(
        "headers",
        [
            {"host": "evil.example"},
            {"host": "evil.example:80"},
            {"host": "localhost.evil.example"},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"origin": "http://localhost:1"},
            {"host": ""},
            {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("path", ["/", "/start", "/loader.js"])
    def test_foreign_pages_are_refused(self, page: str, bot: Bot, headers: dict[str, Any], path: str) -> None:
        got = ask(page, path, method="POST" if path == "/start" else "GET", **headers)
        assert got.status == 403
        assert bot.bodies == []

    def test_pages_of_its_own_are_answered(self, page: str, bot: Bot) -> None:
        port = page.partition(":")[2]
        linked = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate"}  # or shown in a frame
        assert ask(page, "/", method="GET", body=None, **linked).status == 200
        for name in ("localhost", "127.0.0.1"):
            assert ask(page, "/start", host=f"{name}:{port}", origin=f"http://{name}:{port}").status == 200
        assert len(bot.bodies) == 2

    @pytest.mark.parametrize("name", ["wsUrl", "ws_url"])
    @pytest.mark.parametrize(
        ("given", "passed"),
        [
            ("ws://other.example:9/ws?a=1", "ws://other.example:9/ws?a=1"),
            ("/ws", "ws://{bot}/ws"),
            ("wss://0.0.0.0:7860/ws", "ws://{bot}/ws"),
            ("https://other.example/ws", "wss://other.example/ws"),
        ],
    )
    def test_websockets_go_straight_to_the_bot(self, name: str, given: str, passed: str) -> None:
        bot = Bot({name: given, "n": 1})
        with served(bot.app([])) as host, served(OnlyLocal(Forwarder(f"http://{host}/start"))) as page:
            assert json.loads(ask(page, "/start").body) == {name: passed.format(bot=host), "n": 1}


def endpoint(answer: Any) -> Starlette:
    async def answers(request: Request) -> Response:
        await request.body()
        given: Response = answer() if callable(answer) and not isinstance(answer, Response) else answer
        return given

    return Starlette(routes=[Route("/{path:path}", answers, methods=["GET", "POST", "PATCH", "DELETE"])])


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE"])
def test_methods_statuses_and_headers_are_the_bots(method: str) -> None:
    answer = PlainTextResponse("no bot", 503, {"X-Why": "busy", "Set-Cookie": "a=1"})
    with served(endpoint(answer)) as host, served(Forwarder(f"http://{host}/")) as page:
        got = ask(page, "/a%20b?c=%2F", method=method)
    assert (got.status, got.body) == (503, b"no bot")
    assert got.headers["x-why"] == "busy"


@pytest.mark.parametrize("place", ["https://elsewhere.example/x?key=secret", "/other"])
def test_no_redirect_is_followed(place: str) -> None:
    with served(endpoint(RedirectResponse(place))) as host, served(Forwarder(f"http://{host}/")) as page:
        got = ask(page, "/start")
    assert got.status == 502
    assert b"leads elsewhere" in got.body
    assert b"secret" not in got.body
    assert "location" not in got.headers


def test_sizes_are_bounded(caplog: pytest.LogCaptureFixture) -> None:
    async def endless() -> Any:
        for _ in range(10_000):
            yield b"x" * 1000

    answer = endpoint(lambda: StreamingResponse(endless()))
    with served(answer) as host, served(Forwarder(f"http://{host}/", max_body=50_000)) as page:
        assert ask(page, "/", body=b"y" * 50_001).status == 413
        with pytest.raises(http.client.IncompleteRead):  # not as if this were all of it
            ask(page, "/")
    assert "did not end its answer: it may have 50,000 bytes. The page got what" in caplog.text
    with (
        served(endpoint(PlainTextResponse("x" * 50_001))) as host,
        served(Forwarder(f"http://{host}/", max_body=50_000)) as page,
    ):
        got = ask(page, "/")
    assert (got.status, b"it may have 50,000 bytes" in got.body) == (502, True), "its length was known"


@pytest.mark.parametrize("kind", ["application/x-ndjson", "text/event-stream", "application/json-seq; a=b"])
def test_what_comes_bit_by_bit_is_passed_on_as_it_comes(kind: str) -> None:
    asked = threading.Event()

    async def lines() -> Any:
        yield b'{"n": 1}\n'
        await anyio.to_thread.run_sync(asked.wait, 40)
        yield b'{"n": 2}\n'

    answer = endpoint(lambda: StreamingResponse(lines(), media_type=kind))
    with served(answer) as host, served(Forwarder(f"http://{host}/")) as page:
        connection = http.client.HTTPConnection(page, timeout=20)
        connection.request("POST", "/actions")
        got = connection.getresponse()
        assert got.readline() == b'{"n": 1}\n'
        assert not asked.is_set()
        asked.set()
        assert got.read() == b'{"n": 2}\n'
        connection.close()


def test_a_stream_that_takes_too_long_is_cut_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    async def drips() -> Any:
        while True:
            yield b"data: x\n\n"
            await anyio.sleep(0.05)

    answer = endpoint(lambda: StreamingResponse(drips(), media_type="text/event-stream"))
    with (
        served(answer) as host,
        served(Forwarder(f"http://{host}/", max_time=0.3)) as page,
        pytest.raises(http.client.IncompleteRead),
    ):
        ask(page, "/")
    assert "did not end its answer: it may take 0.3 s." in caplog.text


@pytest.mark.parametrize("kind", ["text/plain", "application/json"])
def test_an_answer_that_breaks_off_is_not_passed_on_as_whole(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()  # or else the connection may be reset before its answer is read
        headers = [(b"content-length", b"1000"), (b"content-type", kind.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{}", "more_body": True})

    with served(app) as host, served(Forwarder(f"http://{host}/")) as page:
        if kind == "text/plain":
            with pytest.raises(http.client.IncompleteRead):
                ask(page, "/")
            said = caplog.text
        else:
            said = ask(page, "/").body.decode()
    assert "did not end its answer: 998 bytes are missing." in said


def test_times_are_bounded() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    with served(app) as host, served(Forwarder(f"http://{host}/", timeout=0.3)) as page:
        got = ask(page, "/start")
    assert got.status == 502
    assert b"gave no answer: timed out" in got.body


def test_a_bot_that_is_not_there() -> None:
    with served(Forwarder("http://127.0.0.1:1/start")) as page:
        got = ask(page, "/start")
    assert got.status == 502
    assert b"gave no answer" in got.body


def test_other_json_stays_as_it_is() -> None:
    for text in (b'{"a":  1}', b"[1]", b"{", b""):
        answer = Response(text, media_type="application/json")
        with served(endpoint(answer)) as host, served(Forwarder(f"http://{host}/")) as page:
            assert ask(page, "/").body == text


class TestTheCommandLine:
    @pytest.mark.parametrize(
        ("given", "why"),
        [
            ({"bot": "ftp://x"}, "is not an http or https address"),
            (
                {"bot": " "},
                "The address of the bot is empty. Give the address of the bot's start endpoint, such as http://localhost:7860/start",
            ),
            ({"bot": "http://user:pw@localhost:1/start"}, "^http://localhost:1/start has a user name in it"),
            ({"bot": "localhost:1", "script": "nowhere.py"}, "nowhere.py"),
            ({"bot": "localhost:1", "transport": "pigeon"}, "transport='pigeon'"),
        ],
    )
    def test_what_it_cannot_do_is_said(self, given: dict[str, Any], why: str, tmp_path: Path) -> None:
        with pytest.raises(CommandError, match=why):
            console(**given, site=carried_site(tmp_path))

    def test_it_needs_a_bot(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["console"])
        assert "--bot" in capsys.readouterr().err

    def test_a_checkout_says_that_it_carries_no_site(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["console", "--bot", "http://:1"]) == 1
        assert capsys.readouterr().err.startswith("rtvi-web console: ")


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_a_port_that_cannot_be(port: str) -> None:
    with pytest.raises(CommandError, match="choose a --port"):
        listen(int(port))


def test_a_port_that_is_taken() -> None:
    with listen(0) as taken, pytest.raises(CommandError, match="choose another --port"):
        listen(taken.getsockname()[1])


@pytest.mark.parametrize("address", ["ws://[bad", "ws://x:y/"])
def test_an_address_that_is_none_is_left_to_the_page(address: str) -> None:
    with served(Bot({"wsUrl": address}).app([])) as host, served(Forwarder(f"http://{host}/")) as page:
        got = ask(page, "/start")
    assert (got.status, json.loads(got.body)) == (200, {"wsUrl": address})


def test_a_redirect_to_what_is_no_address() -> None:
    answer = Response(status_code=307, headers={"Location": "http://[bad/?key=secret"})
    with served(endpoint(answer)) as host, served(Forwarder(f"http://{host}/")) as page:
        got = ask(page, "/start")
    assert got.status == 502
    assert b"leads elsewhere, to http://[bad/?" in got.body
    assert b"secret" not in got.body


def test_a_name_that_cannot_be() -> None:
    with served(Forwarder("http://a..b/start")) as page:
        got = ask(page, "/start")
    assert got.status == 502
    assert b"gave no answer" in got.body


class TestJsonThatDoesNotEnd:
    def test_one_that_is_too_long_is_not_cut(self) -> None:
        answer = Response(b'{"a":"' + b"x" * 60_000 + b'"}', media_type="application/json")
        with served(endpoint(answer)) as host, served(Forwarder(f"http://{host}/", max_body=50_000)) as page:
            got = ask(page, "/start")
        assert got.status == 502
        assert b"did not end its answer: it may have 50,000 bytes" in got.body

    @pytest.mark.parametrize(("pause", "why"), [(60.0, b"timed out"), (0.1, b"it may take 1 s")])
    def test_one_that_takes_too_long(self, pause: float, why: bytes) -> None:
        async def slow() -> Any:
            while True:
                yield b" "
                await anyio.sleep(pause)

        answer = endpoint(lambda: StreamingResponse(slow(), media_type="application/json"))
        with served(answer) as host, served(Forwarder(f"http://{host}/", timeout=0.5, max_time=1)) as page:
            got = ask(page, "/start")
        assert got.status == 502
        assert b"did not end its answer: " + why in got.body
