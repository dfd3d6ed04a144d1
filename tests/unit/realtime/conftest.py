"""Fixtures of the realtime client's tests."""

import pytest


@pytest.fixture(autouse=True)
async def _tidy(tidy: None) -> None:
    """No test leaves a task or an unseen exception behind."""
