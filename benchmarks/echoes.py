"""A page in a session with a bot that says back what it hears, and a microphone that makes regular sounds."""

import contextlib
import math
import sys
import tempfile
import wave
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import DIST, PAGES, ROOT
from browser import FLAGS, chromium_path
from local_bot import bot_python
from paths import CACHE
from playwright.sync_api import Browser, Page, sync_playwright
from servers import free_port, started

TRANSPORTS = ("WebSocketTransport", "SmallWebRTCTransport")
RATE = 48_000
PITCH = 1000

# Echo cancellation would take the bot, who sounds like the person, for an echo.
BEGIN = """
import js
from rtvi_web import RTVIClient
from rtvi_web.transports import {transport}

kind = {{"WebSocketTransport": "websocket", "SmallWebRTCTransport": "webrtc"}}["{transport}"]
raw = {{"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}}
client = RTVIClient(transport={transport}(audio_constraints=raw))
await client.start_bot_and_connect({{"endpoint": "/start", "request_data": {{"transport": kind}}}})
"""


def sounds(path: Path, loud: float, silent: float) -> None:
    """A recording of a tone and a silence, of so many seconds each. A fake microphone plays it again and again."""
    tone = (int(16_000 * math.sin(2 * math.pi * PITCH * n / RATE)) for n in range(int(loud * RATE)))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(array("h", tone).tobytes() + bytes(2 * int(silent * RATE)))


@contextlib.contextmanager
def page_beside_echo_bot(*, loud: float, silent: float) -> Iterator[tuple[Browser, Page]]:
    """A page that can run Python with rtvi_web, at the address of the bot."""
    if not DIST.is_dir():
        sys.exit("dist/ does not exist: run `make site` first")
    port = free_port()
    site = f"http://localhost:{port}/"
    command = [str(ROOT / "tests" / "servers" / "echo_bot" / "bot.py"), "--host", "localhost", "--port", str(port)]
    command += ["--site", str(DIST), "--allowed-origins", site.rstrip("/")]
    with contextlib.ExitStack() as stack:
        bot = started(bot_python(), command, "echo bot", f"{site}status", CACHE / f"echo-bot-{port}.log")
        stack.enter_context(bot).wait_until_ready()
        wav = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "microphone.wav"
        sounds(wav, loud, silent)
        devices = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
        devices += [f"--use-file-for-fake-audio-capture={wav}", "--autoplay-policy=no-user-gesture-required"]
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *devices])
        stack.enter_context(contextlib.closing(browser))
        # A page that a route answers needs a permission for WebSockets to this machine.
        page = browser.new_page(permissions=["microphone", "local-network-access"])
        # Not from the site: its Content-Security-Policy refuses the worklet of ears.js.
        page.route("**/echo.html", lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
        page.goto(f"{site}echo.html")
        page.unroute_all()
        page.add_script_tag(path=PAGES / "ears.js")
        page.evaluate(
            "async () => { const { loadPyodide } = await import('./pyodide/pyodide.mjs');"
            "globalThis.pyodide = await loadPyodide({packages: ['rtvi-web']}) }"
        )
        yield browser, page


def python(page: Page, source: str) -> Any:
    """Run Python in the page."""
    return page.evaluate("source => pyodide.runPythonAsync(source)", source)


@contextlib.contextmanager
def session(page: Page, transport: str) -> Iterator[None]:
    """A session over a transport."""
    python(page, BEGIN.format(transport=transport))
    yield
    python(page, "await client.disconnect()")
