"""Follows a voice through a written text: how far it has come, and what it has said besides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from rtvi_web.rtvi.protocol.conversation.alignment import Gap, align
from rtvi_web.rtvi.protocol.conversation.side import Side


class Besides(NamedTuple):
    """Spoken words, from ``start`` to ``end``, that were not written, and belong before the written word ``at``."""

    at: int
    start: int
    end: int


class Followed(NamedTuple):
    """How a voice went through a text.

    Attributes:
        at: the written word that it is at.
        reached: how many written words it seemed to have said. This is more than ``at`` if counting ran ahead.
        is_counted: whether its last words differ from the written ones, and were counted.
        besides: what it said besides, in order.
    """

    at: int
    reached: int
    is_counted: bool
    besides: list[Besides]


def follow(written: Side, spoken: Side, existed: Callable[[int, int], bool]) -> Followed:
    """Follow the spoken words through the written ones.

    Args:
        written: what was written.
        spoken: what was said.
        existed: whether a written word existed when a word was spoken. If not, the spoken word is not a spelling of it.
    """
    *inner, last = align(written, spoken).gaps
    besides: list[Besides] = []
    reached = 0
    for gap in inner:
        start, end = _whole_sentences(spoken, gap.spoken, gap.spoken_end)
        if start < end and gap.written == gap.written_end and written.begins(gap.written):
            besides.append(Besides(gap.written, start, end))
        reached = max(reached, _count(gap, written, spoken, existed)[0])
    at, more = _count(last, written, spoken, existed)
    is_counted = last.spoken < last.spoken_end and not (more and more[-1].end == last.spoken_end)
    return Followed(at, max(reached, at), is_counted, _joined([*besides, *more]))


def _count(gap: Gap, written: Side, spoken: Side, existed: Callable[[int, int], bool]) -> tuple[int, list[Besides]]:
    """Count the spoken words of a gap, as long as no further match is known. Gives the written word after them."""
    besides = []
    at = gap.written
    for start, end in _sentences(spoken, gap.spoken, gap.spoken_end):
        is_new = spoken.begins(start) and written.begins(at)
        if at == len(written.words):
            if is_new or not written.begins(at):
                besides.append(Besides(at, start, end))
        elif is_new and not existed(at, start):
            besides.append(Besides(at, start, end))
        else:
            at = count_words(written, at, end - start, is_whole=spoken.pauses(end - 1))
    return at, besides


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
