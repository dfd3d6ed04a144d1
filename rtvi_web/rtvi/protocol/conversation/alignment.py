"""Finds where two spellings of one text agree, such as what the bot wrote and what its voice said of it.

Both are lists of words (see :mod:`.spelling`) and are read in order:

1. Words match if their letters do, wherever either side puts spaces: "One", "Two" and "OneTwo" match. The last word of
   either side may be unfinished, unless a mark or a space follows it.
2. At a difference, both skip to the nearest place where they match again: two words in a row if it is close by, three
   if it is further on; one word is enough if almost nothing is skipped. One more must match if one side skips more
   sentences than the other. Fewer will do where both end a sentence, and where the spoken side ends: more may come.
3. What lies between two matches is a gap. If there is no further match, the rest of both is the last gap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import takewhile
from typing import NamedTuple

from rtvi_web.rtvi.protocol.conversation.side import Side

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


def align(written_side: Side, spoken_side: Side) -> Alignment:
    """Align two spellings of a text."""
    written, spoken = written_side.keys, spoken_side.keys
    gaps: list[Gap] = []
    places: dict[str, list[int]] = {}
    at, said, matched = 0, 0, 0
    while at < len(written) and said < len(spoken):
        if step := _match(written_side, at, spoken_side, said):
            matched += step[1] - said
            at, said = step
            continue
        if not places:
            for place, word in enumerate(written):
                places.setdefault(word, []).append(place)
        found = _resume(written_side, at, spoken_side, said, places)
        if found is None:
            break
        gaps.append(Gap(at, found[0], said, found[1]))
        at, said = found
    gaps.append(Gap(at, len(written), said, len(spoken)))
    return Alignment(gaps, matched)


def _match(written_side: Side, at: int, spoken_side: Side, said: int) -> tuple[int, int] | None:
    """Where both sides go on after the shortest stretch of the same letters; ``None`` if they differ."""
    written, spoken = written_side.keys, spoken_side.keys
    left, right = written[at], spoken[said]
    at, said = at + 1, said + 1
    while left != right:
        if len(left) > len(right):
            if not left.startswith(right):
                return None
            if said == len(spoken):
                return (at, said) if spoken_side.is_unfinished else None
            right += spoken[said]
            said += 1
        else:
            if not right.startswith(left):
                return None
            if at == len(written):
                return (at, said) if written_side.is_unfinished else None
            left += written[at]
            at += 1
    return at, said


def _resume(written: Side, at: int, spoken: Side, said: int, places: dict[str, list[int]]) -> tuple[int, int] | None:
    """The nearest place where both sides match again."""
    best: tuple[int, int] | None = None
    cost = len(written.keys) + len(spoken.keys)
    for place in range(said, len(spoken.keys)):
        if place - said >= cost:
            break
        candidates = places.get(spoken.keys[place], [])
        first = bisect_left(candidates, at)
        for candidate in candidates[first : first + _PLACES]:
            skipped = (candidate - at) + (place - said)
            gap = Gap(at, candidate, said, place)
            if skipped < cost and _is_over(gap, written, spoken, is_nearest=candidate == candidates[first]):
                best, cost = (candidate, place), skipped
    return best


def _is_over(gap: Gap, written: Side, spoken: Side, *, is_nearest: bool) -> bool:
    """Whether enough words match after a gap. One more must match if one side skips more sentences than the other."""
    sizes = gap.written_end - gap.written, gap.spoken_end - gap.spoken
    is_even = spoken.is_unmarked or written.sentences(*gap[:2]) == spoken.sentences(*gap[2:])
    is_close = max(sizes) <= _CLOSE
    enough = _enough(max(sizes))
    count = _matching(written.keys, gap.written_end, spoken.keys, gap.spoken_end, enough + 1)
    if count >= enough + (not is_even):
        return True
    if not is_nearest:
        return False
    if is_even and is_close:
        return True
    # Fewer will do if both sides end.
    at, said = gap.written_end + count, gap.spoken_end + count
    written_ends, spoken_ends = at == len(written.keys), said == len(spoken.keys)
    return written_ends and spoken_ends and (is_even or (is_close and spoken.ends(said - 1) and count >= enough))


def _matching(written: Sequence[str], at: int, spoken: Sequence[str], said: int, most: int) -> int:
    """How many words match, one by one."""
    pairs = zip(written[at : at + most], spoken[said : said + most], strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _enough(skipped: int) -> int:
    """How many words in a row must match if so many are skipped."""
    return 1 if skipped <= _NEAR else 2 if skipped <= _CLOSE else _RUN
