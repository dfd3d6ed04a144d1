"""Text that is kept of a conversation, bounded."""

from __future__ import annotations

MAX_TEXT = 100_000
"""Characters that are kept of each text of a turn."""


class CharBudget:
    """How many characters may still be kept."""

    def __init__(self, size: int = MAX_TEXT) -> None:
        self._left = size

    def takes(self, size: int) -> bool:
        """Use so many characters, if they are left."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def cut(self, text: str) -> str:
        """The beginning of a text, as much as there is room for."""
        kept = text[: self._left]
        self._left -= len(kept)
        return kept


class TextBuffer:
    """Bounded text that comes in hundreds of pieces, which are joined when it is read.

    Attributes:
        left: characters that may still be added.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self.left = MAX_TEXT

    def add(self, piece: str) -> None:
        """Append a piece, as far as there is room."""
        if piece and self.left > 0:
            self._pieces.append(piece[: self.left])
            self.left -= len(piece)

    @property
    def last(self) -> str:
        """The last piece."""
        return self._pieces[-1] if self._pieces else ""

    def __str__(self) -> str:
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0].strip()
