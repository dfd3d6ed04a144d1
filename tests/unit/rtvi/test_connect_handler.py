"""``custom_connect_handler``: it asks for the bot in place of the start request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from connect_handlers import BUNDLE, Handler, run_with
from sessions import URL, Transport

from rtvi_web import (
    ClientParams,
    ConnectPhase,
    DisconnectedError,
    InvalidArgumentError,
    RTVIClient,
    StartBotError,
    TransportState,
)
from rtvi_web.rtvi.session.start import AbortController, ConnectTimeout
from rtvi_web.rtvi.transport import ConnectRequest

pytestmark = pytest.mark.usefixtures("tidy")


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
