"""Attempts to connect, one after another, whatever ends them and whenever."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from rtvi_web.core.connect_attempt import PATIENCE, ConnectAttempts
from rtvi_web.errors import (
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DisconnectedError,
    RTVIError,
    TransportStartError,
)

pytestmark = pytest.mark.usefixtures("tidy")


class House:
    """Attempts whose work and closing take some turns of the event loop, and a record of what was open."""

    def __init__(self, work_turns: int = 4, close_turns: int = 4) -> None:
        self.attempts = ConnectAttempts(self._close)
        self.open = 0
        self.closed: list[tuple[str, RTVIError | None]] = []
        self._turns = work_turns, close_turns

    async def work(self) -> str:
        self.open += 1
        self.attempts.enter(ConnectPhase.OFFER)
        await turns(self._turns[0])
        self.open += 1
        return "connected"

    async def connect(self) -> str:
        return await self.attempts.run(self.work)

    async def disconnect(self) -> None:
        await self.attempts.disconnect()

    async def _close(self, reason: str, failure: RTVIError | None) -> None:
        await turns(self._turns[1])
        self.open = 0
        self.closed.append((reason, failure))


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("between", range(4))
@pytest.mark.parametrize("before", range(12))
class TestAnAttemptThatIsOver:
    """Nothing of an attempt reaches the next one, at any distance of the two in turns of the event loop."""

    async def test_cancelled_then_disconnected(self, before: int, between: int) -> None:
        house = House()
        first = asyncio.ensure_future(house.connect())
        await turns(before)
        first.cancel()
        await turns(between)
        await house.disconnect()
        assert house.open == 0
        assert await house.connect() == "connected"
        await asyncio.wait({first})
        assert house.open == 2
        await house.disconnect()

    async def test_disconnected_and_connected_at_once(self, before: int, between: int) -> None:
        house = House()
        first = asyncio.ensure_future(house.connect())
        await turns(before)
        ending = asyncio.ensure_future(house.disconnect())
        await turns(between + 1)
        second = asyncio.ensure_future(house.connect())
        await ending
        assert await second == "connected"
        assert house.open == 2
        await asyncio.wait({first})
        assert first.exception() is None or isinstance(first.exception(), ConnectAbortedError)
        await house.disconnect()

    async def test_disconnected_while_the_next_one_waits(self, before: int, between: int) -> None:
        house = House()
        first = asyncio.ensure_future(house.connect())
        await turns(before)
        first.cancel()
        await turns(between + 2)
        second = asyncio.ensure_future(house.connect())
        await turns(between + 1)
        await house.disconnect()
        await asyncio.wait({first, second})
        assert isinstance(second.exception(), ConnectAbortedError) or second.result() == "connected"
        await house.disconnect()
        assert house.open == 0
        assert not house.attempts.is_connecting
        assert not house.attempts.is_closing


class TestHowItFails:
    async def test_with_the_phase_it_had_reached(self) -> None:
        house = House()

        async def fail() -> None:
            house.attempts.enter(ConnectPhase.ICE)
            raise OSError("no route")

        with pytest.raises(TransportStartError, match="OSError: no route") as raised:
            await house.attempts.run(fail)
        assert raised.value.phase is ConnectPhase.ICE
        assert isinstance(raised.value.__cause__, OSError)
        assert house.closed == [("connect() failed: OSError: no route", raised.value)]

    async def test_a_cancelled_task_that_it_waits_for_is_a_failure(self) -> None:
        house = House()

        async def fail() -> None:
            raise asyncio.CancelledError

        with pytest.raises(TransportStartError, match="CancelledError"):
            await house.attempts.run(fail)

    async def test_by_its_deadline(self) -> None:
        house = House()

        async def stall() -> None:
            house.attempts.set_deadline(3, lambda: f"stalled in {house.attempts.phase.value}")
            house.attempts.enter(ConnectPhase.ICE)
            await asyncio.Event().wait()

        begun = asyncio.get_running_loop().time()
        with pytest.raises(ConnectionTimeoutError, match="stalled in ice"):
            await house.attempts.run(stall)
        assert asyncio.get_running_loop().time() - begun == pytest.approx(3, abs=0.1)

    async def test_a_deadline_that_is_lifted_passes(self) -> None:
        house = House()

        async def wait() -> None:
            house.attempts.set_deadline(3, lambda: "too late")()
            await asyncio.sleep(10)

        await house.attempts.run(wait)
        await house.disconnect()

    async def test_by_the_first_reason_only(self) -> None:
        house = House()

        async def stall() -> None:
            await asyncio.Event().wait()

        task = asyncio.ensure_future(house.attempts.run(stall))
        await turns(2)
        house.attempts.fail(DisconnectedError("first"))
        house.attempts.fail(DisconnectedError("second"))
        await house.disconnect()
        with pytest.raises(DisconnectedError, match="first"):
            await task
        assert [reason for reason, _ in house.closed] == ["connect() failed: first"]

    async def test_work_that_ignores_its_cancellation_is_given_up_and_reported(self, reported: list[Any]) -> None:
        house = House()
        released = asyncio.Event()

        async def stubborn() -> None:
            while not released.is_set():
                try:
                    await released.wait()
                except asyncio.CancelledError:
                    continue

        task = asyncio.ensure_future(house.attempts.run(stubborn))
        await turns(2)
        begun = asyncio.get_running_loop().time()
        await house.disconnect()
        assert asyncio.get_running_loop().time() - begun == pytest.approx(PATIENCE, abs=0.1)
        with pytest.raises(ConnectAbortedError):
            await task
        [report] = reported
        assert isinstance(report, TimeoutError)
        reported.clear()
        released.set()
        await turns(3)


class TestDevicesOpenedAhead:
    async def test_disconnect_ends_them(self) -> None:
        house = House()

        async def prompt() -> None:
            await asyncio.Event().wait()

        opening = asyncio.ensure_future(house.attempts.open_devices(prompt))
        await turns(3)
        await house.disconnect()
        with pytest.raises(DisconnectedError) as raised:
            await opening
        assert raised.value.phase is ConnectPhase.DEVICES

    async def test_disconnect_refuses_them_while_it_runs(self) -> None:
        house = House()
        for delay in range(1, 20):
            ending = asyncio.ensure_future(house.disconnect())
            await turns(delay)
            if ending.done():
                break
            with pytest.raises(DisconnectedError, match="disconnect"):
                await house.attempts.open_devices(house.work)
            await ending
            assert house.open == 0
        assert delay > 6
        assert await house.attempts.open_devices(house.work) == "connected"

    async def test_the_first_who_has_waited_may_open_them(self) -> None:
        house = House()
        other = asyncio.ensure_future(house.disconnect())
        await house.disconnect()
        assert await house.attempts.open_devices(house.work) == "connected"
        await other

    @pytest.mark.parametrize("waits", [True, False])
    async def test_they_are_allowed_again_when_nothing_waits(self, waits: bool) -> None:
        house = House()
        if waits:
            waiting = asyncio.ensure_future(house.disconnect())
            await turns(2)
            waiting.cancel()
        else:
            house.attempts.disconnect()
        await turns(12)
        assert await house.attempts.open_devices(house.work) == "connected"

    async def test_they_wait_for_a_session_that_closes_by_itself(self) -> None:
        house = House()
        house.attempts.begin_to_close("the bot left")
        assert await house.attempts.open_devices(house.work) == "connected"
        assert len(house.closed) == 1
