"""ui.console of a RealtimeClient: spoken, with settings, and for text alone where there is no AudioWorklet."""

import contextlib
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import INSECURE_NAME, ROOT, SPOKEN, Visit, launch, screenshot
from local_bot import LocalBot, bot_python, local_bot
from paths import CACHE, DIST
from playwright.sync_api import Page, Playwright, WebSocketRoute, expect
from servers import free_port, started

KEY = "sk-local-and-secret"
SERVER = ROOT / "tests" / "servers" / "realtime" / "server.py"

PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>A model</title>
<meta name="color-scheme" content="light dark">
<meta name="rtvi-web-worklets" content="worklets/"><link rel="icon" href="data:,">
<header><h1>A model</h1></header><main></main>
<script type="py">
from rtvi_web import ui
from rtvi_web.realtime import RealtimeClient

transcription = {"model": "whisper-1"}
config = {"instructions": "Be brief.", "audio": {"input": {"transcription": transcription}}}
ui.console(RealtimeClient(ADDRESS, config=config), into="main", title="Talk to the model")
</script><script type="module" src="loader.js"></script>"""


ICON = ("Failed to load resource",)
"""The icon of boot.json."""
WEBSOCKET, WEBRTC = 'url="/v1/realtime"', 'url="/v1/realtime/calls", transport="webrtc"'


def open_console(page: Page, address: str, how: str = WEBSOCKET) -> list[str]:
    """Opens the page; gives its socket's address, and the texts that it sends."""
    html = PAGE.replace("ADDRESS", how)
    sent: list[str] = []

    def follow(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        sent.append(socket.url)

        def pass_on(message: str | bytes) -> None:
            sent.append(str(message))
            server.send(message)

        socket.on_message(pass_on)

    page.route_web_socket("**/v1/realtime*", follow)
    # Written into a page that the server has sent: one that came from no network may not reach this machine.
    page.goto(f"{address}boot.json")
    page.evaluate("html => { document.open(); document.write(html); document.close() }", html)
    page.get_by_role("button", name="Start").wait_for()
    return sent


def check(page: Page, what: str) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    screenshot(page, f"realtime-console-{what}")


def test_a_model_is_spoken_with_as_the_settings_say(bot: LocalBot, visit: Visit) -> None:
    page = visit("", allow=(*ICON, "/v1/nowhere"))
    sent = open_console(page, bot.address)
    page.get_by_text("Settings").click()
    expect(page.get_by_role("textbox", name="Address")).to_have_value("/v1/realtime")
    expect(page.get_by_role("textbox", name="Instructions")).to_have_value("Be brief.")
    page.get_by_role("textbox", name="Instructions").fill("Be kind.")
    page.get_by_role("textbox", name="Voice").fill("marin")
    page.get_by_role("textbox", name="Model").fill("gpt-realtime-mini")
    page.get_by_role("textbox", name="Model").press("Tab")
    check(page, "settings")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name="Model")).to_be_disabled()
    [update] = [text for text in sent if '"session.update"' in text]
    assert "Be kind." in update
    assert "marin" in update
    assert sent[0].endswith("/v1/realtime?model=gpt-realtime-mini")
    said = page.get_by_role("region", name="Transcript")
    expect(said.locator(".user").get_by_text(re.compile(SPOKEN[0], re.IGNORECASE))).to_be_visible()
    expect(said.locator(".bot").first).to_be_visible()
    field = page.get_by_role("textbox", name="Message")
    field.fill("hello")
    field.press("Enter")
    expect(said.locator(".bot").get_by_text("Nice to hear you")).to_be_visible()
    check(page, "talking")
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("textbox", name="Address")).to_be_enabled()
    page.get_by_role("textbox", name="Address").fill("/v1/nowhere")
    page.get_by_role("textbox", name="Address").press("Tab")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("No connection to the bot was possible.")).to_be_visible()
    check(page, "failed")
    assert page.evaluate("watched.released()")


def test_a_page_on_plain_http_is_for_text_alone(bot: LocalBot, visit: Visit, playwright: Playwright) -> None:
    """Browsers give it neither a microphone nor AudioWorklets."""
    address = f"http://{INSECURE_NAME}:{bot.address.rstrip('/').rpartition(':')[2]}/"
    with contextlib.closing(launch(playwright, f"--host-resolver-rules=MAP {INSECURE_NAME} 127.0.0.1")) as browser:
        page = visit("", browser=browser, permissions=[], allow=ICON)
        open_console(page, address)
        assert not page.evaluate("window.isSecureContext || 'audioWorklet' in BaseAudioContext.prototype")
        expect(page.get_by_text("There is no sound here")).to_be_visible()
        expect(page.get_by_role("button", name="Mute")).to_have_count(0)
        check(page, "text")
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_text("Connected", exact=True)).to_be_visible()
        field = page.get_by_role("textbox", name="Message")
        field.fill("hello")
        field.press("Enter")
        said = page.get_by_role("region", name="Transcript")
        expect(said.locator(".bot").get_by_text("Nice to hear you")).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        expect(page.get_by_role("button", name="Start")).to_be_visible()
        page.context.close()


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
            for how in (WEBRTC, WEBSOCKET):
                page = visit("", allow=ICON)
                sent = open_console(page, relaying.address, how)
                page.get_by_role("button", name="Start").click()
                expect(page.get_by_text("Connected", exact=True)).to_be_visible()
                said = page.get_by_role("region", name="Transcript")
                expect(said.locator(".user").get_by_text(re.compile(SPOKEN[0], re.IGNORECASE))).to_be_visible()
                field = page.get_by_role("textbox", name="Message")
                field.fill("hello")
                field.press("Enter")
                expect(said.locator(".bot").get_by_text("Nice to hear you")).to_be_visible()
                page.get_by_role("button", name="Stop").click()
                expect(page.get_by_role("button", name="Start")).to_be_visible()
                assert KEY not in page.content() + "".join(sent)
                page.context.close()
