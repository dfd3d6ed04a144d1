"""The relay keeps the key: a page connects with what the relay gives it, to a server that asks for one."""

import json
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
import uvicorn
from conftest import ROOT
from in_page import InPagePython
from local_bot import LocalBot, bot_python
from paths import CACHE
from playwright.sync_api import Browser
from servers import free_port, started
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

KEY = "sk-local-and-secret"
RELAY = ROOT / "examples" / "realtime_relay" / "relay.py"
_opener = build_opener(ProxyHandler({}))

TALK = """
import js
from rtvi_web.realtime import RealtimeClient

async def mint():
    answer = await js.fetch(relay + "/client-secret", method="POST")
    return (await answer.json()).value

async def talk(**settings):
    '''What the server says to a greeting.'''
    client = RealtimeClient(microphone=False, config={"output_modalities": ["text"]}, **settings)
    said = asyncio.get_running_loop().create_future()

    def keep(event):
        if event.item.role == "assistant":
            said.set_result(event.item.formatted.text)

    client.on("conversation.item.completed", keep)
    async with client, asyncio.timeout(PATIENCE):
        await client.send_text("hello")
        return await said
"""


@dataclass
class Relay:
    """The relay's address, and that of the server behind it."""

    url: str
    realtime: str


@pytest.fixture(scope="module")
def relay(bot: LocalBot) -> Iterator[Relay]:
    """The relay, before a realtime server that refuses every request without KEY."""
    speech = bot.servers[1].health.removesuffix("/health")
    server, relay = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    origin = bot.address.rstrip("/")
    serve = ["server.py", "--port", server.rpartition(":")[2], "--speech-url", f"{speech}/v1", "--key", KEY]
    pass_on = ["relay.py", "--port", relay.rpartition(":")[2], "--origin", origin, "--base-url", f"{server}/v1"]
    with ExitStack() as stack:
        for folder, url, command in (
            (ROOT / "tests" / "servers" / "realtime", server, [*serve, "--allowed-origins", origin]),
            (ROOT / "examples" / "realtime_relay", relay, pass_on),
        ):
            command[0] = str(folder / command[0])
            log = CACHE / f"{folder.name}-{url.rpartition(':')[2]}.log"
            process = started(bot_python(), command, folder.name, f"{url}/health", log, {"OPENAI_API_KEY": KEY})
            stack.enter_context(process).wait_until_ready()
        yield Relay(relay, f"{server}/v1/realtime")


@pytest.fixture
def page(browser: Browser, bot: LocalBot, relay: Relay) -> Iterator[InPagePython]:
    """Python in a page of another origin than the relay's."""
    # The page comes from no network, so that the browser asks before it may reach this machine.
    with closing(browser.new_context(permissions=["local-network-access"])) as context:
        in_page = InPagePython(context.new_page(), bot.address)
        in_page.run(TALK, relay=relay.url)
        yield in_page


def test_the_offer_goes_through_the_relay(page: InPagePython, relay: Relay) -> None:
    said = page.run("result = await talk(url=relay + '/calls', transport='webrtc')", relay=relay.url)
    assert "Nice to hear you" in said


def test_a_session_goes_through_the_relay(page: InPagePython, relay: Relay) -> None:
    """Over a WebSocket, with the relay's configuration, which the page changes in part."""
    said, updated = page.run(
        """
        client = RealtimeClient(url=url, microphone=False)
        updated = []
        client.on("server.session.updated", lambda event: updated.append(event["session"]))
        await client.connect()
        await client.disconnect()
        result = await talk(url=url), updated
        """,
        url=relay.url.replace("http", "ws") + "/any/path?model=gpt-elsewhere",
    )
    assert "Nice to hear you" in said
    [session] = updated  # and not that of the relay's own update
    assert (session["model"], session["instructions"]) == ("gpt-realtime", "Be brief and friendly.")


def test_a_page_connects_with_an_ephemeral_key(page: InPagePython, relay: Relay) -> None:
    said = page.run("result = await talk(url=url, api_key=mint)", url=relay.realtime)
    assert "Nice to hear you" in said


def test_the_server_refuses_requests_without_it(page: InPagePython, relay: Relay) -> None:
    for key in (None, "ek_guessed"):
        failure = page.run("result = await failure(talk(url=url, api_key=key))", url=relay.realtime, key=key)
        assert failure["type"] == "TransportStartError"
        assert "guessed" not in failure["text"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://elsewhere.test", "Content-Type": "application/sdp"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/sdp"}, 400),
    ],
    ids=["another origin", "no SDP", "a bad offer"],
)
def test_what_the_relay_refuses(relay: Relay, headers: dict[str, str], status: int) -> None:
    with pytest.raises(HTTPError) as refused:
        _opener.open(Request(f"{relay.url}/calls", b"nonsense", headers), timeout=20)
    with refused.value as answer:
        assert answer.code == status
        said = json.loads(answer.read())["detail"]
    assert KEY not in said
    if status == 400:
        assert "Failed to parse SDP offer" in said  # the server's own words


def test_the_server_refuses_a_foreign_host_name(relay: Relay) -> None:
    for path in ("", "/client_secrets", "/calls"):
        with pytest.raises(HTTPError) as refused:
            _opener.open(Request(relay.realtime + path, b"v=0", {"Host": "rebound.example"}), timeout=20)
        with refused.value as answer:
            assert answer.code == 400


class Api:
    """An API that gives every request the same answer, with a relay in front of it at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.status, self.body, self.headers = 200, b"", dict[str, str]()

    def ask(self, path: str) -> tuple[int, Any]:
        """What the relay answers to a page, and what is in the body."""
        request = Request(self.url + path, b"v=0", {"Content-Type": "application/sdp"})
        try:
            with _opener.open(request, timeout=20) as answer:
                return answer.status, answer.read()
        except HTTPError as refused:
            with refused:
                return refused.code, json.loads(refused.read())["detail"]


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(scripted.status)
            for name, value in scripted.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # the relay may have read enough
                self.wfile.write(scripted.body)

        def log_message(self, *_: Any) -> None:
            pass

    scripted = Api(url := f"http://127.0.0.1:{free_port()}")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        command = [str(RELAY), "--port", url.rpartition(":")[2], "--base-url", f"http://127.0.0.1:{server.server_port}"]
        log = CACHE / "relay-scripted.log"
        try:
            with started(bot_python(), command, "relay", f"{url}/health", log, {"OPENAI_API_KEY": KEY}) as process:
                process.wait_until_ready()
                yield scripted
                assert KEY not in log.read_text()
        finally:
            server.shutdown()
            thread.join()


PATHS = pytest.mark.parametrize("path", ["/client-secret", "/calls"])


@PATHS
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"no such key: {KEY}", "no such key: ***"),
        ("Incorrect API key provided: sk-proj-ab***********yz.", "Incorrect API key provided: ***"),
        (f"{KEY}, {KEY} and ek_68af296e8e40", "***, *** and ***"),
        ("the model speaks too fast", "the model speaks too fast"),
        ("x" * 496 + f" {KEY}", "x" * 496 + " ***"),
        ("x" * 1_000, "x" * 500),
    ],
)
@pytest.mark.parametrize("form", ["OpenAI's", "escaped", "a text"])
def test_a_refusal_comes_back_without_keys(api: Api, path: str, text: str, said: str, form: str) -> None:
    body = json.dumps({"error": {"message": text}})
    bodies = {"OpenAI's": body, "escaped": body.replace("-", r"\u002d").replace("_", r"\u005f"), "a text": text}
    api.status, api.body, api.headers = 400, bodies[form].encode(), {}
    assert api.ask(path) == (400, said)


@PATHS
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (302, "The API answered with 302"),
        (307, "The API answered with 307"),
        (304, "The API answered with 304"),
        (500, "The API answered with 500"),
        (401, "The API refused the relay's key"),
        (403, "The API refused the relay's key"),
    ],
)
def test_redirects_and_failures_are_not_passed_on(api: Api, path: str, status: int, reason: str) -> None:
    api.status, api.body, api.headers = status, b"" if status == 304 else KEY.encode(), {"Location": api.url}
    assert api.ask(path) == (502, reason)


UNREADABLE = [
    b"",
    b"<h1>hello</h1>",
    b"[1]",
    b"[" * 100_000,
    b'{"value": ' * 300,
    b'{"value": "ek_1"}',
    b"\xff\xfe",
    b"null",
]


@pytest.mark.parametrize(
    "body", [*UNREADABLE, b'{"value": "ek_1", "expires_at": 1e999}'], ids=lambda body: repr(body[:20])
)
def test_an_answer_that_is_not_a_secret_is_a_bad_gateway(api: Api, body: bytes) -> None:
    api.status, api.body, api.headers = 200, body, {}
    assert api.ask("/client-secret") == (502, "The API's answer is not a client secret")


@pytest.mark.parametrize("body", UNREADABLE, ids=lambda body: repr(body[:20]))
def test_an_answer_that_is_not_sdp_is_a_bad_gateway(api: Api, body: bytes) -> None:
    api.status, api.body, api.headers = 201, body, {"Content-Type": "text/html"}
    assert api.ask("/calls") == (502, "The API's answer is not SDP")


@PATHS
def test_an_answer_that_is_too_long_or_breaks_off_is_a_bad_gateway(api: Api, path: str) -> None:
    api.status, api.body, api.headers = 200, b"v=0" + b" " * 2_000_000, {}
    assert api.ask(path) == (502, "The API answered with more than 1000000 bytes")
    api.body, api.headers = b"v=0", {"Content-Length": "99"}
    assert api.ask(path) == (502, "The API did not answer: RemoteProtocolError")


@PATHS
@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("http://localhost:8000", True), ("https://127.0.0.1", True), ("https://elsewhere.test", False), ("null", False)],
)
def test_without_named_origins_pages_of_this_machine_may_ask(api: Api, path: str, origin: str, allowed: bool) -> None:
    api.status, api.body, api.headers = 429, b"later", {}
    with pytest.raises(HTTPError) as refused:
        _opener.open(Request(api.url + path, b"v=0", {"Origin": origin, "Content-Type": "application/sdp"}), timeout=20)
    with refused.value as answer:
        assert answer.code == (429 if allowed else 403)
        assert answer.headers["access-control-allow-origin"] == (origin if allowed else None)


@pytest.mark.parametrize("path", ["/client-secret", "/calls", "/health"])
def test_a_foreign_host_name_is_refused(api: Api, path: str) -> None:
    with pytest.raises(HTTPError) as refused:
        _opener.open(Request(api.url + path, b"v=0", {"Host": "rebound.example"}), timeout=20)
    with refused.value as answer:
        assert answer.code == 400


def test_why_there_is_no_session_is_said(page: InPagePython, api: Api) -> None:
    """The scripted API speaks HTTP 1.0, which knows no WebSocket."""
    connect = "result = await failure(RealtimeClient(url=url, microphone=False).connect())"
    failure = page.run(f"from rtvi_web.realtime import RealtimeClient\n{connect}", url=f"{api.url}/")
    assert failure["type"] == "DisconnectedError"
    assert "closed with code 4502: The API did not answer" in failure["text"]


@pytest.mark.parametrize("foreign", [{"Origin": "https://elsewhere.test"}, {"Host": "rebound.example"}], ids=list)
def test_foreign_pages_get_no_session(api: Api, foreign: dict[str, str]) -> None:
    asked = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", **foreign}
    connection = HTTPConnection(api.url.removeprefix("http://"), timeout=20)
    with closing(connection):
        connection.request("GET", "/", headers={"Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", **asked})
        assert connection.getresponse().status in (400, 403)


REFUSAL = json.dumps({"type": "error", "error": {"event_id": "evt_of_the_relay", "message": f"No {KEY}"}})
ESCAPED = json.dumps({"type": "session.created", "key": KEY, "é": "\\u002d"}).replace("sk-", r"sk\u002D")
SAYS = ["[" * 100_000, '{"type": ' * 300, '{"type": "session.updated"}', '{"type": "session.updated", "n": 2}', ESCAPED]
HEARD = [SAYS[0], SAYS[1], SAYS[3], ESCAPED.replace(r"sk\u002Dlocal-and-secret", "***")]
LISTEN = """([url, binary]) => new Promise(resolve => {
    const texts = [], socket = new WebSocket(url, ["realtime", "other"]);
    socket.onopen = () => binary && socket.send(new Uint8Array([1]));
    socket.onmessage = ({ data }) => texts.push(data);
    socket.onclose = ({ code, reason }) => resolve([socket.protocol, texts, code, reason]);
})"""


@contextmanager
def relay_to(session: Callable[[WebSocket], Awaitable[None]]) -> Iterator[str]:
    """The address of a relay's WebSocket, behind which is an API that does this in each session."""
    app = Starlette(routes=[WebSocketRoute("/v1/realtime", session)])
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="wsproto"))
    listener = socket.create_server(("127.0.0.1", 0))
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    relay = f"http://127.0.0.1:{free_port()}"
    command = [str(RELAY), "--port", relay.rpartition(":")[2]]
    command += ["--base-url", f"http://127.0.0.1:{listener.getsockname()[1]}/v1/"]
    log = CACHE / "relay-socket.log"
    try:
        with started(bot_python(), command, "relay", f"{relay}/health", log, {"OPENAI_API_KEY": KEY}) as process:
            process.wait_until_ready()
            yield relay.replace("http", "ws")
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def test_what_the_api_sends_comes_as_it_is(page: InPagePython) -> None:
    """Apart from the answer to what the relay sends itself, and keys."""
    heard: list[str] = []

    async def session(api: WebSocket) -> None:
        await api.accept()
        heard.extend([api.headers["authorization"], await api.receive_text()])
        for text in SAYS:
            await api.send_text(text)
        await api.close(4001, f"The key {KEY} has no money. {'é' * 30}")

    with relay_to(session) as relay:
        protocol, texts, code, reason = page.page.evaluate(LISTEN, [relay, False])
    assert heard[0] == f"Bearer {KEY}"
    assert json.loads(heard[1])["session"]["instructions"] == "Be brief and friendly."
    assert (protocol, code, texts) == ("realtime", 4001, HEARD)
    assert reason.startswith("The key *** has no money. é")


def test_how_a_session_ends_is_said(page: InPagePython) -> None:
    ways = iter(["at once", "elsewhere", "refused, in bytes", "never"])

    async def session(api: WebSocket) -> None:
        way = next(ways)
        if way == "elsewhere":
            address = f"ws://{api.headers['host']}/v1/realtime"
            await api.send_denial_response(Response("", 302, {"location": address}))
            return
        await api.accept()
        if way == "at once":
            await api.close(4001, "no money")
        elif way == "refused, in bytes":
            await api.send_text(REFUSAL)
            await api.send_bytes(b"{}")
        with suppress(RuntimeError):
            while (await api.receive())["type"] != "websocket.disconnect":
                continue

    with relay_to(session) as relay:
        ends = [page.page.evaluate(LISTEN, [relay, binary])[1:] for binary in (False, False, False, True)]
    assert ends == [
        [[], 4001, "no money"],
        [[], 4502, "The API answered with 302"],
        [[REFUSAL.replace(KEY, "***")], 4502, "The API sent a binary frame"],
        [[], 1003, "The protocol has no binary frames"],
    ]
