"""``params``: told at construction, changed at any time, in either spelling."""

from __future__ import annotations

from typing import Any

import pytest
from sessions import STARTED, URL, Run, Transport

from rtvi_web import ClientParams, Endpoints, InvalidArgumentError, RTVIClient, __version__
from rtvi_web.core.checks import seconds
from rtvi_web.testing import handshake

pytestmark = [pytest.mark.usefixtures("tidy"), pytest.mark.filterwarnings("ignore:.*shorthand")]

CONFIG = [{"service": "vad", "options": [{"name": "stop_secs", "value": 0.5}]}]


async def body_of(run: Run) -> Any:
    """What the next connect() sends."""
    run.transport.heal()
    await run.client.connect()
    await run.client.disconnect()
    return run.transport.http.requests[-1].body


class TestMutation:
    @pytest.mark.parametrize("data", [{"custom": "updated"}, {}, None], ids=str)
    async def test_request_data_set_between_connects_is_what_the_next_sends(self, data: Any) -> None:
        run = Run(Transport(), params={"baseUrl": URL, "requestData": {"custom": "first"}})
        assert await body_of(run) == {"custom": "first", "rtvi_client_version": __version__}
        run.client.params.request_data = data
        assert await body_of(run) == {**(data or {}), "rtvi_client_version": __version__}

    async def test_every_member_may_change(self) -> None:
        run = Run(Transport())
        params = run.client.params
        params.base_url = "http://other.test/"
        params.endpoints.connect = "start"
        params.headers = [("X-Key", "k")]  # type: ignore[assignment]
        params.config = [{"service": "vad", "options": [{"stop_secs": 0.5}]}]
        params.services["llm"] = "together"
        params.request_data["a"] = 1
        body = await body_of(run)
        [request] = run.transport.http.requests
        assert request.url == "http://other.test/start"
        assert request.headers["X-Key"] == "k"
        assert body == {"config": CONFIG, "services": {"llm": "together"}, "a": 1, "rtvi_client_version": __version__}
        params.endpoints = {"action": "/turn"}  # type: ignore[assignment]
        assert params.endpoints == Endpoints(action="/turn")
        assert params.endpoints.connect == "/connect"

    async def test_request_data_wins_over_the_rest_but_the_version(self) -> None:
        params = {"base_url": URL, "services": {"llm": "a"}, "config": CONFIG}
        mine = {"services": "mine", "config": "mine", "rtvi_client_version": "mine"}
        run = Run(Transport(), params={**params, "request_data": mine})
        assert await body_of(run) == {**mine, "rtvi_client_version": __version__}

    async def test_all_of_them_may_be_replaced(self) -> None:
        run = Run(Transport(), params={"base_url": URL, "request_data": {"a": 1}})
        run.client.params = {"baseUrl": URL}
        assert await body_of(run) == {"rtvi_client_version": __version__}

    async def test_what_was_given_is_not_changed(self) -> None:
        given = {"base_url": URL, "headers": {"a": "b"}, "request_data": {"a": 1}, "config": [{"service": "x"}]}
        run = Run(Transport(), params=given)
        run.client.params.headers["c"] = "d"
        run.client.params.request_data["b"] = 2
        assert given == {
            "base_url": URL,
            "headers": {"a": "b"},
            "request_data": {"a": 1},
            "config": [{"service": "x"}],
        }

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("base_url", 5, r"params\.base_url must be a text"),
            ("baseUrl", URL, r"no params\.baseUrl\. Did you mean 'base_url'"),
            ("config", 5, r"params\.config must be a list"),
            ("headers", [("a",)], r"params\.headers must be a dict of texts, or pairs"),
            ("endpoints", {"conect": "/x"}, r"params\.endpoints\.conect"),
        ],
    )
    async def test_a_change_is_checked_at_once(self, name: str, value: Any, message: str) -> None:
        client = RTVIClient(transport=Transport(), params={"base_url": URL})
        before = repr(client.params)
        with pytest.raises(InvalidArgumentError, match=message):
            setattr(client.params, name, value)
        assert repr(client.params) == before
        with pytest.raises(InvalidArgumentError):
            client.params = 5  # type: ignore[assignment]
        assert repr(client.params) == before


class TestShapes:
    @pytest.mark.parametrize(
        ("given", "kept"),
        [
            ({"headers": {"a": "b"}}, {"headers": {"a": "b"}}),
            ({"headers": (("a", "b"), ("c", "d"))}, {"headers": {"a": "b", "c": "d"}}),
            ({"endpoints": Endpoints(connect=None)}, {"endpoints": {"connect": None}}),
            ({"endpoints": {"connect": "x", "action": None}}, {"endpoints": Endpoints(connect="x", action=None)}),
            ({"config": None, "services": None}, {"config": None}),
            ({"config": ({"service": "vad", "options": [{"stop_secs": 0.5}]},)}, {"config": CONFIG}),
        ],
        ids=str,
    )
    def test_each_is_kept_in_one_shape(self, given: Any, kept: Any) -> None:
        assert ClientParams.of(given) == ClientParams.of(kept)

    def test_as_keywords(self) -> None:
        params = ClientParams(base_url=URL, endpoints={"connect": "x"}, services={"llm": "a"})
        assert params == ClientParams.of({"baseUrl": URL, "endpoints": {"connect": "x"}, "services": {"llm": "a"}})

    def test_they_show_what_they_are(self) -> None:
        assert repr(Endpoints(connect="/x")) == "Endpoints(connect='/x')"
        assert "base_url='http://bot.test'" in repr(ClientParams(base_url=URL))
        assert Endpoints() != ClientParams()

    def test_each_has_its_own(self) -> None:
        ClientParams().request_data["a"] = 1
        assert ClientParams().request_data == {}

    def test_headers_in_errors_show_no_keys(self) -> None:
        with pytest.raises(InvalidArgumentError) as raised:
            ClientParams(headers={"Authorization": 5, "X": "secret"})  # type: ignore[arg-type]
        assert "secret" not in str(raised.value)


class TestAddresses:
    async def test_without_a_base_url_no_start_request_is_made(self) -> None:
        run = Run(Transport(*handshake()), params={"request_data": {"a": 1}})
        await run.client.connect()
        assert run.transport.http.requests == []
        assert run.transport.connect_requests[0].request_data == {"a": 1}
        await run.client.disconnect()

    async def test_with_a_base_url_and_no_endpoint_no_start_request_is_made(self) -> None:
        run = Run(Transport(*handshake(), start=[STARTED]), params={"base_url": URL, "endpoints": {"connect": None}})
        await run.client.connect()
        assert run.transport.http.requests == []
        await run.client.disconnect()

    def test_single_turns(self) -> None:
        assert ClientParams(base_url="/api").action_url == "/api/action"
        assert ClientParams(endpoints={"action": None}).action_url is None
        with pytest.raises(InvalidArgumentError, match="Base URL not set"):
            ClientParams().action_url  # noqa: B018


class TestSeconds:
    @pytest.mark.parametrize(("given", "kept"), [(None, None), (15, 15.0), (0.5, 0.5), (600, 600.0)])
    def test_what_is_a_time(self, given: Any, kept: Any) -> None:
        assert seconds(given, "timeout") == kept

    @pytest.mark.parametrize("given", [0, -1, True, "15", float("nan"), float("inf"), [1]], ids=str)
    def test_invalid_values_are_refused(self, given: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="timeout must be a positive number of seconds"):
            RTVIClient(transport=Transport(), timeout=given)

    def test_a_time_that_looks_like_milliseconds_warns(self) -> None:
        with pytest.warns(UserWarning, match="timeout=15000 is in seconds; did you mean 15\\?") as caught:
            RTVIClient(transport=Transport(), timeout=15 * 1000)
        assert caught[0].filename == __file__
