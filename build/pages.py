"""The pages of static/, the twin of index.html without PyScript, and the list that progress.js goes by.

The pages load pyodide.mjs in their heads, which begins to load what it needs, and name the files that they need in any
case, all but pyodide.asm.wasm: with a hint for that, warm loads were slower, as if V8's cache of the compiled code went
unused.
"""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from paths import ROOT, STATIC, BuildError
from tree import Files

PYSCRIPT_TAG = re.compile(r'(<script type="module" src="(?:\./)?)pyscript/core\.js(")')
RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide-lock.json", "pyodide.asm.wasm")
STDLIB = "python_stdlib.zip"


def site_pages(boot: dict[str, int], static: Path = STATIC, package: Path = ROOT / "rtvi_web") -> Files:
    """The site's files that come from static/ and from the package.

    Args:
        boot: see boot_sizes().
    """
    paths = [path for path in sorted(static.rglob("*")) if path.is_file()]
    pages = {path.relative_to(static).as_posix(): path.read_bytes() for path in paths}
    # Files beside the pages, because their Content-Security-Policy lets no Blob run; see rtvi_web/browser/worklet.py.
    pages |= {f"worklets/{path.name}": path.read_bytes() for path in (package / "browser" / "worklets").glob("*.js")}
    pages["plain.html"] = without_pyscript(pages["index.html"].decode(), "index.html").encode()
    pages["boot.json"] = json.dumps(boot, indent=1).encode()
    return pages


def without_pyscript(page: str, name: str) -> str:
    """The page with our own loader in place of PyScript."""
    swapped, count = PYSCRIPT_TAG.subn(r"\1loader.js\2", page)
    if count != 1:
        raise BuildError(
            f'static/{name} must load PyScript once, as <script type="module" src="pyscript/core.js">, '
            f"so that its twin plain.html can be made; found {count} such tags"
        )
    return swapped


def boot_sizes(sizes: Mapping[str, int]) -> dict[str, int]:
    """The files a page fetches to run rtvi_web, whichever the loader, and how many bytes of each travel as Brotli.

    Args:
        sizes: those of all files of the site. With a snapshot among them, the standard library and the wheels are late.
    """
    late = [f"pyodide/{STDLIB}", *_named(r"(?!micropip)[^/]+\.whl", sizes)]
    snapshot = _named(r"boot\.snapshot", sizes) and _named(r"boot\.snapshot|\w+\.mjs", sizes)
    boot = [*(f"pyodide/{name}" for name in RUNTIME), *(snapshot or late)]
    return {name: sizes.get(f"{name}.br", sizes[name]) for name in boot}


def _named(pattern: str, names: Iterable[str]) -> list[str]:
    """The files of a Pyodide distribution that are in a folder named after their content."""
    return [name for name in names if re.fullmatch(f"pyodide/[^/]+/(?:{pattern})", name)]
