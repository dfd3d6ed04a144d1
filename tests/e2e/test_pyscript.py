"""Pages of PyScript's from its CDN: README's block, every way of docs/pyscript.md, and what cannot work."""

import re
from collections.abc import Callable, Iterator, Mapping
from html import unescape
from types import MappingProxyType
from urllib.parse import urlsplit

import pytest
from conftest import PATIENCE, Visit, screenshot
from local_bot import LocalBot
from playwright.sync_api import Page, Route, expect
from pyscript_cdn import TYPES, stand_in
from pyscript_table import BY_NAME, NEWEST, PAGE, WAYS, WHEEL, Way, block, said

BOT = "http://localhost:7860"
"""Where README's bot is: the address of Pipecat's runner."""
BLOCK = block()
[MARKUP] = re.findall(r'<script type="py".*</script>', BLOCK, re.DOTALL)
PYTHON = MARKUP.partition(">\n")[2].removesuffix("</script>")
DOCS = PAGE.read_text(encoding="utf-8")
OLD = "0.6.66"
"""A release of PyScript whose Pyodide, 0.27.7, is older than we support."""
IN_WORKER = "document exists only in a web page's main thread"
PYSCRIPT_WARNS = "might not support rtvi-web"
NOT_HERE = ("Failed to load resource", "integrity", "SRI", "occurred while loading", "Failed to fetch")

ISOLATED = {"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp"}
Open = Callable[..., Page]


@pytest.fixture
def open_page(visit: Visit, bot: LocalBot) -> Iterator[Open]:
    """Opens a page of PyScript's: `open_page(html, files, at=address)`; its bot at BOT is the real one."""

    pages: list[Page] = []

    def answer(route: Route) -> None:
        response = route.fetch(url=bot.address + route.request.url.removeprefix(BOT).lstrip("/"))
        route.fulfill(response=response, headers={**response.headers, "access-control-allow-origin": "*"})

    def open_page(
        html: str,
        files: dict[str, str] | None = None,
        *,
        at: str = bot.address,
        allow: tuple[str, ...] = (),
        isolated: bool = False,
    ) -> Page:
        hosts = {urlsplit(BOT).netloc}
        page = visit("", allow=(PYSCRIPT_WARNS, *allow), others=hosts)
        stand_in(page.context, hosts)
        pages.append(page)
        page.route(f"{BOT}/**", answer)
        for name, content in {"bot.html": html, "favicon.ico": "", **(files or {})}.items():
            serve(page, f"{at}{name}", content, ISOLATED if isolated else {})
        page.goto(f"{at}bot.html")
        return page

    yield open_page
    for page in pages:  # what the page still asks the bot for would be answered when it is gone
        page.unroute_all(behavior="ignoreErrors")


def serve(page: Page, address: str, content: str, headers: Mapping[str, str] = MappingProxyType({})) -> None:
    kind = TYPES.get("." + address.rpartition(".")[2], "image/x-icon")
    page.route(address, lambda route: route.fulfill(body=content, headers={"Content-Type": kind, **headers}))


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
    start(page)
    for _ in "second", "third":
        page.reload()
        start(page)
    page.get_by_role("textbox", name="Message").fill("hello")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("region", name="Transcript").locator(".bot").first).to_be_visible()
    screenshot(page, "pyscript-cdn")


@pytest.mark.parametrize("way", WAYS[1:], ids=lambda way: f"{way.core} {way.title}")
def test_a_way_of_the_table(open_page: Open, way: Way) -> None:
    files = {name: content.replace("...", PYTHON) for name, content in way.files.items()}
    page = open_page(html_of(way), files, allow=NOT_HERE if way.says else ())
    page.get_by_role("button", name="Start").wait_for()
    for visit in range(way.visits):
        if visit:
            page.reload()
        start(page)
    if way.says:
        page.get_by_role("button", name="Start").click()
        expect(page.get_by_role("alert").filter(has_text=said(way.says))).to_be_visible()
    if "footer" in way.markup:
        expect(page.get_by_role("contentinfo").get_by_role("status")).to_have_text("Connected")


def with_config(config: str, kind: str = "py", core: str = NEWEST) -> str:
    """README's page with another config, type of script, or release of PyScript."""
    page = BLOCK.replace(f"type=\"py\" config='{BY_NAME}'", f"type=\"{kind}\" config='{config}'")
    return page.replace(f"core@{NEWEST}", f"core@{core}")


def test_micropython_says_so_on_the_page(open_page: Open) -> None:
    page = open_page(with_config(f'{{"packages": ["{WHEEL}"]}}', "mpy"), allow=("rtvi_web cannot run on MicroPython",))
    expect(page.locator(".py-error")).to_contain_text(said("`mpy`, with the wheel's address"))


def test_an_old_pyodide_says_so_on_the_page(open_page: Open) -> None:
    """With our package as a file: micropip does not install it there."""
    page = open_page(
        with_config(f'{{"files": {{"{WHEEL}": "./*"}}}}', core=OLD), allow=("rtvi_web cannot run on this",)
    )
    expect(page.locator(".py-error")).to_contain_text(said("a Pyodide before 0.28, with our wheel as a file"))


def test_a_worker_that_has_the_page_says_so_on_it(open_page: Open) -> None:
    """Where the server isolates the page, PyScript lends the page's document to its workers."""
    page = open_page(BLOCK.replace('<script type="py"', '<script type="py" worker'), allow=(IN_WORKER,), isolated=True)
    expect(page.get_by_role("alert")).to_contain_text(said("`worker`, on an isolated page (COOP, COEP)"))


def test_a_broken_pydantic_says_so_on_the_page(open_page: Open) -> None:
    config = '{"packages": ["rtvi-web"], "files": {"broken.py": "pydantic.py"}}'
    page = open_page(with_config(config), {"broken.py": 'raise ImportError("half of it is missing")'})
    page.get_by_role("button", name="Start").click()
    alert = page.get_by_role("alert").filter(has_text="This page's Python cannot run rtvi_web.")
    expect(alert).to_contain_text("it cannot be imported here (ImportError: half of it is missing)")
    expect(alert).to_contain_text(said("a broken pydantic"))


def test_plain_http_says_so_on_the_page(open_page: Open) -> None:
    page = open_page(BLOCK, at="http://plain.test/")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert").filter(has_text=said("plain http, away from localhost"))).to_be_visible()


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
        ("A Pyodide before 0.28, by name", with_config(BY_NAME, core=OLD)),
    ],
    ids=["worker", "lacks", "mpy", "old"],
)
def test_what_the_docs_quote_is_what_pyscript_says(open_page: Open, heading: str, html: str) -> None:
    """Errors of a page and of its workers come by two events, and it says its message by one of them."""
    heard: list[str] = []
    page = open_page("<!doctype html>", allow=("",))
    page.on("console", lambda each: heard.append(each.text))
    page.on("pageerror", lambda error: heard.append(str(error)))
    serve(page, page.url, html)
    page.reload()
    message = quoted(heading)
    for _ in range(PATIENCE // 100):
        if any(message in text for text in heard):
            return
        page.wait_for_timeout(100)
    pytest.fail("\n".join(heard))
