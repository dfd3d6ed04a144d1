"""The folder of a page, as ``rtvi-web new`` makes one: the user's files, and what the site adds to them."""

from __future__ import annotations

import hashlib
import posixpath
from pathlib import Path
from urllib.parse import unquote

from rtvi_web_console.carried import CarriedSite
from rtvi_web_console.cli.errors import CommandError

LEFT_OUT = ("__pycache__", "node_modules", "dist")
"""Folders that are none of the page."""


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
        found = {}
        for path in sorted(self.folder.rglob("*")):
            parts = path.relative_to(self.folder).parts
            hidden = any(part.startswith(".") or part in LEFT_OUT for part in parts)
            if path.is_file() and not hidden and not parts[-1].startswith("test_") and parts[-1] != "conftest.py":
                found["/".join(parts)] = path
        return found

    def find(self, address: str) -> Path | str | None:
        """What is at the path of a request: a file of the user, or the name of one of the site."""
        name = posixpath.normpath(unquote(address)).lstrip("/")
        files = self.files()
        for each in (name, f"{name}/index.html".lstrip("/")):
            if each in files:
                return files[each]
        return name if name in self.site.files else None

    def revision(self) -> str:
        """Names the content of the user's files."""
        digest = hashlib.sha256()
        for name, path in self.files().items():
            data = path.read_bytes()
            digest.update(f"{name} {len(data)}\n".encode() + data)
        return digest.hexdigest()[:16]
