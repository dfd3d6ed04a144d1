"""<rtvi-bot> in a page of one origin, loaded from another, with a real bot on a third."""

import itertools
import re
from collections.abc import Iterator

import pytest
from conftest import SPOKEN, Visit, check_accessible, screenshot, synchronous_requests
from local_bot import LocalBot
from paths import STATIC
from playwright.sync_api import Page, Route, expect

FILES = "http://127.0.0.1:9"
"""Where the tag and Python come from: the files of the site, under another origin that lets any page read them."""
PUBLIC = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
MOST_BYTES = 10_000
SCRIPT = """
from js import document

@client.register_function_call_handler("set_page_color")
def set_page_color(call):
    document.documentElement.dataset.color = call.arguments["color"]
    return {"color": call.arguments["color"]}
"""
BROKEN = "1 / 0"
NOTE = """
window.told = [];
for (const name of ["state", "transcript", "problem"])
  addEventListener(`rtvi-${name}`, ({ detail, target }) => told.push({ name, tag: target.id, ...detail }));
"""
REFUSED = (
    "Content Security Policy",
    "Content-Security-Policy",
    "Failed to load resource",
    "Fetch API cannot load",
    "Failed to fetch",
)
"""What browsers write into the console when a test has the tag fail."""


REFUSES = """blockedURI => document.dispatchEvent(new SecurityPolicyViolationEvent("securitypolicyviolation",
    { blockedURI, effectiveDirective: "connect-src", violatedDirective: "connect-src", documentURI: location.href,
      originalPolicy: "", disposition: "enforce", statusCode: 200 }))"""
"""What the browser does when the policy refuses an address."""
INHERITED = """element => {
    const { textTransform, letterSpacing, textIndent, fontStyle, cursor } = getComputedStyle(element);
    return [textTransform, letterSpacing, textIndent, fontStyle, cursor];
}"""
NOT_INHERITED = ["none", "normal", "0px", "normal", "auto"]
TWICE = """async () => {
    const tag = one, place = tag.parentElement, opened = () => tag.open().catch(({ message }) => message);
    const first = opened();
    tag.remove();
    await null;
    await null;
    place.append(tag);
    return Promise.all([first, opened()]);
}"""
"""Opens a tag, takes it out of the page while Python is loading, puts it back and opens it again."""


class Host:
    """The page around the tags. Its origin is the third: the bot's machine under its other name."""

    def __init__(self, bot: LocalBot, page: Page) -> None:
        self.page = page
        self.bot = bot.address
        self.address = bot.address.replace("localhost", "127.0.0.1") + "their-page"
        self.asked: list[str] = []
        page.add_init_script(NOTE)
        page.route(f"{FILES}/**", self._file)

    def _file(self, route: Route) -> None:
        path = route.request.url.removeprefix(FILES)
        self.asked.append(path)
        if path == "/mine.py":
            route.fulfill(content_type="text/x-python", headers=PUBLIC, body=SCRIPT)
        elif path == "/broken.py":
            route.fulfill(content_type="text/x-python", headers=PUBLIC, body=BROKEN)
        else:
            answer = route.fetch(url=self.bot.rstrip("/") + path)
            route.fulfill(response=answer, headers={**answer.headers, **PUBLIC})

    def open(self, body: str, policy: str = "") -> Page:
        """The page with this in it, and the script of the tag."""
        html = f"""<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
        <title>Their page</title><link rel="icon" href="data:,">
        <style>p, button {{ color: red; display: block }}
        html {{ text-transform: uppercase; letter-spacing: 0.4em; text-indent: 3em }}
        html {{ font-style: italic; cursor: wait }}</style>
        <header><h1>Their page</h1></header><main>{body.replace("BOT", f"{self.bot}start")}</main>"""
        headers = {"Content-Security-Policy": policy} if policy else {}
        answer = {"content_type": "text/html", "headers": headers, "body": html}
        self.page.route(self.address, lambda route: route.fulfill(**answer))
        self.page.goto(self.address)
        return self.page


@pytest.fixture
def host(bot: LocalBot, visit: Visit) -> Iterator[Host]:
    port = bot.address.rstrip("/").rpartition(":")[2]
    # The page and the files come from no network, so that the browser asks before they may reach this machine.
    permissions = ["microphone", "local-network-access"]
    page = visit("", others=(f"127.0.0.1:{port}", "127.0.0.1:9"), allow=REFUSED, permissions=permissions)
    yield Host(bot, page)
    page.unroute_all(behavior="ignoreErrors")


TAG = f'<script type="module" src="{FILES}/rtvi-bot.js"></script>'


def told(page: Page, name: str) -> list[dict[str, str]]:
    events: list[dict[str, str]] = page.evaluate("name => told.filter(each => each.name === name)", name)
    return events


def test_the_tag_alone_loads_one_small_file(host: Host) -> None:
    """And nothing else, until the person clicks; the launcher that a script tag adds is accessible."""
    page = host.open(f'<script type="module" src="{FILES}/rtvi-bot.js" data-bot="BOT" data-title="Ask us"></script>')
    page.get_by_role("button", name="Ask us").wait_for()
    check_accessible(page)
    page.get_by_role("button", name="Ask us").hover()
    screenshot(page, "tag-launcher")
    assert host.asked == ["/rtvi-bot.js"]
    assert len((STATIC / "rtvi-bot.js").read_bytes()) < MOST_BYTES


def test_a_page_may_have_two_script_tags(host: Host) -> None:
    """Also of two addresses, as of two versions or of a copy: the first defines the element."""
    tags = [f'<script type="module" src="{FILES}/rtvi-bot.js?v={n}" data-bot="BOT"></script>' for n in (1, 2)]
    page = host.open("".join(tags))
    expect(page.locator("rtvi-bot")).to_have_count(2)
    expect(page.get_by_role("button", name="Talk to the bot")).to_have_count(2)


def boxes(page: Page, name: str) -> list[tuple[float, float]]:
    """Where buttons begin and end, from left to right."""
    found = [each.bounding_box() for each in page.get_by_role("button", name=name).all()]
    return sorted((box["x"], box["x"] + box["width"]) for box in found if box)


def test_launchers_stand_side_by_side_and_a_refusal_is_in_the_open_panel(host: Host) -> None:
    """In a page as narrow as can be, which lets no one connect to a bot."""
    tags = [f'<script type="module" src="{FILES}/rtvi-bot.js?v={n}" data-bot="BOT"></script>' for n in (1, 2, 3)]
    page = host.open("".join(tags), f"script-src {FILES} 'wasm-unsafe-eval'; connect-src {FILES}; media-src blob:")
    page.set_viewport_size({"width": 320, "height": 640})
    tags_in_page = page.locator("rtvi-bot")
    expect(tags_in_page).to_have_count(3)
    tags_in_page.first.evaluate("tag => { window.removed = tag; tag.remove() }")
    page.wait_for_function("!removed.style.length")
    page.evaluate("document.body.append(removed)")
    first, second, third = (tags_in_page.nth(n) for n in range(3))
    before = boxes(page, "Talk to the bot")
    assert all(left[1] < right[0] for left, right in itertools.pairwise([(0.0, 0.0), *before, (320.0, 320.0)])), before
    for tag in (first, second):
        tag.get_by_role("button", name="Talk to the bot").click()
        panel = tag.get_by_role("dialog")
        expect(panel).to_be_in_viewport(ratio=1)
    expect(first.get_by_role("dialog")).to_be_hidden()
    third.evaluate("tag => tag.open()")
    third.evaluate("tag => tag.close()")
    assert boxes(page, "Talk to the bot") == before
    second.get_by_role("button", name="Talk to the bot").click()
    panel.get_by_role("button", name="Start").click()
    sentence = page.get_by_text("its connect-src needs http://localhost:")
    expect(sentence).to_be_in_viewport()
    expect(sentence).to_have_count(1)  # and not in the tags that do nothing
    sentence.click()  # nothing is over it
    screenshot(page, "tag-refused-panel")
    page.evaluate(REFUSES, host.bot.replace("http", "ws"))
    expect(panel.get_by_text("its connect-src needs ws://localhost:")).to_be_visible()


def test_two_tags_talk_with_two_bots_over_one_python(host: Host) -> None:
    tags = f"""{TAG}<rtvi-bot id="one" data-bot="BOT" data-color="#0a7d4f" data-script="{FILES}/mine.py"></rtvi-bot>
        <rtvi-bot id="two" data-bot="BOT" data-mic="off" data-title="Write to us"></rtvi-bot>"""
    page = host.open(tags)
    one, two = page.locator("#one"), page.locator("#two")
    assert page.evaluate("one.state") == "idle"
    assert one.locator(".title").evaluate(INHERITED) == NOT_INHERITED
    one.get_by_role("button", name="Start").press("Enter")
    expect(one.get_by_text("Connected", exact=True)).to_be_visible()
    expect(one.get_by_role("button", name="Stop")).to_be_focused()
    assert one.locator(".rtvi-console").evaluate(INHERITED) == NOT_INHERITED
    expect(one.locator(".user").get_by_text(re.compile(SPOKEN[0], re.IGNORECASE))).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-color", "green")
    assert [each["state"] for each in told(page, "state")][:2] == ["loading", "disconnected"]
    page.wait_for_function("told.some(({ name, role }) => name === 'transcript' && role === 'bot')")
    stop, mute = one.get_by_role("button", name="Stop"), one.get_by_role("button", name="Mute")
    assert stop.evaluate("button => getComputedStyle(button).display") == "inline-flex", "the page's styles stay out"
    looks = [each.evaluate("button => getComputedStyle(button).backgroundColor") for each in (stop, mute)]
    assert looks[0] == looks[1] != "rgb(10, 125, 79)", "and so do those of the invitation before it"
    before = len(host.asked)
    page.evaluate("two.start()")
    expect(two.get_by_text("Connected", exact=True)).to_be_visible()
    assert host.asked[before:] == []
    assert two.get_by_role("button", name="Mute").count() == 0
    page.evaluate("two.send('hello')")
    expect(two.locator(".bot").get_by_text("Nice to hear you")).to_be_visible()
    check_accessible(page)
    screenshot(page, "tag-inline")
    page.evaluate("two.stop()")
    page.wait_for_function("two.state === 'disconnected'")
    page.evaluate("window.removed = one; removed.remove()")
    page.wait_for_function("watched.released()")
    page.evaluate("document.querySelector('main').append(removed)")
    expect(one.get_by_role("button")).to_have_text("Start")
    assert page.evaluate("one.state") == "idle"
    assert told(page, "problem") == []
    assert synchronous_requests(page) == []


def test_a_tag_that_is_removed_or_fails_while_it_loads_begins_anew(host: Host) -> None:
    page = host.open(f'{TAG}<rtvi-bot id="one" data-bot="BOT" data-script="{FILES}/broken.py"></rtvi-bot>')
    consoles, alert = page.locator("#one .rtvi-console"), page.locator("#one .notice")
    page.wait_for_function("!!one.open")
    failures = page.evaluate(TWICE)
    assert failures[0] == "the tag was removed"
    assert "ZeroDivisionError" in failures[1]
    for _ in range(2):
        expect(alert).to_contain_text("ZeroDivisionError")
        expect(consoles).to_have_count(0)
        assert page.evaluate("one.state") == "idle"
        page.evaluate("one.open().catch(() => {})")
    page.evaluate(f"one.dataset.script = '{FILES}/mine.py'; one.dataset.mic = 'loud'")
    page.evaluate("one.open().catch(() => {})")
    expect(alert).to_have_text("The bot could not be loaded: mic must be 'on', 'push' or 'off', not 'loud'. Try again.")
    page.evaluate("one.dataset.mic = 'off'; one.open()")
    expect(consoles).to_have_count(1)
    expect(alert).to_be_hidden()


def test_the_launcher_opens_a_panel_and_says_what_fails(host: Host) -> None:
    page = host.open(f'{TAG}<rtvi-bot id="one" data-layout="launcher" data-bot="{FILES}/nowhere" data-preload="hover">')
    button = page.get_by_role("button", name="Talk to the bot")
    button.hover()
    page.wait_for_function("performance.getEntriesByType('resource').some(each => each.name.endsWith('.wasm'))")
    button.click()
    panel = page.get_by_role("dialog", name="Talk to the bot")
    panel.get_by_role("button", name="Start").click()
    expect(panel.get_by_text("The bot's server")).to_be_visible()
    screenshot(page, "tag-panel")
    page.wait_for_function("told.some(({ name }) => name === 'problem')")
    assert told(page, "problem")[0]["what"]
    page.evaluate("one.close()")
    expect(panel).to_be_hidden()


@pytest.mark.parametrize("layout", ["full", "launcher"])
def test_a_sentence_is_in_view_in_every_layout(host: Host, layout: str) -> None:
    """A floating button is at the end of the page, and a full layout is over all of it."""
    tag = f'<rtvi-bot id="one" data-layout="{layout}" data-bot="BOT" data-script="{FILES}/broken.py"></rtvi-bot>'
    tall = '<div style="height: 200vh"></div>'
    page = host.open(f"{TAG}{tall if layout == 'launcher' else ''}{tag}")
    page.locator("#one button").click()
    notice = page.locator("#one").get_by_role("alert")
    expect(notice).to_contain_text("ZeroDivisionError")
    expect(notice).to_be_in_viewport()
    notice.click()  # nothing is over it, …
    shown, button = notice.bounding_box(), page.locator("#one button").bounding_box()
    assert shown
    assert button
    assert shown["y"] + shown["height"] <= button["y"], "… in part either"
    screenshot(page, f"tag-failed-{layout}")


@pytest.mark.parametrize(
    ("policy", "needed"),
    [
        (f"script-src {FILES}", "its script-src needs 'wasm-unsafe-eval'"),
        (f"script-src {FILES} 'wasm-unsafe-eval'; connect-src 'self'", f"its connect-src needs {FILES}"),
        (f"script-src {FILES} 'wasm-unsafe-eval'; connect-src {FILES}", "its connect-src needs http://localhost:"),
    ],
)
def test_a_policy_that_refuses_is_said_in_a_sentence(host: Host, policy: str, needed: str) -> None:
    page = host.open(f'{TAG}<rtvi-bot id="one" data-bot="BOT" data-mic="off"></rtvi-bot>', policy)
    page.locator("#one").get_by_role("button", name="Start").click()
    expect(page.locator("#one").get_by_text(needed)).to_be_visible()
