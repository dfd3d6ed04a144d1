"""loader.js says on the page what keeps its Python from starting, and what only PyScript can do."""

import pytest
from conftest import Visit
from local_bot import LocalBot
from playwright.sync_api import expect

HEAD = '<!doctype html><title>A page</title><link rel="icon" href="data:,"><body>'
LOADER = '<script type="module" src="loader.js"></script>'
SHOWS = "from js import document\ndocument.body.append('It runs.')"


@pytest.mark.parametrize(
    ("body", "words", "runs"),
    [
        (
            f'<script type="py" config=\'packages = ["pydantic"]\'>{SHOWS}</script>',
            'reads a script\'s `config` as JSON, which this is not: packages = ["pydantic"]',
            False,
        ),
        ('<script type="py" config="pyscript.toml">pass</script>', "as JSON, which this is not: pyscript.toml", False),
        (
            f'<script type="py" config=\'{{"packages": ["numpie"]}}\'>{SHOWS}</script>',
            "This site has no package numpie, and loader.js asks no other: name the address of its wheel",
            False,
        ),
        ('<script type="py" src="missing.py"></script>', "missing.py failed: 404", False),
        (f'<script type="mpy">pass</script><script type="py">{SHOWS}</script>', 'write <script type="py">', True),
        (f'<script type="py" worker>1 / 0</script><script type="py">{SHOWS}</script>', "the attribute `worker`", True),
        (f'<py-config>{{}}</py-config><script type="py">{SHOWS}</script>', "and its `config` as JSON", True),
        (f'<script type="py">1 / 0</script><script type="py">{SHOWS}</script>', "ZeroDivisionError", True),
    ],
)
def test_what_it_says(visit: Visit, bot: LocalBot, body: str, words: str, *, runs: bool) -> None:
    page = visit("", allow=("",))
    page.route("**/a.html", lambda route: route.fulfill(content_type="text/html", body=HEAD + body + LOADER))
    page.goto(f"{bot.address}a.html")
    expect(page.get_by_role("alert")).to_contain_text(words)
    if runs:
        expect(page.get_by_text("It runs.")).to_be_visible()
