"""Pages of PyScript's from its CDN: README's block, every way of docs/pyscript.md, and what cannot work."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from conftest import Visit, screenshot
from local_bot import LocalBot
from playwright.sync_api import Page, Route, expect
from pyscript_cdn import CDN, TYPES, stand_in
from pyscript_table import BY_NAME, NEWEST, PAGE, WAYS, WHEEL, Way, block

BOT = "http://localhost:7860"
"""Where README's bot is: the address of Pipecat's runner."""
BLOCK = block()
[MARKUP] = re.findall(r'<script type="py".*</script>', BLOCK, re.DOTALL)
PYTHON = MARKUP.partition(">\n")[2].removesuffix("</script>")
DOCS = PAGE.read_text(encoding="utf-8")
PYSCRIPT_WARNS = "might not support rtvi-web"
NOT_HERE = ("Failed to load resource", "integrity", "SRI", "occurred while loading", "Failed to fetch")

HOSTS = ("cdn.jsdelivr.net", "pypi.org", "their.host", "micropython.org", "localhost:7860")
"""The hosts that such a page talks to; the tests answer for them."""

Open = Callable[..., Page]


@pytest.fixture
def open_page(visit: Visit, bot: LocalBot) -> Open:
    """Opens a page of PyScript's: `open_page(html, files, at=address)`; its bot at BOT is the real one."""

    def answer(route: Route) -> None:
        response = route.fetch(url=bot.address + route.request.url.removeprefix(BOT).lstrip("/"))
        route.fulfill(response=response, headers={**response.headers, "access-control-allow-origin": "*"})

    def open_page(
        html: str, files: dict[str, str] | None = None, *, at: str = bot.address, allow: tuple[str, ...] = ()
    ) -> Page:
        page = visit("", allow=(PYSCRIPT_WARNS, *allow), others=HOSTS)
        page.set_default_timeout(60_000)
        stand_in(page.context)
        page.route(f"{BOT}/**", answer)
        for name, content in {"bot.html": html, "favicon.ico": "", **(files or {})}.items():
            serve(page, f"{at}{name}", content)
        page.goto(f"{at}bot.html")
        return page

    return open_page


def serve(page: Page, address: str, content: str) -> None:
    kind = TYPES.get("." + address.rpartition(".")[2], "image/x-icon")
    page.route(address, lambda route: route.fulfill(body=content, headers={"Content-Type": kind}))


def html_of(way: Way) -> str:
    """README's page, written in another way."""
    elements = way.markup.replace("...", f"\n{PYTHON}")
    return BLOCK.replace(MARKUP, elements + "<footer></footer>").replace(f"core@{NEWEST}", f"core@{way.core}")


def start(page: Page) -> None:
    """Press Start, and wait until the bot is ready."""
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("region", name="Talk to the bot").get_by_role("status").first).to_have_text("Connected")


def test_the_block_on_its_first_second_and_third_visit(open_page: Open) -> None:
    assert len(BLOCK.strip().splitlines()) <= 15
    page = open_page(BLOCK)
    for _ in range(3):
        start(page)
        page.get_by_role("textbox", name="Message").fill("hello")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("region", name="Transcript").locator(".bot").first).to_be_visible()
        screenshot(page, "pyscript-cdn")
        page.reload()


@pytest.mark.parametrize("way", WAYS[1:], ids=lambda way: f"{way.core} {way.title}")
def test_a_way_of_the_table(open_page: Open, way: Way) -> None:
    files = {name: content.replace("...", PYTHON) for name, content in way.files.items()}
    page = open_page(html_of(way), files, allow=NOT_HERE if way.says else ())
    page.get_by_role("button", name="Start").wait_for()
    page.reload()
    if way.says:
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_role("alert").filter(has_text=way.says)).to_be_visible()
        return
    start(page)
    if "footer" in way.markup:
        expect(page.locator("footer .rtvi-connection-badge")).to_be_visible()


def with_config(config: str, kind: str = "py") -> str:
    """README's page with another config, or another type of script."""
    return BLOCK.replace(f"type=\"py\" config='{BY_NAME}'", f"type=\"{kind}\" config='{config}'")


def test_micropython_says_so_on_the_page(open_page: Open) -> None:
    page = open_page(with_config(f'{{"packages": ["{WHEEL}"]}}', "mpy"), allow=("rtvi_web cannot run on MicroPython",))
    expect(page.locator(".py-error")).to_contain_text('write <script type="py"> in place of <script type="mpy">')


def test_an_old_pyodide_says_so_on_the_page(open_page: Open) -> None:
    """With our package as a file: micropip does not install it there."""
    old = f"{CDN}/pyodide/v0.27.7/full/pyodide.mjs"
    config = f'{{"interpreter": "{old}", "files": {{"{WHEEL}": "./*"}}}}'
    page = open_page(with_config(config), allow=("rtvi_web cannot run on this Pyodide",))
    expect(page.locator(".py-error")).to_contain_text("whose Python is 3.12: it needs Pyodide 0.29.2 or later")


def test_a_broken_pydantic_says_so_on_the_page(open_page: Open) -> None:
    config = '{"packages": ["rtvi-web"], "files": {"broken.py": "pydantic.py"}}'
    page = open_page(with_config(config), {"broken.py": 'raise ImportError("half of it is missing")'})
    page.get_by_role("button", name="Start").click()
    alert = page.get_by_role("alert").filter(has_text="This page's Python cannot run rtvi_web.")
    expect(alert).to_contain_text("it cannot be imported here (ImportError: half of it is missing)")


def test_plain_http_says_so_on_the_page(open_page: Open) -> None:
    page = open_page(BLOCK, at="http://plain.test/")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert").filter(has_text="https")).to_be_visible()


def quoted(heading: str) -> str:
    """The message that docs/pyscript.md quotes under a heading."""
    [text] = re.findall(rf"### {re.escape(heading)}\n.*?```\n(.*?)\n```", DOCS, re.DOTALL)
    return unescape(text)


@pytest.mark.parametrize(
    ("heading", "html"),
    [
        ("`worker`", BLOCK.replace('<script type="py"', '<script type="py" worker')),
        ("A name that PyPI lacks", with_config('{"packages": ["rtvi-wbe"]}')),
        ("`mpy`, by name", with_config(BY_NAME, "mpy")),
        ("`passthrough`", with_config(BY_NAME[:-1] + ', "packages_cache": "passthrough"}')),
    ],
    ids=["worker", "lacks", "mpy", "passthrough"],
)
def test_what_the_docs_quote_is_what_pyscript_says(open_page: Open, heading: str, html: str) -> None:
    said: list[str] = []
    message = quoted(heading)
    page = open_page("<!doctype html>", allow=("",))
    page.on("console", lambda each: said.append(each.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    serve(page, page.url, html)
    page.reload()
    for _ in range(600):
        if any(message in text for text in said):
            break
        page.wait_for_timeout(100)
    assert any(message in text for text in said), said
