"""What a realtime client sends when its transport wants to know whether the server lives."""

from __future__ import annotations

import asyncio

import pytest

from rtvi_web.errors import DisconnectedError
from rtvi_web.realtime import RealtimeClient
from rtvi_web.realtime.transport import RealtimeHost
from rtvi_web.testing import ScriptedRealtimeTransport


class Doubting(ScriptedRealtimeTransport):
    """A transport that asks."""

    host: RealtimeHost

    def attach(self, host: RealtimeHost) -> None:
        super().attach(host)
        self.host = host


@pytest.mark.parametrize(
    ("dialect", "session"), [("openai", {"type": "realtime"}), ("azure", {"type": "realtime"}), ("qwen", {})]
)
async def test_a_configuration_that_names_nothing_is_sent(dialect: str, session: object) -> None:
    transport = Doubting()
    url = {} if dialect == "openai" else {"url": "wss://server.test/v1/realtime?model=m"}
    client = RealtimeClient(transport=transport, dialect=dialect, config={"instructions": "Be brief."}, **url)  # type: ignore[arg-type]
    assert not transport.host.ask(), "there is no session"
    await client.connect()
    answered = asyncio.ensure_future(client.wait_for_next("server.session.updated"))
    await asyncio.sleep(0)
    assert transport.host.ask()
    assert transport.sent[-1]["type"] == "session.update"
    assert transport.sent[-1]["session"] == session
    await answered
    assert client.config["instructions"] == "Be brief."
    await client.disconnect()
    assert not transport.host.ask()


async def test_a_server_that_does_not_answer_configurations_is_not_asked() -> None:
    transport = Doubting(handshake=False)
    client = RealtimeClient(transport=transport)
    await client.connect()
    count = len(transport.sent)
    assert not transport.host.ask()
    assert len(transport.sent) == count
    await client.disconnect()


async def test_a_link_that_cannot_be_asked_is_told_by_others() -> None:
    class Broken(Doubting):
        broken = False

        def send(self, text: str) -> None:
            if self.broken:
                raise DisconnectedError("It is closed.")
            super().send(text)

    transport = Broken()
    client = RealtimeClient(transport=transport)
    await client.connect()
    transport.broken = True
    assert not transport.host.ask()
    transport.broken = False
    await client.disconnect()
