"""Assembles dist/, the self-contained site: `python build/site.py`. Does again only what changed.

Its pages boot from a memory snapshot, unless SNAPSHOT=0 is in the environment.
`--tests` also fills .cache/test-dist/, which is dist/pyodide/ with the wheels that pytest-pyodide needs in the page.
"""

import argparse
import fcntl
import json
import os
import sys
import time
from pathlib import Path

from compiled import compile_archives
from compress import with_siblings
from downloads import npm_packages, wheels
from lockfile import make_lock
from pages import boot_sizes, site_pages
from paths import BUILD, CACHE, DIST, ROOT, TEST_DIST, BuildError
from reference import reference_page
from snapshot.make import late_wheels, snapshot_files
from tree import Files, under, write_tree
from wheels import console_wheels, our_wheel

RUNTIME = ("pyodide.mjs", "pyodide.js", "pyodide.asm.mjs", "pyodide.asm.wasm")
STDLIB = "python_stdlib.zip"


def pyodide_files(pyodide: Path, wheels: list[Path], *, snapshot: bool = False) -> Files:
    """A Pyodide distribution that holds `wheels`, its standard library and they compiled.

    Args:
        snapshot: whether its pages boot from a memory snapshot.
    """
    archives = compile_archives([pyodide / STDLIB, *wheels], pyodide)
    stdlib = archives.pop(STDLIB)
    stock_lock = json.loads((pyodide / "pyodide-lock.json").read_text())
    lock = make_lock(stock_lock["info"], archives.values())
    files = {name: (pyodide / name).read_bytes() for name in RUNTIME}
    files["stock.mjs"] = files["pyodide.mjs"]  # whatever takes its place
    files[STDLIB] = stdlib.read_bytes()
    files["pyodide-lock.json"] = json.dumps(lock, separators=(",", ":")).encode()
    for package in lock["packages"].values():
        path = package["file_name"]
        files[path] = archives[Path(path).name].read_bytes()
    if snapshot:
        files |= snapshot_files(pyodide, stdlib, late_wheels(lock, archives), lock)
    return files


def pyscript_files(pyscript: Path) -> Files:
    """PyScript's distribution without its source maps."""
    paths = [path for path in (pyscript / "dist").iterdir() if path.suffix in (".js", ".css")]
    return {path.name: path.read_bytes() for path in [*paths, pyscript / "LICENSE"]}


def build_site(tests: bool, snapshot: bool) -> None:
    """Fills dist/, and .cache/test-dist/ if `tests`."""
    start = time.monotonic()
    print("make site", flush=True)
    npm = npm_packages(BUILD / "npm" / "site")
    ours = our_wheel()
    in_page = [ours, *wheels(BUILD / "wheels.txt")]

    files = under("pyodide", pyodide_files(npm / "pyodide", in_page, snapshot=snapshot))
    files |= under("pyscript", pyscript_files(npm / "@pyscript" / "core"))
    files[f"wheels/{ours.name}"] = ours.read_bytes()
    files = with_siblings(files)
    boot = boot_sizes({name: len(data) for name, data in files.items()})
    files |= with_siblings({**site_pages(boot), "reference.html": reference_page().encode()})
    changed = write_tree(DIST, files | console_wheels(DIST))
    megabytes = sum(map(len, files.values())) / 1e6
    print(f"  dist/: {len(files)} files, {megabytes:.1f} MB, {changed} changed", flush=True)

    if tests:
        test_files = pyodide_files(npm / "pyodide", [*in_page, *wheels(BUILD / "test-wheels.txt")])
        changed = write_tree(TEST_DIST, test_files)
        print(f"  {TEST_DIST.relative_to(ROOT)}/: {len(test_files)} files, {changed} changed", flush=True)
    print(f"  done in {time.monotonic() - start:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", action="store_true", help="also fill .cache/test-dist/")
    arguments = parser.parse_args()
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two builds at once would undo each other's work
        try:
            build_site(arguments.tests, snapshot=os.environ.get("SNAPSHOT") != "0")
        except BuildError as error:
            sys.exit(f"make site failed: {error}")


if __name__ == "__main__":
    main()
