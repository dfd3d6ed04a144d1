"""Where the session of a RealtimeClient stands, and why it ended."""

from __future__ import annotations

import asyncio

import pytest

from rtvi_web.errors import ConnectAbortedError, DisconnectedError, TransportStartError
from rtvi_web.realtime import RealtimeClient
from rtvi_web.testing import ScriptedRealtimeTransport


def followed(transport: ScriptedRealtimeTransport) -> tuple[RealtimeClient, list[str]]:
    client = RealtimeClient(transport=transport)
    states: list[str] = []

    def note(state: str) -> None:
        assert client.state == state
        states.append(state)

    client.on("transportStateChanged", note)
    return client, states


BEGUN = ["initializing", "connecting", "connected", "ready"]


async def test_a_session_from_its_beginning_to_its_end() -> None:
    client, states = followed(ScriptedRealtimeTransport())
    assert client.state == "disconnected"
    await client.connect()
    assert states == BEGUN
    await client.disconnect()
    assert states == [*BEGUN, "disconnecting", "disconnected"]
    assert client.failure is None
    await client.connect()
    assert states[6:] == BEGUN
    await client.disconnect()


async def test_an_attempt_that_fails_leaves_its_reason_until_the_next_one() -> None:
    transport = ScriptedRealtimeTransport(fails_with=TransportStartError("The server refused."))
    client, states = followed(transport)
    with pytest.raises(TransportStartError) as raised:
        await client.connect()
    assert client.failure is raised.value
    assert states == ["initializing", "connecting", "disconnecting", "error"]
    transport.fails_with = None
    await client.connect()
    assert client.failure is None
    await client.disconnect()


async def test_an_attempt_that_the_page_ends_has_not_failed() -> None:
    client, states = followed(ScriptedRealtimeTransport(hangs=True))
    attempt = asyncio.ensure_future(client.connect())
    await client.wait_for_next("transportStateChanged")
    await client.wait_for_next("transportStateChanged")
    await client.disconnect()
    with pytest.raises(ConnectAbortedError):
        await attempt
    assert states == ["initializing", "connecting", "disconnecting", "disconnected"]
    assert client.failure is None


async def test_a_link_that_is_lost_ends_the_session_with_its_reason() -> None:
    transport = ScriptedRealtimeTransport()
    client, states = followed(transport)
    await client.connect()
    lost = DisconnectedError("The server is gone.")
    transport.lose(lost)
    await client.disconnect()
    assert states == [*BEGUN, "disconnecting", "disconnected"]
    assert client.failure is lost
    assert client.transport is transport
