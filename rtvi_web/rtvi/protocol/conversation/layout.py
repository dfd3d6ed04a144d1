"""Lays out what the model wrote and what the bot announced in one turn as one text; see :mod:`.page`."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Final

from rtvi_web.rtvi.protocol.conversation.alignment import align
from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT
from rtvi_web.rtvi.protocol.conversation.following import count_words
from rtvi_web.rtvi.protocol.conversation.side import Side
from rtvi_web.rtvi.protocol.conversation.spelling import GrowingWords, Word, ends_sentence, joint, whole_word, words

_WINDOW: Final = 200
"""A segment is looked for in as many words of the model's text as it has, and so many more."""
_SENTENCES: Final = 8
"""It is looked for from the beginning of so many sentences."""
_LANGUAGE: Final = 40
"""Characters that the name of a language may have, after the marks of Markdown before code."""
_CLOSING: Final = r"\s*`+"
"""The marks of Markdown after code."""


@dataclass(eq=False)
class Segment:
    """A piece of text that the bot announced.

    Attributes:
        text: as it was announced.
        for_speaking: whether it is to be spoken, rather than only shown.
        reports_progress: whether the bot says how far it was spoken (RTVI 2.x).
        written_left: how many characters the model could still write when it came.
        progress: how much of it was spoken.
        under_way, completed: whether it is being spoken, or was.
    """

    text: str
    for_speaking: bool = True
    reports_progress: bool = False
    written_left: int = MAX_TEXT
    progress: str = ""
    under_way: bool = False
    completed: bool = False

    @cached_property
    def words(self) -> list[Word]:
        """The words of the text."""
        return words(self.text)

    @cached_property
    def ends_sentence(self) -> bool:
        """Whether a sentence ends with it."""
        return bool(self.words) and ends_sentence(self.text, self.words[-1].end, len(self.text))


class Place:
    """Where something stands in a text into which more is inserted."""

    __slots__ = ("end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end

    def holds(self, position: int) -> bool:
        """Whether a character is in it."""
        return self.start <= position < self.end


class Layout:
    """A text, and where the segments stand in it.

    Args:
        written: what the model wrote.
        its_words: finds its words, when they are needed.
        segments: what the bot announced, in order.

    Attributes:
        text: all of it.
        announced: the end of the part of the model's text that was announced in segments.
        places: of segments, by their index.
        insertions: of segments that are not in what the model wrote, with the spaces round them.
    """

    def __init__(self, written: str, its_words: GrowingWords, segments: Sequence[Segment]) -> None:
        self.text = written
        self.announced = 0
        self.places: dict[int, Place] = {}
        self.insertions: dict[int, Place] = {}
        self._segments = segments
        if written and segments:
            self._weave(Side(written, its_words.of(written)))
        else:
            for index in range(len(segments)):
                self._insert_segment(index, len(self.text))
        self._words = None if self.insertions else its_words

    @property
    def words(self) -> list[Word]:
        """The words of the text."""
        return words(self.text) if self._words is None else self._words.of(self.text)

    def insert(self, text: str, at: int) -> tuple[Place, Place]:
        """Insert a text, with spaces round it, and say where it is with and without them. What follows moves."""
        text = text.rstrip() if at else text.strip()
        before, after = self.text[:at], self.text[at:]
        space = joint(before, text)
        inserted = space + text + joint(text, after)
        self.text = before + inserted + after
        for place in (*self.places.values(), *self.insertions.values()):
            if place.end > at:
                place.end += len(inserted)
                place.start += len(inserted) if place.start >= at else 0
        return Place(at, at + len(inserted)), Place(at + len(space), at + len(space) + len(text))

    def end_of(self, written: Sequence[Word], count: int) -> int:
        """The end of the first ``count`` words."""
        return whole_word(self.text, written[count - 1].end) if count else 0

    def shown(self) -> list[Place]:
        """What is only shown, in order."""
        places = [place for index, place in self.places.items() if not self._segments[index].for_speaking]
        return sorted(places, key=lambda place: place.start)

    def for_insertions(self) -> Layout:
        """A copy, into which more can be inserted."""
        other = copy(self)
        other.places = {index: Place(place.start, place.end) for index, place in self.places.items()}
        other.insertions = {index: Place(place.start, place.end) for index, place in self.insertions.items()}
        return other

    def _weave(self, written: Side) -> None:
        """Give each segment its place in what the model wrote."""
        at = 0
        unplaced: list[int] = []
        besides: list[tuple[int, int]] = []
        for index, segment in enumerate(self._segments):
            found = self._find(segment, written, at, len(unplaced))
            if found is None:
                unplaced.append(index)
                continue
            start, end = found
            besides += self._settle(unplaced, written, at, start)
            if start < end:
                first, last = written.words[start].start, self.end_of(written.words, end)
                self.places[index] = self._place(segment, first, last)
            elif mark := segment.text.strip():  # such as an emoji
                first = self.text.index(mark, self.end_of(written.words, at))
                self.places[index] = self._place(segment, first, first + len(mark))
            unplaced, at = [], end
        self.announced = self.end_of(written.words, at)
        besides += self._settle(unplaced, written, at, None)
        for offset, index in reversed(besides):
            self._insert_segment(index, offset)

    def _find(self, segment: Segment, written: Side, at: int, unplaced: int) -> tuple[int, int] | None:
        """From which word until which a segment stands in what the model wrote, after the previous segments.

        The first sentence where at least half of the words of both match. Half of the shorter one's are enough for the
        next sentence, and for the one after those that the segments without a place may be. If there are such segments,
        the sentence that fits best: from its beginning to its end, and with the most words that match.
        """
        if not segment.words:
            return (at, at) if segment.text.strip() in self.text[self.end_of(written.words, at) :] else None
        found: dict[tuple[bool, float], tuple[int, int]] = {}
        for number, place in enumerate(islice(self._sentences(written, at), _SENTENCES)):
            start, end, matched = self._match(segment, written, place)
            if not matched or (number and any(map(written.ends, range(place, start)))):
                continue
            start = start if number == 0 else place
            sizes = len(segment.words), end - start
            is_whole = written.begins(start) and segment.ends_sentence == written.ends(end - 1)
            is_likely = number in (0, unplaced) and (is_whole or not unplaced)
            if 2 * matched < (min if is_likely else max)(sizes):
                continue
            if not unplaced:
                return start, end
            found.setdefault((is_whole, matched / max(sizes)), (start, end))
        return found[max(found)] if found else None

    @staticmethod
    def _sentences(written: Side, at: int) -> Iterator[int]:
        """A word, and those after it that begin a sentence."""
        yield at
        for place in range(at + 1, min(at + _WINDOW, len(written.words))):
            if written.begins(place):
                yield place

    def _match(self, segment: Segment, written: Side, at: int) -> tuple[int, int, int]:
        """From which word until which a segment may stand, from ``at`` on, and how many of its words match."""
        there = Side(self.text, written.words[at : at + len(segment.words) + _WINDOW])
        wanted = Side(segment.text, segment.words)
        aligned = align(there, wanted)
        first, last = aligned.gaps[0], aligned.gaps[-1]
        start = 0
        if first is not last and first.written == first.spoken == 0:  # The segment may not be the very next words.
            skipped = there.sentences(0, first.written_end) - wanted.sentences(0, first.spoken_end)
            begins = bisect_left(range(first.written_end), skipped, key=lambda word: there.sentences(0, word))
            start = max(first.written_end - first.spoken_end, begins)
        end = last.written
        sentence_end = count_words(there, end, 0, is_whole=True)
        says_its_end = bool(end) and segment.ends_sentence and not there.ends(end - 1)
        if last.spoken < last.spoken_end or (says_its_end and there.keys[sentence_end - 1] == wanted.keys[-1]):
            end = sentence_end
        return at + start, at + end, aligned.matched

    def _settle(self, unplaced: list[int], written: Side, at: int, until: int | None) -> list[tuple[int, int]]:
        """Segments without a place are how the sentences there are pronounced. Without sentences, they are insertions.

        Args:
            unplaced: the segments.
            written: what the model wrote.
            at: the first word without a segment.
            until: the next word with one; ``None`` at the end, where more may have been written after the segments.
        """
        insertions = []
        for index in unplaced:
            size = MAX_TEXT - self._segments[index].written_left
            is_there = (
                at < until if until is not None else any(word.start < size for word in written.words[at : at + 1])
            )
            if not is_there:
                insertions.append((self.end_of(written.words, at), index))
                continue
            end = min(count_words(written, at, 0, is_whole=True), len(written.words) if until is None else until)
            first = written.words[at].start
            self.places[index] = self._place(self._segments[index], first, self.end_of(written.words, end))
            at = end
        return insertions

    def _place(self, segment: Segment, start: int, end: int) -> Place:
        if not segment.for_speaking:  # The marks of Markdown round it are not spoken either.
            closing = re.match(_CLOSING, self.text[end:])
            start = _opening(self.text[:start])
            end += closing.end() if closing else 0
        return Place(start, end)

    def _insert_segment(self, index: int, at: int) -> None:
        self.insertions[index], self.places[index] = self.insert(self._segments[index].text, at)


def _opening(before: str) -> int:
    """The beginning of the Markdown marks before code, with the name of its language; without any, the text's end.

    Looks from the end: a pattern would try every place of the text.
    """
    marks = before.rstrip()
    if before[len(marks) :].startswith("\n"):
        nearest = range(len(marks), max(0, len(marks) - _LANGUAGE), -1)
        marks = marks[: next((place for place in nearest if not _names_language(marks[place - 1])), 0)]
    start = len(marks.rstrip("`"))
    return start if start < len(marks) else len(before)


def _names_language(char: str) -> bool:
    return char.isalnum() or char in "_+-"
