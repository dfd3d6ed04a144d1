"""Attempts to connect that are cancelled, aborted and repeated, at every distance in turns of the event loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from realtime_server import Run, Server, turns
from swallowing import Swallowing

from rtvi_web import AlreadyStartedError, ConnectAbortedError, DisconnectedError, TransportStartError
from rtvi_web.core.connect_attempt import CLOSE_LIMIT


class Slow(Server):
    """Takes some turns of the event loop for everything, and counts what is open."""

    async def open_devices(self, *, mic: bool = False) -> None:
        await turns(3)
        await super().open_devices(mic=mic)
        await turns(3)

    async def connect(self, request: Any) -> None:
        await turns(3)
        await super().connect(request)
        await turns(3)

    async def close(self) -> None:
        await turns(4)
        await super().close()
        await turns(4)


async def released(run: Run) -> None:
    assert not run.client.is_connected()
    assert not run.server.has_microphone
    assert not run.server.is_open


async def outcome(*tasks: asyncio.Task[Any]) -> None:
    await asyncio.gather(*tasks, return_exceptions=True)


async def works(run: Run) -> None:
    """The client can connect, and everything is open then."""
    await run.client.connect()
    assert run.client.is_connected()
    assert run.server.is_open
    assert run.server.has_microphone
    run.client.realtime.send("input_audio_buffer.clear")
    await run.client.disconnect()
    await released(run)


@pytest.mark.parametrize("between", [1, 2, 3, 4, 6, 9, 14])
@pytest.mark.parametrize("before", range(1, 26))
class TestAnAttemptThatIsOver:
    async def test_cancelled_then_disconnected(self, before: int, between: int) -> None:
        run = Run(server=Slow())
        first = asyncio.ensure_future(run.client.connect())
        await turns(before)
        first.cancel()
        await turns(between)
        await run.client.disconnect()
        await released(run)
        await works(run)
        await outcome(first)
        assert run.errors == []

    async def test_cancelled_then_connected(self, before: int, between: int) -> None:
        run = Run(server=Slow())
        first = asyncio.ensure_future(run.client.connect())
        await turns(before)
        cancelled = first.cancel()
        await turns(between)
        if cancelled:
            await works(run)
        await outcome(first)
        await run.client.disconnect()
        await released(run)

    async def test_disconnected_then_connected_at_once(self, before: int, between: int) -> None:
        run = Run(server=Slow())
        first = asyncio.ensure_future(run.client.connect())
        await turns(before)
        ending = run.client.disconnect()
        await turns(between)
        second = asyncio.ensure_future(run.client.connect())
        await ending
        await second
        assert run.client.is_connected()
        assert run.server.has_microphone
        await outcome(first, second)
        assert run.errors == []
        await run.client.disconnect()
        await released(run)

    async def test_disconnected_while_the_next_one_waits_for_the_closing(self, before: int, between: int) -> None:
        run = Run(server=Slow())
        first = asyncio.ensure_future(run.client.connect())
        await turns(before)
        first.cancel()
        await turns(2)
        second = asyncio.ensure_future(run.client.connect())
        await turns(between)
        await run.client.disconnect()
        await released(run)
        await turns(60)
        await released(run)  # no attempt goes on behind the page's back
        await outcome(first, second)
        assert second.exception() is None or isinstance(second.exception(), ConnectAbortedError | AlreadyStartedError)
        await run.client.disconnect()

    async def test_a_link_that_is_lost_fails_its_own_attempt_only(self, before: int, between: int) -> None:
        run = Run(server=Slow())
        first = asyncio.ensure_future(run.client.connect())
        await turns(before)
        first.cancel()
        await turns(between)
        run.server.lose(DisconnectedError("The old link."))
        await run.client.disconnect()
        await works(run)
        await outcome(first)

    async def test_devices_that_are_opened_meanwhile_are_released(self, before: int, between: int) -> None:
        run = Run(server=Slow())
        opening = asyncio.ensure_future(run.client.init_devices())
        await turns(before)
        ending = run.client.disconnect()
        late = asyncio.ensure_future(run.client.init_devices())
        await turns(between)
        await ending
        await outcome(opening, late)
        for each in (opening, late):
            assert each.exception() is None or isinstance(each.exception(), DisconnectedError)
        await run.client.disconnect()
        await released(run)


@pytest.mark.parametrize("delay", range(0, 20))
async def test_devices_asked_for_while_disconnecting_are_not_opened(delay: int) -> None:
    run = Run(server=Slow())
    await run.client.connect()
    ending = asyncio.ensure_future(_await(run.client.disconnect()))
    await turns(delay)
    if not ending.done():
        with pytest.raises(DisconnectedError, match=r"disconnect\(\) is running"):
            await run.client.open_microphone()
    await ending
    await turns(30)
    await released(run)


async def test_a_microphone_opened_ahead_is_released_by_disconnect_at_any_moment() -> None:
    for moment in range(0, 12):
        run = Run(server=Slow())
        opening = asyncio.ensure_future(run.client.open_microphone())
        await turns(moment)
        await run.client.disconnect()
        await outcome(opening)
        await turns(30)
        if not isinstance(opening.exception(), DisconnectedError):
            assert moment == 0 or opening.exception() is None
            await run.client.disconnect()
        await released(run)


async def test_disconnect_is_bounded_over_a_transport_that_hangs(reported: list[Any]) -> None:
    class Hangs(Server):
        async def close(self) -> None:
            await asyncio.Event().wait()

    run = Run(server=Hangs())
    await run.client.connect()
    began = asyncio.get_running_loop().time()
    await run.client.disconnect()
    assert asyncio.get_running_loop().time() - began == pytest.approx(CLOSE_LIMIT, abs=0.1)
    (error,) = reported
    assert isinstance(error, TimeoutError)
    reported.clear()


@pytest.mark.parametrize("where", ["open_devices", "connect"])
async def test_a_transport_that_swallows_its_cancellation_does_not_touch_the_next_attempt(
    where: str, reported: list[Any]
) -> None:
    class Stubborn(Swallowing, Server):
        lets_go = asyncio.Event()

        async def open_devices(self, *, mic: bool = False) -> None:
            if not await self.swallow("open_devices"):
                await super().open_devices(mic=mic)

        async def connect(self, request: Any) -> None:
            if not await self.swallow("connect"):
                await super().connect(request)

    server = Stubborn()
    server.where = where
    run = Run(server=server)
    first = asyncio.ensure_future(run.client.connect())
    await turns(20)
    await run.client.disconnect()
    assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], ConnectAbortedError)
    assert [str(error) for error in reported] == ["cancelled, but still running after 5 s"]
    reported.clear()
    server.hangs = True
    second = asyncio.ensure_future(run.client.connect())
    await turns(20)
    server.lets_go.set()
    await turns(10)
    assert not second.done()
    assert not run.client.is_connected()
    assert len(server.requests) <= 1
    await run.client.disconnect()
    assert isinstance((await asyncio.gather(second, return_exceptions=True))[0], ConnectAbortedError)
    server.hangs = False
    await works(run)


async def test_a_failure_is_told_once_and_names_the_session_it_ended() -> None:
    run = Run(server=Slow(fails_with=TransportStartError("No.")))
    for _ in range(2):
        with pytest.raises(TransportStartError, match=r"^No\. \[phase: offer\]$"):
            await run.client.connect()
        run.server.fails_with = TransportStartError("No.")
    assert [error.source for error in run.errors] == ["connection"] * 2
    run.server.fails_with = None
    await run.client.connect()
    run.server.lose(DisconnectedError("Lost."))
    run.server.lose(DisconnectedError("Lost again."))
    await turns(40)
    assert [error.message for error in run.errors][2:] == ["Lost."]
    await works(run)
    assert len(run.errors) == 3


async def _await(ending: Any) -> None:
    await ending
