"""Makes the wheel of rtvi_web_console: `python build/console_wheel.py`, after `build/site.py`. `make wheels` runs both.

Both wheels are then in dist/wheels/, each once. There is no sdist of the console: it would need Node to build.
"""

import fnmatch
import json
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

from carry import carried
from downloads import wheels
from paths import BUILD, CACHE, DIST, ROOT, BuildError
from sbom import bill
from tree import Files, under, write_tree
from wheels import check, run

CONSOLE = ROOT / "console"
PACKAGE = "rtvi_web_console"
TARGET = DIST / "wheels"
# What the wheel carries of dist/: no demo pages, no PyScript, no docs.
PATTERNS = (
    *("pyodide/*", "worklets/*", "wheels/rtvi_web-*.whl", "rtvi-bot*"),
    *("boot.json", "errors.js", "favicon.svg", "loader.js", "page.py", "progress.js"),
)
LARGEST = 12_000_000
"""Bytes that the wheel may have."""


def site_of_the_console(dist: Path = DIST) -> Files:
    """The files of the face: what it needs of dist/, and its own page's."""
    paths = [path for path in sorted(dist.rglob("*")) if path.is_file() and path.suffix not in (".br", ".gz")]
    names = {path.relative_to(dist).as_posix(): path for path in paths}
    files = {name: path.read_bytes() for name, path in names.items() if _is_carried(name)}
    return files | {path.name: path.read_bytes() for path in sorted((CONSOLE / "page").iterdir())}


def _is_carried(name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in PATTERNS)


def build_wheel() -> Path:
    """Puts the wheel into dist/wheels/, in place of an earlier one."""
    project = tomllib.loads((CONSOLE / "pyproject.toml").read_text())["project"]
    (ours,) = TARGET.glob("rtvi_web-*.whl")
    lock = json.loads((DIST / "pyodide" / "pyodide-lock.json").read_text())
    files = under(f"{PACKAGE}/site", carried(site_of_the_console()))
    files |= {"bom.cdx.json": bill(project["version"], ours, wheels(BUILD / "wheels.txt"), lock)}
    files |= {"LICENSE": (ROOT / "LICENSE").read_bytes()}
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        source, built = Path(scratch) / "console", Path(scratch) / "built"
        shutil.copytree(CONSOLE, source, ignore=shutil.ignore_patterns("__pycache__", ".*", "page"))
        write_tree(source, {**_tree(source), **files})
        run("build", "--wheel", "--no-isolation", f"--outdir={built}", folder=source)
        (wheel,) = built.glob("*.whl")
        check(wheel, source)
        run("twine", "check", "--strict", str(wheel), str(ours))
        if wheel.stat().st_size > LARGEST:
            raise BuildError(f"{wheel.name} has {wheel.stat().st_size} bytes, more than {LARGEST}")
        for earlier in TARGET.glob(f"{PACKAGE}-*"):
            earlier.unlink()
        return Path(shutil.move(wheel, TARGET))


def _tree(folder: Path) -> Files:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def main() -> None:
    try:
        wheel = build_wheel()
    except BuildError as error:
        sys.exit(f"make wheels failed: {error}")
    for path in sorted(TARGET.glob("*.whl")):
        print(f"  {path.relative_to(ROOT)}: {path.stat().st_size / 1e6:.2f} MB", flush=True)
    print(f"  install with: pip install --find-links {TARGET.relative_to(ROOT)} {wheel.name.partition('-')[0]}")


if __name__ == "__main__":
    main()
