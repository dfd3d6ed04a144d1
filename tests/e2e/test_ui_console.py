"""ui.console and ui.launcher: every layout as it looks, and a page of ten lines that is spoken with a real bot."""

import re

from axe_playwright_python.sync_playwright import Axe
from conftest import ROOT, SPOKEN, Visit, screenshot
from in_page import InPagePython
from local_bot import LocalBot
from playwright.sync_api import Page, expect

[TEN_LINES] = re.findall(
    r"```python\n(from rtvi_web import RTVIClient, ui\n.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
)

FACE = """
import js
from rtvi_web import ui
from rtvi_web.core.media import MediaDevice
from rtvi_web.testing import ScriptedTransport, expect, handshake, say

def said(text):
    return say("user-transcription", {"text": text, "final": True, "timestamp": "", "user_id": ""})

def answered(text):
    return [say("bot-llm-started"), say("bot-llm-text", {"text": text}), say("bot-llm-stopped")]

call = {"tool_call_id": "1", "function_name": "set_page_color", "arguments": {"color": "green"}}
script = [
    *handshake(),
    said("Hello there. What can you do?"),
    *answered("I can tell you a joke, change the colour of this page, or look up the weather anywhere."),
    said("Make the page green, please."),
    say("bot-llm-started"),
    say("llm-function-call-in-progress", call),
    say("llm-function-call-stopped", {"tool_call_id": "1", "cancelled": False}),
    say("bot-llm-text", {"text": "Done: the page is green. Shall I change it back, or would you like"}),
    say("bot-started-speaking"),
    say("bot-tts-text", {"text": "Done: the page is green."}),
    say("user-started-speaking"),
    say("bot-stopped-speaking"),
    said("Tell me a joke."),
    say("bot-llm-started"),
    say("bot-llm-text", {"text": "Why did the scarecrow win a prize? Because he was outstanding in his field!"}),
    say("bot-started-speaking"),
    say("bot-tts-text", {"text": "Why did the scarecrow win a prize?"}),
]
devices = [
    MediaDevice("1", "Default – Built-in microphone", "audioinput"),
    MediaDevice("2", "Speakers (High Definition Audio)", "audiooutput"),
]

def make(layout, mic="on", **options):
    global face, client
    transport = ScriptedTransport(*script, devices=devices, **options)
    client = RTVIClient(transport=transport)
    if layout == "launcher":
        face = ui.launcher(client)
        face.element.querySelector(".rtvi-launch").click()
    else:
        face = ui.console(client, into="main", layout=layout, mic=mic)
"""
PAGE = """
document.documentElement.lang = "en";
document.head.insertAdjacentHTML("beforeend",
  '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">');
document.body.innerHTML = "<main><h1 style='font:600 1.5rem system-ui'>The page around it</h1></main>";
"""
HTML = f"""<!doctype html><html lang="en"><title>A bot</title><link rel="icon" href="data:,"><main></main>
<script type="py">{TEN_LINES}</script><script type="module" src="loader.js"></script>"""
STICKS_OUT = """[...document.querySelectorAll(
    ".rtvi-console :is(button:not(.rtvi-close), input, textarea, select)")].filter((each) => {
    const [inside, outside] = [each, each.closest(".rtvi-console")].map((element) => element.getBoundingClientRect());
    return inside.width && (inside.left < outside.left + 8 || inside.right > outside.right - 8);
}).map((each) => each.outerHTML)"""
"""Which controls leave the padding of the console."""
WIDE, NARROW = {"width": 1100, "height": 820}, {"width": 320, "height": 640}


def prepared(in_page: InPagePython) -> Page:
    in_page.page.evaluate(PAGE)
    in_page.run(FACE)
    return in_page.page


def hold(page: Page) -> None:
    """Long enough that it is no short press."""
    page.wait_for_timeout(600)


def check(page: Page, what: str) -> None:
    """axe finds nothing, nothing is cut off, and a picture is made."""
    page.wait_for_function("document.getAnimations().every(each => each.effect.getTiming().iterations === Infinity)")
    found = Axe().run(page)
    assert found.violations_count == 0, f"{what}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what}: it scrolls sideways"
    assert page.evaluate(STICKS_OUT) == [], f"{what}: something sticks out"
    screenshot(page, f"console-{what}")


def test_every_layout_in_light_and_dark_narrow_and_from_right_to_left(in_page: InPagePython) -> None:
    page = prepared(in_page)
    for layout in ("inline", "launcher", "full"):
        in_page.run(f"make({layout!r}); await client.connect()")
        page.get_by_text("outstanding in his field").wait_for()
        for scheme in ("light", "dark"):
            for viewport in (WIDE, NARROW):
                for direction in ("ltr", "rtl"):
                    page.set_viewport_size(viewport)  # type: ignore[arg-type]
                    page.emulate_media(color_scheme=scheme)
                    page.evaluate("dir => { document.documentElement.dir = dir }", direction)
                    check(page, f"{layout}-{scheme}-{viewport['width']}-{direction}")
        if layout == "launcher":
            page.mouse.move(1, 1)
            close = page.get_by_role("button", name="Close")
            assert close.evaluate("button => getComputedStyle(button).backgroundColor") == "rgba(0, 0, 0, 0)"
        in_page.run("await client.disconnect(); face.close()")
    in_page.check_released()


def test_each_state_of_a_console(in_page: InPagePython) -> None:
    page = prepared(in_page)
    for viewport in (WIDE, NARROW):
        width = viewport["width"]
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        in_page.run("make('inline')")
        check(page, f"idle-{width}")
        page.get_by_text("Settings").click()
        expect(page.get_by_role("combobox", name="Microphone")).to_have_value("1")
        check(page, f"settings-{width}")
        in_page.run("face.close(); make('inline', hangs_in=ConnectPhase.ICE)")
        page.get_by_role("button", name="Start").click()
        page.get_by_role("button", name="Connecting").wait_for()
        check(page, f"connecting-{width}")
        page.get_by_role("button", name="Connecting").click()
        in_page.run("face.close(); make('inline', fails_with=TransportStartError('The WebRTC offer was refused.'))")
        page.get_by_role("button", name="Start").click()
        page.get_by_text("No connection to the bot was possible").wait_for()
        check(page, f"failed-{width}")
        in_page.run("face.close(); make('inline', microphone='denied')")
        page.get_by_role("button", name="Start").click()
        page.get_by_text("outstanding in his field").wait_for()
        page.get_by_role("button", name="Ask for the microphone again").wait_for()
        check(page, f"denied-{width}")
        in_page.run("await client.disconnect(); face.close()")


def test_what_is_held_is_legible_and_let_go_of_by_what_holds_it(in_page: InPagePython) -> None:
    page = prepared(in_page)
    in_page.run("make('inline', mic='push'); await client.connect()")
    talk, field = page.locator(".rtvi-push-to-talk button"), page.get_by_role("textbox", name="Message")
    expect(talk).to_be_enabled()

    def listens(listening: bool) -> None:
        expect(talk).to_have_attribute("aria-pressed", str(listening).lower())

    talk.hover()
    page.mouse.down()
    listens(True)
    check(page, "held")
    hold(page)
    page.mouse.move(5, 5)
    page.mouse.up()
    listens(False)
    talk.focus()
    page.keyboard.down("Space")
    hold(page)
    field.focus()
    page.keyboard.up("Space")
    listens(False)
    talk.press("Space")  # A short press …
    hold(page)
    field.click()
    field.press("Space")
    hold(page)
    listens(True)
    talk.press("Enter")  # … and the one that ends the turn.
    listens(False)
    in_page.run("await client.disconnect(); face.close()")


def test_texts_begin_where_their_language_does_and_names_take_one_line(in_page: InPagePython) -> None:
    page = prepared(in_page)
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    in_page.run("make('inline', fails_with=TransportStartError('لم ينجح الاتصال مع 3 خوادم.'))")
    page.get_by_role("button", name="Start").click()
    direction = "element => getComputedStyle(element).direction"
    assert page.get_by_text("لم ينجح").evaluate(direction) == "rtl"
    assert page.get_by_text("Try again in a moment.").evaluate(direction) == "ltr"
    in_page.run("face.close(); make('inline'); await client.connect()")
    file = {"name": f"{'a long name ' * 30}.txt", "mimeType": "text/plain", "buffer": b"a"}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    field, chosen = page.get_by_role("textbox", name="Message"), page.locator(".rtvi-chosen")
    assert chosen.evaluate("element => element.offsetHeight") < 60
    field.fill("ما اسمك؟")
    assert field.evaluate("element => getComputedStyle(element).unicodeBidi") == "plaintext"
    check(page, "right-to-left-in-a-page-from-left-to-right")
    in_page.run("await client.disconnect(); face.close()")


def test_a_long_problem_stays_in_bounds_and_hands_the_focus_on(in_page: InPagePython) -> None:
    """Also with text twice as large, in a window as narrow as can be."""
    page = prepared(in_page)
    page.set_viewport_size(NARROW)  # type: ignore[arg-type]
    long = "say('error', {'error': 'The model said: ' + 'no, ' * 9000 + 'x' * 900, 'fatal': False})"
    start, field = page.locator(".rtvi-start button"), page.get_by_role("textbox", name="Message")
    for layout in ("inline", "launcher", "full", "panel"):
        for size in ("100%", "200%"):
            page.evaluate("size => { document.documentElement.style.fontSize = size }", size)
            in_page.run(f"make({layout!r}, fails_with=TransportStartError('Refused. ' * 2000))")
            start.press("Enter")
            card = page.locator(".rtvi-problem-card")
            card.get_by_role("button", name="Dismiss").press("Enter")
            expect(start).to_be_focused()
            in_page.run(f"client.transport.fails_with = None; await client.connect(); client.transport.go_on({long})")
            words = card.locator(".rtvi-problem-words")
            words.focus()
            page.keyboard.press("End")
            page.wait_for_function("words => words.scrollTop > 100", arg=words.element_handle())
            dismiss = card.get_by_role("button", name="Dismiss")
            for each in (words, dismiss):
                each.scroll_into_view_if_needed()
                expect(each).to_be_in_viewport(ratio=0.9)
            check(page, f"long-problem-{layout}-{size.removesuffix('%')}")
            dismiss.press("Enter")
            expect(field).to_be_focused()
            in_page.run("client.transport.go_on(say('error', {'error': 'Again.', 'fatal': False}))")
            card.get_by_role("button", name="Dismiss").click()
            expect(start).to_be_focused()
            in_page.run("await client.disconnect(); face.close()")


def test_a_page_of_ten_lines_speaks_with_a_bot(bot: LocalBot, visit: Visit) -> None:
    """The page of the README, as it stands there: spoken, typed to, told of a problem, and stopped."""
    assert len(TEN_LINES.strip().splitlines()) <= 10
    page = visit("")
    page.route(f"{bot.address}face.html", lambda route: route.fulfill(content_type="text/html", body=HTML))
    page.goto(f"{bot.address}face.html")
    console = page.get_by_role("region", name="Talk to the bot")
    said = console.get_by_role("region", name="Transcript")
    console.get_by_role("button", name="Start").click()
    expect(console.get_by_role("status")).to_have_text("Connected")
    expect(console.get_by_text(re.compile(r"WebRTC · \d+ ms"))).to_be_visible()
    expect(said.get_by_text(re.compile(SPOKEN[0], re.IGNORECASE))).to_be_visible()
    expect(said.locator(".bot").first).to_be_visible()
    field = console.get_by_role("textbox", name="Message")
    field.fill("hello")
    field.press("Enter")
    expect(said.get_by_text("Nice to hear you")).to_be_visible()
    expect(field).to_have_value("")
    expect(field).to_be_focused()
    console.get_by_role("button", name="Mute").click()
    expect(console.get_by_role("button", name="Mute")).to_have_attribute("aria-pressed", "true")
    console.get_by_role("button", name="Stop").click()
    expect(console.get_by_role("button", name="Start")).to_be_focused()
    expect(field).to_be_disabled()
    assert page.evaluate("watched.released()"), "the microphone and the peer are released"
