"""What a voice reports piece by piece: words, parts of words or sentences, with their spaces or without."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from rtvi_web.rtvi.protocol.conversation.bounded_text import CharBudget
from rtvi_web.rtvi.protocol.conversation.spelling import joint

Stamp = tuple[int, int]
"""What had been written when a piece was said: characters of the model's text, and segments."""


class Speech:
    """What was said aloud, in pieces.

    Pieces get a space between them where their language has one, unless any of them brings spaces of its own: then they
    are joined as they come.
    """

    def __init__(self) -> None:
        self._budget = CharBudget()
        self._pieces: list[str] = []
        self._stamps: list[Stamp] = []
        self._pauses: list[int] = []  # counts of pieces
        self._has_spaces = False
        self._starts: list[int] = []
        self._text: str | None = ""

    def add(self, piece: str, stamp: Stamp) -> None:
        """Append a piece, as far as there is room."""
        if kept := self._budget.cut(piece):
            self._pieces.append(kept)
            self._stamps.append(stamp)
            self._has_spaces = self._has_spaces or kept[0] == " " or kept[-1] == " "
            self._text = None

    def pause(self) -> None:
        """What was said so far is a whole: a sentence, an utterance, an answer."""
        if self._pieces and (not self._pauses or self._pauses[-1] != len(self._pieces)):
            self._pauses.append(len(self._pieces))
            self._text = None

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def __str__(self) -> str:
        if self._text is None:
            self._join()
        return self._text or ""

    def stamp(self, position: int) -> Stamp:
        """What had been written when a character was said."""
        return self._stamps[bisect_right(self._starts, position) - 1]

    def is_paused(self, start: int, end: int) -> bool:
        """Whether there is a pause between two characters."""
        pause = bisect_left(self._pauses, bisect_right(self._starts, start))
        if pause == len(self._pauses):
            return False
        count = self._pauses[pause]
        return count == len(self._pieces) or self._starts[count] <= end

    def _join(self) -> None:
        parts: list[str] = []
        self._starts = []
        length, pauses, last = 0, set(self._pauses), ""
        for index, piece in enumerate(self._pieces):
            space = "" if self._has_spaces and index not in pauses else joint(last, piece)
            parts += (space, piece)
            length += len(space)
            self._starts.append(length)
            length += len(piece)
            last = piece
        self._text = "".join(parts)
