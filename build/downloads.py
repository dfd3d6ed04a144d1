"""Fetches what is pinned: with `npm ci` by a package-lock.json, with `pip download` by a requirements file with hashes.

npm and pip check the content of each package, and refuse what differs. What was fetched is kept, in a folder named
after its pins.
"""

import fcntl
import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from paths import DOWNLOADS, ROOT, BuildError

NPM_CI = ("npm", "ci", "--loglevel=error", "--ignore-scripts", "--no-audit", "--no-fund")
PIP_DOWNLOAD = (
    *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--dest=wheels"),
    *("--require-hashes", "--no-deps", "--only-binary=:all:"),
    # The wheels that Pyodide 314 runs.
    *("--python-version=3.14", "--implementation=cp", "--abi=cp314", "--abi=none"),
    "--platform=pyemscripten_2026_0_wasm32",
)


def npm_packages(pins: Path) -> Path:
    """The `node_modules` for the package.json and package-lock.json in a folder."""
    return _fetched([pins / "package.json", pins / "package-lock.json"], NPM_CI) / "node_modules"


def wheels(pins: Path) -> list[Path]:
    """The wheels of a requirements file."""
    return sorted((_fetched([pins], (*PIP_DOWNLOAD, f"--requirement={pins.name}")) / "wheels").iterdir())


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetched(pins: Sequence[Path], command: Sequence[str]) -> Path:
    """A folder with copies of the pins in which the command has run.

    Raises BuildError when the command fails: without a network, or because a package is not the pinned one.
    """
    digest = hashlib.sha256(repr(command[1:]).encode())
    for pin in pins:
        digest.update(pin.read_bytes())
    folder = DOWNLOADS / f"{pins[0].parent.name}-{pins[0].stem}-{digest.hexdigest()[:16]}"
    DOWNLOADS.mkdir(parents=True, exist_ok=True)
    with (DOWNLOADS / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another process may be fetching the same
        if not folder.exists():
            names = " and ".join(str(pin).removeprefix(f"{ROOT}/") for pin in pins)
            print(f"  downloading what {names} pins", flush=True)
            with tempfile.TemporaryDirectory(dir=DOWNLOADS) as scratch:
                new = Path(scratch) / "new"
                new.mkdir()
                for pin in pins:
                    (new / pin.name).write_bytes(pin.read_bytes())
                _run(command, new, names)
                new.rename(folder)  # only when complete, so that an interrupted download leaves nothing behind
    return folder


def _run(command: Sequence[str], folder: Path, names: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        raise BuildError(f"`{command[0]}` is not installed: the build needs Node.js 20 with npm") from None
    if done.returncode:
        raise BuildError(
            f"Downloading what {names} pins failed; the reason is below. Without a network, connect and try again. "
            "If a hash differs, the package was changed after it was pinned: don't use it.\n"
            f"  {' '.join(command)}\n{done.stdout}{done.stderr}".rstrip()
        )
