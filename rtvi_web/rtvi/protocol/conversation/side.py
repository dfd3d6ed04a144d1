"""One spelling of a text: its words, and where its sentences end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from rtvi_web.rtvi.protocol.conversation.spelling import Word, ends_sentence, may_go_on


class Side:
    """One spelling of a text.

    Args:
        text: as it is spelt.
        words: those of its words that count.
        has_pause: whether the voice paused between two of its characters. What it said until then is complete.
    """

    def __init__(
        self, text: str, words: Sequence[Word], has_pause: Callable[[int, int], bool] = lambda start, end: False
    ) -> None:
        self._text = text
        self._has_pause = has_pause
        self.words = words
        self.keys = [word.key for word in words]
        self._counted_from, self._counts = 0, [0]

    @cached_property
    def is_unmarked(self) -> bool:
        """Whether the voice came to its end and reports no sentences."""
        if not self.words or not self.pauses(len(self.words) - 1):
            return False
        return not any(ends_sentence(self._text, word.end, self._next(index)) for index, word in enumerate(self.words))

    @cached_property
    def is_unfinished(self) -> bool:
        """Whether the last word may go on."""
        return bool(self.words) and may_go_on(self._text, self.words[-1].end)

    def pauses(self, index: int) -> bool:
        """Whether the voice paused after a word."""
        return self._has_pause(self.words[index].start, self._next(index))

    def ends(self, index: int) -> bool:
        """Whether a sentence ends with a word."""
        return ends_sentence(self._text, self.words[index].end, self._next(index)) or self.pauses(index)

    def sentences(self, start: int, end: int) -> int:
        """How many sentences end between two words. Counts only what is new while ``start`` stays the same."""
        if start != self._counted_from:
            self._counted_from, self._counts = start, [0]
        for index in range(start + len(self._counts) - 1, end):
            self._counts.append(self._counts[-1] + self.ends(index))
        return self._counts[end - start]

    def _next(self, index: int) -> int:
        return self.words[index + 1].start if index + 1 < len(self.words) else len(self._text)

    def begins(self, index: int) -> bool:
        """Whether a sentence begins with a word."""
        return index == 0 or self.ends(index - 1)
