"""The restoring of a link, with a transport that only says what it would do, on a clock of its own."""

from __future__ import annotations

import asyncio
import math
import random
from typing import Any

import pytest
from virtual_clock import Loop
from watched_link import Page, Transport, Watch

from rtvi_web import DisconnectedError, LinkLoss, Reconnect, TransportStartError
from rtvi_web.transports.reconnection import ASK_LIMIT, Reconnection
from rtvi_web.transports.signs_of_life import RECEIVES_WITHIN, SLEPT, TICK

A_WHILE = 0.1
"""Seconds in which a recovery does all that it can do without waiting."""


async def after_a_loss(transport: Transport, *, budget: float = 30.0, fresh_start: bool = False) -> list[Any]:
    """What has happened a minute after a data channel was closed."""
    async with Watch(transport, Reconnect(budget, fresh_start)) as watch:
        watch.lose()
        await asyncio.sleep(60)
    return transport.log


async def test_a_session_is_resumed() -> None:
    assert await after_a_loss(Transport(True)) == [0, "looked back", 1, "resumed", "reconnected"]


async def test_resuming_is_tried_until_it_works() -> None:
    trouble = TransportStartError("trouble", status=503)
    log = await after_a_loss(Transport(trouble, DisconnectedError("no answer"), True))
    assert log == [0, "looked back", 1, 2, 3, "resumed", "reconnected"]


async def test_a_refusal_ends_the_session_at_once() -> None:
    log = await after_a_loss(Transport(TransportStartError("refused with 403", status=403)))
    assert log == [0, "looked back", 1, "The bot's side closed the link. refused with 403"]


async def test_a_session_given_up_by_the_server_ends() -> None:
    log = await after_a_loss(Transport(False))
    assert log[-1] == "The bot's side closed the link. The server has given the session up."


async def test_a_session_given_up_by_the_server_starts_again_if_that_is_allowed() -> None:
    log = await after_a_loss(Transport(False, fresh=(DisconnectedError("busy"), True)), fresh_start=True)
    assert log == [0, "looked back", 1, 2, 3, "started again"]


async def test_a_link_lost_during_a_fresh_start_is_restored_again() -> None:
    class Weak(Transport):
        async def start_again(self) -> None:
            await super().start_again()
            if self.fresh:
                watch.lose(LinkLoss.FAILED)

    async with Watch(Weak(False, False, fresh=(True, True)), Reconnect(fresh_start=True)) as watch:
        watch.lose(LinkLoss.FAILED)
        await asyncio.sleep(A_WHILE)
        assert watch.transport.log == [0, "looked back", 1, 2, "started again"] * 2


async def test_no_link_is_restored_to_a_bot_that_has_left() -> None:
    async with Watch(Transport(True), Reconnect(fresh_start=True)) as watch:
        watch.reconnection.bot_left()
        watch.lose()
        assert not watch.reconnection.restores
        assert watch.page.listener is None
        await asyncio.sleep(60)
        assert watch.transport.log == []


async def test_a_bot_that_leaves_ends_the_restoring() -> None:
    async with Watch(Transport()) as watch:
        watch.lose()
        await asyncio.sleep(A_WHILE)
        watch.reconnection.bot_left()
        await asyncio.sleep(60)
        assert watch.transport.log == [0, "looked back", 1]


async def test_an_unexpected_error_ends_the_session() -> None:
    class Broken(Transport):
        async def snapshot_stats(self, loss: LinkLoss) -> None:
            raise ValueError("a bug")

    assert await after_a_loss(Broken(True)) == [0, "The bot's side closed the link. ValueError: a bug"]


async def test_a_server_that_never_answers_ends_it_with_the_budget() -> None:
    log = await after_a_loss(Transport(), budget=20.0)
    reason = "The link could not be restored within 20 s: The server does not answer."
    assert log == [0, "looked back", 1, 2, 3, 4, 5, f"The bot's side closed the link. {reason}"]


async def test_a_link_that_heals_by_itself_is_left_alone() -> None:
    async with Watch(Transport()) as watch:
        watch.lose(LinkLoss.SILENT)
        await asyncio.sleep(1)
        watch.transport.is_linked = True
        watch.reconnection.healed()
        await asyncio.sleep(A_WHILE)
        assert watch.transport.log == [0, "looked back", "reconnected"]


async def test_a_link_that_heals_while_the_server_is_asked_is_noticed() -> None:
    async with Watch(Transport()) as watch:
        watch.lose()
        await asyncio.sleep(1)
        watch.transport.is_linked = True
        watch.reconnection.healed()
        await asyncio.sleep(A_WHILE)
        assert watch.transport.log == [0, "looked back", 1, "reconnected"]


async def test_a_link_that_heals_as_the_server_runs_out_of_time_is_noticed() -> None:
    """The time-out has fired, but the task that awaits the answer has not run yet."""

    class Slow(Transport):
        async def is_session_alive(self, lost: float) -> bool:
            try:
                return await super().is_session_alive(lost)
            finally:
                self.is_linked = True
                watch.reconnection.healed()
                self.log.append("healed")

    async with Watch(Slow()) as watch:
        watch.lose()
        await asyncio.sleep(ASK_LIMIT + A_WHILE)
        assert watch.transport.log == [0, "looked back", 1, "healed", "reconnected"]


@pytest.mark.parametrize("alive", [True, False])
async def test_an_event_of_the_page_has_the_link_checked(alive: bool) -> None:
    transport = Transport(True)
    transport.growing = alive
    async with Watch(transport) as watch:
        watch.page.report()
        watch.page.report()
        await asyncio.sleep(60)  # All the time the browser takes the link for a living one.
        assert transport.log == ([] if alive else [0, "looked back", 1, "resumed", "reconnected"])


async def test_a_link_that_receives_something_every_six_seconds_is_alive() -> None:
    """As Firefox's does, as long as both sides are silent."""
    transport = Transport()
    transport.growing = False
    async with Watch(transport) as watch:
        for _ in range(12):
            watch.page.report()
            await asyncio.sleep(6)
            transport.packets += 1
        await asyncio.sleep(1)
        assert transport.log == []


async def test_a_link_found_dead_that_lives_again_is_left_alone() -> None:
    transport = Transport()  # It is asked for the session, and does not answer.
    transport.growing = False
    async with Watch(transport) as watch:
        watch.page.report()
        await asyncio.sleep(RECEIVES_WITHIN + 1)
        assert transport.log == [0, "looked back", 1]
        transport.growing = True
        await asyncio.sleep(60)
        assert transport.log == [0, "looked back", 1, "reconnected"]


@pytest.mark.parametrize("slept", [0.0, SLEPT - TICK, SLEPT, 3600.0])
async def test_the_link_is_checked_after_the_computer_slept(slept: float) -> None:
    """It is the clock on the wall that goes on meanwhile."""
    transport = Transport(True)
    transport.growing = transport.is_linked = False
    async with Watch(transport) as watch:
        await asyncio.sleep(TICK / 2)
        watch.wall = lambda: asyncio.get_running_loop().time() + slept
        await asyncio.sleep(60)
        looked = [0, "looked back", 1, "resumed", "reconnected"]
        assert transport.log == (looked if slept + TICK > SLEPT else [])


async def test_a_loss_before_the_session_or_without_options_ends_it_once() -> None:
    for options, begins in ((Reconnect(), False), (None, True)):
        async with Watch(Transport(True), options, begins=begins) as watch:
            for loss in (LinkLoss.SILENT, LinkLoss.CHANNEL_CLOSED, LinkLoss.FAILED):
                watch.lose(loss)
            assert watch.transport.log == ["The bot's side closed the link."]


@pytest.mark.parametrize("seconds", [0.0, 0.5, 5.5, 9.0])
async def test_closing_ends_the_restoring_at_every_step(seconds: float) -> None:
    async with Watch(Transport()) as watch:
        watch.lose(LinkLoss.SILENT)
        await asyncio.sleep(seconds)


async def test_a_loss_while_it_is_closed_begins_nothing() -> None:
    transport = Transport()
    async with Watch(transport) as watch:
        closing = asyncio.ensure_future(watch.reconnection.close())
        await asyncio.sleep(0)
        watch.lose(LinkLoss.SILENT)  # as the link may, which is closed after this
        await closing
        assert asyncio.all_tasks() == {asyncio.current_task()}
    assert transport.log == []


class PageLoop(Loop):
    """As strict as a page's event loop: the clock moves with every look at it, timers fire in whole milliseconds and
    up to one early, and ``call_at()`` refuses a moment that has just passed."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._moved = 0.0
        super().__init__()

    def time(self) -> float:
        self._moved += self._chance.choice([0.0, 0.0, 0.0001])
        return super().time() + self._moved

    def call_later(  # type: ignore[override]  # typeshed ties the arguments to the callback's
        self, delay: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        if delay < 0:
            raise ValueError("Can't schedule in the past")
        return super().call_at(self.time() + math.floor(delay * 1000) / 1000, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Any, *args: Any, context: Any = None
    ) -> asyncio.TimerHandle:
        return self.call_later(when - self.time(), callback, *args, context=context)


@pytest.mark.parametrize("seed", range(100))
def test_a_loop_that_is_as_strict_as_a_pages_ends_no_session(seed: int) -> None:
    """Nothing is ever waited for so shortly that its end has passed before the loop knows of it."""
    chance = random.Random(seed)

    async def forty_seconds() -> list[Any]:
        transport = Transport()
        watch = Reconnection(
            Reconnect(60.0, fresh_start=True),
            transport,  # type: ignore[arg-type]
            clock=lambda: asyncio.get_running_loop().time(),
            jitter=chance.random,
            page_events=Page(),
        )
        watch.begin()
        transport.is_linked = False
        watch.lost(LinkLoss.SILENT)
        await asyncio.sleep(40)
        await watch.close()
        return transport.log

    with asyncio.Runner(loop_factory=lambda: PageLoop(chance)) as runner:
        log = runner.run(forty_seconds())
    assert log[:2] == [0, "looked back"]
    assert log[2:] == list(range(1, len(log) - 1)), "nothing but attempts"
