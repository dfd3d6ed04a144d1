"""What a voice reports piece by piece: words, parts of words or sentences, with their spaces or without."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT
from rtvi_web.rtvi.protocol.conversation.spelling import GrowingWords, Word, joint

Stamp = tuple[int, int]
"""What had been written when a piece was said: characters that the model could still write, and segments."""


class Speech:
    """What was said aloud, in pieces.

    Pieces get a space between them if their language has one. But once a piece brings a space of its own, all are
    joined as they come.
    """

    def __init__(self) -> None:
        self._left = MAX_TEXT
        self._pieces: list[str] = []
        self._stamps: list[Stamp] = []
        self._pauses: list[int] = []  # counts of pieces
        self._is_silent = self._is_cut_off = False
        self._has_spaces = False
        self._starts: list[int] = []
        self._text = ""
        self._words = GrowingWords()

    def add(self, piece: str, stamp: Stamp) -> None:
        """Append a piece, as far as there is room."""
        if not piece or self._left <= 0:
            return
        self._pieces.append(piece[: self._left])
        self._stamps.append(stamp)
        self._left -= len(piece)
        if not self._has_spaces and (piece[0] == " " or piece[-1] == " "):
            self._has_spaces, self._starts, self._text, self._words = True, [], "", GrowingWords()

    def pause(self) -> None:
        """What was said so far is complete: a sentence, an utterance, an answer."""
        self._is_silent = False
        if self._pieces and (not self._pauses or self._pauses[-1] != len(self._pieces)):
            self._pauses.append(len(self._pieces))

    def fall_silent(self) -> None:
        """The voice pauses. What is reported before the next pause was said before this one."""
        self._is_silent = True

    def cut_off(self) -> None:
        """The voice was interrupted: its last sentence is not complete."""
        self._is_cut_off = True

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def __str__(self) -> str:
        """All of it. Only what is new is joined, unless the first piece with a space has come."""
        for index in range(len(self._starts), len(self._pieces)):
            piece = self._pieces[index]
            is_paused = self._pauses and index in self._pauses
            space = joint(self._text, piece) if is_paused or not self._has_spaces else ""
            self._starts.append(len(self._text) + len(space))
            self._text += space + piece
        return self._text

    @property
    def words(self) -> list[Word]:
        """The words of all of it."""
        return self._words.of(str(self))

    def stamp(self, position: int) -> Stamp:
        """What had been written when a character was said."""
        return self._stamps[bisect_right(self._starts, position) - 1]

    def is_paused(self, start: int, end: int) -> bool:
        """Whether there is a pause between two characters."""
        pause = bisect_left(self._pauses, bisect_right(self._starts, start))
        if pause == len(self._pauses):
            return self._is_silent and not self._is_cut_off and end >= len(self._text)
        count = self._pauses[pause]
        return end >= (self._starts[count] if count < len(self._starts) else len(self._text))
