"""Lays out what the bot wrote and said in one turn as one text, with the place that its voice has reached.

Up to three copies of the text come in: what the model wrote, the segments that the bot announced, and what the voice
reports. They come in any order and in spellings of their own (newlines, Markdown, quotes, digits for words). The
first of these copies that exists gives the spelling of the text. The others only say how far they go in it:

1. A segment has the place in the model's text where at least half of the words match (:func:`.align`). A segment
   without a place was said in addition ("Let me see.") and is inserted. But if a sentence without a segment stands
   there, the segment is how that sentence is pronounced.
2. What the voice reports is matched with the text in order. Words that differ are counted, up to the end of the
   sentence. A pause completes the sentence. A sentence that was said before anything was written in its place was
   said in addition, and is inserted.
3. A bot that reports the progress of each segment says itself how far its voice is.
4. Segments that are only shown are not part of what is spoken.
"""

from __future__ import annotations

from collections.abc import Sequence

from rtvi_web.rtvi.protocol.conversation.alignment import align
from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT
from rtvi_web.rtvi.protocol.conversation.following import count_words, follow
from rtvi_web.rtvi.protocol.conversation.layout import Layout, Place, Segment
from rtvi_web.rtvi.protocol.conversation.side import Side
from rtvi_web.rtvi.protocol.conversation.speech import Speech, Stamp
from rtvi_web.rtvi.protocol.conversation.spelling import Word, ends_sentence, joined, whole_word, words


class Page:
    """The text of a turn.

    Args:
        layout: what the model wrote and the bot announced.
        segments: what the bot announced, in order.
        speech: what the voice reports.

    Attributes:
        text: all of it.
        announced: the end of the part of the model's text that was announced in segments.
        said: how far the voice has come.
        next: the end of the words that it has said. After "well", that is before "-known", and ``said`` is after it.
        saying: the beginning of the segment that is being spoken; the same as ``said`` if this is not known.
        besides: what the voice has said that was not written, or not yet.
    """

    def __init__(self, layout: Layout, segments: Sequence[Segment], speech: Speech) -> None:
        self.besides = ""
        self.announced = layout.announced
        self.said = self.next = 0
        self._segments = segments
        self._layout = layout
        self._speech, self._is_counted = speech, False
        self._said_exactly: tuple[Sequence[Word], int, Word] | None = None
        """While the voice says word for word what was written: the written words, how many it said, and its last."""
        self._under_way = self._follow_segments()
        if speech:
            self._layout = layout.for_insertions()
            self._follow_speech(speech)
        self.text = self._layout.text
        self._conclude()

    def goes_on(self, speech: Speech) -> bool:
        """Follow one more piece of a voice that says word for word what was written.

        Returns:
            Whether it still does. If not, the page must be made anew.
        """
        if self._said_exactly is None:
            return False
        written, count, last = self._said_exactly
        spoken = speech.words
        if spoken[count - 1 : count] != [last] or _keys(spoken[count:]) != _keys(written[count : len(spoken)]):
            return False
        self._say_exactly(written, spoken)
        self._conclude()
        return True

    @property
    def is_within_sentence(self) -> bool:
        """Whether the voice has begun a sentence and not come to its end."""
        said = self._speech.words
        if not said or ends_sentence(str(self._speech), said[-1].end, len(str(self._speech))):
            return False
        return self._is_counted or bool(words(self.rest, most=1))

    @property
    def rest(self) -> str:
        """What is still to be said."""
        return self.speakable(self.said, len(self.text))

    def speakable(self, start: int, end: int) -> str:
        """A part of the text, without what is only shown."""
        parts = []
        for place in self._layout.shown():
            if start < place.end and place.start < end:
                parts.append(self.text[start : place.start])
                start = place.end
        parts.append(self.text[start:end])
        return joined(parts)

    def _conclude(self) -> None:
        self.next = self.next or self.said
        if self.said and self.said < len(self.text) and not words(self.rest, most=1):
            self.said = len(self.text)
        self.saying = self.said if self._under_way is None else self._layout.places[self._under_way].start

    def _follow_segments(self) -> int | None:
        """Go as far as the bot reports its segments as spoken. Returns the one that is being spoken."""
        under_way = None
        for index, segment in enumerate(self._segments):
            place = self._layout.places.get(index)
            if place is None or not (segment.under_way or segment.completed) or not segment.for_speaking:
                continue
            self.said = place.end if segment.completed else self._progress(place, segment.progress)
            under_way = index if segment.under_way else None
        return under_way

    def _progress(self, place: Place, said: str) -> int:
        """How far a segment was spoken."""
        text = self._layout.text[place.start : place.end]
        announced = Side(text, words(text))
        last = align(announced, Side(said, words(said))).gaps[-1]
        count = count_words(announced, last.written, last.spoken_end - last.spoken, is_whole=False)
        return place.start + (whole_word(text, announced.words[count - 1].end) if count else 0)

    def _follow_speech(self, speech: Speech) -> None:
        """Go as far as the voice reports; insert what it has said besides."""
        said, layout = str(speech), self._layout
        # Segments that report their own progress are followed by it.
        own = [place for index, place in layout.insertions.items() if self._segments[index].reports_progress]
        excluded = [*layout.shown(), *own]
        countable = layout.words
        if excluded:
            countable = [word for word in countable if not any(place.holds(word.start) for place in excluded)]
        written, spoken = Side(layout.text, countable), Side(said, speech.words, speech.is_paused)
        if not spoken.words:
            if not layout.text:
                self.said = layout.insert(said, 0)[1].end
            elif not written.words:  # both are marks alone, such as an emoji
                self.said = len(layout.text)
            return

        if not excluded and spoken.keys == written.keys[: len(spoken.keys)]:
            self._say_exactly(countable, spoken.words)
            return

        def existed(at: int, index: int) -> bool:
            return self._existed(written.words[at], speech.stamp(spoken.words[index].start))

        followed = follow(written, spoken, existed)
        self._is_counted = followed.is_counted
        self.said = max(self.said, self._end_within(countable, followed.reached, excluded))
        if followed.at and not followed.besides:
            self.next = countable[followed.at - 1].end
        for besides in reversed(followed.besides):
            start = whole_word(said, spoken.words[besides.start - 1].end) if besides.start else 0
            is_last = besides.end == len(spoken.words)
            text = said[start : None if is_last else whole_word(said, spoken.words[besides.end - 1].end)]
            self.besides = text + self.besides
            with_spaces, place = layout.insert(text, self._end_within(countable, besides.at, excluded))
            if self.said > with_spaces.start:
                self.said += with_spaces.end - with_spaces.start
            self.said = max(self.said, place.end)

    def _say_exactly(self, written: Sequence[Word], spoken: Sequence[Word]) -> None:
        """The voice has said so many of the written words, and nothing else."""
        count = len(spoken)
        self._said_exactly = written, count, spoken[-1]
        self.said = max(self.said, self._layout.end_of(written, count))
        self.next = written[count - 1].end

    def _end_within(self, written: Sequence[Word], count: int, excluded: list[Place]) -> int:
        """The end of the first ``count`` words, but before anything that is excluded."""
        end = self._layout.end_of(written, count)
        return min([end, *(place.start for place in excluded if count and written[count - 1].end <= place.start < end)])

    def _existed(self, word: Word, stamp: Stamp) -> bool:
        """Whether a word had been written at a time."""
        characters_left, segments = stamp
        inserted = 0
        for index, place in self._layout.insertions.items():
            if place.holds(word.start):
                return index < segments
            if place.end <= word.start:
                inserted += place.end - place.start
        return word.start - inserted < MAX_TEXT - characters_left


def _keys(words: Sequence[Word]) -> list[str]:
    return [word.key for word in words]
