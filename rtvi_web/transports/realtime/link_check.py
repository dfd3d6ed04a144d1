"""Checks the link of a realtime session after what links often do not survive."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DisconnectedError, RTVIError
from rtvi_web.transports.signs_of_life import (
    RECEIVES_WITHIN,
    Closeable,
    PageEvents,
    notice_sleep,
    online_or_seen,
    receives_more,
)


class LinkCheck:
    """Finds a link dead that the browser still believes in.

    It looks when the page is hidden or shown, when the computer is online again, and when it has slept.

    Args:
        received: a count of what was received so far; raises ``DisconnectedError`` if the link is closed.
        ask: has the server send something; returns whether a live one will.
        lost: called with the reason, at most once, if nothing comes.
        clock: the wall-clock time in seconds.
        page_events: reports what the page goes through.
    """

    def __init__(
        self,
        received: Callable[[], Awaitable[int]],
        ask: Callable[[], bool],
        lost: Callable[[RTVIError], object],
        *,
        clock: Callable[[], float] = time.time,
        page_events: PageEvents = online_or_seen,
    ) -> None:
        self._received = received
        self._ask = ask
        self._lost = lost
        self._clock = clock
        self._page_events = page_events
        self._watching: Closeable | None = None
        self._tasks = Tasks()
        self._happened = False
        self._is_checking = False

    def begin(self) -> None:
        """Check the link from now on, until :meth:`close`."""
        self._watching = self._page_events(self._check_soon)
        self._tasks.run(notice_sleep(self._clock, self._check_soon), "noticing that the computer slept failed")

    def close(self) -> None:
        """Check nothing more."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.close()
        self._tasks.cancel()

    def _check_soon(self) -> None:
        self._happened = True
        if self._is_checking:
            self._ask()  # What was asked before may not have left.
        else:
            self._is_checking = True
            self._tasks.run(self._check(), "checking the link failed")

    async def _check(self) -> None:
        try:
            while self._happened:
                self._happened = False
                before = await self._received()
                if self._ask() and not await receives_more(self._received, before):
                    break
            else:
                return
        except DisconnectedError:
            return  # The browser knows, and tells it.
        finally:
            self._is_checking = False
        self.close()
        self._lost(DisconnectedError(f"The server is silent: nothing has come from it for {RECEIVES_WITHIN:g} s."))
