"""A transport that goes on once although it was cancelled."""

from __future__ import annotations

import asyncio
import contextlib


class Swallowing:
    """Mixed into a transport, whose methods ask :meth:`swallow` first.

    Attributes:
        where: the method that swallows its cancellation, the first time.
        lets_go: lets it end.
    """

    where: str
    lets_go: asyncio.Event
    has_swallowed = False

    async def swallow(self, place: str) -> bool:
        """Wait until it is let go, whatever happens; ``False`` at once in any other place or at another time."""
        if place != self.where or self.has_swallowed:
            return False
        self.has_swallowed = True
        while not self.lets_go.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.lets_go.wait()
        return True
