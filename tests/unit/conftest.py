"""Fixtures of the unit tier: plain CPython, no browser, no network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import hypothesis
import pytest
from virtual_clock import Loop

# A deadline for each example would make a test depend on what else the machine does.
hypothesis.settings.register_profile("random", deadline=None)
# Without chance, a run fails only for what has changed.
hypothesis.settings.register_profile("same", deadline=None, derandomize=True)
hypothesis.settings.load_profile("same")


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
    """Fails a test that leaves a task or an unseen exception behind."""
    yield
    left = asyncio.all_tasks() - {asyncio.current_task()}
    assert not left, f"tasks left behind: {left}"
    assert not reported, f"exceptions reported: {reported}"
