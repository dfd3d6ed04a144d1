"""Puts the segments of ``bot-output`` together: what the bot has said, is saying, and will say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rtvi_web.protocol.payloads import BotOutputData


MAX_SEGMENTS, MAX_WORDS = 1_000, 10_000
"""What is kept of one turn: segments, and words of bots that tell each word."""


class BotOutput:
    """What the bot puts out in one turn, from RTVI 1.x's messages as well as from those of 2.x.

    Attributes:
        said: what has been spoken.
        saying: what is being spoken, of the present segment: only bots that know the words' times tell it.
        will_say: what is still to be spoken.
        shown: what is not for speaking, such as code.
        text: all of it, in order.
    """

    def __init__(self) -> None:
        self._segments: dict[int, _Segment] = {}
        self._unsaid: dict[str, list[_Segment]] = {}  # of those without a number
        self._spoken_words: list[str] = []

    def add(self, data: BotOutputData) -> None:
        """Take one message."""
        if data.will_be_spoken is None and data.output_type == "word":  # RTVI 1.x tells each word as it is spoken
            if len(self._spoken_words) < MAX_WORDS:
                self._spoken_words.append(data.text)
            return
        segment = self._segment(data)
        segment.for_speaking = data.will_be_spoken is not False
        if data.will_be_spoken is None:
            segment.said = data.text if data.spoken else ""
        elif data.spoken_status == "completed":
            segment.said = data.text
        elif data.spoken_status == "in-progress" and data.spoken_progress:
            segment.said = data.spoken_progress.accumulated_text
        segment.under_way = data.spoken_status == "in-progress"

    def _segment(self, data: BotOutputData) -> _Segment:
        """The segment that a message is about, which RTVI 1.0 does not number."""
        id = data.segment_id
        if id is not None and (known := self._segments.get(id)):
            return known
        if id is None and data.spoken and (unsaid := self._unsaid.get(data.text)):
            return unsaid.pop(0)
        segment = _Segment(data.text)
        if len(self._segments) < MAX_SEGMENTS:
            self._segments[-1 - len(self._segments) if id is None else id] = segment
            if id is None and not data.spoken:
                self._unsaid.setdefault(data.text, []).append(segment)
        return segment

    @property
    def said(self) -> str:
        return _joined([*(s.said for s in self._segments.values() if not s.under_way), *self._spoken_words])

    @property
    def saying(self) -> str:
        return _joined(s.said for s in self._segments.values() if s.under_way)

    @property
    def will_say(self) -> str:
        if self._spoken_words:
            return _joined(s.text for s in self._segments.values() if s.for_speaking).removeprefix(self.said).strip()
        return _joined(s.text[len(s.said) :] for s in self._segments.values() if s.for_speaking)

    @property
    def shown(self) -> str:
        return _joined(s.text for s in self._segments.values() if not s.for_speaking)

    @property
    def text(self) -> str:
        return _joined(s.text for s in self._segments.values())


class _Segment:
    def __init__(self, text: str) -> None:
        self.text = text
        self.said = ""
        self.for_speaking = True
        self.under_way = False


def _joined(parts: Iterable[str]) -> str:
    return " ".join(part for part in map(str.strip, parts) if part)
