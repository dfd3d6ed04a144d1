"""Writes the table of docs/pyscript.md, whose rows tests/e2e/test_pyscript.py tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "pyscript.md"
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- The table: python build/pyscript_table.py -->\n", "<!-- The end of the table -->\n"
NEWEST = "0.7.31"
WHEEL = "https://their.host/rtvi_web-0.1.0-py3-none-any.whl"
BY_NAME = '{"packages": ["rtvi-web"]}'
NO_PYDANTIC = "a missing pydantic"


TIMES = {
    0: "loads",
    1: "connects",
    2: "connects, on a second visit too",
    3: "connects, on a second and a third visit too",
}


@dataclass(frozen=True)
class Way:
    """A way of writing a page, beyond what README shows.

    Attributes:
        title: what is special about it.
        markup: the elements of PyScript's, with ``...`` for the page's Python; the first script makes the client.
        files: what the page has beside it; ``...`` is the page's Python.
        core: the release of PyScript's core.
        pyodide: the Pyodide that it loads.
        visits: on how many visits it connects; a row that only writes the same packages in another way is loaded once.
        says: what is wrong, in the words of the docs' second table: no registry has a pydantic for that Pyodide.
    """

    title: str
    markup: str
    files: dict[str, str] = field(default_factory=dict)
    core: str = NEWEST
    pyodide: str = "314.0.2"
    visits: int = 0
    says: str = ""


def inline(core: str, pyodide: str, *, visits: int = 0, says: str = "") -> Way:
    """Our way in README, with another release."""
    return Way("name, JSON", f"<script type=\"py\" config='{BY_NAME}'>...</script>", {}, core, pyodide, visits, says)


WAYS = (
    inline(NEWEST, "314.0.2", visits=3),
    Way("wheel's address, JSON", f'<script type="py" config=\'{{"packages": ["{WHEEL}"]}}\'>...</script>', visits=2),
    Way(
        "wheel beside the page",
        """<script type="py" config='{"packages": ["./wheels/rtvi_web-0.1.0-py3-none-any.whl"]}'>...</script>""",
        visits=1,
    ),
    Way("name, TOML", '<script type="py" config=\'packages = ["rtvi-web"]\'>...</script>'),
    Way("`<py-config>`, JSON", f'<py-config>{BY_NAME}</py-config><script type="py">...</script>'),
    Way("`<py-config>`, TOML", '<py-config>packages = ["rtvi-web"]</py-config><script type="py">...</script>'),
    Way(
        "`pyscript.toml`",
        '<script type="py" config="pyscript.toml">...</script>',
        {"pyscript.toml": 'packages = ["rtvi-web"]'},
    ),
    Way("`src`", f'<script type="py" src="bot.py" config=\'{BY_NAME}\'></script>', {"bot.py": "..."}),
    Way(
        "two scripts, one client",
        f"<script type=\"py\" config='{BY_NAME}'>...</script>\n"
        '<script type="py">client.on("botReady", lambda _: ui.connection_badge(client, into="footer"))</script>',
        visits=1,
    ),
    inline("0.7.29", "314.0.2", visits=1),
    inline("0.7.28", "0.29.3", says=NO_PYDANTIC),
    inline("0.7.13", "0.29.2", says=NO_PYDANTIC),
)


def block() -> str:
    """README's page for PyScript's CDN."""
    [found] = re.findall(r"```html\n(<!doctype html>\n.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def said(row: str) -> re.Pattern[str]:
    """What the page says by a row of the docs' second table. Backticks that only set the type may be missing."""
    [cell] = re.findall(rf"^\| {re.escape(row)} \| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return re.compile(re.sub(r"(\\ )?…(\\ )?", ".*", re.escape(cell)).replace("`", "`?"), re.DOTALL)


def table() -> str:
    """The table, as Markdown."""
    lines = ["| way | in the page | @pyscript/core | Pyodide | tested |", "| --- | --- | --- | --- | --- |"]
    for way in WAYS:
        markup = " ".join(f"<code>{escape(line, quote=False)}</code>" for line in way.markup.splitlines())
        tested = "loads; without its pydantic here, the page says so" if way.says else TIMES[way.visits]
        lines.append(f"| {way.title} | {markup.replace('...', '…')} | {way.core} | {way.pyodide} | {tested} |")
    return "".join(f"{line}\n" for line in lines)


def with_table(page: str) -> str:
    """The page with the table of today."""
    return re.sub(f"(?<={re.escape(BEGIN)}).*?(?={re.escape(END)})", lambda _: table(), page, flags=re.DOTALL)


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
