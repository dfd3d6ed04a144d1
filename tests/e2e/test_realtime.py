"""The realtime console as a person uses it, over WebSocket and over WebRTC, with the local realtime server."""

import contextlib
import json
import re
import time
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import INSECURE_NAME, SPOKEN, Visit, launch, screenshot
from local_bot import LocalBot
from playwright.sync_api import Browser, Page, Playwright, WebSocketRoute, expect

GREEN, JOKE = SPOKEN
ITEM = "conversation.item"
# How far a waveform goes from its middle at this moment, in pixels; whether it has rested for some time; and whether
# the page has ever shown the model's voice, both in words and as a wave.
WAVES = """
  window.swing = (id) => {
    const canvas = document.getElementById(id);
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const pixels = copy.getImageData(0, 0, width, height).data;
    let swing = 0;
    for (let i = 3; i < pixels.length; i += 4)
      if (pixels[i]) swing = Math.max(swing, Math.abs(Math.floor(i / 4 / width) - height / 2));
    return swing;
  };
  let moved = 0;
  window.restsFor = (id, milliseconds) => {
    if (swing(id) > 3) moved = performance.now();
    return performance.now() - moved > milliseconds;
  };
  window.modelWasHeard = false;
  setInterval(() => {
    const words = document.getElementById("bot-speaking")?.textContent;
    modelWasHeard ||= words === "The model is speaking" && swing("model-wave") > 3;
  }, 50);
"""


def open_console(bot: LocalBot, visit: Visit, **options: object) -> Page:
    page = visit("", **options)
    page.add_init_script(WAVES)
    page.goto(bot.address + "realtime.html")
    page.locator("#connect:enabled").wait_for()
    return page


def connect(page: Page, transport: str = "WebSocket") -> None:
    page.get_by_label(transport).check()
    page.get_by_role("button", name="Connect").click()
    expect(page.locator("#state")).to_have_attribute("data-state", "connected")


def disconnect(page: Page) -> None:
    page.get_by_role("button", name="Disconnect").click()
    expect(page.locator("#state")).to_have_attribute("data-state", "disconnected")
    assert page.evaluate("watched.released()"), "the microphone and the peer are released"


def line(page: Page, who: str, text: str) -> None:
    """There is a finished line of someone's."""
    found = page.locator(f"#transcript .{who}:not(.growing)", has_text=re.compile(re.escape(text), re.IGNORECASE))
    expect(found.last).to_be_visible()


def type_text(page: Page, text: str) -> None:
    page.get_by_label("Message to the model").fill(text)
    page.keyboard.press("Enter")


def events(page: Page, kind: str) -> list[dict[str, Any]]:
    """The events of a kind in the page's log, newest first."""
    texts = page.locator(f'#log li[data-kind="{kind}"] pre').all_text_contents()
    return [json.loads(text) for text in texts]


@pytest.mark.parametrize("transport", ["WebSocket", "WebRTC"])
def test_a_spoken_conversation(bot: LocalBot, visit: Visit, transport: str) -> None:
    page = open_console(bot, visit)
    connect(page, transport)
    line(page, "user", GREEN)
    expect(page.locator("html")).to_have_attribute("data-color", "green")
    line(page, "tool", 'set_page_color({"color": "green"}) → {"color": "green"}')
    page.wait_for_function("modelWasHeard")
    screenshot(page, f"realtime-{transport}")
    line(page, "bot", "The page is green now")
    assert events(page, "error") == []
    disconnect(page)


@pytest.mark.parametrize("transport", ["WebSocket", "WebRTC"])
def test_typing_interrupts_at_what_was_heard(bot: LocalBot, visit: Visit, transport: str) -> None:
    page = open_console(bot, visit)
    page.get_by_label("push to talk").check()
    connect(page, transport)
    asked = time.monotonic()
    type_text(page, "tell me a long story")  # which takes 23 s, and is sent at once over WebSocket
    expect(page.locator("#bot-speaking")).to_have_text("The model is speaking")
    page.wait_for_timeout(3_000)  # of the story
    type_text(page, "what is your name")
    expect(page.locator("#transcript .bot.cut")).to_have_count(1)
    passed = (time.monotonic() - asked) * 1_000
    line(page, "bot", "My name is Local Bot")
    [cut] = events(page, "conversation.item.truncated")
    assert 1_000 < cut["audio_end_ms"] < passed
    assert events(page, "error") == []


@pytest.mark.parametrize("transport", ["WebSocket", "WebRTC"])
def test_push_to_talk(bot: LocalBot, visit: Visit, transport: str) -> None:
    page = open_console(bot, visit)
    page.get_by_label("push to talk").check()
    connect(page, transport)
    talk = page.get_by_role("button", name="Talk", exact=True)
    expect(page.locator("#transcript .line")).to_have_count(0)
    talk.focus()
    # Neither within a phrase nor just before one: silence lasts for five seconds at least.
    page.evaluate("void (window.microphone = watched.listen())")
    page.wait_for_function("microphone().silence > 0.5 && microphone().silence < 2")
    page.keyboard.down("Space")
    expect(page.locator("#talk")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("swing('your-wave') > 3")
    page.wait_for_function("restsFor('your-wave', 700)")
    page.keyboard.up("Space")
    expect(talk).to_have_attribute("aria-pressed", "false")
    page.locator("#transcript .user:not(.growing)", has_text=re.compile(f"{GREEN}|{JOKE}")).wait_for()
    page.locator("#transcript .bot:not(.growing)").last.wait_for()
    assert events(page, "error") == []


def has_chosen(page: Page, microphone: str, speaker: str) -> None:
    """Both lists show this, and it is true of the track and, over WebRTC, of what plays the model."""
    for name, label in (("Microphone", microphone), ("Speaker", speaker)):
        expect(page.get_by_role("combobox", name=name).locator("option:checked")).to_have_text(label)
    live = "watched.tracks.filter(track => track.readyState === 'live').map(track => track.label)"
    page.wait_for_function(f"label => JSON.stringify({live}) === JSON.stringify([label])", arg=microphone)


def test_devices_are_chosen_before_a_session_and_in_it(bot: LocalBot, visit: Visit, three_of_each: Browser) -> None:
    """With the keyboard alone; the choice holds over both transports."""
    page = open_console(bot, visit, browser=three_of_each)
    microphone = page.get_by_role("combobox", name="Microphone")
    expect(microphone.locator("option")).to_have_count(3)
    microphone.press("ArrowDown")  # before there is a session
    page.keyboard.press("Tab")
    speaker = page.get_by_role("combobox", name="Speaker")
    expect(speaker).to_be_focused()
    connect(page)
    has_chosen(page, "Fake Audio Input 1", "Fake Default Audio Output")
    speaker.press("End")
    microphone.press("End")
    has_chosen(page, "Fake Audio Input 2", "Fake Audio Output 2")
    expect(page.get_by_role("meter", name="Microphone level")).not_to_have_attribute("aria-valuenow", "0")
    screenshot(page, "realtime-devices")
    disconnect(page)

    connect(page, "WebRTC")
    has_chosen(page, "Fake Audio Input 2", "Fake Audio Output 2")
    page.wait_for_function("[...watched.players].some(player => player.sinkId && !player.paused)")
    mute = page.get_by_role("button", name="Mute")
    mute.press("Space")
    expect(mute).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("watched.tracks.every(track => track.readyState === 'ended' || !track.enabled)")
    mute.press("Space")
    expect(mute).to_have_attribute("aria-pressed", "false")
    assert events(page, "error") == []
    disconnect(page)


def test_the_models_voice_moves_the_bars(bot: LocalBot, visit: Visit) -> None:
    page = open_console(bot, visit, permissions=[])
    connect(page)
    bars = page.get_by_role("img", name="Voice of the model")
    expect(bars).to_have_attribute("data-state", "listening")
    type_text(page, "tell me a long story")
    expect(bars).to_have_attribute("data-state", "speaking")
    page.wait_for_function(
        "[...document.querySelectorAll('#voice .rtvi-voice > *')]"
        ".some(bar => bar.style.getPropertyValue('--rtvi-height') > 0.2)"
    )
    disconnect(page)
    expect(bars).to_have_attribute("data-state", "disconnected")


def test_without_a_microphone(bot: LocalBot, visit: Visit) -> None:
    page = open_console(bot, visit, permissions=[])
    for transport in ("WebSocket", "WebRTC"):
        connect(page, transport)
        expect(page.get_by_role("alert").filter(has_text="not allowed")).to_be_visible()
        type_text(page, "hello")
        line(page, "bot", "Nice to hear you")
        if transport == "WebSocket":
            screenshot(page, "realtime-denied")
            disconnect(page)
    page.context.grant_permissions(["microphone"])
    expect(page.get_by_role("button", name="Ask for the microphone again")).to_be_hidden()
    page.get_by_role("button", name="Mute", pressed=True).click()
    line(page, "user", GREEN)


def test_a_server_that_is_not_there(bot: LocalBot, visit: Visit) -> None:
    page = visit("", allow=("v1/realtime", "503"))
    page.route("**/v1/realtime/calls", lambda route: route.fulfill(status=503, json={"error": {"message": "Too busy"}}))
    page.route_web_socket("**/v1/realtime", lambda socket: socket.close(code=4000, reason="not today"))
    page.goto(bot.address + "realtime.html")
    page.locator("#connect:enabled").wait_for()
    for transport, words in (("WebRTC", "refused with 503: Too busy"), ("WebSocket", "not today")):
        page.get_by_label(transport).check()
        page.get_by_role("button", name="Connect").click()
        expect(page.locator("#problem")).to_contain_text(words)
        expect(page.locator("#state")).to_have_attribute("data-state", "disconnected")
        assert page.evaluate("watched.released()")


def test_what_could_not_be_transcribed(bot: LocalBot, visit: Visit) -> None:
    item = {"id": "u", "type": "message", "role": "user", "status": "completed"}
    failed = {"type": "transcription_error", "code": "audio_unintelligible", "message": "unintelligible"}
    begins = [
        {"type": "session.created", "session": {}},
        {"type": "session.updated", "session": {}},
        {"type": f"{ITEM}.added", "item": {**item, "content": [{"type": "input_audio", "transcript": None}]}},
    ]
    fails = {"type": f"{ITEM}.input_audio_transcription.failed", "item_id": "u", "content_index": 0, "error": failed}
    sockets: list[WebSocketRoute] = []

    def serve(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.on_message(lambda _: None)
        for event in begins:
            socket.send(json.dumps(event))

    page = visit("", permissions=[])
    page.route_web_socket("**/v1/realtime", serve)
    page.goto(bot.address + "realtime.html")
    page.locator("#connect:enabled").wait_for()
    connect(page)
    growing = page.locator("#transcript .user.growing")
    expect(growing).to_have_count(1)
    sockets[0].send(json.dumps(fails))
    line(page, "user", "(not transcribed: unintelligible)")
    expect(growing).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_small_screens_keyboards_and_screen_readers(bot: LocalBot, visit: Visit, scheme: str) -> None:
    page = open_console(bot, visit, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    page.get_by_label("push to talk").check()
    connect(page)
    type_text(page, "make the page purple")
    line(page, "bot", "The page is purple now")
    expect(page.get_by_role("log")).to_contain_text("The page is purple now")
    page.get_by_text("Events of both sides").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    screenshot(page, f"realtime-360-{scheme}")
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()


def test_settings_count_and_a_page_on_plain_http_is_for_text_alone(bot: LocalBot, playwright: Playwright) -> None:
    """Browsers give it neither a microphone nor AudioWorklets."""
    address = f"http://{INSECURE_NAME}:{bot.address.rstrip('/').rpartition(':')[2]}/"
    with (
        contextlib.closing(launch(playwright, f"--host-resolver-rules=MAP {INSECURE_NAME} 127.0.0.1")) as browser,
        contextlib.closing(browser.new_context()) as context,
    ):
        page = context.new_page()
        page.goto(f"{address}realtime.html")
        page.locator("#connect:enabled").wait_for()
        expect(page.locator("#problem")).to_contain_text("There is no sound here")
        page.get_by_text("Settings of the next session").click()
        page.get_by_label("Instructions").fill("Be kind.")
        page.get_by_label("Instructions").press("Tab")
        page.get_by_role("button", name="Connect").click()
        expect(page.locator("#state")).to_have_attribute("data-state", "connected")
        type_text(page, "what is your name")
        line(page, "bot", "My name is Local Bot")
        assert events(page, "session.update")[-1]["session"]["instructions"] == "Be kind."
        screenshot(page, "realtime-text-alone")
        page.get_by_role("button", name="Disconnect").click()
        page.get_by_label("WebRTC").check()  # another client, with the same settings
        expect(page.get_by_label("Instructions")).to_have_value("Be kind.")
        expect(page.get_by_label("Address")).to_have_value("/v1/realtime/calls")
