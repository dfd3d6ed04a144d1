"""ICE candidates go to the server in batches, once the answer has come, as far as the server takes them."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from rtvi_web import HttpError
from rtvi_web.transports.small_webrtc.signalling import ATTEMPTS, Trickle


class Sender:
    """Takes batches; each of ``failures`` makes one sending fail first."""

    def __init__(self, failures: int = 0, wanted: bool = True) -> None:
        self.batches: list[list[Any]] = []
        self.tries = 0
        self.failures = failures
        self.wanted = wanted
        self.sent = asyncio.Event()

    async def __call__(self, candidates: Sequence[Any]) -> bool:
        self.tries += 1
        if self.tries <= self.failures:
            raise HttpError("down")
        self.batches.append(list(candidates))
        self.sent.set()
        return self.wanted

    async def next(self) -> None:
        self.sent.clear()
        await self.sent.wait()


async def test_candidates_wait_for_the_answer_and_then_come_in_batches() -> None:
    sender = Sender()
    trickle = Trickle(sender)
    trickle.add({"n": 1})
    trickle.add({"n": 2})
    await asyncio.sleep(0)
    assert sender.batches == []
    running = asyncio.ensure_future(trickle.run())
    await sender.next()
    trickle.add({"n": 3})
    trickle.add({"n": 4})
    await sender.next()
    running.cancel()
    assert sender.batches == [[{"n": 1}, {"n": 2}], [{"n": 3}, {"n": 4}]]


async def test_a_batch_that_did_not_arrive_goes_with_the_next() -> None:
    sender = Sender(failures=1)
    trickle = Trickle(sender)
    trickle.add({"n": 1})
    running = asyncio.ensure_future(trickle.run())
    await asyncio.sleep(0)
    trickle.add({"n": 2})
    await sender.next()
    running.cancel()
    assert sender.batches == [[{"n": 1}, {"n": 2}]]


async def test_what_fails_again_and_again_is_left_out_and_the_rest_goes_on() -> None:
    """Whether it fails because of one candidate in it or because of the server: later ones are sent."""

    class Picky(Sender):
        async def __call__(self, candidates: Sequence[Any]) -> bool:
            if {"n": "bad"} in candidates:
                self.tries += 1
                raise HttpError("returned 500")
            return await super().__call__(candidates)

    sender = Picky()
    trickle = Trickle(sender)
    trickle.add({"n": "bad"})
    running = asyncio.ensure_future(trickle.run())
    await asyncio.sleep(0)
    trickle.add({"n": 1})  # It comes while the bad one is tried again.
    await asyncio.sleep(10)
    assert sender.batches == [[{"n": 1}]]
    assert sender.tries == ATTEMPTS + 1
    trickle.add({"n": 2})
    await asyncio.sleep(10)
    running.cancel()
    assert sender.batches == [[{"n": 1}], [{"n": 2}]]


async def test_a_server_that_does_not_answer_is_asked_a_limited_number_of_times() -> None:
    sender = Sender(failures=ATTEMPTS)
    trickle = Trickle(sender)
    trickle.add({"n": 1})
    running = asyncio.ensure_future(trickle.run())
    await asyncio.sleep(3600)
    assert sender.tries == ATTEMPTS
    trickle.add({"n": 2})
    await sender.next()
    running.cancel()
    assert sender.batches == [[{"n": 2}]]


async def test_the_empty_candidates_of_firefox_are_not_sent() -> None:
    """One for each section that it has offered, with or without words around it."""
    sender = Sender()
    trickle = Trickle(sender)
    found = {"candidate": "candidate:0 1 UDP 2122252543 192.0.2.1 5 typ host", "sdp_mid": "0", "sdp_mline_index": 0}
    for n in range(3):
        trickle.add({"candidate": "", "sdp_mid": str(n), "sdp_mline_index": n})
    running = asyncio.ensure_future(trickle.run())
    await asyncio.sleep(10)
    assert sender.batches == []
    trickle.add(found)
    trickle.add({"candidate": " ", "sdp_mid": "0", "sdp_mline_index": 0})
    await asyncio.sleep(10)
    trickle.add({"candidate": "", "sdp_mid": "", "sdp_mline_index": 0})
    await asyncio.sleep(10)
    running.cancel()
    assert sender.batches == [[found]]


@pytest.mark.parametrize("seed", range(20))
async def test_any_server_errors(seed: int) -> None:
    """A candidate is tried until it arrives, three times at most, whatever became of others."""
    chance = random.Random(seed)
    tries = Counter[int]()
    arrived: list[int] = []

    async def send(candidates: Sequence[Any]) -> bool:
        tries.update(candidate["n"] for candidate in candidates)
        if chance.random() < 0.4:
            raise HttpError("returned 500")
        arrived.extend(candidate["n"] for candidate in candidates)
        return True

    trickle = Trickle(send)
    running = asyncio.ensure_future(trickle.run())
    for n in range(20):
        trickle.add({"n": n})
        trickle.add({"candidate": "", "n": -n})
        await asyncio.sleep(chance.choice([0, 0.3, 3]))
    await asyncio.sleep(100)
    running.cancel()
    assert len(arrived) == len(set(arrived))
    assert tries.keys() == set(range(20))
    assert all(tries[n] == ATTEMPTS or n in arrived for n in tries)
    assert max(tries.values()) <= ATTEMPTS


async def test_a_server_that_wants_no_candidates_is_asked_once() -> None:
    sender = Sender(wanted=False)
    trickle = Trickle(sender)
    trickle.add({"n": 1})
    await trickle.run()
    assert sender.tries == 1
