"""Helpers: who gets which message, and what registering does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sessions import Run, Transport, ready, turns

from rtvi_web import InvalidArgumentError, RTVIClient, RTVIClientHelper, RTVIMessage
from rtvi_web.testing import handshake

pytestmark = pytest.mark.usefixtures("tidy")


class Collector(RTVIClientHelper):
    """Keeps the messages of the types that it is told to take."""

    callback_names = ("on_thing", "on_other_thing")

    def __init__(self, *types: str, **options: Any) -> None:
        super().__init__(**options)
        self.types = list(types)
        self.got: list[RTVIMessage] = []

    def get_message_types(self) -> list[str]:
        return self.types

    def handle_message(self, message: RTVIMessage) -> None:
        self.got.append(message)
        if callback := self.callbacks.get("on_thing"):
            callback(message.data)


def receive(run: Run, type: str, data: Any = None) -> None:
    run.transport.receiver.receive(json.dumps({"label": "rtvi-ai", "type": type, "data": data, "extra": 1}))


class TestMessages:
    async def test_an_unknown_type_reaches_helpers_instead_of_generic(self) -> None:
        run = await ready()
        one, two, three = (run.client.register_helper(name, Collector("mine", "more")) for name in ("1", "2", "3"))
        three.types = ["other"]
        receive(run, "mine", {"a": 1})
        assert [[message.type for message in helper.got] for helper in (one, two, three)] == [["mine"], ["mine"], []]
        assert one.got[0].data == {"a": 1}
        assert one.got[0].model_extra == {"extra": 1}
        assert run.arguments("genericMessage") == []
        receive(run, "unclaimed", 5)
        [message] = run.arguments("genericMessage")
        assert (message.type, message.data, message.model_extra) == ("unclaimed", 5, {"extra": 1})
        assert len(run.arguments("messageReceived")) == 3
        await run.client.disconnect()

    async def test_a_known_type_reaches_helpers_before_its_event(self) -> None:
        order: list[str] = []
        run = Run(Transport(*handshake()), callbacks={"on_bot_llm_text": lambda text: order.append("callback")})
        run.client.register_helper(
            "x", Collector("bot-llm-text", callbacks={"on_thing": lambda _: order.append("helper")})
        )
        await run.client.connect()
        receive(run, "bot-llm-text", {"text": "hi"})
        assert order == ["helper", "callback"]
        assert run.arguments("genericMessage") == []
        await run.client.disconnect()

    async def test_what_a_helper_changes_in_its_message_changes_nothing_else(self) -> None:
        run = await ready()
        changes = {"on_thing": lambda data: data["list"].clear()}
        run.client.register_helper("1", Collector("server-message", callbacks=changes))
        other = run.client.register_helper("2", Collector("server-message"))
        receive(run, "server-message", {"list": [1]})
        assert run.arguments("serverMessage") == [other.got[0].data] == [{"list": [1]}]
        await run.client.disconnect()

    async def test_a_helper_that_raises_stops_nothing_else(self, reported: list[Any]) -> None:
        run = await ready()
        bad = run.client.register_helper("bad", Collector("mine", callbacks={"on_thing": lambda data: 1 / data}))
        good = run.client.register_helper("good", Collector("mine"))
        receive(run, "mine", 0)
        assert len(bad.got) == len(good.got) == 1
        assert isinstance(reported.pop(), ZeroDivisionError)
        receive(run, "mine", 1)
        await run.client.disconnect()

    async def test_helpers_may_be_async(self, reported: list[Any]) -> None:
        class Waiting(Collector):
            async def handle_message(self, message: RTVIMessage) -> None:  # type: ignore[override]  # the base's allows it
                await asyncio.sleep(0)
                self.got.append(message)
                raise LookupError

        run = await ready()
        helper = run.client.register_helper("x", Waiting("mine"))
        receive(run, "mine")
        await turns(5)
        assert [message.type for message in helper.got] == ["mine"]
        assert isinstance(reported.pop(), LookupError)
        await run.client.disconnect()

    async def test_a_helper_that_cannot_say_what_it_takes(self, reported: list[Any]) -> None:
        class Broken(Collector):
            def get_message_types(self) -> list[str]:
                return None  # type: ignore[return-value]

        run = await ready()
        run.client.register_helper("broken", Broken())
        good = run.client.register_helper("good", Collector("mine"))
        receive(run, "mine")
        receive(run, "bot-llm-text", {"text": "x"})
        assert len(good.got) == len(run.arguments("botLlmText")) == 1
        assert [type(error) for error in reported] == [TypeError, TypeError]
        reported.clear()
        await run.client.disconnect()

    async def test_helpers_that_change_the_helpers(self) -> None:
        run = await ready()
        second = Collector("mine")
        swap = Collector("mine", callbacks={"on_thing": lambda _: run.client.unregister_helper("swap")})
        run.client.register_helper("swap", swap)
        run.client.register_helper("second", second)
        receive(run, "mine")
        receive(run, "mine")
        assert (len(swap.got), len(second.got)) == (1, 2)
        await run.client.disconnect()

    async def test_they_stay_for_the_next_session(self) -> None:
        run = await ready()
        helper = run.client.register_helper("x", Collector("mine"))
        await run.client.disconnect()
        run.transport.heal()
        await run.client.connect()
        receive(run, "mine")
        assert len(helper.got) == 1
        await run.client.disconnect()


class TestRegistering:
    async def test_register_get_unregister(self) -> None:
        client = RTVIClient(transport=Transport())
        helper = Collector()
        assert client.get_helper("x") is None
        assert client.register_helper("x", helper) is helper
        assert client.get_helper("x") is helper
        assert (helper.client, helper.service) == (client, "x")
        client.unregister_helper("x")
        client.unregister_helper("x")
        assert client.get_helper("x") is None
        assert (helper.client, helper.service) == (None, None)
        client.register_helper("y", helper)
        assert helper.service == "y"

    async def test_it_is_told(self) -> None:
        registrations: list[tuple[str, object, object]] = []

        class Telling(Collector):
            def registered(self) -> None:
                registrations.append(("registered", self.client, self.service))

            def unregistered(self) -> None:
                registrations.append(("unregistered", self.client, self.service))

        client = RTVIClient(transport=Transport())
        client.register_helper("x", Telling())
        client.unregister_helper("x")
        assert registrations == [("registered", client, "x"), ("unregistered", client, "x")]

    @pytest.mark.parametrize(
        ("service", "helper", "message"),
        [
            ("taken", Collector(), "Helper with name 'taken' already registered"),
            ("x", print, "Helper must be an instance of RTVIClientHelper"),
            ("x", Collector, "Helper must be an instance of RTVIClientHelper"),
            ("", Collector(), "name must be a non-empty string; it is ''"),
            (["x"], Collector(), "name must be a non-empty string"),
        ],
    )
    async def test_what_cannot_be_registered(self, service: Any, helper: Any, message: str) -> None:
        client = RTVIClient(transport=Transport())
        client.register_helper("taken", Collector())
        with pytest.raises(InvalidArgumentError, match=message):
            client.register_helper(service, helper)
        assert client.get_helper("x") is None

    async def test_one_helper_serves_one_client(self) -> None:
        helper = Collector()
        RTVIClient(transport=Transport()).register_helper("x", helper)
        with pytest.raises(InvalidArgumentError, match="registered already, as 'x'"):
            RTVIClient(transport=Transport()).register_helper("y", helper)

    def test_callbacks(self) -> None:
        helper = Collector(callbacks={"onThing": print, "on_other_thing": len})
        assert helper.callbacks == {"on_thing": print, "on_other_thing": len}
        with pytest.raises(InvalidArgumentError, match=r"no callback 'onThingg'\. Did you mean 'on_thing'"):
            Collector(callbacks={"onThingg": print})

    def test_it_is_abstract(self) -> None:
        with pytest.raises(TypeError, match="abstract"):
            RTVIClientHelper()  # type: ignore[abstract]
