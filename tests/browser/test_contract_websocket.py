"""The contract suite over a WebSocketTransport, in Chromium."""

import pytest
from pytest_pyodide import run_in_pyodide

from rtvi_web.testing import contract

PARTS = [name for name in dir(contract.Stage) if name[0] != "_"]
# The names alone: the stage of the page imports what exists there only. It brings all that a stage can bring.
NAMES = contract.tests_of(type("Everything", (contract.Stage,), dict.fromkeys(PARTS)))


@pytest.mark.patience(180)
@pytest.mark.parametrize("name", NAMES)
@run_in_pyodide
async def test_websocket(selenium, port, name):
    from websocket_stage import WebSocketStage

    from rtvi_web.testing import contract

    assert name in contract.tests_of(WebSocketStage)
    await contract.play(name, WebSocketStage(port))
