"""The pages of static/: each that runs Python gets hints for the files of the boot, and index.html a twin."""

import re
from pathlib import PurePosixPath

from paths import STATIC, BuildError

Files = dict[str, bytes]

PYSCRIPT_TAG = re.compile(r'(<script type="module" src="(?:\.\.?/)*)pyscript/core\.js(")')
PYTHON_TAG = re.compile(r'<script type="(?:py|mpy)"')


def site_pages(files: Files) -> Files:
    """What of static/ goes into the site, given all the other `files` of it."""
    pages = {
        path.relative_to(STATIC).as_posix(): path.read_bytes() for path in sorted(STATIC.rglob("*")) if path.is_file()
    }
    if "index.html" in pages:
        pages["plain.html"] = without_pyscript(pages["index.html"].decode(), "index.html").encode()
    for name, data in pages.items():
        if name.endswith(".html") and PYTHON_TAG.search(data.decode()):
            pages[name] = with_hints(data.decode(), name, files).encode()
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


def boot_files(files: Files) -> list[str]:
    """What a page fetches to run rtvi_web, in the order in which it is wanted; PyScript and micropip aside."""
    wheels = [name for name in files if re.fullmatch(r"pyodide/(?!micropip)[^/]*\.whl", name)]
    first = [f"pyodide/{name}" for name in ("pyodide.mjs", "pyodide.asm.mjs", "pyodide-lock.json", "pyodide.asm.wasm")]
    return [*first, "pyodide/python_stdlib.zip", *wheels]


def with_hints(page: str, name: str, files: Files) -> str:
    """The page with a hint in its head for each file of the boot: all load at once, and progress.js knows their size."""
    up = "../" * len(PurePosixPath(name).parent.parts)
    hints = ""
    for file in boot_files(files):
        size = len(files.get(file + ".br", files[file]))
        kind = 'rel="modulepreload"' if file.endswith(".mjs") else 'rel="preload" as="fetch" crossorigin'
        hints += f'  <link {kind} href="{up}{file}" data-bytes="{size}">\n'
    if page.count("</head>") != 1:
        raise BuildError(f"static/{name} must have one </head>: hints for the files of the boot go before it")
    return page.replace("</head>", hints + "</head>")
