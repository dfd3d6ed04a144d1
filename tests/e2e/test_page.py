"""The page as a product: it loads with a bar, says what fails, works with the keyboard and a screen reader, in light
and dark and at a phone's width, under any path and a strict policy."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Visit, screenshot, wait_until_loaded
from local_bot import LocalBot
from playwright.sync_api import Page, Route, expect
from serve import serve
from test_conversation import lines, reaches, start

# In a task of its own, for what the tests evaluate directly is exempt from the page's policy.
EVALUATES = """() => new Promise((resolve) => setTimeout(() => {
  try { resolve(Function("return true")()); } catch { resolve(false); }
}))"""


@pytest.fixture(scope="module")
def static_site() -> Iterator[str]:
    """dist/ on a static server, below a path, as on a project's page."""
    with serve(prefix="/some/sub/path/") as address:
        yield address


@pytest.mark.parametrize("path", ["", "index.html", "plain.html"])
def test_it_loads_under_any_path(static_site: str, visit: Visit, path: str) -> None:
    page = visit(static_site + path, allow=("404",))
    wait_until_loaded(page)
    expect(page.locator("#phrases-hint")).to_contain_text("make demo")


@pytest.mark.parametrize(("path", "unsafe"), [("plain.html", False), ("index.html", True)])
def test_the_policy_is_strict(static_site: str, visit: Visit, path: str, unsafe: bool) -> None:
    """Our own loader needs WebAssembly and nothing else; PyScript evaluates strings, so its page may."""
    page = visit("", allow=("404", "Evaluating a string as JavaScript"))
    response = page.goto(static_site + path)
    assert response is not None
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert ("'unsafe-eval'" in policy["script-src"].split()) is unsafe
    assert "'unsafe-inline'" not in " ".join(policy.values())
    assert page.evaluate(EVALUATES) is unsafe, "the browser applies the policy"
    wait_until_loaded(page)
    expect(page.locator(".rtvi-transcript")).to_have_css("overflow-y", "auto")  # the widgets have their style


def test_a_bar_shows_how_far_it_is(bot: LocalBot, visit: Visit) -> None:
    page = visit("")
    held: list[Route] = []
    page.route("**/pyodide.asm.wasm", lambda route: held.append(route))
    page.goto(bot.address, wait_until="commit")
    bar = page.get_by_role("progressbar", name=re.compile("Loading Python"))
    expect(bar).to_be_visible()
    page.wait_for_function("document.querySelector('progress').position > 0.1")
    screenshot(page, "loading")
    for route in held:
        route.continue_()
    page.unroute("**/pyodide.asm.wasm")
    wait_until_loaded(page)
    expect(page.locator("progress")).to_be_hidden()


def test_a_file_that_is_missing_is_said(bot: LocalBot, visit: Visit) -> None:
    page = visit("", allow=("",))
    page.route("**/pyodide.asm.wasm", lambda route: route.fulfill(status=404, body=""))
    page.goto(bot.address + "plain.html")
    expect(page.get_by_role("alert").filter(has_text="Python could not start")).to_be_visible()
    screenshot(page, "not-loaded")


def with_python(page: Page, replace: str, by: str) -> None:
    """Change the page's Python on its way to the browser."""

    def change(route: Route) -> None:
        response = route.fetch()
        assert replace in response.text()
        route.fulfill(response=response, body=response.text().replace(replace, by))

    page.route(re.compile(r"/(index|plain)\.html$"), change)


SESSION = "# 2. The session"
FAILURES = {
    "top level": (SESSION, f"1 / 0\n{SESSION}"),
    "handler": (SESSION, f"@client.on('disconnected')\ndef fails(): 1 / 0\n{SESSION}"),
    "async handler": (SESSION, f"@client.on('disconnected')\nasync def fails(): 1 / 0\n{SESSION}"),
    "task": (  # which Python reports when it collects the task
        SESSION,
        "async def fails(): 1 / 0\nimport asyncio, gc\nloop = asyncio.get_running_loop()\n"
        f"asyncio.ensure_future(fails()).add_done_callback(lambda _: loop.call_later(0.1, gc.collect))\n{SESSION}",
    ),
    "function call": ("color = call.arguments", "1 / 0; color = call.arguments"),
}
"""What of the page's Python is replaced by what."""


@pytest.mark.parametrize("path", ["index.html", "plain.html"])
@pytest.mark.parametrize("where", FAILURES)
def test_an_exception_is_shown_with_its_traceback(bot: LocalBot, visit: Visit, path: str, where: str) -> None:
    page = visit("", allow=("",))
    with_python(page, *FAILURES[where])
    page.goto(bot.address + path)
    if where not in ("top level", "task"):
        start(page)
    if where == "function call":
        page.get_by_role("button", name=re.compile("^make the page purple")).click()
        lines(page, "bot", "That did not work: ZeroDivisionError")
    elif "handler" in where:
        page.get_by_role("button", name="Stop").click()
    shown = page.locator("[data-errors] pre").filter(has_text="ZeroDivisionError")
    expect(shown).to_be_visible()  # Python starts meanwhile
    expect(shown).to_contain_text("Traceback")
    expect(page.get_by_role("alert").filter(has_text="ZeroDivisionError")).to_be_visible()
    if where == "handler" and path == "index.html":
        screenshot(page, "error")


def test_the_keyboard_is_enough(bot: LocalBot, visit: Visit) -> None:
    """Start, type and stop without a mouse; where the focus is can be seen."""
    page = visit(bot.address)
    wait_until_loaded(page)
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Start")).to_be_focused()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"
    page.keyboard.press("Enter")
    reaches(page, "bot-ready")
    press_until_focused(page, "Tab", "text")
    page.keyboard.type("hello")
    page.keyboard.press("Enter")
    lines(page, "bot", "Nice to hear you")
    press_until_focused(page, "Shift+Tab", "start")
    page.keyboard.press("Space")
    reaches(page, "disconnected")


def press_until_focused(page: Page, key: str, id: str) -> None:
    for _ in range(6):
        if page.evaluate("document.activeElement.id") == id:
            return
        page.keyboard.press(key)
    expect(page.locator(f"#{id}")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(bot: LocalBot, visit: Visit, scheme: str) -> None:
    """axe finds nothing while it loads, idle, in conversation with each notice, in every colour, on a phone."""
    page = visit(bot.address, permissions=[], color_scheme=scheme, viewport={"width": 360, "height": 740})
    axe = Axe()

    def check(what: str) -> None:
        page.wait_for_function("document.getAnimations().every(animation => animation.playState === 'finished')")
        found = axe.run(page)
        assert found.violations_count == 0, f"{what}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{what}: it scrolls sideways"

    wait_until_loaded(page)
    check("idle")
    screenshot(page, f"phone-idle-{scheme}")
    start(page)
    page.get_by_label("Message to the bot").fill("hello")
    page.keyboard.press("Enter")
    lines(page, "bot", "Nice to hear you")
    page.get_by_text("Messages in and out").click()
    page.get_by_text("The Python of this page").click()
    check("in conversation")
    screenshot(page, f"phone-conversation-{scheme}")
    for color in ("green", "blue", "purple", "white", "black", "red", "orange", "yellow", "pink"):
        page.evaluate("color => { document.documentElement.dataset.color = color }", color)
        check(color)


def test_the_source_on_the_page_is_the_pages_source(bot: LocalBot, visit: Visit) -> None:
    page = visit(bot.address)
    wait_until_loaded(page)
    page.get_by_text("The Python of this page").click()
    expect(page.locator("#source")).to_contain_text("RTVIClient(")
    expect(page.locator("#source")).to_contain_text('register_function_call_handler("set_page_color")')
