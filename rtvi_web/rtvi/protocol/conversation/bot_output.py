"""What the bot writes and says in one turn: what it has said, is saying, and will say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rtvi_web.rtvi.protocol.conversation.alignment import align
from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT, CharBudget, TextBuffer
from rtvi_web.rtvi.protocol.conversation.layout import Layout, Segment
from rtvi_web.rtvi.protocol.conversation.page import Page
from rtvi_web.rtvi.protocol.conversation.side import Side
from rtvi_web.rtvi.protocol.conversation.speech import Speech
from rtvi_web.rtvi.protocol.conversation.spelling import (
    GrowingWords,
    MarkerFilter,
    ends_sentence,
    joined,
    joint,
    words,
)

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import BotOutputData

MAX_SEGMENTS = 1_000
"""Segments of a turn that are kept."""
_PIECES = ("word", "token")
"""Types of output that are parts of a segment, reported as they are spoken (RTVI 1.x)."""


class BotOutput:
    """What the bot says and shows in one turn, put together from all messages that report it; see :mod:`.page`.

    Attributes:
        text: all of it, in order and as it was written.
        said: what has been spoken.
        saying: what is being spoken, of the present segment; empty if the bot doesn't report words' times.
        will_say: what is still to be spoken.
        shown: what is not for speaking, such as code.
    """

    def __init__(self) -> None:
        self._written = TextBuffer()
        self._written_words = GrowingWords()
        self._segments: list[Segment] = []
        self._numbers: dict[int, Segment] = {}
        self._speech = Speech()
        self._budget = CharBudget()
        self._filters = MarkerFilter(), MarkerFilter()
        self._cut_off = self._goes_on = False
        self._layout: Layout | None = None
        self._page: Page | None = None

    def begin_answer(self) -> None:
        """The model begins an answer; a turn may have several."""
        for marker_filter in self._filters:
            marker_filter.restart()
        self._goes_on = False
        self.pause()

    def write(self, piece: str) -> None:
        """Take a piece of what the model writes."""
        if not self._goes_on:
            piece = self._begin(piece)
        self._written.add(piece)
        self._layout = self._page = None

    def _begin(self, piece: str) -> str:
        """A first piece of an answer, with the space before it."""
        self._goes_on = piece.strip() != ""
        return joint(self._written.last, piece) + piece

    def say(self, piece: str) -> None:
        """Take a piece of what was spoken: a part of a word, a word or more."""
        marker = self._filters[1]
        if not marker.is_open:
            piece = marker.feed(piece)
        self._speech.add(piece, (self._written.left, len(self._segments)))
        if self._page and not self._page.goes_on(self._speech):
            self._page = None

    def pause(self) -> None:
        """What the voice has said so far is complete."""
        self._speech.pause()
        self._page = None

    def fall_silent(self) -> None:
        """The voice stops. What it reports before it speaks again was said before."""
        self._speech.fall_silent()
        self._page = None

    def add(self, data: BotOutputData) -> None:
        """Take a message."""
        segment = None if data.segment_id is None else self._numbers.get(data.segment_id)
        if is_spoken_piece(data) or (segment is None and data.spoken_status == "completed"):
            self.say(data.text)
            if data.output_type not in _PIECES and ends_sentence(data.text.rstrip()[-1:], 0, 1):
                self.pause()
            return
        if segment is None:
            segment = self._announce(data)
        elif data.spoken and data.will_be_spoken is None:
            segment.completed = True
        segment.completed = segment.completed or data.spoken_status == "completed"
        segment.under_way = data.spoken_status == "in-progress"
        if data.spoken_progress:
            segment.progress = data.spoken_progress.accumulated_text[:MAX_TEXT]
        self._page = None

    def _announce(self, data: BotOutputData) -> Segment:
        segment = Segment(
            self._budget.cut(self._filters[0].feed(data.text)),
            for_speaking=data.will_be_spoken is not False,
            reports_progress=data.will_be_spoken is not None,
            written_left=self._written.left,
        )
        if len(self._segments) < MAX_SEGMENTS:  # what comes after is not kept
            self._segments.append(segment)
            self._layout = None
            if data.segment_id is not None:
                self._numbers[data.segment_id] = segment
        return segment

    def cut_off(self) -> None:
        """The bot was interrupted: it stops speaking."""
        self._cut_off = True
        self._speech.cut_off()
        self._page = None

    def knows(self, data: BotOutputData) -> bool:
        """Whether a message is about a segment that began here."""
        return data.segment_id in self._numbers

    def expects_speech(self, text: str) -> bool:
        """Whether a text is what is to be said next."""
        page = self.page
        return _begins(page.speakable(page.next, len(page.text)), text)

    def expects_segment(self, text: str, *, is_said: bool) -> bool:
        """Whether a text is what is to be announced next.

        Args:
            text: the text.
            is_said: whether it may have been said already.
        """
        page = self.page
        if self._written.last:
            return _begins(page.text[page.announced if is_said else max(page.announced, page.said) :], text)
        return is_said and _begins(page.besides, text)

    @property
    def page(self) -> Page:
        """The text, laid out; made when it is read."""
        if self._page is None:
            if self._layout is None:
                self._layout = Layout(str(self._written), self._written_words, self._segments)
            self._page = Page(self._layout, self._segments, self._speech)
        return self._page

    @property
    def text(self) -> str:
        return self.page.text.strip()

    @property
    def said(self) -> str:
        page = self.page
        return page.speakable(0, page.said if self._cut_off else page.saying)

    @property
    def saying(self) -> str:
        page = self.page
        return "" if self._cut_off else page.speakable(page.saying, page.said)

    @property
    def will_say(self) -> str:
        return "" if self._cut_off else self.page.rest

    @property
    def shown(self) -> str:
        return joined(segment.text for segment in self._segments if not segment.for_speaking)

    @property
    def spoken(self) -> str:
        """What has been spoken, and is being spoken."""
        return self.page.speakable(0, self.page.said)

    @property
    def segments(self) -> list[str]:
        """The texts of the announced segments, and of what was said besides, in order."""
        return [segment.text.strip() for segment in self._segments] or [
            text for text in [self.page.besides.strip()] if text
        ]

    @property
    def is_silent(self) -> bool:
        """Whether there are segments, and none of them is for speaking: a written answer."""
        return bool(self._segments) and not any(segment.for_speaking for segment in self._segments) and not self._speech

    @property
    def is_unsaid(self) -> bool:
        """Whether something is still to be spoken."""
        return bool(words(self.page.rest, most=1))

    @property
    def is_within_sentence(self) -> bool:
        """Whether the voice has not come to the end of a sentence that it began."""
        return self.page.is_within_sentence


def is_spoken_piece(data: BotOutputData) -> bool:
    """Whether a message reports what the voice says, rather than a segment.

    Models that speak by themselves report each piece as spoken, and never as to be spoken. A numbered segment that the
    bot reports again after speaking it (RTVI 1.4) does not count.
    """
    if data.output_type in _PIECES:
        return True
    return bool(data.spoken) and not data.will_be_spoken and (data.segment_id is None or data.will_be_spoken is False)


def _begins(expected: str, text: str) -> bool:
    """Whether a text is the beginning of an expected one, perhaps spelt differently. Marks may precede its words."""
    wanted = words(text)
    found = words(expected, most=len(wanted) + 2)
    if not wanted:
        marks = text.strip()
        return bool(marks) and marks in expected[: found[0].start if found else None]
    matched = align(Side(expected, found), Side(text, wanted)).matched
    return bool(found) and 2 * matched >= min(len(wanted), len(found))
