"""A bot that takes seconds to start: its server asks for another offer then, and the session goes on with that."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Visit, launch
from in_page import InPagePython
from local_bot import LocalBot, local_bot
from paths import DIST
from playwright.sync_api import Browser, Playwright, Request

DELAY = 3.0


@pytest.fixture(scope="module")
def slow_bot() -> Iterator[LocalBot]:
    with local_bot(site=DIST, start_delay=DELAY) as bot:
        yield bot


@pytest.fixture(scope="module")
def quiet_browser(playwright: Playwright) -> Iterator[Browser]:
    with contextlib.closing(launch(playwright, "--use-fake-device-for-media-stream")) as browser:
        yield browser


@pytest.mark.parametrize("camera", [False, True])
def test_it_is_waited_for_and_negotiated_with_again(
    slow_bot: LocalBot, quiet_browser: Browser, visit: Visit, camera: bool
) -> None:
    page = visit("", browser=quiet_browser, permissions=["microphone", "camera"])
    python = InPagePython(page, slow_bot.address)
    offers: list[Any] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/offer"):
            offers.append(request.post_data_json)

    page.on("request", note)
    took, state, echoed, sound = python.run(
        """
        client = new_client(enable_cam=camera)
        greeted = asyncio.ensure_future(client.wait_for("botStartedSpeaking", timeout=PATIENCE))
        begun = js.performance.now()
        await client.connect()
        took = (js.performance.now() - begun) / 1000
        echoed = await client.send_client_request("echo", 1, timeout=PATIENCE)
        await greeted
        received = await until(lambda stats: stats.audio_codec_received, client.stats)
        result = [took, client.state, echoed, received.audio_codec_received]
        """,
        camera=camera,
    )
    assert took > DELAY
    assert (state, echoed) == ("ready", 1)
    assert sound.startswith("opus")
    first, second = offers
    assert first["pc_id"] is None
    assert second["pc_id"]
    assert (first["restart_pc"], second["restart_pc"]) == (False, False)
    assert page.evaluate("watched.peers.length") == 1
    python.run("await client.disconnect()")
    python.check_released()
