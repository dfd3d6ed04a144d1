"""Requests as such: answers by id, deadlines, refusals, ends; messages; and the client as a whole."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sessions import CONFIG, Run, Transport, over, ready, stalled, turns

from rtvi_web import (
    BotNotReadyError,
    ConfigUpdateError,
    ConnectPhase,
    DisconnectedError,
    InvalidArgumentError,
    LogLevel,
    RequestError,
    RequestTimeoutError,
    RTVIClient,
    RTVIEvent,
    RTVIMessage,
    TransportState,
    UnsupportedFeatureError,
    __version__,
    set_log_level,
)
from rtvi_web.testing import expect, handshake, leave, lose, say

pytestmark = [pytest.mark.usefixtures("tidy"), pytest.mark.filterwarnings("ignore:.*shorthand")]
REQUESTS: dict[str, Callable[[RTVIClient], Awaitable[Any]]] = {
    "get-config": lambda client: client.get_config(),
    "update-config": lambda client: client.update_config(CONFIG),
    "describe-config": lambda client: client.describe_config(),
    "describe-actions": lambda client: client.describe_actions(),
    "action": lambda client: client.action({"service": "llm", "action": "run"}),
}


class TestRequests:
    async def test_get_config(self) -> None:
        run = await ready(expect("get-config"), say("config", {"config": CONFIG}, answers=True))
        assert await run.client.get_config() == CONFIG
        assert run.transport.sent[-1]["data"] == {}
        assert run.arguments("config") == [CONFIG]
        await run.client.disconnect()
        run.released()

    @pytest.mark.parametrize("interrupt", [False, True])
    async def test_update_config(self, interrupt: bool) -> None:
        run = await ready(expect("update-config"), say("config", {"config": CONFIG}, answers=True))
        given = ({"service": "tts", "options": {"voice": "bob"}},)
        assert await run.client.update_config(given, interrupt) == CONFIG
        assert run.transport.sent[-1]["data"] == {
            "config": [{"service": "tts", "options": [{"name": "voice", "value": "bob"}]}],
            "interrupt": interrupt,
        }
        await run.client.disconnect()

    async def test_describe_config(self) -> None:
        described = {"name": "tts", "options": [{"name": "voice", "type": "string", "of": 1}], "more": 2}
        run = await ready(expect("describe-config"), say("config-available", {"config": [described]}, answers=True))
        description = await run.client.describe_config()
        [service] = description.config
        assert (service.name, service.model_extra) == ("tts", {"more": 2})
        assert [(option.name, option.type) for option in service.options] == [("voice", "string")]
        assert service.options[0].model_extra == {"of": 1}
        assert run.arguments("configDescribe") == [description]
        await run.client.disconnect()

    async def test_a_refused_update(self) -> None:
        said = "Exception processing message: 'nope'"
        run = await ready(expect("update-config"), say("error-response", {"error": said}, answers=True))
        with pytest.raises(ConfigUpdateError) as raised:
            await run.client.update_config(CONFIG)
        assert (raised.value.message, raised.value.status) == (said, 400)
        assert isinstance(raised.value.__cause__, RequestError)
        assert [error.data.error for error in run.arguments("messageError")] == [said]
        await run.client.disconnect()
        run.released()

    @pytest.mark.parametrize("type", [type for type in REQUESTS if type != "update-config"])
    async def test_any_other_refused(self, type: str) -> None:
        run = await ready(expect(type), say("error-response", {"error": "no"}, answers=True))
        with pytest.raises(RequestError, match=r"^no$"):
            await REQUESTS[type](run.client)
        await run.client.disconnect()

    @pytest.mark.parametrize("config", ["x", [5], [{"options": []}]], ids=str)
    async def test_an_invalid_configuration_is_not_sent(self, config: Any) -> None:
        run = await ready()
        with pytest.raises(InvalidArgumentError, match=r"^config"):
            await run.client.update_config(config)
        assert len(run.transport.sent) == 1
        await run.client.disconnect()

    @pytest.mark.parametrize("timeout", [0, "1", float("inf")], ids=str)
    async def test_an_invalid_timeout_is_refused(self, timeout: Any) -> None:
        run = await ready()
        for request in (run.client.get_config, run.client.describe_config, run.client.describe_actions):
            with pytest.raises(InvalidArgumentError, match="timeout"):
                await request(timeout=timeout)
        assert len(run.transport.sent) == 1
        await run.client.disconnect()

    @pytest.mark.parametrize("type", REQUESTS)
    async def test_before_ready_the_await_raises_and_not_the_call(self, type: str) -> None:
        client = RTVIClient(transport=Transport(), params={"base_url": None})
        coroutine = REQUESTS[type](client)
        with pytest.raises(BotNotReadyError if type != "action" else InvalidArgumentError):
            await coroutine

    @pytest.mark.parametrize("type", REQUESTS)
    async def test_the_session_ends_first(self, type: str) -> None:
        for end in (leave(), lose()):
            run = await ready(expect(type), end)
            with pytest.raises(DisconnectedError):
                await REQUESTS[type](run.client)
            await turns(20)
            run.released()

    @pytest.mark.parametrize("type", REQUESTS)
    async def test_disconnect_fails_what_is_pending(self, type: str) -> None:
        run = await ready(expect(type))
        task = asyncio.ensure_future(REQUESTS[type](run.client))
        await turns(2)
        await run.client.disconnect()
        with pytest.raises(DisconnectedError):
            await over(task)
        run.released()

    async def test_the_deadline_is_exact(self) -> None:
        run = await ready(expect("get-config"), expect("describe-config"), expect("update-config"))
        clock = asyncio.get_running_loop()
        begun = clock.time()
        with pytest.raises(RequestTimeoutError, match=r"did not answer get-config within 0\.05 s"):
            await run.client.get_config(timeout=0.05)
        assert clock.time() - begun == pytest.approx(0.05)
        with pytest.raises(RequestTimeoutError, match="describe-config"):
            await run.client.describe_config(timeout=0.01)
        with pytest.raises(RequestTimeoutError, match="update-config"):
            await run.client.update_config(CONFIG, timeout=0.01)
        await run.client.disconnect()
        run.released()

    async def test_many_at_once_are_answered_by_id(self) -> None:
        run = await ready(expect("get-config"), expect("update-config"), expect("get-config"))
        tasks = [
            asyncio.ensure_future(request)
            for request in (run.client.get_config(), run.client.update_config(CONFIG), run.client.get_config())
        ]
        await turns(2)
        for message in reversed(run.transport.sent[1:]):
            config = [{"service": message["id"], "options": []}]
            answer = {"label": "rtvi-ai", "type": "config", "id": message["id"], "data": {"config": config}}
            run.transport.receiver.receive(json.dumps(answer))
        answers = [(await over(task))[0]["service"] for task in tasks]
        assert answers == [message["id"] for message in run.transport.sent[1:]]
        await run.client.disconnect()

    async def test_a_configuration_without_an_id_answers_no_request(self) -> None:
        run = await ready(expect("get-config"), say("config", {"config": []}))
        with pytest.raises(RequestTimeoutError):
            await run.client.get_config(timeout=0.02)
        assert run.arguments("config") == [[]]
        await run.client.disconnect()


class TestUnsupported:
    @pytest.mark.parametrize("type", REQUESTS)
    async def test_is_remembered_for_the_session_and_no_longer(self, type: str) -> None:
        run = await ready(expect(type), say("error-response", {"error": f"Unsupported type {type}"}, answers=True))
        for _ in range(3):
            with pytest.raises(UnsupportedFeatureError) as raised:
                await REQUESTS[type](run.client)
            assert raised.value.feature == type
        assert [message["type"] for message in run.transport.sent] == ["client-ready", type]
        await run.client.disconnect()
        if type != "action":  # which goes over HTTP then
            with pytest.raises(BotNotReadyError):
                await REQUESTS[type](run.client)
        run.transport.heal(*handshake(), expect(type), say("error-response", {"error": "no"}, answers=True))
        await run.client.connect()
        with pytest.raises(RequestError):
            await REQUESTS[type](run.client)
        await run.client.disconnect()

    async def test_nothing_is_concluded_from_the_version(self) -> None:
        """0.0.108 and 1.0.0 both say 1.2.0; the first still has a configuration."""
        run = Run(Transport(*handshake("1.2.0"), expect("get-config"), say("config", {"config": CONFIG}, answers=True)))
        assert (await run.client.connect()).version == "1.2.0"
        assert await run.client.get_config() == CONFIG
        await run.client.disconnect()

    async def test_other_requests_go_on(self) -> None:
        run = await ready(
            expect("get-config"),
            say("error-response", {"error": "Unsupported type get-config"}, answers=True),
            expect("client-message"),
            say("server-response", {"t": "ask", "d": 1}, answers=True),
        )
        with pytest.raises(UnsupportedFeatureError):
            await run.client.get_config()
        assert await run.client.send_client_request("ask") == 1
        await run.client.disconnect()


class TestSending:
    async def test_send_message(self) -> None:
        run = await ready(*[expect("whatever")] * 3)
        run.client.send_message({"type": "whatever", "data": {"a": 1}})
        run.client.send_message({"type": "whatever", "id": "mine"})
        run.client.send_message(RTVIMessage(type="whatever", data=[1]))
        first, second, third = run.transport.sent[1:]
        assert (first["data"], second["data"], third["data"]) == ({"a": 1}, None, [1])
        assert second["id"] == "mine"
        assert first["id"] != third["id"]
        assert {message["label"] for message in run.transport.sent} == {"rtvi-ai"}
        await run.client.disconnect()

    @pytest.mark.parametrize("message", [{}, {"data": 1}, {"type": 5}], ids=str)
    async def test_a_message_without_a_type(self, message: Any) -> None:
        run = await ready()
        with pytest.raises(InvalidArgumentError, match="must be a dict with a type"):
            run.client.send_message(message)
        await run.client.disconnect()

    async def test_disconnect_bot(self) -> None:
        run = await ready(expect("disconnect-bot", {}), leave())
        run.client.disconnect_bot()
        assert run.transport.sent[-1]["data"] == {}
        await run.client.wait_for(RTVIEvent.DISCONNECTED)
        await turns(3)
        run.released()

    async def test_without_a_session(self) -> None:
        client = RTVIClient(transport=Transport())
        with pytest.raises(BotNotReadyError):
            client.disconnect_bot()
        with pytest.raises(BotNotReadyError):
            client.send_message({"type": "x"})


class TestOfTheClient:
    async def test_async_with(self) -> None:
        transport = Transport(*handshake())
        async with RTVIClient(transport=transport) as client:
            states = [client.state]
        assert [*states, client.state] == [TransportState.READY, TransportState.DISCONNECTED]

    async def test_async_with_and_an_error(self) -> None:
        client = RTVIClient(transport=Transport(*handshake()))
        with pytest.raises(ZeroDivisionError):
            async with client:
                1 / 0  # noqa: B018
        assert client.state is TransportState.DISCONNECTED

    async def test_async_with_that_cannot_connect(self) -> None:
        run = stalled(ConnectPhase.ICE, timeout=0.02)
        with pytest.raises(TimeoutError):
            async with run.client:
                pytest.fail("it never got here")
        await run.ended(TransportState.ERROR)

    async def test_the_expiry_is_known_in_a_session(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run = Run(Transport(*handshake()))
        with pytest.raises(BotNotReadyError, match="transport_expiry"):
            run.client.transport_expiry  # noqa: B018
        await run.client.connect()
        assert run.client.transport_expiry is None
        monkeypatch.setattr(Transport, "expiry", 1.5e9)
        assert run.client.transport_expiry == 1.5e9
        await run.client.disconnect()

    async def test_plain_properties(self) -> None:
        transport = Transport()
        client = RTVIClient(transport=transport)
        assert client.version == __version__
        assert client.transport is transport

    @pytest.mark.parametrize("how", [set_log_level, RTVIClient.set_log_level])
    def test_the_log_level(self, how: Callable[[LogLevel], None]) -> None:
        logger = logging.getLogger("rtvi_web")
        before = logger.level
        try:
            for level, enabled in ((LogLevel.NONE, False), (LogLevel.ERROR, True), (LogLevel.DEBUG, True)):
                how(level)
                assert logging.getLogger("rtvi_web.rtvi.session.connection").isEnabledFor(logging.ERROR) is enabled
                assert logging.getLogger("rtvi_web.rtvi.session.connection").isEnabledFor(logging.DEBUG) is (
                    level is LogLevel.DEBUG
                )
        finally:
            logger.setLevel(before)
