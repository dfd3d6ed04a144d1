"""Tells the system that a page plays and records, where it wants to know: on iPhones and iPads.

By this it decides which of its speakers sounds, and whether the switch for silence and other apps matter.
"""

from __future__ import annotations

from typing import Any

from rtvi_web.browser import _js

_holders: list[object] = []
_before: list[str] = []
"""What the page itself had said, while something holds."""


def hold(holder: object) -> None:
    """The page plays and records, from now until this holder lets go. Later calls do nothing."""
    session = _session()
    if session is None or holder in _holders:
        return
    if not _holders:
        _before[:] = [str(session.type)]
        session.type = "play-and-record"
    _holders.append(holder)


def let_go(holder: object) -> None:
    """This holder records no longer, if it did. After the last one, the page's own type counts again."""
    if holder in _holders:
        _holders.remove(holder)
        if not _holders:
            _session().type = _before.pop()


def _session() -> Any:
    return getattr(_js.api("navigator"), "audioSession", None)
