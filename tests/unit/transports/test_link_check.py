"""Finding a dead link of a realtime session, on a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from watched_link import Page

from rtvi_web import DisconnectedError, RTVIError
from rtvi_web.transports.realtime.link_check import LinkCheck
from rtvi_web.transports.signs_of_life import RECEIVES_WITHIN, SLEPT, TICK


class Server:
    """A server that answers after some seconds; `None` is one that is dead."""

    def __init__(self, answers_after: float | None) -> None:
        self.answers_after = answers_after
        self.can_be_asked = True
        self.is_open = True
        self.questions = 0
        self.received = 0
        self.losses: list[RTVIError] = []
        self.page = Page()
        self.slept = 0.0
        self.check = LinkCheck(self.count, self.ask, self.losses.append, clock=self.clock, page_events=self.page)

    async def __aenter__(self) -> Server:
        self.check.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.check.close()
        self.check.close()
        assert self.page.listener is None, "nothing listens to the page any more"
        await asyncio.sleep(60)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def clock(self) -> float:
        return asyncio.get_running_loop().time() + self.slept

    async def count(self) -> int:
        if not self.is_open:
            raise DisconnectedError("It is closed.")
        return self.received

    def ask(self) -> bool:
        self.questions += 1
        if self.answers_after is not None:
            asyncio.get_running_loop().call_later(self.answers_after, self.answer)
        return self.can_be_asked

    def answer(self) -> None:
        self.received += 1


def page_reports(server: Server) -> None:
    server.page.report()


def computer_slept(server: Server) -> None:
    server.slept += SLEPT + 1


HAPPENS = pytest.mark.parametrize("happens", [page_reports, computer_slept])


@HAPPENS
async def test_a_dead_link_is_told_once_with_how_long_it_was_silent(happens: Callable[[Server], None]) -> None:
    async with Server(None) as server:
        await asyncio.sleep(1)
        happens(server)
        await asyncio.sleep(RECEIVES_WITHIN - 0.5)
        assert server.losses == []
        await asyncio.sleep(TICK + 1)
        [error] = server.losses
        assert isinstance(error, DisconnectedError)
        assert error.message == "The server is silent: nothing has come from it for 7 s."
        assert server.page.listener is None


@HAPPENS
@pytest.mark.parametrize("after", [0.0, 0.5, RECEIVES_WITHIN - 0.5])
async def test_a_live_link_is_left_alone(happens: Callable[[Server], None], after: float) -> None:
    async with Server(after) as server:
        await asyncio.sleep(1)
        for _ in range(12):
            happens(server)
            await asyncio.sleep(RECEIVES_WITHIN + TICK + 1)
        assert server.losses == []
        assert server.questions == 12


async def test_nothing_is_asked_without_a_reason() -> None:
    async with Server(None) as server:
        await asyncio.sleep(3600)
        assert (server.questions, server.losses) == (0, [])


async def test_the_silence_of_a_server_that_cannot_be_asked_proves_nothing() -> None:
    async with Server(None) as server:
        server.can_be_asked = False
        server.page.report()
        await asyncio.sleep(60)
        assert server.losses == []


async def test_a_closed_link_is_told_by_others() -> None:
    async with Server(None) as server:
        server.is_open = False
        server.page.report()
        await asyncio.sleep(60)
        assert server.losses == []


async def test_what_happens_during_a_check_asks_at_once_and_checks_again() -> None:
    """A question that was sent as the network went away may never have left."""
    async with Server(None) as server:
        server.page.report()
        await asyncio.sleep(5)
        server.answers_after = 1.0
        server.page.report()
        await asyncio.sleep(60)
        assert (server.questions, server.losses) == (3, [])
        server.page.report()
        await asyncio.sleep(0.9)
        server.answers_after = None  # The link dies while it is being checked, which happens again.
        server.page.report()
        await asyncio.sleep(RECEIVES_WITHIN + 1)
        assert len(server.losses) == 1


async def test_nothing_is_told_after_the_session() -> None:
    async with Server(None) as server:
        server.page.report()
        await asyncio.sleep(RECEIVES_WITHIN - 1)
        server.check.close()
        await asyncio.sleep(60)
        assert server.losses == []


async def test_a_page_that_was_frozen_listens_anew() -> None:
    """Timers of a frozen page come first when it goes on, before what has arrived meanwhile."""
    server = Server(None)

    async def count() -> int:
        if server.received == 0 and server.questions == 1 and asyncio.get_running_loop().time() > 1:
            await asyncio.sleep(SLEPT + 60)  # the page is frozen while it looks
            asyncio.get_running_loop().call_later(1, server.answer)
            server.questions += 1
        return server.received

    server.check = LinkCheck(count, server.ask, server.losses.append, clock=server.clock, page_events=server.page)
    async with server:
        await asyncio.sleep(0.5)
        server.page.report()
        await asyncio.sleep(200)
        assert server.losses == []
