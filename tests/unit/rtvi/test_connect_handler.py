"""``custom_connect_handler``: it asks for the bot in place of the start request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sessions import STARTED, URL, Run, Transport, over, turns

from rtvi_web import (
    ClientParams,
    ConnectAbortedError,
    ConnectionTimeoutError,
    ConnectPhase,
    DisconnectedError,
    InvalidArgumentError,
    RTVIClient,
    StartBotError,
    TransportStartError,
    TransportState,
)
from rtvi_web.rtvi.session.start import AbortController, ConnectTimeout
from rtvi_web.rtvi.transport import ConnectRequest
from rtvi_web.testing import expect, handshake

pytestmark = pytest.mark.usefixtures("tidy")

BUNDLE = {"room": "r"}


def run_with(handler: Callable[..., Any], *, hangs_in: ConnectPhase | None = None, **options: Any) -> Run:
    steps = [expect("client-ready")] if hangs_in is ConnectPhase.BOT_READY else handshake()
    options = {"params": {"base_url": URL}, **options}
    return Run(Transport(*steps, start=[STARTED], hangs_in=hangs_in), custom_connect_handler=handler, **options)


def cleared(handler: Handler) -> Any:
    handler.timeout.clear()
    return BUNDLE


class Handler:
    """Keeps what it gets, and behaves as it is told; in its second attempt it just succeeds."""

    def __init__(self, behave: Callable[[Handler], Any] | None = None) -> None:
        self.behave = behave
        self.calls: list[tuple[ClientParams, ConnectTimeout, AbortController]] = []

    async def __call__(self, params: ClientParams, timeout: ConnectTimeout, abort_controller: AbortController) -> Any:
        self.calls.append((params, timeout, abort_controller))
        if self.behave and len(self.calls) == 1:
            result = self.behave(self)
            return await result if asyncio.iscoroutine(result) else result
        return BUNDLE

    @property
    def timeout(self) -> ConnectTimeout:
        return self.calls[0][1]

    @property
    def abort_controller(self) -> AbortController:
        return self.calls[0][2]

    @property
    def aborted(self) -> bool:
        aborted: bool = self.abort_controller.signal.aborted
        return aborted


async def stall(_: Handler) -> None:
    await asyncio.Event().wait()


class TestItsAnswer:
    @pytest.mark.parametrize("style", ["sync", "async"])
    async def test_is_the_bundle(self, style: str) -> None:
        handler = Handler()
        run = run_with(handler if style == "async" else lambda params, timeout, abort_controller: BUNDLE)
        await run.client.connect()
        assert run.transport.connect_requests == [ConnectRequest(BUNDLE, f"{URL}/connect", URL, {})]
        assert run.transport.http.requests == []
        assert run.states == ["initializing", "initialized", "authenticating", "connecting", "connected", "ready"]
        await run.client.disconnect()

    async def test_it_gets_the_params_of_now(self) -> None:
        handler = Handler()
        run = run_with(handler)
        run.client.params.request_data = {"x": 1}
        await run.client.connect()
        params, timeout, abort_controller = handler.calls[0]
        assert params is run.client.params
        assert isinstance(timeout, ConnectTimeout)
        assert isinstance(abort_controller, AbortController)
        assert not handler.aborted
        await run.client.disconnect()
        assert not handler.aborted  # the attempt had succeeded

    async def test_none_leaves_the_request_data_to_the_transport(self) -> None:
        run = run_with(lambda *_: None, params={"base_url": URL, "request_data": {"x": 1}})
        await run.client.connect()
        assert run.transport.connect_requests == [ConnectRequest({}, f"{URL}/connect", URL, {}, {"x": 1})]
        await run.client.disconnect()

    async def test_without_any_address(self) -> None:
        run = run_with(lambda *_: BUNDLE, params={"endpoints": {"connect": "/start"}, "base_url": ""})
        await run.client.connect()
        assert run.transport.connect_requests == [ConnectRequest(BUNDLE, None, None, {})]
        await run.client.disconnect()

    async def test_an_object_of_the_browser(self) -> None:
        class JsObject:
            def to_py(self, *, depth: int) -> dict[str, str]:
                return BUNDLE

        run = run_with(lambda *_: JsObject())
        await run.client.connect()
        assert run.transport.connect_requests[0].bundle == BUNDLE
        await run.client.disconnect()

    @pytest.mark.parametrize("nonsense", [5, "bundle", [BUNDLE], True], ids=repr)
    async def test_nonsense(self, nonsense: Any) -> None:
        run = run_with(Handler(lambda _: nonsense))
        with pytest.raises(StartBotError, match=r"must return a dict or None; it returned .* \[phase: start\]"):
            await run.client.connect()
        assert run.states[-2:] == ["authenticating", "error"]
        await run.ended(TransportState.ERROR)

    async def test_an_invalid_handler_is_refused(self) -> None:
        with pytest.raises(InvalidArgumentError, match="custom_connect_handler must be a function, not 5"):
            RTVIClient(transport=Transport(), custom_connect_handler=5)  # type: ignore[arg-type]


class TestItRaises:
    @pytest.mark.parametrize("style", ["sync", "async"])
    @pytest.mark.parametrize(
        "error",
        [ValueError("no seat left"), TimeoutError("no seat left"), asyncio.CancelledError("no seat left")],
        ids=repr,
    )
    async def test_any_error(self, style: str, error: BaseException) -> None:
        def fail(*_: Any) -> Any:
            raise error

        handler = Handler(fail)

        def sync(*given: Any) -> Any:
            handler.calls.append(given)
            return fail() if len(handler.calls) == 1 else BUNDLE

        run = run_with(handler if style == "async" else sync)
        with pytest.raises(StartBotError, match=f"raised {type(error).__name__}: no seat left") as raised:
            await run.client.connect()
        assert raised.value.__cause__ is error
        assert raised.value.phase is ConnectPhase.START
        assert raised.value.status is None
        assert run.states == ["initializing", "initialized", "authenticating", "error"]
        assert run.arguments("disconnected") == []
        assert handler.aborted
        await run.ended(TransportState.ERROR)

    async def test_an_error_of_ours_is_raised_as_it_is(self) -> None:
        mine = StartBotError("The server says no.", status=402)

        def refuse(_: Handler) -> None:
            raise mine

        run = run_with(Handler(refuse))
        with pytest.raises(StartBotError) as raised:
            await run.client.connect()
        assert raised.value is mine
        assert run.states[-2:] == ["authenticating", "error"]
        await run.ended(TransportState.ERROR)

    async def test_another_of_ours_ends_a_session(self) -> None:
        def lose(_: Handler) -> None:
            raise DisconnectedError("gone")

        run = run_with(Handler(lose))
        with pytest.raises(DisconnectedError, match=r"gone \[phase: start\]"):
            await run.client.connect()
        assert run.states[-4:] == ["authenticating", "disconnecting", "disconnected", "error"]
        await run.ended(TransportState.ERROR)

    async def test_a_transport_that_raises_what_a_start_request_would(self) -> None:
        run = run_with(Handler())
        run.transport.fails_with = StartBotError("the offer was refused", phase=None)
        with pytest.raises(StartBotError, match=r"the offer was refused \[phase: data-channel\]"):
            await run.client.connect()
        assert run.states[-4:] == ["connecting", "disconnecting", "disconnected", "error"]
        await run.ended(TransportState.ERROR)


class TestConstructUrl:
    @pytest.mark.parametrize("path", ["connect", "/connect", "connect/", "/connect/", "//connect"])
    @pytest.mark.parametrize("base", ["http://h", "http://h/", "http://h//"])
    async def test_one_slash_between(self, base: str, path: str) -> None:
        urls: list[str] = []

        def handler(params: ClientParams, *_: Any) -> None:
            urls.append(run.client.construct_url("connect"))
            urls.append(run.client.construct_url(params.endpoints.connect or ""))

        run = run_with(handler, params={"base_url": base, "endpoints": {"connect": path}})
        await run.client.connect()
        assert urls == ["http://h/connect" + "/" * path.endswith("/")] * 2
        await run.client.disconnect()

    @pytest.mark.parametrize(
        ("base", "endpoint", "url"),
        [
            ("http://h", "connect", "http://h/connect"),
            ("http://h", "action", "http://h/turn"),
            ("http://h", "/other", "http://h/other"),
            ("http://h/", "", "http://h/"),
            ("/api", "connect", "/api/connect"),
            ("/", "connect", "/connect"),
        ],
    )
    async def test_by_name_and_by_path(self, base: str, endpoint: str, url: str) -> None:
        client = RTVIClient(transport=Transport(), params={"base_url": base, "endpoints": {"action": "turn"}})
        assert client.construct_url(endpoint) == url

    @pytest.mark.parametrize("path", [None, ""])
    async def test_no_path(self, path: str | None) -> None:
        client = RTVIClient(transport=Transport(), params={"base_url": URL, "endpoints": {"connect": path}})
        assert client.construct_url("connect") == URL

    @pytest.mark.parametrize("base", [None, ""])
    async def test_no_base_url(self, base: str | None) -> None:
        client = RTVIClient(transport=Transport(), params={"base_url": base})
        with pytest.raises(InvalidArgumentError, match=r"Base URL not set. Please set client\.params\.base_url"):
            client.construct_url("connect")


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
