"""What is said while connecting is in the transcript: a real microphone from a file, and a real bot that is late."""

import contextlib
from pathlib import Path

import pytest
from conftest import Visit, launch
from in_page import InPagePython
from local_bot import LocalBot, speak
from playwright.sync_api import Playwright, Route

PHRASE = "tell me a joke"

SESSION = """
    client = new_client(transport=SmallWebRTCTransport(buffer_until_ready=buffer))
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


@pytest.mark.parametrize(("buffer", "transcript"), [(True, [PHRASE]), (False, [])])
def test_a_phrase_spoken_while_connecting(
    bot: LocalBot, visit: Visit, playwright: Playwright, tmp_path: Path, buffer: bool, transcript: list[str]
) -> None:
    wav = tmp_path / "microphone.wav"
    speak([PHRASE], wav, lead_silence=0.5, gap=60)
    flags = ["--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={wav}"]

    def late(route: Route) -> None:
        """The start endpoint, which answers when the phrase is over."""
        page.evaluate("void (window.microphone = watched.listen())")
        page.wait_for_function("microphone().heard && microphone().silence > 1")
        route.continue_()

    with contextlib.closing(launch(playwright, *flags)) as browser:
        page = visit("", browser=browser)
        page.route("**/start", late)
        python = InPagePython(page, bot.address)
        assert python.run(SESSION, buffer=buffer) == transcript
        python.check_released()
        page.context.close()
