"""Actions: how they are asked for, through the session and over HTTP without one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from action_server import ACTION, Server, start_server  # noqa: F401
from sessions import STARTED, URL, Run, Transport, ready

from rtvi_web import (
    ActionEndpointNotSetError,
    BotNotReadyError,
    InvalidArgumentError,
    RequestError,
    RequestTimeoutError,
    RTVIEvent,
    UnsupportedFeatureError,
    __version__,
)
from rtvi_web.testing import expect, handshake, say

pytestmark = [pytest.mark.usefixtures("tidy"), pytest.mark.filterwarnings("ignore:.*shorthand")]


class TestInASession:
    async def test_it_goes_through_the_transport(self) -> None:
        run = await ready(
            expect("action", ACTION), say("action-response", {"result": {"n": [1, None]}, "more": 2}, answers=True)
        )
        response = await run.client.action(ACTION)
        assert response.type == "action-response"
        assert response.id == run.transport.sent[-1]["id"]
        assert response.data.result == {"n": [1, None]}
        assert response.data.model_extra == {"more": 2}
        await run.client.disconnect()
        run.released()

    @pytest.mark.parametrize(
        ("given", "sent"),
        [
            ({"arguments": [{"name": "a", "value": 1}]}, [{"name": "a", "value": 1}]),
            ({"arguments": [{"a": 1}, {"b": None}]}, [{"name": "a", "value": 1}, {"name": "b", "value": None}]),
            ({"arguments": {"a": 1, "name": 2}}, [{"name": "a", "value": 1}, {"name": "name", "value": 2}]),
            ({"arguments": []}, []),
            ({"arguments": None}, None),
            ({}, None),
        ],
        ids=str,
    )
    async def test_arguments(self, given: Any, sent: Any) -> None:
        run = await ready(expect("action"), say("action-response", {"result": True}, answers=True))
        await run.client.action({"service": "tts", "action": "say", **given})
        more = {} if sent is None else {"arguments": sent}
        assert run.transport.sent[-1]["data"] == {"service": "tts", "action": "say", **more}
        await run.client.disconnect()

    @pytest.mark.parametrize(
        ("request_", "message"),
        [
            ("llm:run", "must be a dict of service, action and arguments"),
            ({"action": "run"}, "service must be a string; it is None"),
            ({"service": "llm", "action": 5}, "action must be a string; it is 5"),
            ({"service": "llm", "action": "run", "args": []}, "service, action and arguments; 'args' is unknown"),
            (
                {"service": "llm", "action": "run", "arguments": [5]},
                r"^arguments\[0\] must be \{name, value\}; it is 5",
            ),
            ({"service": "llm", "action": "run", "arguments": "x"}, "^arguments must be a list"),
            ({"service": "llm", "action": "run", "arguments": {"a": object()}}, "cannot be written as JSON"),
        ],
    )
    async def test_what_is_no_action(self, request_: Any, message: str) -> None:
        run = await ready()
        server = Server()
        for client in (run.client, server.run.client):
            with pytest.raises(InvalidArgumentError, match=message):
                await client.action(request_)
        assert len(run.transport.sent) == 1
        assert server.http.requests == []
        await run.client.disconnect()

    async def test_refused(self) -> None:
        said = "Action llm:x not registered"
        run = await ready(expect("action"), say("error-response", {"error": said}, answers=True))
        with pytest.raises(RequestError, match=said):
            await run.client.action({"service": "llm", "action": "x"})
        assert [error.data.error for error in run.arguments("messageError")] == [said]
        await run.client.disconnect()

    async def test_an_action_that_never_answers_harms_no_other_request(self) -> None:
        """As when a handler of a 0.0.73 server raises: no later action is answered either, but all else is."""
        run = await ready(expect("action"), expect("action"), expect("get-config"))
        for _ in range(2):
            with pytest.raises(
                RequestTimeoutError, match=r"did not answer action llm:append_to_messages within 0.01 s"
            ):
                await run.client.action(ACTION, timeout=0.01)
        run.transport.steps.append(say("config", {"config": []}, answers=True))
        assert await run.client.get_config() == []
        await run.client.disconnect()
        run.released()

    async def test_bots_without_actions(self) -> None:
        run = await ready(expect("action"), say("error-response", {"error": "Unsupported type action"}, answers=True))
        for _ in range(2):
            with pytest.raises(UnsupportedFeatureError, match="'action'"):
                await run.client.action(ACTION)
        assert len(run.transport.sent) == 2
        await run.client.disconnect()

    async def test_connected_but_not_ready(self) -> None:
        """There is a session, so it does not go over HTTP."""
        run = Run(Transport(*handshake()))
        errors: list[BaseException] = []

        @run.client.on(RTVIEvent.CONNECTED)
        def act() -> None:
            with pytest.raises(BotNotReadyError) as raised:
                run.client.action(ACTION).send(None)
            errors.append(raised.value)

        await run.client.connect()
        await run.client.disconnect()
        assert len(errors) == 1
        assert run.transport.http.requests == []


class TestTheRequest:
    async def test_what_is_sent(self, server: Server) -> None:
        server.run.client.params.request_data["rtvi_client_version"] = "mine"
        task = await server.ask()
        [request] = server.http.requests
        assert (request.method, request.url) == ("POST", f"{URL}/action")
        assert request.headers == {
            "X-Key": "k",
            "Content-Type": "application/json",
            "Cache-Control": "no-cache",
        }
        assert request.body == {
            "room": 1,
            "rtvi_client_version": __version__,
            "actions": [{"label": "rtvi-ai", "type": "action", "id": server.id, "data": ACTION}],
        }
        task.cancel()
        await asyncio.wait({task})

    @pytest.mark.parametrize("endpoint", ["turn", "/turn", "turn/"])
    async def test_the_address(self, endpoint: str) -> None:
        server = Server(endpoints={"action": endpoint}, base_url="/api/")
        task = await server.ask()
        assert server.http.requests[0].url == "/api/turn" + "/" * endpoint.endswith("/")
        task.cancel()
        await asyncio.wait({task})

    async def test_no_endpoint(self) -> None:
        server = Server(endpoints={"action": None})
        with pytest.raises(ActionEndpointNotSetError, match="Action endpoint is not set"):
            await server.run.client.action(ACTION)

    async def test_no_base_url(self) -> None:
        server = Server(base_url=None)
        with pytest.raises(InvalidArgumentError, match="Base URL not set"):
            await server.run.client.action(ACTION)

    async def test_an_error_comes_from_the_await_not_from_the_call(self) -> None:
        coroutine = Server(base_url=None).run.client.action(ACTION)
        with pytest.raises(InvalidArgumentError):
            await coroutine

    async def test_after_a_session_it_goes_over_http(self) -> None:
        run = Run(Transport(*handshake(), start=[STARTED]), params={"base_url": URL})
        await run.client.connect()
        await run.client.disconnect()
        with pytest.raises(RequestTimeoutError):
            await run.client.action(ACTION, timeout=0.01)
        assert [request.url for request in run.transport.http.requests] == [f"{URL}/connect", f"{URL}/action"]


class TestDescriptions:
    async def test_actions(self) -> None:
        described = {
            "service": "llm",
            "action": "run",
            "arguments": [{"name": "interrupt", "type": "bool"}],
            "result": "bool",
            "more": 1,
        }
        run = await ready(
            expect("describe-actions", {}), say("actions-available", {"actions": [described]}, answers=True)
        )
        description = await run.client.describe_actions()
        [action] = description.actions
        assert (action.service, action.action, action.result) == ("llm", "run", "bool")
        assert [(argument.name, argument.type) for argument in action.arguments] == [("interrupt", "bool")]
        assert action.model_extra == {"more": 1}
        assert run.arguments("actionsAvailable") == [description]
        await run.client.disconnect()
