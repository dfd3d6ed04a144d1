"""What pages may not do, and how they are told: a Content-Security-Policy, and a frame without a microphone."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from in_page import InPagePython, PythonIn, empty_page
from local_bot import LocalBot
from playwright.sync_api import Browser, Page, Route

PARENT = "https://parent.test/"
"""A page of another origin. It is never asked for: the test answers."""
TRY = """
import time
from rtvi_web.realtime import RealtimeClient
from rtvi_web.transports import WebSocketTransport

async def attempt(**settings):
    '''How connecting fails, and after how many seconds.'''
    began = time.monotonic()
    failed = await failure(RealtimeClient(microphone=False, timeout=None, **settings).connect())
    return {**failed, "after": time.monotonic() - began}

async def attempt_rtvi(url):
    import rtvi_web.transports.websocket.session  # as it is when a person has clicked: imported while devices open
    began = time.monotonic()
    client = RTVIClient(transport=WebSocketTransport(), enable_mic=False, timeout=None)
    failed = await failure(client.connect({"ws_url": url}))
    return {**failed, "after": time.monotonic() - began}

async def microphone():
    return await failure(RealtimeClient(transport="websocket").init_devices())
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with closing(browser.new_context(permissions=["local-network-access"])) as context:
        yield context.new_page()


@pytest.mark.parametrize("attempt", ["attempt(url=url, api_key='ek_secret')", "attempt_rtvi(url)"])
def test_a_websocket_that_the_policy_forbids(page: Page, bot: LocalBot, attempt: str) -> None:
    in_page = InPagePython(page, bot.address, policy="connect-src 'self'")
    in_page.run(TRY)
    url = "wss://elsewhere.test/v1/realtime?api-key=secret"
    failed = in_page.run(f"result = await {attempt}", url=url)
    assert failed["type"] == "TransportStartError"
    assert failed["after"] < 1
    assert "add wss://elsewhere.test to its connect-src" in failed["text"]
    assert "server" not in failed["text"], "the policy is named alone"
    assert "secret" not in failed["text"]


def test_a_page_that_may_have_no_worker_hears_the_bot_all_the_same(page: Page, bot: LocalBot) -> None:
    in_page = InPagePython(page, bot.address, policy="worker-src 'none'")
    sent, received = in_page.run("""
        from rtvi_web.transports import WebSocketTransport

        params = START | {"request_data": {"transport": "websocket"}}
        client = RTVIClient(transport=WebSocketTransport(), enable_mic=False, params=params, timeout=PATIENCE)
        await client.connect()
        levels = client.events(RTVIEvent.REMOTE_AUDIO_LEVEL)
        async with asyncio.timeout(PATIENCE):
            async for event in levels:
                if event.args[0] > 0.01:
                    break
        stats = await client.stats()
        result = [stats.bitrate_sent, stats.bitrate_received]
        await client.disconnect()
    """)
    assert sent > 0
    assert received > 0


@pytest.mark.parametrize(("allow", "words"), [("", 'allow="microphone"'), ("microphone", "site settings")])
def test_a_frame_without_a_microphone(page: Page, bot: LocalBot, allow: str, words: str) -> None:
    """With allow="microphone" it is the person who has not allowed it."""

    empty = empty_page(page, bot.address)

    def parent(route: Route) -> None:
        body = f'<!doctype html><link rel=icon href=data:,><iframe allow="{allow}" src="{empty}"></iframe>'
        route.fulfill(content_type="text/html", body=body)

    page.route(PARENT, parent)
    page.goto(PARENT)
    frame = PythonIn(page.frames[1])
    frame.run(TRY)
    failed = frame.run("result = await microphone()")
    assert failed["type"] == "DeviceError"
    assert words in failed["text"]
    assert ("site settings" in failed["text"]) is (allow != "")
