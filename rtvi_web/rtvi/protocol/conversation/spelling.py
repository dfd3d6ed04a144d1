"""Words and spaces: what two spellings of one text have in common, and how pieces of text are joined."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_NO_SPACES: Final = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Letters of scripts that write no spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""
_APOSTROPHES: Final = "'’‘ʼ＇`´"
# Patterns are compiled when they are first used: a page's boot needs none of them.
_WORD: Final = rf"[{_NO_SPACES}]|\d+(?:[.,]\d+)+|[^\W_{_NO_SPACES}]+(?:[{_APOSTROPHES}][^\W_{_NO_SPACES}]+)*"
_NOT_SPELT: Final = rf"[.,{_APOSTROPHES}]"
_SENTENCE_END: Final = r"[.!?…。！？｡\n]"
_WIDE_MARK: Final = "[\u3000-\u3004\u3008-\u303f\uff00-\uff65]"
_WIDE: Final = f"{_WIDE_MARK}|[{_NO_SPACES}]"
_CLOSES: Final = r"""[.](?!\d)|[,;:!?…)\]}»”%、。，．！？；：）」』】〉》]|['’](?:[stmd]|re|ve|ll)\b|["'’]+$"""
_OPENS: Final = r"[(\[{«“‘¿¡「『（【〈《]$"

MARKERS: Final = "✓○◐●"
"""What servers of 0.0.108 to 1.2 have a model put before its answer: whether the person had finished."""


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        key: the word without what differs between spellings: case, apostrophes, the points of a number.
        start, end: where it stands.
    """

    key: str
    start: int
    end: int


def words(text: str) -> list[Word]:
    """The words of a text, without quotes, dashes and Markdown. A letter of a script without spaces is a word."""
    return [
        Word(re.sub(_NOT_SPELT, "", found[0]).casefold(), found.start(), found.end())
        for found in re.finditer(_WORD, text)
    ]


def ends_sentence(text: str, start: int, end: int) -> bool:
    """Whether a sentence or a line ends between two words, from ``start`` to ``end``."""
    return re.search(_SENTENCE_END, text[start:end]) is not None


def whole_word(text: str, end: int) -> int:
    """Where the word that ends at ``end`` really ends, with the marks that follow it."""
    while end < len(text) and not text[end].isspace():
        if re.match(_WIDE, text[end]) and (re.match(_OPENS, text[end]) or not re.match(_WIDE_MARK, text[end])):
            break
        end += 1
    return end


def joint(left: str, right: str) -> str:
    """What belongs between two pieces of text: a space or nothing."""
    if not left or not right or left[-1].isspace() or right[0].isspace():
        return ""
    if re.match(_CLOSES, right) or re.search(_OPENS, left[-1]) or re.match(_WIDE_MARK, left[-1]):
        return ""
    return "" if re.match(_WIDE, left[-1]) and re.match(_WIDE, right) else " "


def is_blank(text: str) -> bool:
    """Whether a text has nothing but spaces and a turn-completion marker."""
    return not text.strip().strip(MARKERS).strip()


class MarkerFilter:
    """Drops a turn-completion marker, and the space after it, from the start of an answer that comes in pieces."""

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Another answer begins."""
        self._at_start, self._after_marker = True, False

    def feed(self, piece: str) -> str:
        """The piece, or what is left of it."""
        if self._at_start and (text := piece.lstrip()):
            self._at_start = False
            if text[0] in MARKERS:
                self._after_marker = True
                piece = text[1:]
        if self._after_marker and piece:
            self._after_marker = False
            return piece.removeprefix(" ")
        return piece
