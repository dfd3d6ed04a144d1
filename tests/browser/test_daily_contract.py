"""The contract suite in Chromium, for DailyTransport over the real daily-js."""

import pytest
from pytest_pyodide import run_in_pyodide

from rtvi_web.testing import contract

pytestmark = pytest.mark.usefixtures("no_reports")

# A stage of the page imports what exists there only: these are the names of all tests.
NAMES = contract.tests_of()


@pytest.mark.patience(180)
@pytest.mark.parametrize("name", NAMES)
@run_in_pyodide
async def test_daily(selenium, name):
    from daily_stage import DailyStage

    from rtvi_web.testing import contract

    assert name in contract.tests_of(DailyStage)
    await contract.play(name, DailyStage())
