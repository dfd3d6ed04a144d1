"""``connect()`` that is ended from outside, at every one of its awaits; and what may happen at the same time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sessions import STARTED, URL, Run, Transport, over, ready, stalled, turns

from rtvi_web import (
    AlreadyStartedError,
    BotError,
    BotReadyData,
    ConnectAbortedError,
    ConnectPhase,
    DisconnectedError,
    RTVIEvent,
    StartBotError,
    TransportStartError,
    TransportState,
)
from rtvi_web.core.http import HttpResponse
from rtvi_web.testing import BOT, expect, handshake

pytestmark = pytest.mark.usefixtures("tidy")
TURNS = 40
"""More turns of the event loop than a scripted connect() takes; the tests check that it is enough."""


def fresh() -> Run:
    return Run(Transport(*handshake(), start=[STARTED]), params={"base_url": URL})


@pytest.mark.parametrize("phase", [phase for phase in ConnectPhase if phase is not ConnectPhase.SESSION])
class TestInEveryPhase:
    async def test_disconnect(self, phase: ConnectPhase) -> None:
        run = stalled(phase)
        task = await run.connecting()
        await run.client.disconnect()
        with pytest.raises(ConnectAbortedError) as raised:
            await over(task)
        assert raised.value.phase is phase
        await run.ended(TransportState.DISCONNECTED)

    async def test_two_disconnects_both_wait_until_it_is_over(self, phase: ConnectPhase) -> None:
        run = stalled(phase)
        task = await run.connecting()
        states = []

        async def disconnect() -> None:
            await run.client.disconnect()
            states.append(run.client.state)

        first = asyncio.ensure_future(disconnect())
        await turns(2)
        await asyncio.gather(first, disconnect())
        assert states == [TransportState.DISCONNECTED] * 2
        with pytest.raises(ConnectAbortedError):
            await over(task)
        await run.ended(TransportState.DISCONNECTED)

    async def test_cancel(self, phase: ConnectPhase) -> None:
        run = stalled(phase)
        task = await run.connecting()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await over(task)
        await run.ended(TransportState.DISCONNECTED)

    async def test_cancelled_twice_it_still_cleans_up(self, phase: ConnectPhase) -> None:
        run = stalled(phase)
        task = await run.connecting()
        task.cancel()
        await turns(4)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await over(task)
        await turns(20)
        await run.ended(TransportState.DISCONNECTED)

    async def test_a_timeout_of_the_callers_own(self, phase: ConnectPhase) -> None:
        run = stalled(phase)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await run.client.connect()
        await run.ended(TransportState.DISCONNECTED)

    async def test_disconnect_and_cancel_at_once(self, phase: ConnectPhase) -> None:
        run = stalled(phase)
        task = await run.connecting()
        ending = asyncio.ensure_future(run.client.disconnect())
        await asyncio.sleep(0)
        task.cancel()
        await ending
        with pytest.raises(asyncio.CancelledError):
            await over(task)
        await run.ended(TransportState.DISCONNECTED)

    async def test_second_connect_is_refused_and_changes_nothing(self, phase: ConnectPhase) -> None:
        run = stalled(phase)
        task = await run.connecting()
        before = list(run.fired)
        with pytest.raises(AlreadyStartedError, match=f"The client is {run.client.state} already") as raised:
            await run.client.connect()
        assert raised.value.phase is phase
        assert run.fired == before
        assert not task.done()
        await run.client.disconnect()
        with pytest.raises(ConnectAbortedError):
            await over(task)
        await run.ended(TransportState.DISCONNECTED)


LINKED = [ConnectPhase.OFFER, ConnectPhase.ICE, ConnectPhase.DATA_CHANNEL, ConnectPhase.BOT_READY]
"""The phases in which the transport knows of the session."""


@pytest.mark.parametrize("phase", LINKED)
class TestInEveryPhaseOfTheTransport:
    async def test_link_lost(self, phase: ConnectPhase) -> None:
        run = stalled(phase, timeout=None)
        task = await run.connecting()
        run.transport.receiver.lost(DisconnectedError("The network went away."))
        with pytest.raises(DisconnectedError, match="The network went away") as raised:
            await over(task)
        assert raised.value.phase is phase
        [error] = run.arguments("error")
        assert error.data.fatal
        await run.ended(TransportState.ERROR)

    async def test_bot_leaves(self, phase: ConnectPhase) -> None:
        run = stalled(phase, timeout=None)
        task = await run.connecting()
        run.transport.receiver.bot_left(BOT)
        with pytest.raises(DisconnectedError, match="The bot left") as raised:
            await over(task)
        assert raised.value.phase is phase
        assert run.arguments("botDisconnected") == [BOT]
        await run.ended(TransportState.ERROR)

    async def test_fatal_error(self, phase: ConnectPhase) -> None:
        run = stalled(phase, timeout=None)
        task = await run.connecting()
        run.transport.receiver.receive(
            '{"label": "rtvi-ai", "type": "error", "data": {"error": "no credit", "fatal": true}}'
        )
        with pytest.raises(BotError, match="no credit") as raised:
            await over(task)
        assert raised.value.phase is phase
        await run.ended(TransportState.ERROR)

    async def test_waiters_end_with_it(self, phase: ConnectPhase) -> None:
        run = stalled(phase)
        waiter = asyncio.ensure_future(run.client.wait_for(RTVIEvent.BOT_READY))
        task = await run.connecting()
        run.transport.receiver.lost(DisconnectedError())
        for awaited in (task, waiter):
            with pytest.raises(DisconnectedError) as raised:
                await over(awaited)
            assert raised.value.phase is phase


@pytest.mark.parametrize("turn", range(1, TURNS))
class TestAfterEveryTurn:
    async def test_disconnect(self, turn: int) -> None:
        run = fresh()
        task = asyncio.ensure_future(run.client.connect())
        await turns(turn)
        done = task.done()
        await run.client.disconnect()
        await self.check(run, task, done, ConnectAbortedError)

    async def test_cancel(self, turn: int) -> None:
        run = fresh()
        task = asyncio.ensure_future(run.client.connect())
        await turns(turn)
        done = task.done()
        task.cancel()
        await turns(TURNS)
        if done:
            await run.client.disconnect()
        await self.check(run, task, done, asyncio.CancelledError)

    async def test_link_lost(self, turn: int) -> None:
        run = fresh()
        task = asyncio.ensure_future(run.client.connect())
        await turns(turn)
        done = task.done()
        receiver = getattr(run.transport, "receiver", None)
        lost = receiver is not None
        if receiver is not None:
            receiver.lost(DisconnectedError())
        await turns(TURNS)
        if not lost:
            await run.client.disconnect()
        await self.check(run, task, done or not lost, DisconnectedError)

    async def test_disconnect_while_it_fails(self, turn: int) -> None:
        """The failure is told, unless disconnect() came first; nothing is half closed."""
        run = Run(Transport(start=[HttpResponse(500, "")]), params={"base_url": URL})
        task = asyncio.ensure_future(run.client.connect())
        await turns(turn)
        await run.client.disconnect()
        await self.check(run, task, False, StartBotError, ConnectAbortedError)

    async def test_cancel_while_it_fails(self, turn: int) -> None:
        run = Run(Transport(start=[HttpResponse(500, "")]), params={"base_url": URL})
        task = asyncio.ensure_future(run.client.connect())
        await turns(turn)
        task.cancel()
        await turns(TURNS)
        await self.check(run, task, False, StartBotError, asyncio.CancelledError)

    async def check(self, run: Run, task: asyncio.Task[Any], done: bool, *errors: type[BaseException]) -> None:
        if done:
            assert task.result().version
        else:
            with pytest.raises(errors):
                await over(task)
        await turns(3)
        assert run.client.state in (TransportState.DISCONNECTED, TransportState.ERROR)
        await run.ended(run.client.state)


async def test_the_turns_are_enough() -> None:
    run = fresh()
    task = asyncio.ensure_future(run.client.connect())
    await turns(TURNS - 10)
    assert task.done()
    await run.client.disconnect()


async def test_an_error_is_not_hidden_by_a_disconnect_that_comes_later() -> None:
    run = Run(Transport(fails_with=TransportStartError("no route")))

    @run.client.on(RTVIEvent.TRANSPORT_STATE_CHANGED)
    async def give_up(state: TransportState) -> None:
        if state is TransportState.DISCONNECTING:
            await run.client.disconnect()

    with pytest.raises(TransportStartError, match="no route"):
        await run.client.connect()
    await run.ended(TransportState.ERROR)


async def test_connect_waits_for_a_session_that_is_closing() -> None:
    run = await ready()
    run.transport.heal()
    closing = asyncio.ensure_future(run.client.disconnect())
    await turns(2)
    assert run.client.state is TransportState.DISCONNECTING
    await run.client.connect()
    assert closing.done()
    assert run.states[-6:] == ["disconnected", "initializing", "initialized", "connecting", "connected", "ready"]
    await run.client.disconnect()


async def test_disconnect_while_connect_waits_for_the_last_session() -> None:
    run = await ready()
    closing = asyncio.ensure_future(run.client.disconnect())
    await turns(2)
    task = asyncio.ensure_future(run.client.connect())
    await turns(1)
    await run.client.disconnect()
    with pytest.raises(ConnectAbortedError) as raised:
        await over(task)
    assert raised.value.phase is ConnectPhase.DEVICES
    await closing
    await run.ended(TransportState.DISCONNECTED)


async def test_second_connect_when_ready() -> None:
    run = await ready()
    with pytest.raises(AlreadyStartedError, match=r"ready already\. Call disconnect\(\)") as raised:
        await run.client.connect()
    assert raised.value.phase is ConnectPhase.SESSION
    assert run.client.state is TransportState.READY
    await run.client.disconnect()
    await run.ended(TransportState.DISCONNECTED)


async def test_a_loss_when_ready_names_the_phase_too() -> None:
    run = await ready(expect("client-message"))
    waits = [run.client.wait_for(RTVIEvent.BOT_LLM_TEXT), run.client.send_client_request("x", timeout=None)]
    waiting = [asyncio.ensure_future(wait) for wait in waits]
    await turns(3)
    run.transport.receiver.lost(DisconnectedError("The network went away."))
    for task in waiting:
        with pytest.raises(DisconnectedError, match=r"^The network went away\. \[phase: session\]$"):
            await over(task)
    await turns(20)
    assert "The network went away. [phase: session]" in str(await run.client.diagnose())
    await run.ended(TransportState.DISCONNECTED)


async def test_bot_ready_comes_with_the_loss() -> None:
    """The bot is ready and gone in one frame's time: connect() has not returned, so it tells."""
    run = Run(Transport(*handshake()))

    @run.client.on(RTVIEvent.BOT_READY)
    def lose(_: BotReadyData) -> None:
        run.transport.receiver.lost(DisconnectedError("gone"))

    with pytest.raises(DisconnectedError, match="gone"):
        await run.client.connect()
    run.client.off(RTVIEvent.BOT_READY, lose)
    await run.ended(TransportState.ERROR)


@pytest.mark.parametrize("device", ["mic", "cam", "screen_share"])
async def test_what_is_turned_on_while_disconnecting_does_not_open(device: str) -> None:
    """Microphone and camera are remembered for the next session; a screen is refused."""
    refused = 0
    for delay in range(TURNS):
        run = await ready()
        await run.client.enable_mic(False)
        ending = asyncio.ensure_future(run.client.disconnect())
        await turns(delay)
        if ending.done():
            break
        try:
            await getattr(run.client, f"enable_{device}")(True)
        except DisconnectedError:
            refused += 1
        await ending
        local = run.client.tracks().local
        assert (local.audio, local.video, local.screen_video) == (None, None, None)
    assert ending.done()
    assert (refused > 5) == (device == "screen_share")


async def test_a_handler_of_disconnected_opens_no_devices_before_disconnect_returns() -> None:
    run = await ready()
    refused: list[Exception] = []

    async def open_again() -> None:
        try:
            await run.client.init_devices()
        except DisconnectedError as error:
            refused.append(error)

    run.client.on(RTVIEvent.DISCONNECTED, open_again)
    await run.client.disconnect()
    assert len(refused) == 1
    assert run.client.state is TransportState.DISCONNECTED
    run.released()
    await run.client.init_devices()
    assert run.client.is_mic_enabled
    await run.client.disconnect()
