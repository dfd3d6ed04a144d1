"""What a bot may make a page keep is bounded: whatever it sends, memory stops growing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from growth import PER_MESSAGE, growth
from sessions import Transport

from rtvi_web import RTVIClient
from rtvi_web.rtvi.protocol.events import BY_WIRE
from rtvi_web.testing import handshake


def rtvi_data(number: int) -> dict[str, Any]:
    """Everything that any message may have, and nothing twice."""
    return {
        "text": f"word{number} " * 10,
        "final": number % 3 > 0,
        "user_id": f"user{number}",
        "segment_id": number,
        "tool_call_id": f"call{number}",
        "function_name": f"function{number}",
        "arguments": {f"key{number}": number},
        "error": f"Unsupported type type{number}",
        "config": [{"service": f"service{number}", "options": [{"name": f"option{number}", "value": number}]}],
        "actions": [{"service": f"service{number}", "action": "a"}],
        "value": number,
        "command": f"command{number}",
        "kind": "group_started",
        "job_id": f"job{number}",
        "action": "stored",
        "audio": "AAAA",
        "sample_rate": 24_000,
        "num_channels": 1,
        "version": "2.2.0",
        "t": f"type{number}",
        "d": number,
        "result": {f"key{number}": number},
    }


class Endless(Transport):
    """A transport that drops what is sent once the bot is ready."""

    is_ready = False

    def bot_ready(self) -> None:
        self.is_ready = True

    def send(self, text: str) -> None:
        if not self.is_ready:
            super().send(text)


@pytest.mark.parametrize("type", [*BY_WIRE, "server-response", "action-response", "unknown"])
async def test_messages_of_a_bot(type: str) -> None:
    transport = Endless(*handshake())
    client = RTVIClient(transport=transport)
    client.register_function_call_handler(None, lambda call: None)
    await client.connect()

    def send(number: int) -> None:
        message = {"label": "rtvi-ai", "type": type, "id": f"id{number}", "data": rtvi_data(number)}
        transport.receiver.receive(json.dumps(message))

    assert await growth(send) < PER_MESSAGE
    await client.disconnect()
