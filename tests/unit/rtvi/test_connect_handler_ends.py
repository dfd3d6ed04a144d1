"""``custom_connect_handler``: its time limit, and how the page and the client abort it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from connect_handlers import BUNDLE, Handler, run_with
from sessions import Run, over, turns

from rtvi_web import ConnectAbortedError, ConnectionTimeoutError, ConnectPhase, TransportStartError, TransportState
from rtvi_web.rtvi.session.start import AbortController
from rtvi_web.testing import expect

pytestmark = pytest.mark.usefixtures("tidy")


def cleared(handler: Handler) -> Any:
    handler.timeout.clear()
    return BUNDLE


async def stall(_: Handler) -> None:
    await asyncio.Event().wait()


class TestTimeout:
    async def test_it_covers_the_handler(self) -> None:
        handler = Handler(stall)
        run = run_with(handler, timeout=0.02)
        with pytest.raises(ConnectionTimeoutError, match=r"within 0.02 s: the start endpoint .* \[phase: start\]"):
            await run.client.connect()
        assert handler.aborted
        assert run.states[-4:] == ["authenticating", "disconnecting", "disconnected", "error"]
        await run.ended(TransportState.ERROR)

    @pytest.mark.parametrize("phase", [ConnectPhase.OFFER, ConnectPhase.ICE, ConnectPhase.BOT_READY])
    async def test_it_covers_what_follows(self, phase: ConnectPhase) -> None:
        handler = Handler()
        run = run_with(handler, timeout=0.02, hangs_in=phase)
        with pytest.raises(ConnectionTimeoutError) as raised:
            await run.client.connect()
        assert raised.value.phase is phase
        assert handler.aborted  # whatever the handler has left running
        await run.ended(TransportState.ERROR)

    @pytest.mark.parametrize("phase", [ConnectPhase.OFFER, ConnectPhase.BOT_READY])
    async def test_cleared_it_lets_what_follows_take_its_time(self, phase: ConnectPhase) -> None:
        handler = Handler(cleared)
        run = run_with(handler, timeout=0.02, hangs_in=phase)
        task = await run.connecting()
        await asyncio.sleep(0.06)  # three times the time-out: there is no event that says nothing happens
        assert not task.done()
        await run.client.disconnect()
        with pytest.raises(ConnectAbortedError):
            await over(task)

    async def test_cleared_while_the_handler_goes_on(self) -> None:
        async def slow(handler: Handler) -> Any:
            handler.timeout.clear()
            await asyncio.sleep(0.04)
            return BUNDLE

        run = run_with(Handler(slow), timeout=0.02)
        await run.client.connect()
        await run.client.disconnect()

    async def test_cleared_later_and_too_late(self) -> None:
        """A page may keep it; a clear() of an attempt that is over touches no later one."""
        handler = Handler()
        run = run_with(handler, timeout=0.05, hangs_in=ConnectPhase.BOT_READY)
        with pytest.raises(ConnectionTimeoutError):
            await run.client.connect()
        run.transport.heal(expect("client-ready"))
        task = await run.connecting()
        handler.timeout.clear()
        with pytest.raises(ConnectionTimeoutError):
            await over(task)
        await run.ended(TransportState.ERROR)

    async def test_without_a_timeout_clear_does_nothing(self) -> None:
        run = run_with(Handler(cleared), timeout=None)
        await run.client.connect()
        await run.client.disconnect()

    @pytest.mark.parametrize("ends_by", ["time-out", "disconnect"])
    @pytest.mark.parametrize("then", ["returns", "raises"])
    async def test_a_handler_that_will_not_be_stopped(self, ends_by: str, then: str, reported: list[Any]) -> None:
        """``except:`` swallows cancellation; what follows must not run on without a deadline."""

        async def stubborn(handler: Handler) -> Any:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if then == "raises":
                    raise RuntimeError("stopped") from None
            return BUNDLE

        run = run_with(Handler(stubborn), timeout=0.02 if ends_by == "time-out" else None, hangs_in=ConnectPhase.OFFER)
        task = await run.connecting()
        if ends_by == "disconnect":
            await asyncio.wait_for(run.client.disconnect(), 2)
        with pytest.raises(ConnectAbortedError if ends_by == "disconnect" else ConnectionTimeoutError):
            await over(task)
        assert run.transport.connect_requests == []
        assert [str(error) for error in reported] == (["stopped"] if then == "raises" else [])
        reported.clear()
        await run.ended(TransportState.DISCONNECTED if ends_by == "disconnect" else TransportState.ERROR)


class TestAbort:
    STATES = ("disconnecting", "disconnected", "error")

    async def aborted(self, run: Run, task: asyncio.Future[Any], phase: ConnectPhase, reason: str = r"\.") -> None:
        with pytest.raises(ConnectAbortedError, match=rf"The custom connect handler aborted{reason}") as raised:
            await over(task)
        assert not raised.value.by_disconnect
        assert raised.value.phase is phase
        assert tuple(run.states[-3:]) == self.STATES
        assert run.arguments("disconnected") == [()]
        await run.ended(TransportState.ERROR)

    async def test_within_the_handler(self) -> None:
        handler = Handler(lambda handler: handler.abort_controller.abort())
        run = run_with(handler)
        await self.aborted(run, asyncio.ensure_future(run.client.connect()), ConnectPhase.START)
        assert handler.aborted

    async def test_with_a_reason(self) -> None:
        run = run_with(Handler(lambda handler: handler.abort_controller.abort("no seat left")))
        task = asyncio.ensure_future(run.client.connect())
        await self.aborted(run, task, ConnectPhase.START, ": no seat left")

    async def test_within_a_sync_handler(self) -> None:
        calls: list[Any] = []

        def handler(params: Any, timeout: Any, abort_controller: AbortController) -> Any:
            calls.append(abort_controller)
            if len(calls) == 1:
                abort_controller.abort()
            return BUNDLE

        run = run_with(handler)
        task = asyncio.ensure_future(run.client.connect())
        await turns(30)
        assert run.transport.connect_requests == []
        await self.aborted(run, task, ConnectPhase.START)

    async def test_while_the_handler_waits(self) -> None:
        handler = Handler(stall)
        run = run_with(handler)
        task = await run.connecting()
        assert not handler.aborted
        handler.abort_controller.abort()
        assert handler.aborted
        await self.aborted(run, task, ConnectPhase.START)

    @pytest.mark.parametrize("phase", [ConnectPhase.OFFER, ConnectPhase.ICE, ConnectPhase.BOT_READY])
    async def test_after_the_handler_returned(self, phase: ConnectPhase) -> None:
        handler = Handler()
        run = run_with(handler, hangs_in=phase)
        task = await run.connecting()
        handler.abort_controller.abort()
        await self.aborted(run, task, phase)

    async def test_twice(self) -> None:
        handler = Handler(stall)
        run = run_with(handler)
        task = await run.connecting()
        handler.abort_controller.abort()
        handler.abort_controller.abort()
        await self.aborted(run, task, ConnectPhase.START)

    async def test_it_clears_the_timer(self) -> None:
        """The reason is the abort, although the time-out comes while the session closes."""
        handler = Handler(stall)
        run = run_with(handler, timeout=0.05)
        task = await run.connecting()
        handler.abort_controller.abort()
        await self.aborted(run, task, ConnectPhase.START)

    async def test_when_connected_it_is_too_late(self) -> None:
        handler = Handler()
        run = run_with(handler)
        await run.client.connect()
        handler.abort_controller.abort()
        await turns(5)
        assert run.client.state is TransportState.READY
        await run.client.disconnect()

    async def test_one_kept_from_an_earlier_attempt_touches_no_later_one(self) -> None:
        handler = Handler(stall)
        run = run_with(handler)
        task = await run.connecting()
        await run.client.disconnect()
        with pytest.raises(ConnectAbortedError):
            await over(task)
        run.transport.heal(expect("client-ready"))
        task = await run.connecting()
        handler.abort_controller.abort()
        await turns(5)
        assert not task.done()
        assert not handler.calls[1][2].signal.aborted
        await run.client.disconnect()
        with pytest.raises(ConnectAbortedError):
            await over(task)

    async def test_disconnect_sets_the_signal(self) -> None:
        for phase in (None, ConnectPhase.ICE):
            handler = Handler(None if phase else stall)
            run = run_with(handler, hangs_in=phase)
            task = await run.connecting()
            await run.client.disconnect()
            with pytest.raises(ConnectAbortedError) as raised:
                await over(task)
            assert raised.value.by_disconnect
            assert handler.aborted
            assert run.client.state is TransportState.DISCONNECTED

    async def test_cancelling_connect_sets_the_signal(self) -> None:
        handler = Handler(stall)
        run = run_with(handler)
        task = await run.connecting()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await over(task)
        assert handler.aborted
        await run.ended(TransportState.DISCONNECTED)

    async def test_a_failed_transport_sets_the_signal(self) -> None:
        handler = Handler()
        run = run_with(handler)
        run.transport.fails_with = TransportStartError("no")
        with pytest.raises(TransportStartError):
            await run.client.connect()
        assert handler.aborted
        await run.ended(TransportState.ERROR)
