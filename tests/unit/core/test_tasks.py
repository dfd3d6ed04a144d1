"""Tasks and their owner."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sessions import turns

from rtvi_web.core.tasks import Tasks, cancelling, run_within


@pytest.fixture
async def tasks(tidy: None) -> AsyncIterator[Tasks]:
    tasks = Tasks()
    yield tasks
    assert not tasks


async def forever(ended: list[str], name: str = "") -> None:
    try:
        await asyncio.Event().wait()
    finally:
        ended.append(name)


async def test_a_task_is_kept_until_it_ends(tasks: Tasks) -> None:
    gate = asyncio.Event()

    async def work() -> str:
        await gate.wait()
        return "done"

    task = tasks.run(work(), "work failed")
    await turns(2)
    gc.collect()  # the event loop would let it go
    assert tasks
    gate.set()
    assert await task == "done"
    await turns(1)
    assert not tasks


async def test_a_failure_is_reported_and_the_others_go_on(tasks: Tasks, reported: list[Any]) -> None:
    ended: list[str] = []

    async def fail() -> None:
        raise ValueError("no")

    context: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, given: context.append(given))
    tasks.run(forever(ended), "forever failed")
    failing = fail()
    tasks.run(failing, "failing failed")
    await turns(3)
    assert tasks
    assert ended == []
    [report] = context
    assert (report["message"], str(report["exception"])) == ("rtvi_web: failing failed", "no")
    assert report["source"] is failing
    await tasks.close()


async def test_what_is_cancelled_is_not_reported(tasks: Tasks) -> None:
    ended: list[str] = []
    task = tasks.run(forever(ended), "forever failed")
    await turns(1)
    task.cancel()
    await turns(2)
    assert ended == [""]


async def test_close_waits_for_the_end_of_what_it_cancels(tasks: Tasks) -> None:
    ended: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            ended.append("slow")

    tasks.run(forever(ended, "quick"), "quick failed")
    tasks.run(slow(), "slow failed")
    await turns(1)
    await tasks.close()
    assert ended == ["quick", "slow"]


async def test_the_owner_can_be_used_again(tasks: Tasks) -> None:
    ended: list[str] = []
    for _ in range(2):
        tasks.run(forever(ended), "forever failed")
        await turns(1)
        await tasks.close()
    await tasks.close()  # there is nothing to close
    assert ended == ["", ""]


async def test_a_task_that_closes_its_owner_goes_on(tasks: Tasks) -> None:
    ended: list[str] = []

    async def closer() -> str:
        await tasks.close()
        assert ended == ["other"]
        return "closed"

    tasks.run(forever(ended, "other"), "other failed")
    await turns(1)
    assert await tasks.run(closer(), "closing failed") == "closed"
    await turns(1)


async def test_a_cancelled_task_knows_that_it_is_the_one(tasks: Tasks) -> None:
    found: list[bool] = []

    async def wait_for(other: asyncio.Future[None]) -> None:
        try:
            await other
        except asyncio.CancelledError:
            found.append(cancelling())
            raise

    async def cancelled_inside() -> None:
        other = asyncio.get_running_loop().create_future()
        other.cancel()
        await wait_for(other)

    tasks.run(cancelled_inside(), "waiting failed")
    outer = tasks.run(wait_for(asyncio.get_running_loop().create_future()), "waiting failed")
    await turns(1)
    outer.cancel()
    await turns(2)
    assert found == [False, True]
    assert not cancelling()


async def test_a_coroutine_that_fails_within_its_limit_is_reported(reported: list[Any]) -> None:
    error = ValueError("no")

    async def fail() -> None:
        raise error

    await run_within(5, fail(), "closing failed")
    assert reported == [error]
    reported.clear()


async def test_a_coroutine_that_takes_too_long_is_cancelled_and_reported(reported: list[Any]) -> None:
    ended: list[str] = []
    clock = asyncio.get_running_loop().time
    before = clock()
    await run_within(5, forever(ended, "late"), "closing failed")
    assert clock() - before == pytest.approx(5, abs=0.01)
    assert [str(error) for error in reported] == ["still running after 5 s"]
    await turns(2)
    assert ended == ["late"]
    reported.clear()


async def test_a_coroutine_that_never_began_warns_of_nothing(tasks: Tasks) -> None:
    tasks.run(forever([]), "forever failed").cancel()
    await turns(2)
    gc.collect()
