"""Messages that a lost connection may not have delivered, to be sent again on the next one."""

from __future__ import annotations

import logging
from collections import deque

logger = logging.getLogger(__name__)

COUNT = 1_000
SIZE = 1_048_576
"""At most this many messages are kept, with at most this many characters together."""

MEMORY = 40.0
"""Seconds for which a message is kept."""


class ResendBuffer:
    """Keeps the messages of the last 40 seconds, and says which of them a new connection must send again.

    A browser notices a dead connection late, so the last messages may have been lost; a new connection does not know
    of them. The bot's side does not confirm messages. The browser only tells until when everything has arrived
    (``arrived()``), and what was sent after that is sent again, whatever its type. So **any message of the last seconds
    before a loss may arrive twice**: text, client messages, requests (an action runs twice, the second answer is
    ignored), results of functions, and sound that was recorded before the bot was ready. A message that waited for the
    link was not sent yet, and arrives once.

    All times are in seconds since 1970, as in W3C webrtc-stats.
    """

    def __init__(self) -> None:
        self._messages: deque[tuple[float, str]] = deque()
        self._size = 0
        self._arrived_until = self._forgotten = 0.0

    def remember(self, text: str, now: float) -> None:
        """Keep a message that has just been sent."""
        self._messages.append((now, text))
        self._size += len(text)
        while self._messages and self._messages[0][0] < now - MEMORY:
            self._drop_oldest()
        while len(self._messages) > COUNT or self._size > SIZE:
            self._forgotten = self._messages[0][0]
            self._drop_oldest()

    def arrived(self, until: float) -> None:
        """Everything that was sent until this time has arrived."""
        self._arrived_until = max(self._arrived_until, until)

    def send_again(self, now: float) -> list[str]:
        """The messages that may not have arrived, oldest first. They count as sent now, and may be lost again."""
        if self._forgotten > self._arrived_until:
            logger.warning("some of what was sent while the link was lost has not arrived and is not sent again")
        until = self._arrived_until
        messages = [text for sent, text in self._messages if sent > until] if until else []
        self._messages = deque((now, text) for text in messages)
        self._size, self._forgotten = sum(map(len, messages)), 0.0
        return messages

    def _drop_oldest(self) -> None:
        self._size -= len(self._messages.popleft()[1])
