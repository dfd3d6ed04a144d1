"""Any order of init_devices(), start_bot(), connect(), disconnect(), at any distance: seeded random episodes."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from sessions import STARTED, URL, Run, Transport, turns

from rtvi_web import RTVIError, TransportState
from rtvi_web.core.media import BOT
from rtvi_web.errors import DisconnectedError, TransportStartError
from rtvi_web.testing import handshake

EPISODES = 300
STEPS = 12

pytestmark = pytest.mark.usefixtures("tidy")


def run_for(chance: random.Random) -> Run:
    """A client whose servers and transport fail now and then."""
    transport = Transport(*handshake() * STEPS, start=[STARTED] * 3 * STEPS)
    if chance.random() < 0.2:
        transport.fails_with = TransportStartError("no route")
    return Run(transport, params={"base_url": URL}, timeout=chance.choice([0.5, 15, None]))


async def step(run: Run, chance: random.Random, tasks: list[asyncio.Task[Any]]) -> None:
    """Do one thing that a page, a person or a network may do."""
    client, transport = run.client, run.transport
    match chance.randrange(9):
        case 0 | 1:
            tasks.append(asyncio.ensure_future(client.connect()))
        case 2:
            tasks.append(asyncio.ensure_future(client.start_bot(f"{URL}/start")))
        case 3:
            tasks.append(asyncio.ensure_future(client.init_devices()))
        case 4 | 5:
            tasks.append(asyncio.ensure_future(client.disconnect()))
        case 6 if tasks:
            chance.choice(tasks).cancel()
        case 7 if hasattr(transport, "receiver"):  # once it was connected
            transport.receiver.bot_left(BOT)
        case 8 if hasattr(transport, "receiver"):
            transport.receiver.lost(DisconnectedError("The network went away."))
    await turns(chance.randrange(12))


@pytest.mark.parametrize("seed", range(EPISODES))
async def test_everything_settles_and_nothing_stays_open(seed: int) -> None:
    chance = random.Random(seed)
    run = run_for(chance)
    tasks: list[asyncio.Task[Any]] = []
    for _ in range(STEPS):
        await step(run, chance, tasks)
    await turns(1)  # All of them have begun.
    await run.client.disconnect()
    assert run.client.state in (TransportState.DISCONNECTED, TransportState.ERROR)
    async with asyncio.timeout(60):
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in tasks:
        if not task.cancelled() and (error := task.exception()):
            assert isinstance(error, RTVIError), repr(error)
    await run.client.disconnect()
    await turns(20)
    await run.ended(TransportState.DISCONNECTED)
