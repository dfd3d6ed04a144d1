"""How a dead WebSocket is noticed, on a clock of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from rtvi_web.transports.websocket.liveness import (
    ANSWER_TAKES,
    ANSWERS_WITHIN,
    DRAINS_WITHIN,
    QUIET,
    TICK,
    Liveness,
    now,
)

TOLD_WITHIN = 15.0
"""Seconds from the last sign of life."""


class Server:
    """The other end of a link: it answers at once, as long as it lives, and takes what it is sent."""

    def __init__(self, *, answers: bool = True) -> None:
        self.answers = answers
        self.alive = True
        self.waiting = 0
        self.questions: list[dict[str, Any]] = []
        self.told: list[tuple[float, bool]] = []
        self.relayed = 0
        self.liveness = Liveness(
            self.take, lambda: self.waiting, lambda alive: self.told.append((now(), alive)), lambda: self.relayed
        )

    def take(self, text: str) -> None:
        self.questions.append(json.loads(text))
        if self.answers and self.alive:
            asyncio.get_running_loop().call_later(0.05, self.answer)

    def answer(self) -> None:
        error = {"label": "rtvi-ai", "type": "error-response", "id": self.questions[-1]["id"], "data": {"error": "?"}}
        assert self.liveness.on_message(json.dumps(error))

    def say(self) -> None:
        assert not self.liveness.on_message(json.dumps({"label": "rtvi-ai", "type": "metrics", "data": {}}))


@pytest.fixture
def watched() -> Any:
    tasks = []

    def watch(server: Server) -> Server:
        tasks.append(asyncio.ensure_future(server.liveness.watch()))
        return server

    yield watch
    for task in tasks:
        task.cancel()


Watched = Callable[[Server], Server]


async def test_a_quiet_server_that_answers_lives(watched: Watched) -> None:
    server = watched(Server())
    await asyncio.sleep(600)
    assert server.told == []
    assert server.liveness.round_trip_time == pytest.approx(0.05)
    assert len(server.questions) < 600 / QUIET + 2, "it is asked only when it is quiet"
    assert {question["label"] for question in server.questions} == {"rtvi-ai"}


async def test_a_server_that_speaks_is_not_asked(watched: Watched) -> None:
    server = watched(Server())
    for _ in range(100):
        await asyncio.sleep(1)
        server.say()
    assert len(server.questions) == 1


async def test_sound_that_is_relayed_is_a_sign_of_life(watched: Watched) -> None:
    server = watched(Server(answers=False))
    for _ in range(100):
        await asyncio.sleep(1)
        server.relayed += 1000
    assert server.told == []
    assert len(server.questions) == 1


@pytest.mark.parametrize("quiet_for", [0.0, 1.0, QUIET, QUIET + 1.0, 100.0])
async def test_a_server_that_hangs_is_told_in_time_and_heals(watched: Watched, quiet_for: float) -> None:
    server = watched(Server())
    await asyncio.sleep(quiet_for + 1)
    hung = now()
    server.alive = False
    await asyncio.sleep(TOLD_WITHIN)
    [(told, alive)] = server.told
    assert not alive
    assert told - hung < TOLD_WITHIN
    await asyncio.sleep(60)
    assert len(server.told) == 1
    server.alive = True
    server.answer()
    assert server.told[1:] == [(now(), True)]
    await asyncio.sleep(60)
    assert len(server.told) == 2


async def test_a_server_that_speaks_on_but_does_not_take_what_is_sent(watched: Watched) -> None:
    server = watched(Server())
    await asyncio.sleep(5)
    stuck = now()
    server.waiting = 1000
    for _ in range(round(TOLD_WITHIN)):
        await asyncio.sleep(1)
        server.say()
        server.waiting += 32_000
    [(told, alive)] = server.told
    assert not alive
    assert DRAINS_WITHIN - TICK <= told - stuck < TOLD_WITHIN
    server.waiting = 10
    await asyncio.sleep(2 * TICK)
    assert [alive for _, alive in server.told] == [False, True]


async def test_a_large_message_on_a_slow_network_is_no_dead_link(watched: Watched) -> None:
    server = watched(Server())
    for left in range(16_000_000, 0, -200_000):
        server.waiting = left
        await asyncio.sleep(5)
    assert server.told == []


@pytest.mark.parametrize("still_on_its_way", [0, 1, 5])
async def test_a_server_that_dies_before_its_first_answer(watched: Watched, still_on_its_way: int) -> None:
    """What it has said before may still come. That does not mean that it never answers."""
    server = watched(Server())
    await asyncio.sleep(0)
    server.alive = False
    for _ in range(still_on_its_way):
        await asyncio.sleep(0.1)
        server.say()
    await asyncio.sleep(TOLD_WITHIN - 0.1 * still_on_its_way)
    assert [alive for _, alive in server.told] == [False]


async def test_a_server_that_never_answers_but_says_other_things(watched: Watched) -> None:
    """It is no Pipecat server of today. Its silence proves nothing, then."""
    server = watched(Server(answers=False))
    await asyncio.sleep(ANSWER_TAKES + 1)
    server.say()
    await asyncio.sleep(ANSWERS_WITHIN + 1)
    assert not server.liveness.answers
    await asyncio.sleep(300)
    assert server.told == []
    assert len(server.questions) == 1


@pytest.mark.parametrize(
    "text", ["rtvi-web-ping-", '["rtvi-web-ping-1"]', "[" * 10_000 + "rtvi-web-ping-", '{"id": 1}']
)
async def test_what_only_looks_like_an_answer_is_a_message(watched: Watched, text: str) -> None:
    server = watched(Server(answers=False))
    await asyncio.sleep(1)
    assert not server.liveness.on_message(text)


async def test_an_answer_that_comes_late_is_not_a_message(watched: Watched) -> None:
    server = watched(Server())
    await asyncio.sleep(100)
    old = json.dumps({"type": "error-response", "id": server.questions[0]["id"]})
    assert server.liveness.on_message(old)
