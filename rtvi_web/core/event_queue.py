"""Events in a queue, for ``async for``."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, NamedTuple

from rtvi_web.core.event import Event


class EmittedEvent(NamedTuple):
    """An event that was emitted, and the arguments that its handlers got."""

    event: Event[*tuple[Any, ...]]
    args: tuple[Any, ...]


class EventQueue:
    """What ``events()`` returns: iterate over it with ``async for``.

    Attributes:
        dropped: how many events were lost because the loop did not keep up; the oldest are lost first.
    """

    def __init__(self, wanted: frozenset[str], limit: int) -> None:
        self.dropped = 0
        self._wanted = wanted
        self._events: deque[EmittedEvent] = deque(maxlen=limit)
        self._news = asyncio.Event()
        self._open = True

    def close(self) -> None:
        """Stop taking events; the loop ends after those already queued."""
        self._open = False
        self._news.set()

    def wants(self, event: str) -> bool:
        """Whether it takes an event."""
        return self._open and (not self._wanted or event in self._wanted)

    def offer(self, emitted: EmittedEvent) -> None:
        """Take an event, if it is wanted."""
        if self.wants(emitted.event):
            self.dropped += len(self._events) == self._events.maxlen
            self._events.append(emitted)
            self._news.set()

    def __aiter__(self) -> EventQueue:
        return self

    async def __anext__(self) -> EmittedEvent:
        while not self._events:
            if not self._open:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()
