"""loader.js says on the page what keeps its Python from starting, and what only PyScript can do."""

import pytest
from conftest import Visit
from local_bot import LocalBot
from playwright.sync_api import Page, expect

HEAD = '<!doctype html><title>A page</title><link rel="icon" href="data:,"><body>'
LOADER = '<script type="module" src="loader.js"></script>'
SHOWS = """<script type="py">from js import document\ndocument.body.append('It runs.')</script>"""


def shown(visit: Visit, bot: LocalBot, body: str) -> Page:
    """A page with these elements before loader.js. It has a wheel html-1.0 whose address answers with a page."""
    page = visit("", allow=("",), others=("closed.test",))
    page.route("**/a.html", lambda route: route.fulfill(content_type="text/html", body=HEAD + body + LOADER))
    page.route("**/html-1.0-*", lambda route: route.fulfill(content_type="text/html", body=HEAD))
    page.goto(f"{bot.address}a.html")
    return page


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        (
            "config='packages = [\"pydantic\"]'",
            'a script\'s `config` as JSON, which this is not: packages = ["pydantic"]',
        ),
        ('config="pyscript.toml"', "as JSON, which this is not: pyscript.toml"),
        ('src="missing.py"', "missing.py failed: 404"),
        (
            'config=\'{"packages": ["numpie"]}\'',
            "This site has no package numpie, and loader.js asks no other: name the address of its wheel",
        ),
        (
            'config=\'{"packages": ["./gone-1.0-py3-none-any.whl"]}\'',
            "/gone-1.0-py3-none-any.whl failed: 404 Not Found",
        ),
        (
            'config=\'{"packages": ["./html-1.0-py3-none-any.whl"]}\'',
            "/html-1.0-py3-none-any.whl failed: this is not a wheel that Pyodide can install",
        ),
        (
            'config=\'{"packages": ["https://closed.test/a-1.0-py3-none-any.whl"]}\'',
            "Its server is down, or does not let this page read it (CORS).",
        ),
    ],
)
def test_what_keeps_python_from_starting(visit: Visit, bot: LocalBot, attributes: str, words: str) -> None:
    page = shown(visit, bot, f'<script type="py" {attributes}>1 / 0</script>')
    expect(page.get_by_role("alert")).to_contain_text(words)
    expect(page.get_by_text("ZeroDivisionError")).to_have_count(0)


def test_what_only_pyscript_can_do_and_what_fails(visit: Visit, bot: LocalBot) -> None:
    body = (
        '<script type="mpy">pass</script><script type="py" worker>1 + None</script><py-config>{}</py-config>'
        f'<script type="py">1 / 0</script>{SHOWS}'
    )
    page = shown(visit, bot, body)
    expect(page.get_by_text("It runs.")).to_be_visible()
    for words in (
        'write <script type="py">',
        "the attribute `worker`",
        "and its `config` as JSON",
        "ZeroDivisionError",
    ):
        expect(page.get_by_role("alert").filter(has_text=words)).to_have_count(1)
    expect(page.get_by_text("TypeError")).to_have_count(0)
