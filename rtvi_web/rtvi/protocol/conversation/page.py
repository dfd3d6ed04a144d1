"""Lays out what the bot wrote and said in one turn as one text, with the place that its voice has reached.

Up to three copies of the text come in: what the model wrote, the segments that the bot announced, and what the voice
reports. They come in any order and in spellings of their own (newlines, Markdown, quotes, digits for words). The text
stands in the first of these spellings that there is; a later copy only says how far it goes:

1. A segment has the place in the model's text where at least half of the words match (:func:`.align`). A segment
   without a place was said besides ("Let me see.") and is inserted, unless a sentence without a segment stands there:
   then it is how that is pronounced.
2. What the voice reports is matched with the text in order. Where words differ, they are counted, up to the end of the
   sentence. A sentence that was said before anything was written in its place was said besides, and is inserted.
3. A bot that reports the progress of each segment says itself how far its voice is.
4. Segments that are only shown are no part of what is spoken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rtvi_web.rtvi.protocol.conversation.alignment import align
from rtvi_web.rtvi.protocol.conversation.following import Side, count_words, follow, side
from rtvi_web.rtvi.protocol.conversation.speech import Speech, Stamp
from rtvi_web.rtvi.protocol.conversation.spelling import Word, joint, whole_word, words

_WINDOW: Final = 200
"""Words of the model's text in which a segment is looked for, beyond its own number."""
_OPENING: Final = r"`+(?:[\w+-]*\n)?\s*$"
_CLOSING: Final = r"\s*`+"


@dataclass(eq=False)
class Segment:
    """A piece of text that the bot announced.

    Attributes:
        text: as it was announced.
        for_speaking: whether it is to be spoken, rather than only shown.
        reports_progress: whether the bot says how far it was spoken (RTVI 2.x).
        written: how many characters the model had written before.
        progress: how much of it was spoken.
        under_way, completed: whether it is being spoken, or was.
    """

    text: str
    for_speaking: bool = True
    reports_progress: bool = False
    written: int = 0
    progress: str = ""
    under_way: bool = False
    completed: bool = False


class Place:
    """Where something stands in a text into which more is inserted."""

    __slots__ = ("end", "start")

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end


class Page:
    """The text of a turn.

    Args:
        written: what the model wrote.
        segments: what the bot announced, in order.
        speech: what the voice reports.

    Attributes:
        text: all of it.
        announced: until where the model's text was announced in segments.
        said: until where the voice has come.
        saying: where the segment begins that is being spoken; where ``said`` is, if that is not known.
        besides: what the voice has said that was not written, or not yet.
    """

    def __init__(self, written: str, segments: Sequence[Segment], speech: Speech) -> None:
        self.text = written
        self.besides = ""
        self._segments = segments
        self._places: dict[int, Place] = {}  # of segments, by their index
        self._insertions: dict[int, Place] = {}  # segments that are not in what the model wrote, with their spaces
        self._announced, self._cursor, self._under_way = Place(0, 0), Place(0, 0), Place(0, 0)
        if written:
            self._weave()
        else:
            for index in range(len(segments)):
                self._insert_segment(index, len(self.text))
        self._follow_segments()
        if speech:
            self._follow_speech(speech)
        self.announced, self.said = self._announced.end, self._cursor.end
        if self.said and not words(self.rest):
            self.said = len(self.text)
        self.saying = self._under_way.start if self._under_way.end else self.said

    @property
    def rest(self) -> str:
        """What is still to be said."""
        return self.speakable(self.said, len(self.text))

    def speakable(self, start: int, end: int) -> str:
        """A part of the text, without what is only shown."""
        parts = []
        for place in self._shown():
            if start < place.end and place.start < end:
                parts.append(self.text[start : place.start])
                start = place.end
        parts.append(self.text[start:end])
        kept = ""
        for part in filter(None, map(str.strip, parts)):
            kept += joint(kept, part) + part
        return kept

    # The text.

    def _weave(self) -> None:
        """Give each segment its place in what the model wrote."""
        written, at = side(self.text), 0
        unplaced: list[int] = []
        besides: list[tuple[int, int]] = []
        for index, segment in enumerate(self._segments):
            found = self._find(segment, written, at)
            if found is None:
                unplaced.append(index)
                continue
            start, end = found
            besides += self._settle(unplaced, written, at, start)
            if start < end:
                first, last = written.words[start].start, self._end_of(written.words, end)
                self._places[index] = self._place(segment, first, last)
            unplaced, at = [], end
        self._announced.end = self._end_of(written.words, at)
        besides += self._settle(unplaced, written, at, None)
        for offset, index in reversed(besides):
            self._insert_segment(index, offset)

    def _find(self, segment: Segment, written: Side, at: int) -> tuple[int, int] | None:
        """From and until which word a segment stands in what the model wrote, after those of the segments before."""
        wanted = words(segment.text)
        if not wanted:
            return (at, at) if segment.text.strip() in self.text[self._end_of(written.words, at) :] else None
        near = slice(at, at + len(wanted) + _WINDOW)
        aligned = align([word.key for word in written.words[near]], [word.key for word in wanted])
        first, last = aligned.gaps[0], aligned.gaps[-1]
        begins_with_gap = first is not last and first.written == first.spoken == 0
        start = max(0, first.written_end - first.spoken_end) if begins_with_gap else 0
        end, more = last.written, last.spoken_end - last.spoken
        if more:
            end = count_words(written.ends[near], end, more, is_whole=True)
        if not aligned.matched or 2 * aligned.matched < min(len(wanted), end - start):
            return None
        return at + start, at + end

    def _settle(self, unplaced: list[int], written: Side, at: int, until: int | None) -> list[tuple[int, int]]:
        """Segments without a place are how the sentences there are pronounced; where there are none, insertions.

        Args:
            unplaced: the segments.
            written: what the model wrote.
            at: the first word without a segment.
            until: the next word with one; ``None`` at the end, where more may have been written after the segments.
        """
        insertions = []
        for index in unplaced:
            size = self._segments[index].written
            is_there = (
                at < until if until is not None else any(word.start < size for word in written.words[at : at + 1])
            )
            if not is_there:
                insertions.append((self._end_of(written.words, at), index))
                continue
            end = min(count_words(written.ends, at, 0, is_whole=True), len(written.words) if until is None else until)
            first = written.words[at].start
            self._places[index] = self._place(self._segments[index], first, self._end_of(written.words, end))
            at = end
        return insertions

    def _place(self, segment: Segment, start: int, end: int) -> Place:
        if not segment.for_speaking:  # The marks of Markdown round it are not spoken either.
            opening, closing = re.search(_OPENING, self.text[:start]), re.match(_CLOSING, self.text[end:])
            start = opening.start() if opening else start
            end += closing.end() if closing else 0
        return Place(start, end)

    def _end_of(self, written: list[Word], count: int) -> int:
        """Where so many words end."""
        return whole_word(self.text, written[count - 1].end) if count else 0

    def _insert_segment(self, index: int, at: int) -> None:
        inserted, self._places[index] = self._insert(self._segments[index].text, at)
        self._insertions[index] = inserted

    def _insert(self, text: str, at: int) -> tuple[Place, Place]:
        """Insert a text, with spaces round it, and say where it is with and without them. What follows moves."""
        text = text.rstrip() if at else text.strip()
        before, after = self.text[:at], self.text[at:]
        space = joint(before, text)
        inserted = space + text + joint(text, after)
        self.text = before + inserted + after
        for place in (*self._places.values(), *self._insertions.values(), self._announced, self._cursor):
            if place.end > at:
                place.end += len(inserted)
                place.start += len(inserted) if place.start >= at else 0
        return Place(at, at + len(inserted)), Place(at + len(space), at + len(space) + len(text))

    def _shown(self) -> list[Place]:
        """What is only shown, in order."""
        places = [place for index, place in self._places.items() if not self._segments[index].for_speaking]
        return sorted(places, key=lambda place: place.start)

    # The voice.

    def _follow_segments(self) -> None:
        """Go as far as the bot says that its segments were spoken."""
        for index, segment in enumerate(self._segments):
            place = self._places.get(index)
            if place is None or not (segment.under_way or segment.completed) or not segment.for_speaking:
                continue
            end = place.end if segment.completed else self._progress(place, segment.progress)
            if end >= self._cursor.end:
                self._cursor.end = end
                self._under_way = place if segment.under_way else Place(0, 0)

    def _progress(self, place: Place, said: str) -> int:
        """Until where a segment was spoken."""
        announced = side(self.text[place.start : place.end])
        last = align(announced.keys, [word.key for word in words(said)]).gaps[-1]
        count = count_words(announced.ends, last.written, last.spoken_end - last.spoken, is_whole=False)
        end = whole_word(self.text, place.start + announced.words[count - 1].end) if count else place.start
        return min(end, place.end)

    def _follow_speech(self, speech: Speech) -> None:
        """Go as far as the voice reports; insert what it has said besides."""
        said = str(speech)
        # Segments with a progress of their own are followed by that.
        own = [place for index, place in self._insertions.items() if self._segments[index].reports_progress]
        excluded = [*self._shown(), *own]
        written = side(self.text, lambda word: not any(place.start <= word.start < place.end for place in excluded))
        spoken = side(said)
        if not spoken.words:
            if not self.text:
                self._cursor.end = self._insert(said, 0)[1].end
            return
        ends = [spoken.words[index].start for index in range(1, len(spoken.words))]
        ends.append(len(said))
        followed = follow(
            written,
            spoken,
            lambda index: speech.is_paused(spoken.words[index].start, ends[index]),
            lambda at, index: self._existed(written.words[at], speech.stamp(spoken.words[index].start)),
        )
        reached = self._end_within(written.words, followed.reached, excluded)
        self._cursor.end = max(self._cursor.end, reached)
        for besides in reversed(followed.besides):
            start = whole_word(said, spoken.words[besides.start - 1].end) if besides.start else 0
            end = whole_word(said, spoken.words[besides.end - 1].end)
            text = said[start:end]
            self.besides = text + self.besides
            place = self._insert(text, self._end_within(written.words, besides.at, excluded))[1]
            self._cursor.end = max(self._cursor.end, place.end)

    def _end_within(self, written: list[Word], count: int, excluded: list[Place]) -> int:
        """Where so many words end, and before what is excluded."""
        end = self._end_of(written, count)
        return min([end, *(place.start for place in excluded if count and written[count - 1].end <= place.start < end)])

    def _existed(self, word: Word, stamp: Stamp) -> bool:
        """Whether a word had been written at a time."""
        characters, segments = stamp
        for index, place in self._insertions.items():
            if place.start <= word.start < place.end:
                return index < segments
        inserted = sum(place.end - place.start for place in self._insertions.values() if place.end <= word.start)
        return word.start - inserted < characters
