"""Text that is kept of a conversation, bounded."""

from __future__ import annotations

MAX_TEXT = 100_000
"""Characters that are kept of each text of a turn."""


class CharBudget:
    """How much may still be kept, in characters."""

    def __init__(self, size: int = MAX_TEXT) -> None:
        self._left = size

    def takes(self, size: int) -> bool:
        """Take up so much of it, if that much is left."""
        if size > self._left:
            return False
        self._left -= size
        return True

    def cut(self, text: str) -> str:
        """As much of a text as there is room for."""
        kept = text[: self._left]
        self._left -= len(kept)
        return kept

    def free(self, size: int) -> None:
        """What took up so much is no longer kept."""
        self._left += size


class TextBuffer:
    """Text that comes in hundreds of pieces; they are put together when it is read, and bounded."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._room = MAX_TEXT

    def add(self, piece: str) -> None:
        """Append a piece, as far as there is room."""
        if piece and self._room > 0:
            self._pieces.append(piece[: self._room])
            self._room -= len(piece)

    def __str__(self) -> str:
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0].strip()
