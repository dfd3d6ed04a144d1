"""A message of a bot is parsed once, whatever it leads to and however many get it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from pydantic_core import from_json
from sessions import Transport

from rtvi_web import RTVIClient, RTVIClientHelper, RTVIMessage
from rtvi_web.rtvi.protocol.inbound import MessageReader
from rtvi_web.testing import handshake

TRACES = Path(__file__).parents[2] / "traces"
PARSERS = {"from_json", "validate_json", "raw_decode"}
"""Those of pydantic, and that of the json module."""


def parses(work: Callable[[], object]) -> list[str]:
    """The parsers that are called meanwhile."""
    called: list[str] = []

    def profile(frame: FrameType, event: str, function: Any) -> None:
        name = {"c_call": getattr(function, "__name__", ""), "call": frame.f_code.co_name}.get(event)
        if name in PARSERS:
            called.append(name)

    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
    return called


def messages() -> dict[str, dict[str, Any]]:
    """A message of each type that real servers sent, and of those that the client acts on."""
    found = {
        "error": {"label": "rtvi-ai", "type": "error", "data": {"error": "no", "fatal": False}},
        "llm-function-call-stopped": {"label": "rtvi-ai", "type": "llm-function-call-stopped", "data": _CALL},
        "llm-function-call": {"label": "rtvi-ai", "type": "llm-function-call", "data": _CALL},
    }
    for path in TRACES.glob("*.jsonl"):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            if record.get("dir") == "in" and record.get("msg", {}).get("label") == "rtvi-ai":
                found.setdefault(record["msg"]["type"], record["msg"])
    return found


_CALL = {"function_name": "f", "tool_call_id": "1", "args": {}, "cancelled": True}
MESSAGES = messages()


def test_the_parsers_are_seen() -> None:
    text = '{"type": "x"}'
    works = (lambda: json.loads(text), lambda: from_json(text), lambda: RTVIMessage.model_validate_json(text))
    assert [parses(work) for work in works] == [["raw_decode"], ["from_json"], ["validate_json"]]


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("type", sorted(MESSAGES))
def test_the_reader_parses_once(type: str, whole: bool) -> None:
    message = MESSAGES[type]
    for text in (json.dumps(message), json.dumps(dict(reversed(message.items())))):  # the type first, and last
        MessageReader().receive(text, whole=whole)  # makes the validator
        assert len(parses(lambda text=text: MessageReader().receive(text, whole=whole))) == 1  # type: ignore[misc]


class Everything(RTVIClientHelper):
    """A helper that takes every message."""

    def __init__(self) -> None:
        super().__init__()
        self.got: list[str] = []

    def get_message_types(self) -> list[str]:
        return list(MESSAGES)

    def handle_message(self, message: RTVIMessage) -> None:
        self.got.append(message.type)


@pytest.mark.parametrize("has_helper", [False, True])
@pytest.mark.usefixtures("tidy")
async def test_a_session_parses_once_on_the_way_to_handlers_and_helpers(has_helper: bool) -> None:
    transport, helper = Transport(*handshake()), Everything()
    client = RTVIClient(transport=transport)
    if has_helper:
        client.register_helper("x", helper)
    await client.connect()
    helper.got.clear()
    types = sorted(set(MESSAGES) - {"llm-function-call"})  # which is answered
    for type in types:
        text = json.dumps(MESSAGES[type])
        called = parses(lambda text=text: transport.receiver.receive(text))  # type: ignore[misc]
        # The record of a call copies its arguments through JSON, one by one.
        assert len([name for name in called if name != "raw_decode"]) == 1, type
    assert set(helper.got) == (set(types) - {"server-response", "action-response"} if has_helper else set())
    await client.disconnect()
