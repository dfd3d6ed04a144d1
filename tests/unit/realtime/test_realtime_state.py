"""Where the session of a RealtimeClient stands, and why it ended."""

from __future__ import annotations

import asyncio

import pytest

from rtvi_web.errors import ConnectAbortedError, DisconnectedError, InvalidArgumentError, TransportStartError
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


async def test_the_address_may_change_between_sessions() -> None:
    transport = ScriptedRealtimeTransport()
    client = RealtimeClient(transport=transport, url="wss://one.test/v1/realtime", api_key="ek_secret")
    assert client.url == "wss://one.test/v1/realtime"
    await client.connect()
    client.url = "wss://two.test/v1/realtime"
    await client.disconnect()
    await client.connect()
    await client.disconnect()
    client.url = None
    await client.connect()
    await client.disconnect()
    assert [request.url for request in transport.requests] == [
        "wss://one.test/v1/realtime",
        "wss://two.test/v1/realtime",
        None,
    ]
    for wrong in (5, "wss://two.test/?key=ek_secret"):
        with pytest.raises(InvalidArgumentError, match="url") as raised:
            client.url = wrong  # type: ignore[assignment]
        assert "ek_secret" not in str(raised.value)
    assert client.url is None


async def test_a_session_without_sound_opens_no_microphone() -> None:
    transport = ScriptedRealtimeTransport()
    client = RealtimeClient(transport=transport, sound=False)
    await client.connect()
    assert not transport.has_microphone
    assert not transport.requests[-1].sound
    await client.disconnect()
    client.sound = True
    await client.connect()
    assert transport.has_microphone
    assert transport.requests[-1].sound
    await client.disconnect()
