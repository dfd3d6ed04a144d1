"""Fixtures of the unit tier: plain CPython, no browser, no network."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest


class Idle(selectors.DefaultSelector):
    """Passes over the time in which an event loop would only wait."""

    passed = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(timeout and 0)  # without a timer there is nothing to pass on to
        if timeout and not ready:
            self.passed += timeout
        return ready


class Loop(asyncio.SelectorEventLoop):
    """An event loop with a clock of its own, on which only waiting takes time: no test is slow, on any machine."""

    def __init__(self) -> None:
        self._idle = Idle()
        super().__init__(self._idle)

    def time(self) -> float:
        return self._idle.passed


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"own clock": Loop}


@pytest.fixture
async def reported() -> list[Any]:
    """The exceptions that reached the event loop's exception handler, which is where users see them."""
    found: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: found.append(context.get("exception", context)))
    return found


@pytest.fixture
async def tidy(reported: list[Any]) -> AsyncIterator[None]:
    """Fails a test that leaves a task behind, or an exception that nobody saw."""
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks left behind: {left}"
    assert not reported, f"exceptions reported: {reported}"
