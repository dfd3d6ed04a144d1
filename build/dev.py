"""Serves static/ and rtvi_web/ as they are, with the local bot: `python build/dev.py`. `make dev` runs this.

Pages load themselves again when a file is saved. Nothing is built: the page's Python compiles the package.
"""

import argparse
import hashlib
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from demo import CHECK_INTERVAL, run
from live import REVISION
from lockfile import make_lock
from pages import boot_sizes, site_pages
from paths import BUILD, DIST, ROOT, STATIC, BuildError
from tree import Files, write_tree
from watchfiles import watch

OURS = "rtvi_web-*.whl"
KEPT_WHEELS = 5


def with_script(page: bytes, tag: bytes) -> bytes:
    """The page with a script in its head, or at its end if it has no end of a head."""
    before, end, after = page.partition(b"</head>")
    return before + tag + end + after if end else page + tag


class Sources:
    """Makes the pages and the package's wheel from their folders, and writes them to the target."""

    def __init__(self, static: Path, package: Path, target: Path) -> None:
        self._static = static
        self._package = package
        self._target = target
        self._wheels: Files = {}  # the last ones, for pages that are loading while another is made
        pyodide = DIST / "pyodide"
        self._stock = pyodide / "stock.mjs"  # a snapshot holds the package as it was when dist/ was built
        built = [path for path in pyodide.rglob("*") if path.is_file() and not path.match(f"{OURS}*")]
        self._built_sizes = {
            path.relative_to(DIST).as_posix(): path.stat().st_size for path in built if "boot.snapshot" not in path.name
        }

    def build(self) -> None:
        """Fills the target with the pages, the package's wheel, and the lock that names it."""
        with tempfile.TemporaryDirectory() as scratch:
            ours = self._wheel(Path(scratch))
            others = [path for path in (DIST / "pyodide").glob("*/*.whl") if not path.match(OURS)]
            stock = json.loads((DIST / "pyodide" / "pyodide-lock.json").read_text())
            lock = make_lock(stock["info"], [ours, *others])
            wheel = f"pyodide/{lock['packages']['rtvi-web']['file_name']}"
            self._wheels.pop(wheel, None)
            self._wheels[wheel] = ours.read_bytes()
        for path in list(self._wheels)[:-KEPT_WHEELS]:
            del self._wheels[path]
        files = self._wheels | {
            "pyodide/pyodide-lock.json": json.dumps(lock).encode(),
            "pyodide/pyodide.mjs": self._stock.read_bytes(),
            "live.js": (BUILD / "live.js").read_bytes(),
        }
        sizes = self._built_sizes | {wheel: len(self._wheels[wheel])}
        files |= site_pages(boot_sizes(sizes), self._static, self._package)
        revision = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]
        tag = f'<script type="module" src="live.js?{revision}"></script>\n'.encode()
        files = {path: with_script(data, tag) if path.endswith(".html") else data for path, data in files.items()}
        write_tree(self._target, {**files, REVISION: revision.encode()})

    def changes(self) -> Iterator[None]:
        """Builds anew whenever a file has changed. Yields then, and every CHECK_INTERVAL."""
        milliseconds = round(CHECK_INTERVAL * 1000)
        watching = watch(self._static, self._package, step=20, rust_timeout=milliseconds, yield_on_timeout=True)
        for turn, changes in enumerate(watching):
            if changes or turn == 0:  # a file may have changed before the watch began
                try:
                    self.build()
                except (BuildError, OSError) as error:  # such as a file that is gone before it was read
                    print(f"  {error}", flush=True)
            yield

    def _wheel(self, folder: Path) -> Path:
        """A wheel with the package as it is, and the metadata of one that was built."""
        (built,) = (DIST / "wheels").glob(OURS)
        target = folder / built.name
        files = [
            path for path in sorted(self._package.rglob("*")) if path.is_file() and "__pycache__" not in path.parts
        ]
        with zipfile.ZipFile(built) as source, zipfile.ZipFile(target, "w") as wheel:
            for name in source.namelist():
                if ".dist-info/" in name:
                    wheel.writestr(name, source.read(name))
            for path in files:
                wheel.write(path, f"rtvi_web/{path.relative_to(self._package).as_posix()}")
        return target


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve static/ and rtvi_web/ as they are, with the local bot.")
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--static", type=Path, default=STATIC, help="the folder of the pages")
    parser.add_argument("--package", type=Path, default=ROOT / "rtvi_web", help="the folder of the package")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as target:
        sources = Sources(arguments.static.resolve(), arguments.package.resolve(), Path(target))
        sources.build()
        run(arguments.port, sources.changes(), live=Path(target))


if __name__ == "__main__":
    main()
