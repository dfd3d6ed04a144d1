"""Puts the segments of ``bot-output`` together: what the bot has said, is saying, and will say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT, CharBudget, TextBuffer

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import BotOutputData


MAX_SEGMENTS = 1_000
"""Segments of a turn that are kept."""


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
        self._pieces: _Segment | None = None  # of a model that speaks by itself, until another segment comes
        self._unsaid: dict[str, list[_Segment]] = {}  # of those without a number
        self._spoken_words = TextBuffer()
        self._room = CharBudget(2 * MAX_TEXT)  # of what is to be said, and once more of what has been
        self._cut_off = False

    def add(self, data: BotOutputData) -> None:
        """Take one message."""
        if data.output_type == "word":  # RTVI 1.x tells each word as it is spoken
            self._spoken_words.add(f" {data.text.strip()}")
            return
        if data.spoken_status == "completed" and not self.knows(data):
            self._add_piece(data)
            return
        segment = self._segment(data)
        segment.for_speaking = data.will_be_spoken is not False
        if data.will_be_spoken is None:
            self._has_said(segment, data.text if data.spoken else "")
        elif data.spoken_status == "completed":
            self._has_said(segment, data.text)
        elif data.spoken_status == "in-progress" and data.spoken_progress:
            self._has_said(segment, data.spoken_progress.accumulated_text)
        segment.under_way = data.spoken_status == "in-progress"

    def _add_piece(self, data: BotOutputData) -> None:
        """Models that speak by themselves tell each piece of a word, with its spaces, when it has been said."""
        if self._pieces is None:
            self._pieces = self._segment(data)
        else:
            self._pieces.text += self._room.cut(data.text)
        self._pieces.said = self._pieces.text

    def cut_off(self) -> None:
        """The bot was interrupted: it says no more."""
        self._cut_off = True

    def knows(self, data: BotOutputData) -> bool:
        """Whether a message is about a segment that began here."""
        return data.segment_id in self._segments

    def _has_said(self, segment: _Segment, text: str) -> None:
        self._room.free(len(segment.said))
        segment.said = self._room.cut(text)

    def _segment(self, data: BotOutputData) -> _Segment:
        """The segment that a message is about, which RTVI 1.0 does not number."""
        id = data.segment_id
        if id is not None and (known := self._segments.get(id)):
            return known
        if id is None and data.spoken and (unsaid := self._unsaid.get(data.text)):
            return unsaid.pop(0)
        if len(self._segments) == MAX_SEGMENTS:
            return _Segment("")  # which nobody reads
        segment, self._pieces = _Segment(self._room.cut(data.text)), None
        self._segments[-1 - len(self._segments) if id is None else id] = segment
        if id is None and not data.spoken:
            self._unsaid.setdefault(segment.text, []).append(segment)
        return segment

    @property
    def said(self) -> str:
        done = (s.said for s in self._segments.values() if self._cut_off or not s.under_way)
        return _joined([*done, str(self._spoken_words)])

    @property
    def saying(self) -> str:
        return "" if self._cut_off else _joined(s.said for s in self._segments.values() if s.under_way)

    @property
    def will_say(self) -> str:
        if self._cut_off:
            return ""
        if str(self._spoken_words):
            return _joined(s.text for s in self._segments.values() if s.for_speaking).removeprefix(self.said).strip()
        return _joined(s.text[len(s.said) :] for s in self._segments.values() if s.for_speaking)

    @property
    def shown(self) -> str:
        return _joined(s.text for s in self._segments.values() if not s.for_speaking)

    @property
    def text(self) -> str:
        return _joined(self.segments)

    @property
    def segments(self) -> list[str]:
        """The segments' texts, in order."""
        return [segment.text.strip() for segment in self._segments.values()]

    @property
    def is_silent(self) -> bool:
        """Whether there is something, and none of it is for speaking: an answer in writing."""
        return bool(self._segments) and not any(segment.for_speaking for segment in self._segments.values())


class _Segment:
    __slots__ = ("for_speaking", "said", "text", "under_way")

    def __init__(self, text: str) -> None:
        self.text = text
        self.said = ""
        self.for_speaking = True
        self.under_way = False


def _joined(parts: Iterable[str]) -> str:
    return " ".join(part for part in map(str.strip, parts) if part)


def woven(written: str, segments: Iterable[str]) -> str:
    """What the model wrote, with what the bot said besides in its place, such as "Let me see." while it looks."""
    parts: list[str] = []
    besides: list[str] = []
    at = 0
    for segment in segments:
        found = written.find(segment, at)
        if found < 0:
            besides.append(segment)
            continue
        parts.append(_between(written[at:found], besides))
        besides = []
        at = found + len(segment)
        parts.append(segment)
    parts.append(_between(written[at:], besides))
    return "".join(parts).strip()


def _between(written: str, besides: list[str]) -> str:
    """What stands between two segments. Where the model wrote something there, ``besides`` is how it is pronounced."""
    return written if written.strip() or not besides else f" {' '.join(besides)} "


def as_written(said: str, text: str) -> str:
    """How what was said stands in the text, whose spaces and lines may be others; ``said`` where it isn't its start."""
    left = len("".join(said.split()))
    if text.startswith(said) or not "".join(text.split()).startswith("".join(said.split())):
        return said
    end = 0
    while left:
        left -= not text[end].isspace()
        end += 1
    return text[:end]
