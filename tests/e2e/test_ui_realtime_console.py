"""ui.console of a RealtimeClient, spoken over WebRTC through the relay."""

import re

import pytest
from conftest import ROOT, SPOKEN, Visit
from local_bot import LocalBot, bot_python, local_bot
from paths import CACHE, DIST
from playwright.sync_api import expect
from servers import free_port, started

KEY = "sk-local-and-secret"
SERVER = ROOT / "tests" / "servers" / "realtime" / "server.py"

PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>A model</title>
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><h1>A model</h1><main></main>
<script type="py">
from rtvi_web import ui
from rtvi_web.realtime import RealtimeClient

transcription = {"model": "whisper-1"}
config = {"instructions": "Be brief.", "audio": {"input": {"transcription": transcription}}}
client = RealtimeClient(url="/v1/realtime/calls", transport="webrtc", config=config)
ui.console(client, into="main", title="Talk to the model")
</script><script type="module" src="loader.js"></script>"""


def test_with_a_key_on_the_server_the_relay_takes_the_call(
    bot: LocalBot, visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that asks for a key is in the place of OpenAI's. The page's address is the same as without a key."""
    speech = bot.servers[1].health.removesuffix("/health")
    api = f"http://127.0.0.1:{free_port()}"
    serve = [str(SERVER), "--port", api.rpartition(":")[2], "--speech-url", f"{speech}/v1", "--key", KEY]
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{api}/v1")
    with started(bot_python(), serve, "API", f"{api}/health", CACHE / "relayed-api.log") as running:
        running.wait_until_ready()
        with local_bot(site=DIST, openai=True) as relaying:
            page = visit("", allow=("Failed to load resource",))  # boot.json has no icon
            page.goto(f"{relaying.address}boot.json")
            page.evaluate("html => { document.open(); document.write(html); document.close() }", PAGE)
            page.get_by_role("button", name="Start").click()
            expect(page.get_by_text("Connected")).to_be_visible()
            said = page.get_by_role("region", name="Transcript")
            expect(said.locator(".user").get_by_text(re.compile(SPOKEN[0], re.IGNORECASE))).to_be_visible()
            field = page.get_by_role("textbox", name="Message")
            field.fill("hello")
            field.press("Enter")
            expect(said.locator(".bot").get_by_text("Nice to hear you")).to_be_visible()
            page.get_by_role("button", name="Stop").click()
            expect(page.get_by_role("button", name="Start")).to_be_visible()
            assert KEY not in page.content()
            page.context.close()
