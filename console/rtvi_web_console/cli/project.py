"""The folder of a page, as ``rtvi-web new`` makes one: the user's files, and what the site adds to them."""

from __future__ import annotations

import hashlib
import os
import posixpath
from pathlib import Path

from rtvi_web_console.carried import CarriedSite
from rtvi_web_console.cli.errors import CommandError
from rtvi_web_console.script import content

LEFT_OUT = ("__pycache__", "node_modules")
"""Folders that are none of the page."""
MARK = ".rtvi-web-build"
"""Says that a folder was made by ``rtvi-web build``: it may be made anew, and is none of the page."""


class Project:
    """A page's folder, over the site that has its Pyodide.

    Args:
        folder: has an ``index.html``.
        site: has what the page asks for and does not have itself.

    Raises:
        CommandError: the folder has no page.
    """

    def __init__(self, folder: Path, site: CarriedSite) -> None:
        self.folder = folder
        self.site = site
        if not (folder / "index.html").is_file():
            raise CommandError(f"{folder} has no index.html. `rtvi-web new {folder}` makes a page.")

    def files(self) -> dict[str, Path]:
        """The user's files by their paths, without tests and what is hidden."""
        found: dict[str, Path] = {}
        for place, folders, names in os.walk(self.folder):
            folder = Path(place)
            folders[:] = [each for each in sorted(folders) if _is_part(each) and not (folder / each / MARK).exists()]
            for path in (folder / name for name in sorted(names) if _is_part(name)):
                if path.is_file() and not _is_test(path.name):
                    found[path.relative_to(self.folder).as_posix()] = path
        return found

    def find(self, address: str) -> Path | str | None:
        """What is at a path, without percent signs: a file of the user, or the name of one of the site."""
        name = posixpath.normpath(address).lstrip("/")
        files = self.files()
        for each in (name, f"{name}/index.html".lstrip("/")):
            if each in files:
                return files[each]
        return name if name in self.site.files else None

    def revision(self) -> str:
        """Names the content of the user's files."""
        digest = hashlib.sha256()
        for name, path in self.files().items():
            data = content(path) or b""
            digest.update(f"{name} {len(data)}\n".encode() + data)
        return digest.hexdigest()[:16]


def _is_part(name: str) -> bool:
    """Whether a file or a folder belongs to a page."""
    return not name.startswith(".") and name not in LEFT_OUT


def _is_test(name: str) -> bool:
    return name == "conftest.py" or (name.startswith("test_") and name.endswith(".py"))
