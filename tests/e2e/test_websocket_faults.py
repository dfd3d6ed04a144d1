"""WebSocketTransport in a page and a real Pipecat bot: tokens, and what becomes of a link that is lost."""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest
from conftest import Visit
from in_page import InPagePython
from local_bot import LocalBot, local_bot
from paths import DIST
from websocket_page import PERMISSIONS, Between, port_of, prepared

TOLD_WITHIN = 15.0
"""Seconds in which a page is told of a link that is dead."""

REFUSED = ("WebSocket connection to", "Failed to load resource")
"""What the console says of a server that is not there, or does not want the page."""
LOST = 'The "body" of request_data does not reach the bot'


@pytest.fixture
def page(bot: LocalBot, visit: Visit) -> Iterator[InPagePython]:
    """Python in a page beside the bot."""
    in_page = prepared(InPagePython(visit("", permissions=PERMISSIONS), bot.address))
    yield in_page
    in_page.check_released()


@pytest.fixture(scope="module")
def own_bot() -> Iterator[LocalBot]:
    """A bot on 127.0.0.1 that asks for tokens, and that tests may stop. The runner says wss:// of it."""
    with local_bot(site=DIST, host="127.0.0.1", ws_auth=True) as running:
        yield running


@pytest.fixture
def own_page(own_bot: LocalBot, visit: Visit) -> Iterator[InPagePython]:
    in_page = prepared(InPagePython(visit("", permissions=PERMISSIONS, allow=(*REFUSED, LOST)), own_bot.address))
    yield in_page
    in_page.check_released()


class TestTokens:
    """A bot that asks for tokens, on an address of which the runner says wss:// although it speaks plain HTTP."""

    def test_of_the_start_endpoint(self, own_page: InPagePython) -> None:
        answer = own_page.run("""
            import logging

            warned = []
            handler = logging.Handler()
            handler.emit = lambda record: warned.append(record.getMessage())
            logging.getLogger("rtvi_web.transports.websocket").addHandler(handler)
            client = new_client(params=None)
            data = {"transport": "websocket", "body": {"user": "Ada"}}
            answer = await client.start_bot("/start", request_data=data)
            ready = await client.connect(answer)
            result = [answer["wsUrl"][:6], bool(answer["token"]), ready.version, str(client.state), warned]
            await client.disconnect()
        """)
        assert answer[:4] == ["wss://", True, "2.2.0", "ready"]
        assert [text.partition(":")[0] for text in answer[4]] == [LOST]

    def test_in_the_path(self, own_page: InPagePython) -> None:
        state, again, missing = own_page.run("""
            client = new_client(params=None)
            answer = await client.start_bot("/start", request_data={"transport": "websocket"})
            await client.connect({"ws_url": f"/ws-client/{answer['token']}"})
            state = str(client.state)
            await client.disconnect()
            again = await failure(client.connect({"ws_url": f"/ws-client/{answer['token']}"}))
            missing = await failure(client.connect({"ws_url": "/ws-client"}))
            again["text"] = again["text"].replace(answer["token"], "THE TOKEN")
            result = [state, again, missing]
        """)
        assert state == "ready"
        for failed in (again, missing):
            assert (failed["type"], failed["phase"]) == ("TransportStartError", "link")
            for reason in ("down", "token", "expire", "used up", "origin"):
                assert reason in failed["text"]
        assert "TOKEN" not in again["text"]


CONNECT = """
emitted = []
client = new_client(transport=WebSocketTransport(reconnect=None if reconnect is None else Reconnect(**reconnect)))
for event in ("reconnecting", "reconnected", "botDisconnected", "disconnected"):
    client.on(event, lambda *args, event=event: emitted.append([time.time(), event, *map(str, args)]))
client.on("error", lambda message: emitted.append([time.time(), "error", message.data.reason, message.data.code]))
await client.connect()
"""


def wait_for(page: InPagePython, event: str) -> tuple[float, list[object]]:
    """When such an event came, and what it told."""
    rows = page.run(
        """
        async def find():
            return [row for row in emitted if row[1] == event]

        result = await until(bool, find)
        """,
        event=event,
    )
    at, _, *args = rows[0]
    return at, args


def test_a_server_that_hangs_and_goes_on(own_bot: LocalBot, own_page: InPagePython) -> None:
    own_page.run(CONNECT, reconnect={})
    process = own_bot.servers[0].process.pid
    stopped = time.time()
    os.kill(process, signal.SIGSTOP)
    try:
        told, args = wait_for(own_page, "reconnecting")
    finally:
        os.kill(process, signal.SIGCONT)
    assert told - stopped < TOLD_WITHIN
    assert args == ["0", "silent"]
    _, args = wait_for(own_page, "reconnected")
    assert args == ["True"]
    assert own_page.run("result = await client.send_client_request('echo', 1, timeout=PATIENCE)") == 1
    sys.stdout.write(f"stopped: told after {told - stopped:.1f} s\n")
    own_page.run("await client.disconnect()")


def test_a_server_that_hangs_for_good(own_bot: LocalBot, own_page: InPagePython) -> None:
    own_page.run(CONNECT, reconnect=None)
    process = own_bot.servers[0].process.pid
    stopped = time.time()
    os.kill(process, signal.SIGSTOP)
    try:
        told, args = wait_for(own_page, "error")
        assert told - stopped < TOLD_WITHIN
        assert args == ["lost", None]
        wait_for(own_page, "disconnected")
    finally:
        os.kill(process, signal.SIGCONT)


def test_a_server_that_is_killed(visit: Visit) -> None:
    with local_bot(site=DIST) as doomed:
        page = prepared(InPagePython(visit("", permissions=PERMISSIONS, allow=REFUSED), doomed.address))
        page.run(CONNECT, reconnect={})
        killed = time.time()
        doomed.servers[0].process.kill()
        told, args = wait_for(page, "error")
        assert told - killed < TOLD_WITHIN
        assert args == ["lost", 1006]
        wait_for(page, "disconnected")
        failed = page.run("result = await failure(client.connect({'ws_url': '/ws-client'}))")
        assert failed["type"] == "TransportStartError"
        assert "down" in failed["text"]
        page.check_released()


def test_the_bot_says_good_bye(page: InPagePython) -> None:
    page.run(CONNECT, reconnect={})
    page.run("client.disconnect_bot()")
    wait_for(page, "disconnected")
    events = page.run("result = [event for _, event, *_ in emitted]")
    assert events == ["botDisconnected", "disconnected"]


def test_a_fresh_start_asks_for_another_bot(own_bot: LocalBot, visit: Visit) -> None:
    """The token of the first one is used up."""
    with contextlib.closing(Between(port_of(own_bot))) as between:
        host = f"127.0.0.1:{between.port}"
        page = prepared(
            InPagePython(
                visit("", permissions=PERMISSIONS, allow=("WebSocket connection to",), others=(host,)), own_bot.address
            )
        )
        page.run(
            """
            asked, emitted = [], []

            async def start(params, timeout, abort_controller):
                headers = js.Object.fromEntries([["Content-Type", "application/json"]])
                response = await js.fetch("/start", method="POST", headers=headers, body='{"transport": "websocket"}')
                answer = (await response.json()).to_py()
                asked.append(answer["sessionId"])
                return answer | {"wsUrl": f"ws://{host}/ws-client"}

            transport = WebSocketTransport(reconnect=Reconnect(fresh_start=True))
            client = RTVIClient(transport=transport, params={"base_url": "."}, custom_connect_handler=start)
            for event in ("reconnecting", "reconnected", "botDisconnected", "botConnected", "botReady", "error"):
                client.on(event, lambda *args, event=event: emitted.append([time.time(), event, *map(str, args)]))
            await client.connect()
            """,
            host=host,
        )
        between.cut()
        _, args = wait_for(page, "reconnected")
        assert args == ["False"], "another bot"
        asked, events, echo = page.run("""
            echo = await client.send_client_request("echo", 1, timeout=PATIENCE)
            result = [asked, [event for _, event, *_ in emitted], echo]
            await client.disconnect()
        """)
        assert len(set(asked)) == 2
        assert echo == 1
        assert events.index("reconnecting") < events.index("botDisconnected") < events.index("reconnected")
        assert "error" not in events
        page.check_released()
