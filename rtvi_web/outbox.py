"""Messages that wait for the link."""

from __future__ import annotations

from rtvi_web.errors import QueueFullError

COUNT = 100
SIZE = 1_048_576
"""How many messages wait at most, and how many characters they have together."""


class Outbox:
    """Messages that wait until the link is restored, in order, by their ids; no more than it can hold."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, id: object) -> bool:
        return id in self._waiting

    def put(self, id: str, text: str) -> None:
        """Let a message wait.

        Raises:
            QueueFullError: there is no room.
        """
        size = sum(map(len, self._waiting.values()))
        if len(self) >= COUNT or size + len(text) > SIZE:
            raise QueueFullError(
                f"The link to the bot is being restored, and {len(self)} messages ({size:,} characters) wait for it "
                f"already; {COUNT} ({SIZE:,}) is the most. Wait for the event 'reconnected'. It was not sent."
            )
        self._waiting[id] = text

    def first(self) -> str:
        """The message that waits longest; it stays."""
        return next(iter(self._waiting.values()))

    def drop_first(self) -> None:
        """It has been sent."""
        del self._waiting[next(iter(self._waiting))]

    def discard(self, id: str) -> None:
        """Nobody wants this message sent any more, if it waits."""
        self._waiting.pop(id, None)

    def clear(self) -> int:
        """Forget all; how many there were."""
        count = len(self)
        self._waiting.clear()
        return count
