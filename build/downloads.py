"""Fetches what build/pins.toml pins, with npm and pip, and never trusts a file whose SHA-256 differs.

Run as a command it prints the row of pins.toml for another version:
`python build/downloads.py wheels pydantic 2.14.3`.
"""

import hashlib
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from paths import BUILD, DOWNLOADS, BuildError

PINS = BUILD / "pins.toml"

# The tags of the wheels that Pyodide 314 runs.
WASM_PLATFORM = (
    "--python-version=3.14",
    "--implementation=cp",
    "--abi=cp314",
    "--abi=none",
    "--platform=pyemscripten_2026_0_wasm32",
)


@dataclass(frozen=True)
class Pin:
    """One row of pins.toml."""

    group: str
    name: str
    version: str
    file: str
    sha256: str


def read_pins(path: Path = PINS) -> list[Pin]:
    """All rows of pins.toml, in its order."""
    tables = tomllib.loads(path.read_text())
    return [Pin(group, name, **row) for group, rows in tables.items() for name, row in rows.items()]


def sha256(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(pins: list[Pin], folder: Path = DOWNLOADS) -> dict[str, Path]:
    """The pinned files by package name, downloaded where `folder` lacks them, each with its hash checked.

    Raises BuildError when a download fails or a file isn't the pinned one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [pin for pin in pins if not (folder / pin.file).exists()]
    for group in dict.fromkeys(pin.group for pin in missing):
        rows = [pin for pin in missing if pin.group == group]
        print(f"  downloading {', '.join(f'{pin.name} {pin.version}' for pin in rows)}", flush=True)
        _download(group, [(pin.name, pin.version) for pin in rows], folder)
    for pin in pins:
        verify(pin, folder / pin.file)
    return {pin.name: folder / pin.file for pin in pins}


def verify(pin: Pin, path: Path) -> None:
    """Raises BuildError unless `path` is the pinned file."""
    if not path.exists():
        raise BuildError(
            f"{pin.name} {pin.version} was downloaded, but not as {pin.file}: correct `file` in build/pins.toml"
        )
    found = sha256(path)
    if found != pin.sha256:
        raise BuildError(
            f"{path} is not the pinned file.\n"
            f"  expected SHA-256 {pin.sha256} (build/pins.toml)\n"
            f"  found    SHA-256 {found}\n"
            "Delete the file to download it again; if it still differs, someone changed it upstream: don't use it."
        )


def _download(group: str, packages: list[tuple[str, str]], folder: Path) -> None:
    if group.startswith("npm"):
        specs = [f"{name}@{version}" for name, version in packages]
        command = ["npm", "pack", "--silent", f"--pack-destination={folder}", *specs]
    else:
        specs = [f"{name}=={version}" for name, version in packages]
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
        command += [*WASM_PLATFORM, f"--dest={folder}", *specs]
    try:
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    except FileNotFoundError:
        raise BuildError(f"`{command[0]}` is not installed: the build needs Node.js 20 with npm") from None
    if done.returncode:
        raise BuildError(
            f"Downloading {', '.join(specs)} failed. Is there a network, and does this version exist?\n"
            f"  command: {' '.join(command)}\n{done.stdout}{done.stderr}".rstrip()
        )


def main(group: str, name: str, version: str) -> None:
    """Prints the row of pins.toml for `version` of a package."""
    with tempfile.TemporaryDirectory() as folder:
        _download(group, [(name, version)], Path(folder))
        (path,) = Path(folder).iterdir()
        key = name if name.replace("-", "").isalnum() else f'"{name}"'
        print(f'{key} = {{ version = "{version}", file = "{path.name}", sha256 = "{sha256(path)}" }}')


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("npm", "wheels", "test-wheels"):
        sys.exit("usage: python build/downloads.py npm|wheels|test-wheels NAME VERSION")
    try:
        main(*sys.argv[1:])
    except BuildError as error:
        sys.exit(str(error))
