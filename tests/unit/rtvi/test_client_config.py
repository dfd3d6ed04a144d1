"""The configuration members, and requests as such: answers by id, deadlines, refusals, ends."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest
from sessions import Run, Transport, over, ready, stalled, turns

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
from rtvi_web.testing import Step, expect, handshake, leave, lose, say

pytestmark = [pytest.mark.usefixtures("tidy"), pytest.mark.filterwarnings("ignore:.*shorthand")]

CONFIG: list[dict[str, Any]] = [
    {"service": "tts", "options": [{"name": "voice", "value": "alice"}]},
    {"service": "llm", "options": [{"name": "model", "value": "small"}, {"name": "messages", "value": [{"n": 1}]}]},
]
REQUESTS: dict[str, Callable[[RTVIClient], Awaitable[Any]]] = {
    "get-config": lambda client: client.get_config(),
    "update-config": lambda client: client.update_config(CONFIG),
    "describe-config": lambda client: client.describe_config(),
    "describe-actions": lambda client: client.describe_actions(),
    "action": lambda client: client.action({"service": "llm", "action": "run"}),
}


def bot_ready(config: Any = None) -> tuple[Step, Step]:
    data = {"version": "0.3.0"} if config is None else {"version": "0.3.0", "config": config}
    return expect("client-ready"), say("bot-ready", data, answers=True)


async def ready_with(config: Any, *steps: Step, **options: Any) -> Run:
    run = Run(Transport(*bot_ready(config), *steps), **options)
    await run.client.connect()
    return run


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


def config_of(client: RTVIClient) -> Any:
    """What ``client.config`` says, which is deprecated."""
    with pytest.warns(DeprecationWarning, match=r"config is deprecated: it is get_config\(\) now"):
        return client.config


class TestHydration:
    """``client.config`` is the bot's; ``params.config`` is the page's, and what start requests send."""

    async def test_from_bot_ready_before_handlers_see_it(self) -> None:
        seen: list[Any] = []
        run: Run
        run = Run(Transport(*bot_ready(CONFIG)), callbacks={"on_bot_ready": lambda: seen.append(config_of(run.client))})
        await run.client.connect()
        assert seen == [CONFIG]
        assert run.client.params.config is None
        await run.client.disconnect()
        assert config_of(run.client) == CONFIG

    async def test_a_bot_without_one_leaves_the_pages(self) -> None:
        run = await ready_with(None, params={"config": CONFIG})
        assert config_of(run.client) == run.client.params.config == CONFIG
        await run.client.disconnect()

    async def test_of_the_bot_before_nothing_is_left(self) -> None:
        run = await ready_with(CONFIG)
        await run.client.disconnect()
        run.transport.heal()
        await run.client.connect()
        assert config_of(run.client) is None
        await run.client.disconnect()

    async def test_from_config_messages_asked_for_or_not(self) -> None:
        changed = [{"service": "tts", "options": [{"name": "voice", "value": "bob"}]}]
        run = await ready_with(
            CONFIG,
            expect("get-config"),
            say("config", {"config": changed}, answers=True),
            expect("send-text"),
            say("config", {"config": []}),
            params={"config": CONFIG},
        )
        await run.client.get_config()
        assert config_of(run.client) == changed
        run.client.send_text("go")
        await run.client.wait_for(RTVIEvent.CONFIG)
        assert config_of(run.client) == []
        assert run.client.params.config == CONFIG
        await run.client.disconnect()

    @pytest.mark.parametrize("wish", [None, [{"service": "tts", "options": [{"name": "voice", "value": "eve"}]}]])
    async def test_the_next_start_request_has_the_pages(self, wish: Any) -> None:
        changed = [{"service": "llm", "options": [{"name": "initial_messages", "value": ["a secret prompt"]}]}]
        run = await ready_with(
            CONFIG,
            expect("update-config"),
            say("config", {"config": changed}, answers=True),
            params={"config": wish, "request_data": {"customData": 1}},
        )
        await run.client.update_config(changed)
        await run.client.disconnect()
        run.client.params.base_url = "http://bot.test"
        run.transport.heal()
        await run.client.connect()
        body = dict(run.transport.http.requests[-1].body)
        del body["rtvi_client_version"]
        assert body == {"customData": 1} | ({"config": wish} if wish else {})
        await run.client.disconnect()


class TestHelpers:
    """With a configuration they need no bot; without one they ask it."""

    @pytest.fixture(autouse=True)
    def unchanged(self) -> Any:
        before = copy.deepcopy(CONFIG)
        yield
        assert before == CONFIG

    CALLS: ClassVar[dict[str, tuple[Callable[..., Awaitable[Any]], Any]]] = {
        "get_service_options_from_config": (
            lambda client, *config: client.get_service_options_from_config("tts", *config),
            CONFIG[0],
        ),
        "get_service_option_value_from_config": (
            lambda client, *config: client.get_service_option_value_from_config("llm", "model", *config),
            "small",
        ),
        "set_service_option_in_config": (
            lambda client, *config: client.set_service_option_in_config("tts", {"speed": 2}, *config),
            [
                {"service": "tts", "options": [{"name": "voice", "value": "alice"}, {"name": "speed", "value": 2}]},
                CONFIG[1],
            ],
        ),
        "set_config_options": (
            lambda client, *config: client.set_config_options(
                [{"service": "llm", "options": {"model": "big"}}, {"service": "no", "options": {"a": 1}}], *config
            ),
            [
                CONFIG[0],
                {
                    "service": "llm",
                    "options": [{"name": "model", "value": "big"}, {"name": "messages", "value": [{"n": 1}]}],
                },
            ],
        ),
    }

    @pytest.mark.parametrize("member", CALLS)
    async def test_with_a_configuration(self, member: str) -> None:
        call, result = self.CALLS[member]
        assert await call(RTVIClient(transport=Transport()), CONFIG) == result

    @pytest.mark.parametrize("member", CALLS)
    async def test_with_the_bots(self, member: str) -> None:
        call, result = self.CALLS[member]
        run = await ready(expect("get-config"), say("config", {"config": CONFIG}, answers=True))
        assert await call(run.client) == result
        assert [message["type"] for message in run.transport.sent] == ["client-ready", "get-config"]
        await run.client.disconnect()

    @pytest.mark.parametrize("member", CALLS)
    async def test_without_either(self, member: str) -> None:
        coroutine = self.CALLS[member][0](RTVIClient(transport=Transport()))
        with pytest.raises(BotNotReadyError, match=rf"{member}\(\) was called without config=… before the bot"):
            await coroutine

    @pytest.mark.parametrize("member", CALLS)
    async def test_an_empty_configuration_is_one(self, member: str) -> None:
        assert not await self.CALLS[member][0](RTVIClient(transport=Transport()), [])

    @pytest.mark.parametrize("member", CALLS)
    async def test_invalid_values_are_refused(self, member: str) -> None:
        with pytest.raises(InvalidArgumentError, match=r"^config must be a list"):
            await self.CALLS[member][0](RTVIClient(transport=Transport()), "tts")

    async def test_unknown_services_and_options(self) -> None:
        client = RTVIClient(transport=Transport())
        assert await client.get_service_options_from_config("stt", CONFIG) is None
        assert await client.get_service_option_value_from_config("stt", "model", CONFIG) is None
        assert await client.get_service_option_value_from_config("llm", "x", CONFIG) is None
        assert await client.set_service_option_in_config("stt", {"a": 1}, CONFIG) == CONFIG

    async def test_several_options_at_once(self) -> None:
        client = RTVIClient(transport=Transport())
        options: list[dict[str, Any]] = [{"name": "voice", "value": "bob"}, {"speed": 2}]
        [tts, _] = await client.set_service_option_in_config("tts", options, CONFIG)
        assert tts["options"] == [{"name": "voice", "value": "bob"}, {"name": "speed", "value": 2}]

    async def test_results_are_the_callers_own(self) -> None:
        client = RTVIClient(transport=Transport())
        found = await client.get_service_options_from_config("llm", CONFIG)
        assert found
        found["options"].clear()
        (await client.get_service_option_value_from_config("llm", "messages", CONFIG)).clear()
        (await client.set_config_options([], CONFIG)).clear()

    async def test_the_documented_way_to_change_one_option(self) -> None:
        run = await ready(
            expect("get-config"),
            say("config", {"config": CONFIG}, answers=True),
            expect("update-config"),
            say("config", {"config": []}, answers=True),
        )
        config = await run.client.set_service_option_in_config("llm", {"name": "model", "value": "big"})
        await run.client.update_config(config, interrupt=True)
        sent = run.transport.sent[-1]["data"]["config"]
        assert [entry["service"] for entry in sent] == ["tts", "llm"]
        assert sent[1]["options"][0] == {"name": "model", "value": "big"}
        await run.client.disconnect()


class TestLateSubscribers:
    async def test_the_state_and_what_the_bot_said(self) -> None:
        run = Run(Transport(*bot_ready(CONFIG)))
        assert run.client.bot_ready_data is None
        data = await run.client.connect()
        assert run.client.bot_ready_data is data
        assert run.client.state is TransportState.READY
        assert run.client.connected
        await run.client.disconnect()
        assert run.client.bot_ready_data is None
        assert not run.client.connected

    async def test_the_last_bots_words_are_not_this_ones(self) -> None:
        run = await ready_with(CONFIG)
        await run.client.disconnect()
        run.transport.heal(expect("client-ready"))
        task = await run.connecting()
        assert run.client.state is TransportState.READY
        assert run.client.bot_ready_data is None
        await run.client.disconnect()
        await asyncio.wait({task})
        assert task.exception()

    async def test_handlers_of_bot_ready_can_ask(self) -> None:
        seen: list[Any] = []
        run = Run(Transport(*bot_ready(CONFIG)))
        run.client.on(RTVIEvent.BOT_READY, lambda data: seen.append(run.client.bot_ready_data is data))
        await run.client.connect()
        assert seen == [True]
        await run.client.disconnect()


class TestQuirks:
    """What real servers do, each seen."""

    async def test_metrics_before_bot_ready(self) -> None:
        run = Run(Transport(expect("client-ready"), say("metrics", {}), say("bot-ready", {"version": "0.3.0"})))
        await run.client.connect()
        names = [name for name, *_ in run.fired]
        assert names.index("metrics") < names.index("botReady")
        await run.client.disconnect()

    async def test_an_error_response_to_client_ready_before_bot_ready(self, caplog: pytest.LogCaptureFixture) -> None:
        run = Run(
            Transport(
                expect("client-ready"),
                say("error-response", {"error": "Client version unknown."}, answers=True),
                say("bot-ready", {"version": "1.2.0"}, answers=True),
            )
        )
        assert (await run.client.connect()).version == "1.2.0"
        assert len(run.arguments("messageError")) == 1
        assert "the bot says about client-ready: Client version unknown." in caplog.text
        await run.client.disconnect()

    async def test_bot_ready_without_data(self) -> None:
        run = Run(Transport(expect("client-ready"), say("bot-ready")))
        data = await run.client.connect()
        assert (data.version, data.config, data.about) == ("", None, None)
        await run.client.disconnect()

    async def test_bot_ready_twice(self) -> None:
        run = Run(Transport(*handshake("1.0.0"), say("bot-ready", {"version": "2.0.0"})))
        assert (await run.client.connect()).version == "1.0.0"
        await turns(2)
        assert len(run.arguments("botReady")) == 2
        await run.client.disconnect()

    async def test_no_bot_ready_at_all(self) -> None:
        run = stalled(ConnectPhase.BOT_READY, timeout=0.02)
        with pytest.raises(TimeoutError, match="the bot did not say bot-ready"):
            await run.client.connect()
        await run.ended(TransportState.ERROR)


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
