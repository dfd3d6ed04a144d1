"""Follows a voice through a written text: how far it has come, and what it has said besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rtvi_web.rtvi.protocol.conversation.alignment import align
from rtvi_web.rtvi.protocol.conversation.spelling import Word, ends_sentence, words


class Side(NamedTuple):
    """One spelling of a text.

    Attributes:
        words: its words.
        ends: for each word, whether a sentence ends with it.
    """

    words: list[Word]
    ends: list[bool]

    @property
    def keys(self) -> list[str]:
        """What of the words is compared."""
        return [word.key for word in self.words]


class Besides(NamedTuple):
    """Spoken words, from ``start`` to ``end``, that were not written, and belong before the written word ``at``."""

    at: int
    start: int
    end: int


class Followed(NamedTuple):
    """How many written words were said, and what was said besides, in order."""

    reached: int
    besides: list[Besides]


def side(text: str, selected: Callable[[Word], bool] = lambda word: True) -> Side:
    """The words of a text, and where its sentences end."""
    found = list(filter(selected, words(text)))
    nexts = [*(word.start for word in found[1:]), len(text)]
    return Side(found, [ends_sentence(text, word.end, next) for word, next in zip(found, nexts, strict=False)])


def follow(
    written: Side, spoken: Side, is_paused: Callable[[int], bool], existed: Callable[[int, int], bool]
) -> Followed:
    """Follow the spoken words through the written ones.

    Args:
        written: what was written.
        spoken: what was said.
        is_paused: whether the voice paused after a spoken word, so that what it said is a whole.
        existed: whether a written word was there when a spoken one was said: if not, that is no spelling of it.
    """
    *inner, last = align(written.keys, spoken.keys).gaps
    besides: list[Besides] = []
    for gap in inner:
        start, end = _whole_sentences(spoken.ends, gap.spoken, gap.spoken_end)
        is_free = gap.written == gap.written_end or not existed(gap.written, start)
        if start < end and is_free and _is_boundary(written.ends, gap.written):
            besides.append(Besides(gap.written, start, end))
    at = last.written
    for start, end in _sentences(spoken.ends, last.spoken, last.spoken_end):
        is_new = _is_boundary(spoken.ends, start) and _is_boundary(written.ends, at)
        if at == len(written.words):
            if is_new or not _is_boundary(written.ends, at):
                besides.append(Besides(at, start, end))
        elif is_new and not existed(at, start):
            besides.append(Besides(at, start, end))
        else:
            at = count_words(written.ends, at, end - start, is_whole=is_paused(end - 1))
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


def count_words(ends: Sequence[bool], at: int, count: int, *, is_whole: bool) -> int:
    """Until which word a text goes that has so many other words, from a word to at most the end of its sentence.

    Args:
        ends: for each word, whether a sentence ends with it.
        at: the first word.
        count: how many words the other spelling has.
        is_whole: whether that is the rest of the sentence.
    """
    limit = next((place + 1 for place in range(at, len(ends)) if ends[place]), len(ends))
    return limit if is_whole else min(at + count, limit)


def _is_boundary(ends: Sequence[bool], at: int) -> bool:
    """Whether a sentence begins at a word."""
    return at == 0 or ends[at - 1]


def _sentences(ends: Sequence[bool], start: int, end: int) -> Iterator[tuple[int, int]]:
    """The sentences from a word to another; the first may be the end of one."""
    for place in range(start, end):
        if ends[place] or place == end - 1:
            yield start, place + 1
            start = place + 1


def _whole_sentences(ends: Sequence[bool], start: int, end: int) -> tuple[int, int]:
    """From and until which word there are whole sentences."""
    while start < end and not _is_boundary(ends, start):
        start += 1
    while start < end and not ends[end - 1]:
        end -= 1
    return start, end
