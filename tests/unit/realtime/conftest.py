"""Fixtures of the realtime client's tests."""

from typing import Any

import pytest
from realtime_server import connected


@pytest.fixture(autouse=True)
async def _tidy(tidy: None) -> None:
    """No test leaves a task or an unseen exception behind."""


@pytest.fixture
async def run() -> Any:
    """A client in a session with a server."""
    run = await connected()
    yield run
    await run.client.disconnect()
