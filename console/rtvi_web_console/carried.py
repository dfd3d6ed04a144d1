"""The site that the wheel carries: Brotli alone, and a list of its files.

Few browsers ask for another form: those on plain http away from this machine. It is made once and kept while there is
room.
"""

from __future__ import annotations

import gzip
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import brotli

SITE = Path(__file__).with_name("site")
"""Where the wheel has the site. The build makes it: a checkout has none."""
LIST = "site.json"
ROOM = 24_000_000
"""Bytes of other forms that a process keeps."""
GZIP_LEVEL = 6
"""Level 9 takes four times as long, for one percent."""


@dataclass(frozen=True)
class CarriedFile:
    """A file of the site, as the list has it."""

    sha256: str
    size: int
    """Bytes that it has when it is not compressed."""
    compressed_size: int
    """Bytes that it has as Brotli."""


class SiteMissingError(RuntimeError):
    """There is no site to serve: the package is a checkout and not the wheel."""


class CarriedSite:
    """The files of a carried site, by their paths.

    Args:
        folder: holds each file as ``<path>.br``, and the list.
        room: how many bytes of other forms are kept.

    Raises:
        SiteMissingError: the folder holds no site.
    """

    def __init__(self, folder: Path = SITE, *, room: int = ROOM) -> None:
        try:
            listed = json.loads((folder / LIST).read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise SiteMissingError(
                f"{folder} holds no site. The wheel of rtvi-web-console carries one: install the wheel. "
                "In a checkout of rtvi_web, `make wheels` makes it."
            ) from None
        self.revision: str = listed["revision"]
        """Names the content of all files together."""
        self.files: Mapping[str, CarriedFile] = {name: CarriedFile(**each) for name, each in listed["files"].items()}
        self._folder = folder
        self._room = room
        self._made: OrderedDict[tuple[str, str], bytes] = OrderedDict()  # the least used first
        self._making = Lock()

    def read(self, name: str, form: str) -> bytes:
        """A file in one of `FORMS`. Reads, and may compress: call it in a thread.

        Raises:
            KeyError: the site has no such file.
        """
        self.files[name]
        if form == "br":
            return self._brotli(name)
        with self._making:  # a second request waits until it is made
            key = (name, form)
            if key not in self._made:
                plain = brotli.decompress(self._brotli(name))
                self._made[key] = gzip.compress(plain, GZIP_LEVEL, mtime=0) if form == "gzip" else plain
            self._made.move_to_end(key)
            made = self._made[key]
            kept = sum(map(len, self._made.values()))
            while kept > self._room:
                kept -= len(self._made.popitem(last=False)[1])
            return made

    def _brotli(self, name: str) -> bytes:
        return (self._folder / f"{name}.br").read_bytes()
