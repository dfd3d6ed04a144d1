"""Finds where two spellings of one text agree, such as what the bot wrote and what its voice said of it.

Both are lists of words (see :mod:`.spelling`) and are read in order:

1. Words match if their letters do, wherever either side puts spaces: "One", "Two" and "OneTwo" match. The last word of
   either side may be unfinished.
2. At a difference, both skip to the nearest place where they match again: two words in a row if it is close by, three
   if it is further on; one word is enough if almost nothing is skipped.
3. What lies between two matches is a gap. If there is no further match, the rest of both is the last gap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

_NEAR, _CLOSE = 2, 12
"""Words that may be skipped for a single word that matches, and for two of them."""
_RUN = 3
"""Words in a row that match, to skip any number."""
_PLACES = 4
"""Places of a word that are tried: a word such as "the" has too many."""


class Gap(NamedTuple):
    """Words of both sides that don't match; either side may be empty.

    Attributes:
        written, written_end: from and until which word on one side.
        spoken, spoken_end: the same on the other side.
    """

    written: int
    written_end: int
    spoken: int
    spoken_end: int


class Alignment(NamedTuple):
    """How two lists of words agree.

    Attributes:
        gaps: where they don't, in order; the last one is what follows the last match.
        matched: how many words of the spoken side match.
    """

    gaps: list[Gap]
    matched: int


def align(written: Sequence[str], spoken: Sequence[str]) -> Alignment:
    """Align two lists of words."""
    gaps: list[Gap] = []
    places: dict[str, list[int]] = {}
    at, said, matched = 0, 0, 0
    while at < len(written) and said < len(spoken):
        if step := _match(written, at, spoken, said):
            matched += step[1] - said
            at, said = step
            continue
        if not places:
            for place, word in enumerate(written):
                places.setdefault(word, []).append(place)
        found = _resume(written, at, spoken, said, places)
        if found is None:
            break
        gaps.append(Gap(at, found[0], said, found[1]))
        at, said = found
    gaps.append(Gap(at, len(written), said, len(spoken)))
    return Alignment(gaps, matched)


def _match(written: Sequence[str], at: int, spoken: Sequence[str], said: int) -> tuple[int, int] | None:
    """Where both sides go on after the shortest stretch of the same letters; ``None`` if they differ."""
    left, right = written[at], spoken[said]
    at, said = at + 1, said + 1
    while left != right:
        if len(left) > len(right):
            if not left.startswith(right):
                return None
            if said == len(spoken):
                return at, said  # the last word is unfinished
            right += spoken[said]
            said += 1
        else:
            if not right.startswith(left):
                return None
            if at == len(written):
                return at, said
            left += written[at]
            at += 1
    return at, said


def _resume(
    written: Sequence[str], at: int, spoken: Sequence[str], said: int, places: dict[str, list[int]]
) -> tuple[int, int] | None:
    """The nearest place where both sides match again."""
    best: tuple[int, int] | None = None
    cost = len(written) + len(spoken)
    for place in range(said, len(spoken)):
        if place - said >= cost:
            break
        candidates = places.get(spoken[place], [])
        first = bisect_left(candidates, at)
        for candidate in candidates[first : first + _PLACES]:
            skipped = (candidate - at) + (place - said)
            enough = _enough(max(candidate - at, place - said))
            run = spoken[place : place + enough]
            # At the end of both sides fewer words will do, but only in the nearest place.
            is_enough = len(run) == enough or candidate == candidates[first]
            if skipped < cost and is_enough and written[candidate : candidate + enough] == run:
                best, cost = (candidate, place), skipped
    return best


def _enough(skipped: int) -> int:
    """How many words in a row must match if so many are skipped."""
    return 1 if skipped <= _NEAR else 2 if skipped <= _CLOSE else _RUN
