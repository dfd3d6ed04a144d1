"""What was sent into a link that may have been dead already."""

from __future__ import annotations

import logging
from collections import deque

logger = logging.getLogger(__name__)

COUNT = 1_000
SIZE = 1_048_576
"""How many frames are remembered at most, and how many characters they have together."""

MEMORY = 40.0
"""Seconds for which a frame is remembered."""


class ResendBuffer:
    """The frames of the last seconds. A browser notices a dead link late, and a new connection knows nothing of them.

    Nobody tells which of them have arrived: those in doubt are sent again, and may arrive twice.

    All times are in seconds since 1970.
    """

    def __init__(self) -> None:
        self._frames: deque[tuple[float, str]] = deque()
        self._size = 0
        self._arrived_until = self._forgotten = 0.0

    def remember(self, text: str, now: float) -> None:
        """A frame has been sent."""
        self._frames.append((now, text))
        self._size += len(text)
        while self._frames and self._frames[0][0] < now - MEMORY:
            self._drop_oldest()
        while len(self._frames) > COUNT or self._size > SIZE:
            self._forgotten = self._frames[0][0]
            self._drop_oldest()

    def arrived(self, until: float) -> None:
        """What was sent until then has arrived."""
        self._arrived_until = max(self._arrived_until, until)

    def send_again(self, now: float) -> list[str]:
        """The frames that may not have arrived, oldest first. They may be lost once more: they count as sent now."""
        if self._forgotten > self._arrived_until:
            logger.warning("some of what was sent while the link was lost has not arrived and is not sent again")
        until = self._arrived_until
        frames = [text for sent, text in self._frames if sent > until] if until else []
        self._frames = deque((now, text) for text in frames)
        self._size, self._forgotten = sum(map(len, frames)), 0.0
        return frames

    def _drop_oldest(self) -> None:
        self._size -= len(self._frames.popleft()[1])
