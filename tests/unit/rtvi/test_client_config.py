"""The configuration members, and what a bot says of its configuration when it is ready."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import pytest
from sessions import CONFIG, Run, Transport, ready, stalled, turns

from rtvi_web import BotNotReadyError, ConnectPhase, InvalidArgumentError, RTVIClient, RTVIEvent, TransportState
from rtvi_web.testing import Step, expect, handshake, say

pytestmark = [pytest.mark.usefixtures("tidy"), pytest.mark.filterwarnings("ignore:.*shorthand")]


def bot_ready(config: Any = None) -> tuple[Step, Step]:
    data = {"version": "0.3.0"} if config is None else {"version": "0.3.0", "config": config}
    return expect("client-ready"), say("bot-ready", data, answers=True)


async def ready_with(config: Any, *steps: Step, **options: Any) -> Run:
    run = Run(Transport(*bot_ready(config), *steps), **options)
    await run.client.connect()
    return run


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
