"""The relay keeps the key: a page connects with what the relay gives it, to a server that asks for one."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from conftest import ROOT
from in_page import InPagePython
from local_bot import LocalBot, bot_python
from paths import CACHE
from playwright.sync_api import Browser
from servers import free_port, started

KEY = "sk-local-and-secret"
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
