"""How the files of the site are made and written."""

import gzip
from pathlib import Path

import brotli
import pytest
from compress import with_siblings
from pages import boot_sizes, without_pyscript
from paths import BuildError
from tree import write_tree

pytestmark = pytest.mark.build


def test_files_get_brotli_and_gzip_siblings_where_these_are_smaller() -> None:
    text = b"Python in the page. " * 50
    files = with_siblings({"a.html": text, "photo.png": text, "tiny.txt": b"."})
    assert set(files) == {"a.html", "a.html.br", "a.html.gz", "photo.png", "tiny.txt"}
    assert brotli.decompress(files["a.html.br"]) == text
    assert gzip.decompress(files["a.html.gz"]) == text


def test_a_tree_holds_exactly_its_files_and_leaves_the_unchanged_alone(tmp_path: Path) -> None:
    assert write_tree(tmp_path, {"same": b"1", "folder/changed": b"1", "folder/gone": b"1"}) == 3
    before = (tmp_path / "same").stat().st_mtime_ns
    assert write_tree(tmp_path, {"same": b"1", "folder/changed": b"2"}) == 2
    assert (tmp_path / "same").stat().st_mtime_ns == before
    assert (tmp_path / "folder/changed").read_bytes() == b"2"
    assert not (tmp_path / "folder/gone").exists()
    assert write_tree(tmp_path, {"same": b"1"}) == 1
    assert not (tmp_path / "folder").exists()


def test_the_twin_of_a_page_loads_our_loader() -> None:
    page = '<script type="module" src="pyscript/core.js"></script><script type="py">print()</script>'
    assert without_pyscript(page, "index.html") == page.replace("pyscript/core.js", "loader.js")


@pytest.mark.parametrize("page", ["<p>no script</p>", '<script type="module" src="pyscript/core.js">' * 2])
def test_a_page_whose_twin_cannot_be_made_is_refused(page: str) -> None:
    with pytest.raises(BuildError, match=r"static/index\.html"):
        without_pyscript(page, "index.html")


RUNTIME = {f"pyodide/{name}": 5 for name in ("pyodide.mjs", "pyodide.asm.mjs", "pyodide-lock.json", "pyodide.asm.wasm")}
LATE = {"pyodide/python_stdlib.zip": 5, "pyodide/aa/rtvi_web-1-py3-none-any.whl": 5}
NEVER = {"pyodide/bb/micropip-1.whl": 5, "index.html": 1, "pyodide/stock.mjs": 5}
RESTORING = {"pyodide/cc/boot.snapshot": 5, "pyodide/cc/restore.mjs": 5}


def test_boot_sizes_count_what_travels() -> None:
    sizes = boot_sizes(RUNTIME | LATE | NEVER | {"pyodide/pyodide.asm.wasm.br": 2})
    assert sizes == RUNTIME | LATE | {"pyodide/pyodide.asm.wasm": 2}


def test_with_a_snapshot_the_wheels_are_late() -> None:
    sizes = boot_sizes(RUNTIME | LATE | NEVER | RESTORING | {"pyodide/cc/boot.snapshot.br": 2})
    assert sizes == RUNTIME | RESTORING | {"pyodide/cc/boot.snapshot": 2}
