"""What a face is told, checked once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rtvi_web_console.policy import link_origins, policy
from rtvi_web_console.script import OwnFiles, own_files

TRANSPORTS = ("webrtc", "websocket")
TITLE = "Talk to the bot"


@dataclass(frozen=True)
class Options:
    """What a face is told. :meth:`of` checks it."""

    path: str
    """The folder of the face in the app, ``""`` for its root."""
    start: str
    """The start endpoint: an http or https address, or a path in the app."""
    transport: str
    title: str
    own: OwnFiles
    connect: tuple[str, ...]
    frame: tuple[str, ...]
    reload: bool

    @classmethod
    def of(
        cls,
        path: str = "/face",
        start: str = "/start",
        transport: str = "webrtc",
        title: str = TITLE,
        script: str | Path | Sequence[str | Path] | None = None,
        *,
        connect: Iterable[str] = (),
        frame: Iterable[str] = (),
        reload: bool = False,
        folder: Path | None = None,
    ) -> Options:
        """The options of a face; see :func:`rtvi_web_console.mount`.

        Args:
            reload: whether open pages load themselves again when the files that `script` names change.
            folder: what relative paths of `script` begin at, the working directory by default.

        Raises:
            TypeError, ValueError: an option has a value that it cannot have.
            FileNotFoundError: a file that `script` names does not exist.
        """
        for name, given in (("path", path), ("start", start), ("transport", transport), ("title", title)):
            if not isinstance(given, str):
                raise TypeError(f"{name} must be a text; it is {given!r}")
        if transport not in TRANSPORTS:
            near = difflib.get_close_matches(transport, TRANSPORTS, 1, 0.4)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"transport={transport!r} is not one of {', '.join(map(repr, TRANSPORTS))}{hint}")
        connect, frame = _several("connect", connect), _several("frame", frame)
        own = own_files(script, folder or Path.cwd())
        options = cls(_folder(path), _start(start), transport, title, own, connect, frame, reload)
        options.policy  # noqa: B018 - it raises for an address that cannot be in it
        return options

    @property
    def policy(self) -> str:
        """The Content-Security-Policy of the page."""
        to = [self.start] if "://" in self.start else []
        return policy(connect=[*to, *self.connect], frame=self.frame)


def _several(name: str, origins: Iterable[str]) -> tuple[str, ...]:
    if isinstance(origins, str):
        raise ValueError(f"{name} is a list of origins: {name}=[{origins!r}]")
    several = tuple(origins)
    if other := [each for each in several if not isinstance(each, str)]:
        raise TypeError(f"{name} is a list of origins, and {other[0]!r} is not one")
    return several


def _folder(path: str) -> str:
    """``/a/b`` for ``a/b/``, and nothing for ``/``."""
    stripped = path.strip("/")
    labels = stripped.split("/") if stripped else []
    if not all(re.fullmatch(r"[A-Za-z0-9_~.-]+", label) and label.strip(".") for label in labels):
        raise ValueError(f"path={path!r} is not a path such as '/face'")
    return "".join(f"/{label}" for label in labels)


def _start(start: str) -> str:
    """An address as it is, and a path with one slash in front."""
    if "://" in start:
        if not start.startswith(("http://", "https://")):
            raise ValueError(f"start={start!r} must be a path, or an http or https address")
        link_origins(start)
        parts = urlsplit(start)
        if "@" in parts.netloc:
            raise ValueError("start has a user name in it: browsers refuse to send such requests")
        return parts._replace(path=parts.path or "/", fragment="").geturl()
    if start.startswith("//") or not start.strip("/"):
        raise ValueError(f"start={start!r} is neither a path such as '/start' nor an http or https address")
    return f"/{start.lstrip('/')}"
