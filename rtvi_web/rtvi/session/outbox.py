"""Sends messages to the bot at once, or keeps them until the link is restored."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from rtvi_web.core.emitter import Emitter
from rtvi_web.core.seen import Seen
from rtvi_web.errors import InvalidArgumentError, MessageTooLargeError, QueueFullError
from rtvi_web.rtvi.protocol.envelope import encode
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.transport import Transport

ROOM_AGAIN = 0.2
"""Seconds until a message that was refused for lack of room is sent again."""

COUNT = 100
SIZE = 1_048_576
"""The most messages that may wait, and the most characters that they may have together."""


class Outbox:
    """Writes and sends messages; while the link is restored, it keeps a bounded number of them, in order.

    Attributes:
        types: the types of the messages that it has written; of very many, the latest.
    """

    def __init__(self, transport: Transport, emitter: Emitter) -> None:
        self._transport = transport
        self._emitter = emitter
        self.types = Seen()
        self._waiting: deque[tuple[str, str]] = deque()  # with their ids, which need not differ

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, id: object) -> bool:
        return any(id == waiting for waiting, _ in self._waiting)

    def write(self, type: str, data: Any, id: str) -> str:
        """The text of a message.

        Raises:
            InvalidArgumentError: it cannot be written as JSON.
            MessageTooLargeError: it is larger than the transport can carry.
        """
        try:
            text = encode(type, data, id)
            size = len(text.encode())
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(f"The data of {type!r} cannot be written as JSON: {error}.") from None
        if size > self._transport.max_message_size:
            raise MessageTooLargeError(size, self._transport.max_message_size)
        self.types.add(type)
        return text

    def send(self, text: str) -> None:
        """Send a message, ahead of those that wait.

        Raises:
            DisconnectedError, QueueFullError: the transport cannot take it.
        """
        self._transport.send(text)
        self._emitter.emit(RTVIEvent.MESSAGE_SENT, text)

    def put(self, id: str, text: str) -> None:
        """Keep a message until ``flush()``.

        Raises:
            QueueFullError: too much waits already.
        """
        size = sum(len(waiting) for _, waiting in self._waiting)
        if len(self) >= COUNT or size + len(text) > SIZE:
            raise QueueFullError(
                f"The link to the bot is being restored, and {len(self)} messages ({size:,} characters) wait already; "
                f"at most {COUNT} ({SIZE:,}) may. The message was not sent: wait for the event 'reconnected'."
            )
        self._waiting.append((id, text))

    def flush(self) -> None:
        """Send what waits.

        Raises:
            DisconnectedError, QueueFullError: the transport cannot take more; the rest keeps waiting.
        """
        while self._waiting:
            self.send(self._waiting[0][1])
            self._waiting.popleft()

    def discard(self, id: str) -> None:
        """Drop a waiting message, for example when its request has timed out."""
        self._waiting = deque(message for message in self._waiting if message[0] != id)

    def clear(self) -> int:
        """Drop all waiting messages. Returns how many there were."""
        count = len(self)
        self._waiting.clear()
        return count


async def until_taken(send: Callable[[], None]) -> None:
    """Call a function that sends something; repeat it until there is room.

    Raises:
        RTVIError: any error of the function except QueueFullError.
    """
    while True:
        try:
            return send()
        except QueueFullError:
            await asyncio.sleep(ROOM_AGAIN)
