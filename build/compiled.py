"""Archives with `.pyc` in place of `.py`, made by Pyodide's own Python and cached by what goes into them."""

import hashlib
import subprocess
from pathlib import Path

from downloads import sha256
from paths import BUILD, CACHE, BuildError

FOLDER = CACHE / "compiled"
STDLIB_LIB = "/lib/python314.zip"
SITE_PACKAGES = "/lib/python3.14/site-packages"


def compile_archives(archives: list[Path], pyodide: Path) -> dict[str, Path]:
    """The compiled form of the standard library's zip and of wheels, by file name.

    `pyodide` is the npm package, whose Python does the work under Node.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    recipe = hashlib.sha256((BUILD / "compile_archive.py").read_bytes() + (BUILD / "compile.mjs").read_bytes())
    recipe.update(sha256(pyodide / "python_stdlib.zip").encode())
    outputs: dict[str, Path] = {}
    jobs: list[tuple[Path, Path]] = []
    for archive in archives:
        key = hashlib.sha256(recipe.digest() + sha256(archive).encode()).hexdigest()[:16]
        outputs[archive.name] = FOLDER / key / archive.name
        if not outputs[archive.name].exists():
            jobs.append((archive, outputs[archive.name]))
    if jobs:
        _run_node(jobs, pyodide)
    return outputs


def _run_node(jobs: list[tuple[Path, Path]], pyodide: Path) -> None:
    arguments: list[str] = []
    for archive, output in jobs:
        output.parent.mkdir(exist_ok=True)
        lib = STDLIB_LIB if archive.suffix == ".zip" else SITE_PACKAGES
        arguments += [lib, str(archive), str(output) + ".part"]
    try:
        done = subprocess.run(["node", str(BUILD / "compile.mjs"), str(pyodide), *arguments])
    except FileNotFoundError:
        raise BuildError("`node` is not installed: the build needs Node.js 20") from None
    if done.returncode:
        raise BuildError("Compiling to .pyc failed; the reason is above")
    for _, output in jobs:
        Path(f"{output}.part").rename(output)
