"""rtvi-web doctor: what it says about the servers of bots that people have."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bot_servers import CORS, PAGE, Bot, served, stun_server
from rtvi_web_console.cli.checks.address import UnreachableError, complete
from rtvi_web_console.cli.checks.ice import check_ice
from rtvi_web_console.cli.main import main
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import PlainTextResponse, RedirectResponse, Response

CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUVtDEW3UXmjVcNuHGmrPukKGtLU8wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyOTE5MTQwMloYDzIxMjYxMTA1
MTkxNDAyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQVnOwkn9xVa9Mxk+HgStO9ZqiM/f9Ft7cuo2jEW4quQJdykyJmK4gL
zKdt8cmD1CEQLvRPN0O/H1PxDH68Z596o28wbTAdBgNVHQ4EFgQUqopCiSMQkmFW
7D0PDEKdhvA9xL8wHwYDVR0jBBgwFoAUqopCiSMQkmFW7D0PDEKdhvA9xL8wDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgecQaDSocrrb5PVCg89OSm6RvY6UCccCgcXAO7/GcAz8CIQDQ
DEz6Yu0zh6IoRrfdaf6axOypsuCiLwW2Y4+aq95qWg==
-----END CERTIFICATE-----
"""
KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgapbnVxGkFloxKpKC
PNk4PPTt9rCX33qCA1ercHA8uSahRANCAAQVnOwkn9xVa9Mxk+HgStO9ZqiM/f9F
t7cuo2jEW4quQJdykyJmK4gLzKdt8cmD1CEQLvRPN0O/H1PxDH68Z596
-----END PRIVATE KEY-----
"""
"""Self-signed, for localhost and 127.0.0.1, until 2126."""


def doctor(capsys: pytest.CaptureFixture[str], *given: str) -> tuple[int, str]:
    """The exit status, and what it says."""
    status = main(["doctor", *given])
    return status, capsys.readouterr().out


class TestAddresses:
    @pytest.mark.parametrize(
        ("given", "address"),
        [
            ("localhost:7860", "http://localhost:7860/start"),
            ("127.0.0.1:7860/", "http://127.0.0.1:7860/start"),
            ("[::1]:7860/go", "http://[::1]:7860/go"),
            ("bots.example", "https://bots.example/start"),
            ("https://bots.example/a/start?x=1#y", "https://bots.example/a/start?x=1"),
            (" http://bot.localhost ", "http://bot.localhost/start"),
        ],
    )
    def test_short_ones_are_completed(self, given: str, address: str) -> None:
        assert complete(given) == address

    @pytest.mark.parametrize(
        "given", ["ftp://x", "http://", "http://a:b/", "http://[x/", "ws://x/ws", "", "http://a:99999"]
    )
    def test_what_is_none(self, given: str) -> None:
        with pytest.raises(UnreachableError, match="address"):
            complete(given)

    def test_of_another_machine_without_https(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, said = doctor(capsys, "http://host.invalid:1/start", "--timeout", "5")
        assert status == 1
        assert "✗ The address is plain http on another machine (host.invalid)" in said
        assert "✗ There is no machine called host.invalid." in said
        assert "2 problems." in said


class TestABotThatIsWell:
    def test_over_webrtc(self, capsys: pytest.CaptureFixture[str]) -> None:
        bot = Bot()
        with served(bot.app()) as host:
            status, said = doctor(capsys, host, "--origin", PAGE, "--header", "X-Key: k-1")
        assert status == 0, said
        assert f"✓ CORS: a page of {PAGE} may call the start endpoint." in said
        assert f"✓ CORS: a page of {PAGE} may call the offer endpoint." in said
        assert "starts a bot: its answer has sessionId." in said
        assert "names no ICE servers; a bot on this machine" in said
        assert said.endswith("No problem was found.\n")
        assert bot.bodies == [{"transport": "webrtc"}]
        assert bot.headers[0]["x-key"] == "k-1"
        assert "k-1" not in said

    @pytest.mark.parametrize("version", ["2.2.0", "9.0.0"])
    def test_over_a_websocket(self, capsys: pytest.CaptureFixture[str], version: str) -> None:
        bot = Bot()
        bot.version = version
        with served(bot.app()) as host:
            bot.answer = {"wsUrl": f"ws://{host}/ws", "token": "t-secret"}
            status, said = doctor(capsys, f"http://{host}/start", "--transport", "websocket")
        assert status == 0, said
        assert f"The bot is ready, and speaks RTVI {version} (pipecat-ai 1.14.0)." in said
        assert ("Update rtvi-web" in said) is (version == "9.0.0")
        assert bot.heard[0]["type"] == "client-ready"
        assert bot.bodies == [{"transport": "websocket"}]
        assert "t-secret" not in said

    def test_addresses_as_pipecats_runner_writes_them(self, capsys: pytest.CaptureFixture[str]) -> None:
        bot = Bot()
        with served(bot.app()) as host:
            bot.answer = {"wsUrl": f"wss://0.0.0.0:{host.partition(':')[2]}/ws"}
            status, said = doctor(capsys, host, "--transport", "websocket")
        assert status == 0, said
        assert "The bot is ready" in said

    def test_in_a_daily_room(self, capsys: pytest.CaptureFixture[str]) -> None:
        bot = Bot({"dailyRoom": "https://x.daily.co/room?t=secret", "dailyToken": "secret"})
        with served(bot.app()) as host:
            status, said = doctor(capsys, host, "--transport", "daily")
        assert status == 0, said
        assert "https://x.daily.co/room?…" in said
        assert "secret" not in said
        assert bot.bodies == [{"transport": "daily", "createDailyRoom": True}]


class TestCors:
    @pytest.mark.parametrize(
        ("middleware", "why"),
        [
            ([], "the server answers 405 to the browser's question (OPTIONS)"),
            ([Middleware(CORSMiddleware, allow_origins=["https://other.example"])], "answers 400"),
            (
                [Middleware(CORSMiddleware, allow_origins=[PAGE])],
                "answers 400 to the browser's question (OPTIONS) (Disallowed CORS",
            ),
        ],
    )
    def test_a_server_that_lets_no_page_in(
        self, capsys: pytest.CaptureFixture[str], middleware: list[Middleware], why: str
    ) -> None:
        with served(Bot().app(middleware)) as host:
            status, said = doctor(capsys, host, "--origin", PAGE, "--header", "X-Key: 1")
        assert status == 1
        assert f"✗ CORS: a page of {PAGE} may not call the start endpoint: " in said
        assert why in said
        assert f"allow_origins=['{PAGE}']" in said

    def test_of_the_offer_endpoint_alone(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A browser asks for PATCH too, with which it sends candidates."""
        middleware = [Middleware(CORSMiddleware, allow_origins=[PAGE], allow_methods=["POST"], allow_headers=["*"])]
        with served(Bot().app(middleware)) as host:
            status, said = doctor(capsys, host, "--origin", PAGE)
        assert status == 1
        assert "may call the start endpoint." in said
        assert "may not call the offer endpoint: it does not allow the method PATCH" in said

    def test_a_page_of_the_same_origin_needs_none(self, capsys: pytest.CaptureFixture[str]) -> None:
        with served(Bot().app([])) as host:
            status, said = doctor(capsys, host)
        assert status == 0, said
        assert "CORS does not matter" in said

    def test_an_answer_without_the_header(self, capsys: pytest.CaptureFixture[str]) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            headers = {"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Headers": "content-type"}
            answer = Response("no", 500) if scope["method"] == "POST" else Response(headers=headers)
            await answer(scope, receive, send)

        with served(app) as host:
            status, said = doctor(capsys, host, "--origin", PAGE)
        assert status == 1
        assert "has no Access-Control-Allow-Origin" in said
        assert "is refused with 500: no" in said


class TestAnswersOfTheStartEndpoint:
    @pytest.mark.parametrize(
        ("answer", "says"),
        [
            (PlainTextResponse("not here", 404), "is refused with 404: not here\n    → There is no such endpoint"),
            (PlainTextResponse("", 401), "is refused with 401.\n    → The endpoint wants a log-in"),
            (PlainTextResponse("x" * 900, 503), "is refused with 503: " + "x" * 200 + "\n    → Look at the log"),
            (
                PlainTextResponse("<html>a page</html>"),
                "returned 200 with a body that is not JSON: <html>a page</html>.",
            ),
            (PlainTextResponse("[" * 5000), "with a body that is not JSON"),
            (PlainTextResponse("[1]"), "returned JSON that is not an object: [1]"),
            (RedirectResponse("/other/start?key=secret"), "leads elsewhere (307): to http://"),
            ({"wsUrl": "ws://127.0.0.1:1/ws"}, "is one for WebSocketTransport, but 'webrtc' was asked for"),
        ],
        ids=lambda value: str(value)[:20],
    )
    def test_of_no_use(self, capsys: pytest.CaptureFixture[str], answer: Any, says: str) -> None:
        with served(Bot(answer).app()) as host:
            status, said = doctor(capsys, host)
        assert status == 1
        assert says in said
        assert "secret" not in said

    @pytest.mark.parametrize(
        ("socket_url", "says"),
        [
            ("ws://{host}/nothing", "does not open: the server answers 403"),
            ("ws://127.0.0.1:1/ws", "does not open: "),
            ("ws://{host}/ws-closes", "the server closed it, code 4001 no bot is free"),
            ("ftp://x/", "is not the address of a WebSocket"),
        ],
    )
    def test_a_websocket_that_leads_nowhere(
        self, capsys: pytest.CaptureFixture[str], socket_url: str, says: str
    ) -> None:
        bot = Bot()
        with served(bot.app()) as host:
            bot.answer = {"wsUrl": socket_url.format(host=host)}
            _, said = doctor(capsys, host, "--transport", "websocket", "--timeout", "5")
        assert says in said


class TestServersThatAreNone:
    @pytest.fixture
    def silent(self) -> Iterator[str]:
        """Takes connections, and says nothing."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            yield f"127.0.0.1:{listener.getsockname()[1]}"

    def test_nothing_listens(self, capsys: pytest.CaptureFixture[str]) -> None:
        status, said = doctor(capsys, "http://127.0.0.1:1/start")
        assert status == 1
        assert "✗ Nothing listens at 127.0.0.1, port 1.\n    → Start the bot's server, or check the port." in said

    def test_one_that_hangs(self, capsys: pytest.CaptureFixture[str], silent: str) -> None:
        status, said = doctor(capsys, silent, "--timeout", "0.3")
        assert status == 1
        assert "was not answered within 0.3 s" in said

    def test_one_that_never_stops_talking(self, capsys: pytest.CaptureFixture[str]) -> None:
        stop = threading.Event()

        def drip(listener: socket.socket) -> None:
            connection, _ = listener.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        with socket.create_server(("127.0.0.1", 0)) as listener:
            thread = threading.Thread(target=drip, args=(listener,))
            thread.start()
            status, said = doctor(capsys, f"127.0.0.1:{listener.getsockname()[1]}", "--timeout", "0.5")
            stop.set()
            thread.join()
        assert status == 1
        assert "was not answered within 0.5 s" in said

    def test_one_that_speaks_plain_http(self, capsys: pytest.CaptureFixture[str]) -> None:
        with served(Bot().app()) as host:
            status, said = doctor(capsys, f"https://{host}/start")
        assert status == 1
        assert "does not speak https" in said
        assert "Then write http:// in the address." in said

    def test_one_that_speaks_https_alone(self, capsys: pytest.CaptureFixture[str], certificate: dict[str, str]) -> None:
        with served(Bot().app(), **certificate) as host:
            status, said = doctor(capsys, f"http://{host}/start")
        assert status == 1
        assert "Then write https:// in the address." in said

    def test_one_whose_certificate_is_not_accepted(
        self, capsys: pytest.CaptureFixture[str], certificate: dict[str, str]
    ) -> None:
        with served(Bot().app(), **certificate) as host:
            status, said = doctor(capsys, f"https://{host}/start")
        assert status == 1
        assert "The certificate of 127.0.0.1 is not accepted: self-signed certificate" in said

    @pytest.fixture
    def certificate(self, tmp_path: Path) -> dict[str, str]:
        (tmp_path / "key.pem").write_text(KEY)
        (tmp_path / "certificate.pem").write_text(CERTIFICATE)
        return {"ssl_keyfile": str(tmp_path / "key.pem"), "ssl_certfile": str(tmp_path / "certificate.pem")}


class TestIceServers:
    def said(self, *servers: dict[str, Any], local: bool = False) -> str:
        return "\n".join(f"{level.value}: {text}" for level, text, _ in check_ice(servers, local=local))

    def test_none_is_well_on_this_machine_only(self) -> None:
        assert self.said(local=True).startswith("ok: ")
        assert self.said().startswith("note: The answer names no ICE servers: a page in another network")

    def test_one_that_answers(self) -> None:
        with stun_server() as port:
            said = self.said({"urls": [f"stun:127.0.0.1:{port}"]})
        assert f"ok: The ICE server stun:127.0.0.1:{port} answers." in said
        assert "note: No TURN server" in said

    def test_one_that_does_not(self) -> None:
        with stun_server(silent=True) as port:
            assert "does not answer from here" in self.said({"urls": f"stun:127.0.0.1:{port}"})

    @pytest.mark.parametrize(
        ("server", "says"),
        [
            ({"urls": "stun.example.com"}, "problem: 'stun.example.com' is not the address of an ICE server"),
            ({"urls": "turn:127.0.0.1"}, "problem: turn:127.0.0.1 has no username or no credential"),
            ({"urls": "turn:127.0.0.1:1?transport=tcp", "username": "u", "credential": "c"}, "problem: The ICE server"),
            ({"urls": "stun:host.invalid"}, "problem: The ICE server stun:host.invalid cannot be reached"),
        ],
    )
    def test_what_browsers_refuse_or_cannot_reach(self, server: dict[str, Any], says: str) -> None:
        assert says in self.said(server)

    def test_over_tcp(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            url = f"turn:127.0.0.1:{listener.getsockname()[1]}?transport=tcp"
            said = self.said({"urls": url, "username": "u", "credential": "s3cret"})
        assert said == f"ok: The ICE server {url} answers."

    def test_many_are_told(self) -> None:
        with stun_server() as port:
            said = self.said(*[{"urls": f"stun:127.0.0.1:{port}"}] * 9)
        assert said.count(" answers.") == 8
        assert "names 9 ICE servers" in said


class TestTheCommandLine:
    @pytest.mark.parametrize("given", [[], ["nothing"], ["doctor"], ["doctor", "x", "--transport", "pigeon"]])
    def test_what_it_does_not_know(self, given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as raised:
            main(given)
        assert raised.value.code == 2
        assert "usage: rtvi-web" in capsys.readouterr().err

    def test_its_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            main(["--version"])
        assert capsys.readouterr().out.startswith("rtvi-web 0.")

    @pytest.mark.parametrize(
        ("options", "says"),
        [
            (["--body", "{"], "--body is not JSON"),
            (["--header", "Authorization"], "--header must be like 'Name: value'"),
        ],
    )
    def test_options_that_cannot_be(self, capsys: pytest.CaptureFixture[str], options: list[str], says: str) -> None:
        status, said = doctor(capsys, "localhost:1", *options)
        assert status == 1
        assert says in said

    def test_a_body_of_ones_own(self, capsys: pytest.CaptureFixture[str]) -> None:
        bot = Bot()
        with served(bot.app([CORS])) as host:
            doctor(capsys, host, "--body", '{"a": [1]}')
        assert bot.bodies == [{"a": [1]}]
