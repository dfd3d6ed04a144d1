"""An event loop for the unit tier, on which only waiting takes time."""

from __future__ import annotations

import asyncio
import gc
import selectors
import weakref
from typing import Any


class Idle(selectors.DefaultSelector):
    """Passes over the time in which an event loop would only wait."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(timeout and 0)  # without a timer there is nothing to pass on to
        if timeout and not ready:
            self.passed += timeout
        return ready


class Loop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own: no test is slow, on any machine. It knows the futures that it made."""

    def __init__(self) -> None:
        self._idle = Idle()
        self.futures: weakref.WeakSet[asyncio.Future[Any]] = weakref.WeakSet()
        super().__init__(self._idle)

    def time(self) -> float:
        return self._idle.passed

    def create_future(self) -> asyncio.Future[Any]:
        future = super().create_future()
        self.futures.add(future)
        return future


async def kept_futures() -> list[asyncio.Future[Any]]:
    """The futures of the running loop that something still refers to."""
    await asyncio.sleep(0)  # The loop refers to the one that woke this task.
    gc.collect()
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)
    return list(loop.futures)
