"""Waits until someone handles an event, so that what it tells is measured only then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Listened:
    """Which events have handlers.

    Args:
        listens: whether an event has handlers.
    """

    def __init__(self, listens: Callable[[str], bool]) -> None:
        self._listens = listens
        self._more = asyncio.Event()

    def more(self) -> None:
        """A handler was added."""
        self._more.set()

    async def until(self, *events: str) -> None:
        """Wait until one of the events has a handler."""
        while not any(map(self._listens, events)):
            self._more.clear()
            await self._more.wait()
