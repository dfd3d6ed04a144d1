"""What is said while connecting is in the transcript: a real microphone from a file, and a real bot that is late."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Visit, launch
from in_page import InPagePython
from local_bot import LocalBot, speak
from playwright.sync_api import Playwright, Route
from rtvi_0_3_server import Rtvi03Servers

pytestmark = pytest.mark.alone
PHRASE = "tell me a joke"

CONFIG = [
    {"service": "llm", "options": [{"name": "model", "value": "local"}, {"name": "run_on_config", "value": False}]}
]

SESSION = """
    client = new_client(transport=SmallWebRTCTransport(buffer_until_ready=buffer), params=params or START)
    said = []
    heard = asyncio.Event()

    def on_transcript(transcript):
        if transcript.final:
            said.append(transcript.text)
            heard.set()

    client.on(RTVIEvent.USER_TRANSCRIPT, on_transcript)
    await client.connect()
    try:
        async with asyncio.timeout(PATIENCE if buffer else 10):
            await heard.wait()
    except TimeoutError:
        pass
    await client.disconnect()
    result = said
"""


@pytest.fixture
def said(bot: LocalBot, visit: Visit, playwright: Playwright, tmp_path: Path) -> Iterator[Callable[..., list[str]]]:
    """Runs a session whose start endpoint answers when a phrase has been spoken; returns what the bot understood."""
    wav = tmp_path / "microphone.wav"
    speak([PHRASE], wav, lead_silence=0.5, gap=60)
    flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={wav}"]

    with contextlib.closing(launch(playwright, *flags)) as browser:

        def run(endpoint: str, *, buffer: bool, params: dict[str, Any] | None = None, **visiting: Any) -> list[str]:
            page = visit("", browser=browser, **visiting)

            def late(route: Route) -> None:
                page.evaluate("void (window.microphone = watched.listen())")
                page.wait_for_function("microphone().heard && microphone().silence > 1")
                route.continue_()

            page.route(endpoint, late)
            python = InPagePython(page, bot.address)
            result: list[str] = python.run(SESSION, buffer=buffer, params=params)
            python.check_released()
            page.context.close()
            return result

        yield run


@pytest.mark.parametrize(("buffer", "transcript"), [(True, [PHRASE]), (False, [])])
def test_a_phrase_spoken_while_connecting(said: Callable[..., list[str]], buffer: bool, transcript: list[str]) -> None:
    assert said("**/start", buffer=buffer) == transcript


def test_a_phrase_spoken_while_a_bot_of_rtvi_0_3_starts(
    said: Callable[..., list[str]], rtvi_0_3_server: Rtvi03Servers
) -> None:
    """Pipecat 0.0.73 takes the first words too."""
    params = {"base_url": rtvi_0_3_server.connect_url, "services": {"llm": "openai"}, "config": CONFIG}
    servers = tuple(url.split("/")[2] for url in (rtvi_0_3_server.connect_url, rtvi_0_3_server.bot_url))
    permissions = ["microphone", "local-network-access"]
    # RTVI 0.3 bots have no PATCH.
    heard = said("**/connect", buffer=True, params=params, permissions=permissions, allow=("405",), others=servers)
    assert heard == [PHRASE]
