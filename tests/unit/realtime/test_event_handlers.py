"""Handlers by name and by pattern."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from virtual_clock import kept_futures

from rtvi_web import DisconnectedError, InvalidArgumentError
from rtvi_web.realtime.event_handlers import RealtimeEventHandler


@pytest.fixture
def handlers() -> RealtimeEventHandler:
    return RealtimeEventHandler()


def noting(called: list[str], name: str) -> Any:
    return lambda event: called.append(name)


async def test_the_order_is_name_then_patterns_and_on_before_on_next(handlers: RealtimeEventHandler) -> None:
    called: list[str] = []
    handlers.on("a.*", noting(called, "a.*"))
    handlers.on_next("*", noting(called, "next *"))
    handlers.on_next("a.b.c", noting(called, "next"))
    handlers.on("a.b.*", noting(called, "a.b.*"))
    handlers.on("a.b.c", noting(called, "on"))
    handlers.on("a.b.c", noting(called, "on again"))
    assert handlers.dispatch("a.b.c", 1) is True
    assert called == ["on", "on again", "next", "a.*", "a.b.*", "next *"]
    called.clear()
    handlers.dispatch("a.b.c", 1)
    assert called == ["on", "on again", "a.*", "a.b.*"]


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "anything", True),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", True),
        ("a.*", "a", False),
        ("a.*", "ab.c", False),
        ("a*", "ab", False),
        ("*.done", "a.done", False),
        ("a.*.c", "a.b.c", False),
        ("a.*", "a.*", True),
    ],
)
async def test_patterns(handlers: RealtimeEventHandler, pattern: str, name: str, matches: bool) -> None:
    called: list[str] = []
    handlers.on(pattern, noting(called, pattern))
    assert handlers.listens(name) is matches
    handlers.dispatch(name, None)
    assert bool(called) is matches


async def test_on_gives_back_the_callback_and_calls_it_once_per_registration(handlers: RealtimeEventHandler) -> None:
    called: list[str] = []
    callback = noting(called, "x")
    assert handlers.on("e", callback) is callback
    assert handlers.on_next("e", callback) is callback
    handlers.on("e", callback)
    handlers.dispatch("e")
    assert called == ["x"] * 3


async def test_off_removes_one_registration_or_all_of_a_key(handlers: RealtimeEventHandler) -> None:
    called: list[str] = []
    callback = noting(called, "x")
    for key in ("e", "e", "e.*", "*"):
        handlers.on(key, callback)
    assert handlers.off("e", callback) is True
    handlers.dispatch("e")
    assert called == ["x", "x"]
    handlers.off("e")
    handlers.off("*")
    handlers.off("never")
    called.clear()
    handlers.dispatch("e")
    handlers.dispatch("e.f")
    assert called == ["x"]
    assert handlers.clear_event_handlers() is True
    handlers.dispatch("e.f")
    assert called == ["x"]


async def test_off_without_a_subscription_raises_the_error_of_openai_realtime_api(
    handlers: RealtimeEventHandler,
) -> None:
    with pytest.raises(InvalidArgumentError, match='Could not turn off specified event listener for "e": not found'):
        handlers.off("e", print)
    with pytest.raises(InvalidArgumentError, match='specified next event listener for "e": not found as a listener'):
        handlers.off_next("e", print)
    handlers.on_next("e", print)
    assert handlers.off_next("e", print) is True
    assert not handlers.listens("e")


async def test_a_handler_must_be_callable(handlers: RealtimeEventHandler) -> None:
    with pytest.raises(InvalidArgumentError, match="must be a function"):
        handlers.on("e", "no")  # type: ignore[type-var]


async def test_a_handler_that_raises_stops_no_other(handlers: RealtimeEventHandler, reported: list[Any]) -> None:
    called: list[str] = []

    def bad(event: Any) -> None:
        raise ValueError("mine")

    async def later(event: Any) -> None:
        called.append("later")
        raise KeyError("mine too")

    handlers.on("e", bad)
    handlers.on("e", later)
    handlers.on("*", noting(called, "good"))
    handlers.dispatch("e", None)
    assert called == ["good"]
    await asyncio.sleep(0)
    assert called == ["good", "later"]
    await asyncio.sleep(0)
    assert [type(error) for error in reported] == [ValueError, KeyError]
    reported.clear()


async def test_waiting_gives_the_event_even_a_falsy_one(handlers: RealtimeEventHandler) -> None:
    for event in ({"x": 1}, 0, ""):
        waiting = asyncio.ensure_future(handlers.wait_for_next("e.*"))
        await asyncio.sleep(0)
        handlers.dispatch("e.f", event)
        assert await waiting == event


async def test_waiting_gives_none_in_the_end_and_leaves_nothing(handlers: RealtimeEventHandler) -> None:
    assert await handlers.wait_for_next("e", 0.001) is None
    assert not handlers.listens("e")
    assert await kept_futures() == []
    waiting = asyncio.ensure_future(handlers.wait_for_next("e", 500))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not handlers.listens("e")


async def test_milliseconds_are_warned_of(handlers: RealtimeEventHandler) -> None:
    asyncio.get_running_loop().call_soon(handlers.dispatch, "e", 1)
    with pytest.warns(UserWarning, match="is in seconds"):
        assert await handlers.wait_for_next("e", 5000) == 1


async def test_waiting_ends_with_the_session(handlers: RealtimeEventHandler) -> None:
    waiting = asyncio.ensure_future(handlers.wait_for_next("e", 0))
    await asyncio.sleep(0)
    handlers.clear_event_handlers()
    handlers.fail_waiters("over")
    with pytest.raises(DisconnectedError, match="over"):
        await waiting
