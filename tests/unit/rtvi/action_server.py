"""What the tests of actions share: a client without a session, and its action endpoint."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sessions import URL, Run, Transport, turns

ACTION = {"service": "llm", "action": "append_to_messages", "arguments": [{"name": "messages", "value": ["é"]}]}


class Server:
    """A run without a session whose action endpoint is asked once; its answers are made when the id is known."""

    def __init__(self, **params: Any) -> None:
        self.run = Run(Transport(), params={"base_url": URL, **params})
        self.http = self.run.transport.http

    async def ask(self, **options: Any) -> asyncio.Task[Any]:
        """An action, as far as it gets without an answer."""
        task = asyncio.ensure_future(self.run.client.action(ACTION, **options))
        await turns(5)
        return task

    @property
    def id(self) -> str:
        """The id of the action that was asked for."""
        id: str = self.http.requests[-1].body["actions"][0]["id"]
        return id


@pytest.fixture(name="server")
def start_server() -> Server:
    return Server(request_data={"room": 1}, headers={"X-Key": "k"})
