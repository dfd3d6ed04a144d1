"""The user's own Python for the page: a script that runs in it, modules and wheels that the script imports."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

FOLDER = "own"
"""Where the page finds the user's files, in the folder of the face."""


@dataclass(frozen=True)
class OwnFiles:
    """The user's files. They are read when they are asked for, so that a reload of the page shows what was saved."""

    files: tuple[Path, ...] = ()

    @property
    def scripts(self) -> list[Path]:
        """The script that is run, and the modules that it may import."""
        return [path for path in self.files if path.suffix == ".py"]

    @property
    def wheels(self) -> list[Path]:
        return [path for path in self.files if path.suffix == ".whl"]

    def find(self, name: str) -> Path | None:
        """The file that has this path in the folder of the face."""
        return next((path for path in self.files if name == name_of(path)), None)

    def revision(self) -> str:
        """Names the files' content."""
        digest = hashlib.sha256()
        for path in self.files:
            data = content(path) or b""
            digest.update(f"{path.name} {len(data)}\n".encode() + data)
        return digest.hexdigest()[:16]


def content(path: Path) -> bytes | None:
    """What is in a file; None if it is gone, as it may be while an editor saves it."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def name_of(path: Path) -> str:
    """The path of a file in the folder of the face."""
    return f"{FOLDER}/{path.name}"


def address(path: Path) -> str:
    """What a page asks for to get a file: the name with percent signs for what an address cannot have."""
    return quote(name_of(path), safe="/+")


def own_files(script: str | Path | Sequence[str | Path] | None, folder: Path) -> OwnFiles:
    """The files that `script` names: one ``.py`` that is run, and after it modules and wheels that it imports.

    Args:
        folder: what relative paths begin at.

    Raises:
        FileNotFoundError: a file does not exist.
        ValueError: a file is neither Python nor a wheel, or two have the same name.
    """
    named = [script] if isinstance(script, (str, Path)) else list(script or ())
    paths = [(folder / each).resolve() for each in named]
    for name, path in zip(named, paths, strict=True):
        if path.suffix not in (".py", ".whl"):
            raise ValueError(f"script={str(name)!r} is neither a .py file nor a wheel (.whl)")
        if not path.is_file():
            raise FileNotFoundError(f"script={str(name)!r}: there is no file {path}")
    if paths and paths[0].suffix != ".py":
        raise ValueError("the first file that script names is the .py file that the page runs")
    if len({path.name for path in paths}) < len(paths):
        raise ValueError("two files that script names have the same name")
    return OwnFiles(tuple(paths))
