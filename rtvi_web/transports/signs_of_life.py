"""Whether a link lives that the browser believes in: when to look, and what shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Protocol

from rtvi_web.browser import _js

RECEIVES_WITHIN = 7.0
"""Seconds in which a live link receives something: Chromium sends an ICE check every 2.5 s, Firefox every 4 to 6 s."""
LOOK_EVERY = 0.2
"""Seconds between two looks at what was received."""

TICK, SLEPT = 2.0, 6.0
"""The clock is read every TICK seconds. If it has moved on by more than SLEPT, the computer was asleep."""


class Closeable(Protocol):
    """Something that is released by ``close()``."""

    def close(self) -> None: ...


PageEvents = Callable[[Callable[[], object]], Closeable]


def page_events(listener: Callable[[], object]) -> Closeable:
    """Call back when the page goes online or offline, is hidden or shown again, until ``close()``."""
    scope = online_or_seen(listener)
    scope.listen(_js.api("window"), "offline", lambda _: listener())
    return scope


def online_or_seen(listener: Callable[[], object]) -> _js.Scope:
    """Call back when the page goes online, is hidden or shown again, until ``close()``."""
    scope = _js.Scope()
    scope.listen(_js.api("window"), "online", lambda _: listener())
    scope.listen(_js.api("document"), "visibilitychange", lambda _: listener())
    return scope


async def notice_sleep(clock: Callable[[], float], slept: Callable[[], object]) -> None:
    """Call ``slept()`` whenever the computer was asleep, until the task is cancelled.

    Args:
        clock: the wall-clock time in seconds. It goes on while the computer sleeps, unlike the event loop's.
        slept: takes no arguments.
    """
    while True:
        before = clock()
        await asyncio.sleep(TICK)
        if clock() - before > SLEPT:
            slept()


async def receives_more(count: Callable[[], Awaitable[int]], before: int) -> bool:
    """Whether something is received within :data:`RECEIVES_WITHIN`. They begin anew if the page was frozen meanwhile.

    Args:
        count: a count of what was received so far.
        before: what it was.
    """
    end = now() + RECEIVES_WITHIN
    while (looked := now()) < end:
        await asyncio.sleep(LOOK_EVERY)
        if await count() > before:
            return True
        if now() - looked > SLEPT:
            end = now() + RECEIVES_WITHIN
    return False


def received_count(reports: Iterable[Mapping[str, Any]]) -> int:
    """What a connection has received, by its statistics. Grows while the peer is alive, if only through ICE checks.

    Firefox counts bytes and answers only. Its answers come every 4 to 6 s, the bytes of sound twice a second.
    """
    received = ("packetsReceived", "bytesReceived", "requestsReceived", "responsesReceived")
    pairs = (report for report in reports if report["type"] == "candidate-pair")
    return sum(int(pair.get(name, 0)) for pair in pairs for name in received)


def now() -> float:
    """The time of the event loop, in seconds."""
    return asyncio.get_running_loop().time()
