"""What a check has found, in words."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Level(StrEnum):
    """How much it matters."""

    GOOD = "ok"
    NOTE = "note"
    """It may matter: what does is not known from here."""
    BAD = "problem"
    """No page gets through to the bot like this."""


class Finding(NamedTuple):
    """What a check has found.

    Attributes:
        text: a sentence or two.
        advice: what to do; empty if there is nothing to do.
    """

    level: Level
    text: str
    advice: str = ""


def good(text: str) -> Finding:
    return Finding(Level.GOOD, text)


def note(text: str, advice: str = "") -> Finding:
    return Finding(Level.NOTE, text, advice)


def bad(text: str, advice: str = "") -> Finding:
    return Finding(Level.BAD, text, advice)
