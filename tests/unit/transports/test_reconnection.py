"""The restoring of a link, with a transport that only says what it would do, on a clock of its own."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from virtual_clock import Loop

from rtvi_web import DisconnectedError, DisconnectReason, LinkLoss, Reconnect, RTVIError, TransportStartError
from rtvi_web.transports.reconnection import ASK_LIMIT, PACKET_WITHIN, SILENCE_LIMIT, SLEPT, TICK, Reconnection

A_WHILE = 0.1
"""Seconds in which a recovery does all that it can do without waiting."""


RECONNECT = Reconnect()


class Page:
    """What the page reports, and whether somebody listens."""

    def __init__(self) -> None:
        self.listener: Callable[[], object] | None = None

    def __call__(self, listener: Callable[[], object]) -> Page:
        self.listener = listener
        return self

    def close(self) -> None:
        self.listener = None

    def report(self) -> None:
        assert self.listener
        self.listener()


class Transport:
    """What is restored, and who is told. `answers` is what each attempt leads to: `True`, `False` (the session is
    gone) or an error; without one the server does not answer."""

    def __init__(self, *answers: bool | RTVIError, fresh: tuple[bool | RTVIError, ...] = ()) -> None:
        self.is_linked = True
        self.packets = 0
        self.growing = True
        self.answers = list(answers)
        self.fresh = list(fresh)
        self.log: list[Any] = []

    async def packets_received(self) -> int:
        self.packets += self.growing
        return self.packets

    async def snapshot_stats(self, loss: LinkLoss) -> None:
        self.log.append("looked back")

    async def is_session_alive(self, lost: float) -> bool:
        if not self.answers:
            await asyncio.Event().wait()
        if isinstance(answer := self.answers.pop(0), RTVIError):
            raise answer
        return answer

    async def resume(self) -> None:
        self.log.append("resumed")
        self.is_linked = True

    async def start_again(self) -> None:
        if isinstance(answer := self.fresh.pop(0), RTVIError):
            raise answer
        self.log.append("started again")
        self.is_linked = True

    # The receiver.

    @property
    def receiver(self) -> Transport:
        return self

    def reconnecting(self, attempt: int, cause: LinkLoss) -> None:
        self.log.append(attempt)

    def reconnected(self) -> None:
        self.log.append("reconnected")

    def lost(self, error: DisconnectedError) -> None:
        self.log.append(error.message)
        self.error = error


class Watch:
    """A session whose link is watched, until the end of the block."""

    def __init__(
        self,
        transport: Transport,
        options: Reconnect | None = RECONNECT,
        *,
        begins: bool = True,
        resumable: bool = True,
    ) -> None:
        self.transport = transport
        self.page = Page()
        self.wall: Callable[[], float] = lambda: asyncio.get_running_loop().time()
        self.reconnection = Reconnection(
            options,
            transport,  # type: ignore[arg-type]
            resumable=resumable,
            clock=lambda: self.wall(),
            jitter=lambda: 0.5,
            page_events=self.page,
        )
        if begins:
            self.reconnection.begin()

    async def __aenter__(self) -> Watch:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.reconnection.close()
        assert self.page.listener is None, "nothing listens to the page any more"
        log = list(self.transport.log)
        await asyncio.sleep(60)
        assert self.transport.log == log, "nothing goes on"
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def lose(self, loss: LinkLoss = LinkLoss.CHANNEL_CLOSED) -> None:
        self.transport.is_linked = False
        self.reconnection.lost(loss)


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


async def test_a_link_found_dead_that_lives_again_is_left_alone() -> None:
    transport = Transport()  # It is asked for the session, and does not answer.
    transport.growing = False
    async with Watch(transport) as watch:
        watch.page.report()
        await asyncio.sleep(PACKET_WITHIN + 1)
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


class TestASilentLinkThatIsNotRestored:
    async def test_is_told_in_time(self) -> None:
        """The browser notices silence after six seconds, and reports a failure after sixteen."""
        async with Watch(Transport(), None) as watch:
            watch.lose(LinkLoss.SILENT)
            watch.lose(LinkLoss.SILENT)
            await asyncio.sleep(SILENCE_LIMIT - 0.5)
            assert watch.transport.log == []
            await asyncio.sleep(1)
            assert watch.transport.log == ["The bot's side is silent."]
            watch.lose(LinkLoss.FAILED)
            assert len(watch.transport.log) == 1

    async def test_may_heal_again_and_again(self) -> None:
        async with Watch(Transport(), None) as watch:
            for _ in range(3):
                watch.lose(LinkLoss.SILENT)
                await asyncio.sleep(5)
                watch.transport.is_linked = True
                watch.reconnection.healed()
                await asyncio.sleep(5)
            assert watch.transport.log == []
            watch.lose(LinkLoss.SILENT)
            await asyncio.sleep(8)
            assert watch.transport.log == ["The bot's side is silent."]

    async def test_is_restored_where_the_session_begins_meanwhile(self) -> None:
        async with Watch(Transport(True), begins=False) as watch:
            watch.lose(LinkLoss.SILENT)
            await asyncio.sleep(3)
            watch.reconnection.begin()
            await asyncio.sleep(60)
            assert watch.transport.log == [0, "looked back", 1, "resumed", "reconnected"]


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


class TestWhyItEnds:
    @pytest.mark.parametrize("options", [Reconnect(5.0), None])
    @pytest.mark.parametrize(
        ("loss", "reason"),
        [
            (LinkLoss.CHANNEL_CLOSED, DisconnectReason.CLOSED),
            (LinkLoss.FAILED, DisconnectReason.LOST),
            (LinkLoss.SILENT, DisconnectReason.LOST),
        ],
    )
    async def test_by_how_it_was_lost(
        self, loss: LinkLoss, reason: DisconnectReason, options: Reconnect | None
    ) -> None:
        async with Watch(Transport(False, False), options) as watch:
            watch.lose(loss)
            await asyncio.sleep(30)
        assert watch.transport.error.reason is reason

    @pytest.mark.parametrize("options", [Reconnect(5.0), None])
    async def test_in_the_words_of_the_link(self, options: Reconnect | None) -> None:
        said = DisconnectedError("The WebSocket was closed.", reason=DisconnectReason.EXPIRED, code=4000)
        async with Watch(Transport(), options, resumable=False) as watch:
            watch.transport.is_linked = False
            watch.reconnection.lost(LinkLoss.CHANNEL_CLOSED, said)
            await asyncio.sleep(30)
        error = watch.transport.error
        assert error.message == f"The WebSocket was closed.{' The session cannot be resumed.' if options else ''}"
        assert (error.reason, error.code) == (DisconnectReason.EXPIRED, 4000)

    async def test_the_words_of_a_loss_that_healed_are_forgotten(self) -> None:
        async with Watch(Transport(True, False)) as watch:
            watch.transport.is_linked = False
            watch.reconnection.lost(LinkLoss.CHANNEL_CLOSED, DisconnectedError("first", code=1))
            await asyncio.sleep(10)
            assert watch.transport.log[-1] == "reconnected"
            watch.lose(LinkLoss.FAILED)
            await asyncio.sleep(30)
        assert "first" not in watch.transport.error.message
        assert watch.transport.error.code is None


class TestALinkThatCannotBeResumed:
    async def test_silence_may_heal_for_as_long_as_the_budget_lasts(self) -> None:
        async with Watch(Transport(), resumable=False) as watch:
            watch.lose(LinkLoss.SILENT)
            await asyncio.sleep(20)
            watch.page.report()  # such as "online"
            await asyncio.sleep(5)
            watch.transport.is_linked = True
            watch.reconnection.healed()
            await asyncio.sleep(1)
        assert watch.transport.log == [0, "looked back", "reconnected"]

    async def test_closed_after_a_silence_it_ends_at_once(self) -> None:
        async with Watch(Transport(), resumable=False) as watch:
            watch.lose(LinkLoss.SILENT)
            await asyncio.sleep(5)
            watch.lose()
            await asyncio.sleep(0.1)
            assert watch.transport.log[-1] == "The bot's side is silent. The session cannot be resumed."

    async def test_a_fresh_start_asks_nobody_whether_the_session_lives(self) -> None:
        async with Watch(Transport(fresh=(True,)), Reconnect(30, fresh_start=True), resumable=False) as watch:
            watch.lose()
            await asyncio.sleep(1)
        assert watch.transport.log == [0, "looked back", 1, "started again"]
