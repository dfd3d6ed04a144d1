"""Whether WebSocketTransport says that a part of ``request_data`` does not reach the bot."""

from __future__ import annotations

from typing import Any

import pytest

from rtvi_web.rtvi.transport import ConnectRequest
from rtvi_web.transports.websocket.address import lost_data

RUNNER = {"wsUrl": "wss://127.0.0.1:7860/ws-client", "sessionId": "1", "token": None}
BODY = {"transport": "websocket", "body": {"user": "Ada"}}


@pytest.mark.parametrize("answer", [RUNNER, {**RUNNER, "token": "t", "fileUploadUrl": "/files"}])
def test_a_body_that_the_runner_drops(answer: dict[str, Any]) -> None:
    told = lost_data(ConnectRequest(answer, "/start", None, {}, start_data=BODY))
    assert told
    assert told.startswith('The "body" of request_data does not reach the bot')


@pytest.mark.parametrize(
    ("answer", "data"),
    [
        (RUNNER, {}),
        (RUNNER, {"transport": "websocket"}),
        (RUNNER, {"transport": "websocket", "body": {}}),
        ({"ws_url": "/ws"}, BODY),  # another server, which may well hand it on
        ({"wsUrl": "/ws", "session_id": "1"}, BODY),
        ({}, BODY),
    ],
)
def test_nothing_is_known_to_be_lost(answer: dict[str, Any], data: dict[str, Any]) -> None:
    assert lost_data(ConnectRequest(answer, "/start", None, {}, start_data=data)) is None


def test_data_that_no_start_request_has_taken() -> None:
    told = lost_data(ConnectRequest({"ws_url": "/ws"}, None, None, {}, {"user": "Ada"}))
    assert told
    assert told.startswith("request_data does not reach the bot")
