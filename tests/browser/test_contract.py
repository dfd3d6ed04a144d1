"""The contract suite in Chromium, for the transports that run in a page."""

import pytest
from pytest_pyodide import run_in_pyodide

from rtvi_web.testing import contract

OF_ROOMS = {"people_come_and_go", "only_the_bot_is_listened_to"}
"""Tests of transports that lead to a room, where others may be."""
NAMES = [name for name in contract.tests_of() if name not in OF_ROOMS]


@pytest.mark.patience(180)
@pytest.mark.parametrize("name", NAMES)
@run_in_pyodide
async def test_small_webrtc(selenium, name):
    import stages

    from rtvi_web.testing import contract

    assert name in contract.tests_of(stages.SmallWebRTCStage)
    await contract.play(name, stages.SmallWebRTCStage())


@pytest.mark.patience(180)
@pytest.mark.parametrize("name", NAMES)
@run_in_pyodide
async def test_websocket(selenium, port, name):
    from websocket_stage import WebSocketStage

    from rtvi_web.testing import contract

    assert name in contract.tests_of(WebSocketStage)
    await contract.play(name, WebSocketStage(port))
