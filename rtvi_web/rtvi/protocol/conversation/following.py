"""Follows a voice through a written text: how far it has come, and what it has said besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rtvi_web.rtvi.protocol.conversation.alignment import align
from rtvi_web.rtvi.protocol.conversation.spelling import Word, ends_sentence


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

    def pauses(self, index: int) -> bool:
        """Whether the voice paused after a word."""
        return self._has_pause(self.words[index].start, self._next(index))

    def ends(self, index: int) -> bool:
        """Whether a sentence ends with a word."""
        return ends_sentence(self._text, self.words[index].end, self._next(index)) or self.pauses(index)

    def _next(self, index: int) -> int:
        return self.words[index + 1].start if index + 1 < len(self.words) else len(self._text)

    def begins(self, index: int) -> bool:
        """Whether a sentence begins with a word."""
        return index == 0 or self.ends(index - 1)


class Besides(NamedTuple):
    """Spoken words, from ``start`` to ``end``, that were not written, and belong before the written word ``at``."""

    at: int
    start: int
    end: int


class Followed(NamedTuple):
    """How many written words were said, and what was said besides, in order."""

    reached: int
    besides: list[Besides]


def follow(written: Side, spoken: Side, existed: Callable[[int, int], bool]) -> Followed:
    """Follow the spoken words through the written ones.

    Args:
        written: what was written.
        spoken: what was said.
        existed: whether a written word existed when a word was spoken. If not, the spoken word is not a spelling of it.
    """
    *inner, last = align(written.keys, spoken.keys).gaps
    besides: list[Besides] = []
    for gap in inner:
        start, end = _whole_sentences(spoken, gap.spoken, gap.spoken_end)
        if start < end and gap.written == gap.written_end and written.begins(gap.written):
            besides.append(Besides(gap.written, start, end))
    at = last.written
    for start, end in _sentences(spoken, last.spoken, last.spoken_end):
        is_new = spoken.begins(start) and written.begins(at)
        if at == len(written.words):
            if is_new or not written.begins(at):
                besides.append(Besides(at, start, end))
        elif is_new and not existed(at, start):
            besides.append(Besides(at, start, end))
        else:
            at = count_words(written, at, end - start, is_whole=spoken.pauses(end - 1))
    return Followed(at, _joined(besides))


def _joined(besides: list[Besides]) -> list[Besides]:
    """One for each place."""
    joined: list[Besides] = []
    for each in besides:
        if joined and (joined[-1].at, joined[-1].end) == (each.at, each.start):
            joined[-1] = joined[-1]._replace(end=each.end)
        else:
            joined.append(each)
    return joined


def count_words(written: Side, at: int, count: int, *, is_whole: bool) -> int:
    """The word with which a text ends that has so many words in another spelling; at most the end of the sentence.

    Args:
        written: the text.
        at: the first word.
        count: how many words the other spelling has.
        is_whole: whether they are the rest of the sentence.
    """
    limit = next((place + 1 for place in range(at, len(written.words)) if written.ends(place)), len(written.words))
    return limit if is_whole else min(at + count, limit)


def _sentences(spoken: Side, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The sentences between two words; the first one may be incomplete."""
    for place in range(start, end):
        if place == end - 1 or spoken.ends(place):
            yield start, place + 1
            start = place + 1


def _whole_sentences(spoken: Side, start: int, end: int) -> tuple[int, int]:
    """The part that consists of whole sentences."""
    while start < end and not spoken.begins(start):
        start += 1
    while start < end and not spoken.ends(end - 1):
        end -= 1
    return start, end
