"""Handlers that end the session they are called from, or begin the next."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sessions import STARTED, URL, Run, Transport, over, turns

from rtvi_web import ConnectAbortedError, RTVIEvent, TransportStartError, TransportState
from rtvi_web.core.event import Event
from rtvi_web.testing import handshake

pytestmark = pytest.mark.usefixtures("tidy")

BY_ITSELF = [
    RTVIEvent.TRANSPORT_STATE_CHANGED,
    RTVIEvent.MEDIA_STATE_UPDATED,
    RTVIEvent.TRACK_STARTED,
    RTVIEvent.CONNECTED,
    RTVIEvent.PARTICIPANT_CONNECTED,
    RTVIEvent.BOT_CONNECTED,
    RTVIEvent.MESSAGE_SENT,
    RTVIEvent.MESSAGE_RECEIVED,
    RTVIEvent.BOT_READY,
    RTVIEvent.BOT_STATE_CHANGED,
    RTVIEvent.MEDIA_STATE_UPDATED,
]
"""What connect() fires; a handler that disconnects at it aborts connect()."""


DATA = {
    "text": "x",
    "error": "x",
    "tool_call_id": "1",
    "value": 0.5,
    "audio": "",
    "sample_rate": 1,
    "num_channels": 1,
    "command": "x",
    "kind": "x",
    "job_id": "1",
    "action": "x",
    "config": [],
}
"""What fits the payload of every message."""


def happen(run: Run, event: Event[Any]) -> None:
    """Let an event be fired in the way in which it is."""
    if event.wire:
        run.transport.receiver.receive(json.dumps({"label": "rtvi-ai", "type": event.wire, "data": DATA}))
    elif event in (RTVIEvent.DISCONNECTED, RTVIEvent.BOT_AUDIO_BLOCKED):
        run.transport.host.fire(event)
    else:
        run.transport.host.fire(event, "anything")


@pytest.mark.parametrize("event", list(RTVIEvent), ids=str)
@pytest.mark.parametrize("style", ["async", "sync, returns the coroutine", "sync, makes a task"])
async def test_disconnect_from_a_handler(event: Event[Any], style: str) -> None:
    """It neither waits for that handler nor cancels it, and nothing hangs."""
    run = Run(Transport(*handshake(), start=[STARTED]), params={"base_url": URL})
    ends: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    async def hang_up(*_: Any) -> None:
        await run.client.disconnect()
        ends.append("disconnect() returned")
        await asyncio.sleep(0)
        ends.append("the handler goes on")

    handler = {
        "async": hang_up,
        "sync, returns the coroutine": lambda *_: hang_up(),
        "sync, makes a task": lambda *_: tasks.append(asyncio.ensure_future(hang_up())),
    }[style]
    run.client.once(event, handler)
    task = asyncio.ensure_future(run.client.connect())
    await asyncio.wait({task}, timeout=2)
    if event in BY_ITSELF:
        with pytest.raises(ConnectAbortedError):
            await over(task)
    else:
        await over(task)
        happen(run, event)
    await turns(30)
    assert run.client.state is TransportState.DISCONNECTED
    assert ends == ["disconnect() returned", "the handler goes on"]
    tasks.clear()
    await run.ended(TransportState.DISCONNECTED)


@pytest.mark.parametrize("state", [state for state in TransportState if state != "reconnecting"], ids=str)
async def test_disconnect_in_every_state(state: TransportState) -> None:
    run = Run(Transport(*handshake(), start=[STARTED]), params={"base_url": URL})

    @run.client.on(RTVIEvent.TRANSPORT_STATE_CHANGED)
    async def hang_up(now: TransportState) -> None:
        if now is state:
            await run.client.disconnect()

    task = asyncio.ensure_future(run.client.start_bot_and_connect(URL))  # goes through the most states
    await asyncio.wait({task}, timeout=2)
    await run.client.disconnect()
    await turns(20)
    assert run.client.state is TransportState.DISCONNECTED
    run.released()
    if state in (TransportState.DISCONNECTING, TransportState.DISCONNECTED, TransportState.ERROR):
        await over(task)
    else:
        with pytest.raises(ConnectAbortedError):
            await over(task)


async def test_connect_again_when_disconnected() -> None:
    run = Run(Transport(*handshake(), *handshake()))

    @run.client.once(RTVIEvent.DISCONNECTED)
    async def again() -> None:
        await run.client.connect()

    await run.client.connect()
    await run.client.disconnect()
    await turns(30)
    assert run.client.state is TransportState.READY
    await run.client.disconnect()
    run.released()


async def test_connect_again_when_connect_failed() -> None:
    run = Run(Transport(fails_with=TransportStartError("no route")))

    @run.client.once(RTVIEvent.DISCONNECTED)
    async def again() -> None:
        run.transport.heal()
        await run.client.connect()

    with pytest.raises(TransportStartError):
        await run.client.connect()
    await turns(30)
    assert run.client.state is TransportState.READY
    await run.client.disconnect()
    run.released()


async def test_handlers_that_raise_do_not_end_the_session(reported: list[Any]) -> None:
    run = Run(Transport(*handshake(), start=[STARTED]), params={"base_url": URL})
    for event in RTVIEvent:
        run.client.on(event, lambda *_: 1 / 0)
    await run.client.connect()
    await run.client.disconnect()
    assert len(reported) == len(run.fired)
    assert all(isinstance(error, ZeroDivisionError) for error in reported)
    reported.clear()
