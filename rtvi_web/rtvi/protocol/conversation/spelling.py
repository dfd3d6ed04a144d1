"""Words and spaces: what two spellings of one text have in common, and how pieces of text are joined."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

_NO_SPACES: Final = (
    "\u0e00-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u312f\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
"""Letters of scripts that write no spaces between words: Thai, Lao, Tibetan, Burmese, Khmer, Japanese, Chinese."""
_APOSTROPHES: Final = "'’‘ʼ＇`´"
_IN_WORDS: Final = "-\u2010\u2011'’"
"""Marks that stand between the parts of a word."""
_UNSEEN: Final = "\u0300-\u036f\u00ad\u200b-\u200d\u2060"
"""Accents that are characters of their own, and characters without width: they may stand within a word."""
# Patterns, compiled when they are first used: a page's boot needs none of them.
_LETTERS: Final = rf"[^\W_{_NO_SPACES}]"
_WORD: Final = (
    rf"[{_NO_SPACES}]|\d+(?:[.,]\d+)+|{_LETTERS}+(?:(?:[{_APOSTROPHES}](?={_LETTERS})|[{_UNSEEN}]){_LETTERS}*)*"
)
_NOT_SPELT: Final = rf"[.,{_APOSTROPHES}{_UNSEEN}]"
_TITLES: Final = ("Dr", "Mr", "Mrs", "Ms", "Prof", "Mt", "Nr")
_ABBREVIATIONS: Final = (*_TITLES, "vs", "e.g", "E.g", "i.e", "I.e", "z.B", "Z.B", "d.h")
"""Abbreviations whose point does not end a sentence. "St." and "No." may end one."""
_SENTENCE_END: Final = (
    r"[!?…؟।॥。！？｡\n]|"
    + "".join(rf"(?<!\b{re.escape(each)})" for each in _ABBREVIATIONS)
    + r"\.(?!(?<=\b[^\W\d_]\.)[^\W\d_])"
)
"""A point within an abbreviation such as "a.m." ends no sentence either."""
_WIDE_MARK: Final = "[\u3000-\u3004\u3008-\u303f\uff00-\uff65]"
_WIDE: Final = f"{_WIDE_MARK}|[{_NO_SPACES}]"
_CLOSES: Final = r"""[.](?!\d)|[,;:!?…)\]}»”%،؛؟।॥、。，．！？；：）」』】〉》]|['’](?:[stmd]|re|ve|ll)\b|['’]+$"""
_OPENS: Final = r"[(\[{«“‘¿¡「『（【〈《]"
_REST: Final = rf"(?:(?<![{_NO_SPACES}])[^\s{_NO_SPACES}{_WIDE_MARK[1:-1]}]+)?[^\w\s{_NO_SPACES}{_OPENS[1:-1]}]*"
"""What follows the end of a word: the rest of "well-known", unless its script has no spaces, and marks."""

_compiled = cache(re.compile)

MARKERS: Final = "✓○◐●"
"""Servers of 0.0.108 to 1.2 have a model put one of these before its answer: whether the person had finished."""


_BLANK: Final = f" \n{MARKERS}"


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        key: the word without what differs between spellings: case, apostrophes, the points of a number.
        start, end: where it stands.
    """

    key: str
    start: int
    end: int


def words(text: str, start: int = 0, *, most: int | None = None) -> list[Word]:
    """The words of a text, without quotes, dashes and Markdown. A letter of a script without spaces is a word."""
    found = []
    for match in islice(_compiled(_WORD).finditer(text, start), most):
        key = match[0]
        if not key.isalnum():
            key = _compiled(_NOT_SPELT).sub("", key)
        found.append(Word(key.casefold(), match.start(), match.end()))
    return found


class GrowingWords:
    """The words of a text that grows at its end; only the new ones are looked for."""

    def __init__(self) -> None:
        self._words: list[Word] = []
        self._known = 0  # characters whose words don't change any more
        self._length = 0

    def of(self, text: str) -> list[Word]:
        """The words of the text, which begins as it did last time."""
        if len(text) != self._length:
            while self._words and self._words[-1].end > self._known:
                self._words.pop()
            self._words += words(text, self._known)
            self._length = len(text)
            self._known = max(self._known, text.rfind(" ") + 1)
        return self._words


def ends_sentence(text: str, start: int, end: int) -> bool:
    """Whether a sentence or a line ends between two words, from ``start`` to ``end``."""
    return _compiled(_SENTENCE_END).search(text, start, end + 1) is not None  # with the letter that may follow


def may_go_on(text: str, end: int) -> bool:
    """Whether the word that ends at ``end`` may be the beginning of a longer one: nothing follows that ends it."""
    return not text[end:].strip(_IN_WORDS)


def whole_word(text: str, end: int) -> int:
    """The real end of the word that ends at ``end``: after the marks that follow it."""
    rest = _compiled(_REST).match(text, end)
    return rest.end() if rest else end


def joint(left: str, right: str) -> str:
    """What belongs between two pieces of text: a space or nothing."""
    if not left or not right or left[-1].isspace() or right[0].isspace():
        return ""
    is_quoting = '"' in (left[-1], right[0]) and left.count('"') % 2 == 1
    if is_quoting:  # it opens on the left, or closes on the right
        return ""
    if _compiled(_CLOSES).match(right) or _compiled(_OPENS).match(left, len(left) - 1):
        return ""
    if left[-1].isascii() or not _compiled(_WIDE).match(left, len(left) - 1):
        return " "
    return "" if _compiled(_WIDE_MARK).match(left, len(left) - 1) or _compiled(_WIDE).match(right) else " "


def is_blank(text: str) -> bool:
    """Whether a text has nothing but spaces and turn-completion markers."""
    return not text.strip(_BLANK).strip()


def joined(parts: Iterable[str]) -> str:
    """Parts of a text, with what belongs between them; blank ones are left out."""
    text = ""
    for part in filter(None, map(str.strip, parts)):
        text += joint(text, part) + part
    return text


class MarkerFilter:
    """Drops a turn-completion marker, and the space after it, from the start of an answer that comes in pieces.

    Attributes:
        is_open: whether all that comes is kept.
    """

    def __init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Another answer begins."""
        self.is_open = self._after_marker = False

    def feed(self, piece: str) -> str:
        """The piece, or what is left of it."""
        if not self.is_open and not self._after_marker and (text := piece.lstrip()):
            self._after_marker = text[0] in MARKERS
            self.is_open = not self._after_marker
            piece = text[1:] if self._after_marker else piece
        if self._after_marker and piece:
            self._after_marker, self.is_open = False, True
            return piece.removeprefix(" ")
        return piece
