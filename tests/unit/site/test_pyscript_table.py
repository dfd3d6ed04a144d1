"""docs/pyscript.md and README: the table is current, and the releases that they name are pinned and tested."""

from __future__ import annotations

import json
import re

import pytest
from paths import BUILD
from pyscript_table import NEWEST, PAGE, WAYS, WHEEL, block, said, with_table

from rtvi_web import NotInBrowserError, __version__
from rtvi_web.runtime import refusal


def pinned(folder: str) -> dict[str, str]:
    """The npm packages that a folder pins, by the names that it gives them."""
    content = (BUILD / "npm" / folder / "package.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(content)["dependencies"]
    return found


def test_the_table_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_table(page) == page, "run: python build/pyscript_table.py"
    assert with_table(page.replace("| 0.7.17 |", "| 0.7.16 |")) == page, "it is written anew"


def test_the_newest_release_is_that_of_the_site() -> None:
    assert pinned("site")["@pyscript/core"] == NEWEST
    assert f"/npm/@pyscript/core@{NEWEST}/dist/core.js" in block()


def test_every_release_is_pinned() -> None:
    names = pinned("pyscript")
    assert {way.core for way in WAYS} < {name.split("-")[1] for name in names if name.startswith("pyscript-")}
    assert {way.pyodide for way in WAYS} < {name.split("-")[1] for name in names if name.startswith("pyodide-")}
    for name, version in names.items():
        if not name.startswith("@"):
            assert version.endswith(f"@{name.split('-')[1]}")


@pytest.mark.parametrize("text", [PAGE.read_text(encoding="utf-8"), WHEEL, block()])
def test_the_wheel_is_the_one_that_is_built(text: str) -> None:
    assert set(re.findall(r"rtvi_web-([\d.]+)-py3", text)) <= {__version__}


def test_the_block_is_short() -> None:
    assert len(block().strip().splitlines()) <= 15


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("`mpy`, with the wheel's address", refusal("micropython", "webassembly", (3, 4))),
        ("a Pyodide before 0.28, with our wheel as a file", refusal("cpython", "emscripten", (3, 12))),
        ("`worker`, on an isolated page (COOP, COEP)", str(NotInBrowserError("document"))),
    ],
)
def test_the_docs_quote_what_is_said(row: str, message: str) -> None:
    """Of what needs no page. tests/e2e/test_pyscript.py compares the rest, and these where they are shown."""
    assert said(row).fullmatch(message)
