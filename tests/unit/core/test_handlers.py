"""Handlers get as many of an event's arguments as they have positional parameters, of whatever kind they are."""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import AsyncMock, Mock, create_autospec

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sessions import Run, Transport, turns

from rtvi_web import InvalidArgumentError, RTVIEvent
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.event import Event
from rtvi_web.core.handlers import ALL, count_arguments
from rtvi_web.realtime.event_handlers import RealtimeEventHandler
from rtvi_web.rtvi.members.llm_helper import LLMHelper
from rtvi_web.testing import handshake

EVENT: Event[Any] = Event("event")
ARGUMENTS = ("one", "two", "three")
Handler = Callable[..., Any]
Calls = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Parameters:
    """What a handler's parameters are."""

    required: int = 0
    optional: int = 0
    takes_rest: bool = False
    has_keyword: bool = False

    @property
    def count(self) -> int:
        return ALL if self.takes_rest else self.required + self.optional

    def handler(self, calls: Calls, *, first: str = "", is_async: bool = False) -> Handler:
        """A function of these parameters, after one of its own, which notes what it got by position."""
        names = [f"required{number}" for number in range(self.required)]
        names += [f"optional{number}" for number in range(self.optional)]
        declared = [name if name.startswith("required") else f"{name}=missing" for name in names]
        declared += ["*rest"] * self.takes_rest + ["*"] * (self.has_keyword and not self.takes_rest)
        declared += ["keyword=None"] * self.has_keyword
        all_names = ", ".join([*names, "*rest"] if self.takes_rest else names)
        source = (
            f"{'async ' * is_async}def handler({', '.join(([first] if first else []) + declared)}):\n"
            f"    calls.append(tuple(value for value in [{all_names}] if value is not missing))\n"
        )
        scope: dict[str, Any] = {"calls": calls, "missing": object()}
        exec(source, scope)
        made: Handler = scope["handler"]
        return made


def passing_on(handler: Handler) -> Handler:
    """A decorator of the usual kind."""

    @functools.wraps(handler)
    def wrapper(*args: Any, **options: Any) -> Any:
        return handler(*args, **options)

    return wrapper


def member(handler: Handler) -> Any:
    """An object whose class has the handler as a method, and as what calling it does."""
    return type("Page", (), {"handle": handler, "__call__": handler})()


KINDS: dict[str, Callable[[Parameters, Calls], Handler]] = {
    "function": lambda wanted, calls: wanted.handler(calls),
    "async function": lambda wanted, calls: wanted.handler(calls, is_async=True),
    "method": lambda wanted, calls: member(wanted.handler(calls, first="self")).handle,
    "async method": lambda wanted, calls: member(wanted.handler(calls, first="self", is_async=True)).handle,
    "class method": lambda wanted, calls: member(classmethod(wanted.handler(calls, first="cls"))).handle,  # type: ignore[arg-type]
    "static method": lambda wanted, calls: member(staticmethod(wanted.handler(calls))).handle,
    "callable": lambda wanted, calls: member(wanted.handler(calls, first="self")),
    "async callable": lambda wanted, calls: member(wanted.handler(calls, first="self", is_async=True)),
    "partial": lambda wanted, calls: functools.partial(wanted.handler(calls, first="bound"), "bound"),
    "partial of a partial": lambda wanted, calls: functools.partial(
        functools.partial(wanted.handler(calls, first="bound, bound_too"), 1), 2
    ),
    "partial of a method": lambda wanted, calls: functools.partial(
        member(wanted.handler(calls, first="self, bound")).handle, "bound"
    ),
    "async partial": lambda wanted, calls: functools.partial(
        wanted.handler(calls, first="bound", is_async=True), "bound"
    ),
    "decorated": lambda wanted, calls: passing_on(passing_on(wanted.handler(calls))),
    "decorated method": lambda wanted, calls: member(passing_on(wanted.handler(calls, first="self"))).handle,
    "partial of a decorated one": lambda wanted, calls: functools.partial(
        passing_on(wanted.handler(calls, first="bound")), "bound"
    ),
    "cached": lambda wanted, calls: functools.lru_cache(wanted.handler(calls)),
}
SHAPES = (
    Parameters(),
    Parameters(required=1),
    Parameters(required=2),
    Parameters(optional=1),
    Parameters(required=1, optional=1, has_keyword=True),
    Parameters(takes_rest=True),
    Parameters(required=1, takes_rest=True),
)


class TestEveryKind:
    """Every kind of callable, with every kind of parameters."""

    @pytest.mark.parametrize("kind", KINDS)
    @given(wanted=st.builds(Parameters, st.integers(0, 3), st.integers(0, 3), st.booleans(), st.booleans()))
    def test_is_counted(self, kind: str, wanted: Parameters) -> None:
        assert count_arguments(KINDS[kind](wanted, [])) == wanted.count

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("subscribe", ["on", "once"])
    async def test_gets_the_leading_arguments(self, kind: str, subscribe: str, reported: list[Any]) -> None:
        for wanted, count in itertools.product(SHAPES, range(len(ARGUMENTS) + 1)):
            emitter = Emitter({"event": EVENT})
            calls: Calls = []
            handler = KINDS[kind](wanted, calls)
            emitter.on("event", handler, once=subscribe == "once")
            emitter.emit(EVENT, *ARGUMENTS[:count])
            await turns(2)
            if wanted.required > count:
                assert isinstance(reported.pop(), TypeError)
            else:
                assert calls == [ARGUMENTS[: min(count, wanted.count)]], wanted
            assert not reported
            emitter.off("event", handler)
            assert not emitter.listens("event")

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("subscribe", ["on", "on_next"])
    @pytest.mark.parametrize("name", ["server.error", "server.*", "*"])
    async def test_gets_the_event_of_the_realtime_client(
        self, subscribe: str, name: str, kind: str, reported: list[Any]
    ) -> None:
        for wanted in (shape for shape in SHAPES if shape.required < 2):
            handlers = RealtimeEventHandler()
            calls: Calls = []
            handler = KINDS[kind](wanted, calls)
            assert getattr(handlers, subscribe)(name, handler) is handler
            handlers.dispatch("server.error", "event")
            await turns(2)
            assert calls == [("event",)[: min(1, wanted.count)]], wanted
            assert not reported
            assert handlers.listens("server.error") is (subscribe == "on")
            if subscribe == "on":
                handlers.off(name, handler)
                assert not handlers.listens("server.error")


class TestOthers:
    """Callables that are not made of Python functions."""

    @pytest.mark.parametrize(
        ("handler", "count"),
        [
            (print, ALL),
            (len, 1),
            (list[object]().append, 1),
            (list[object]().clear, 0),
            (asyncio.Event().set, 0),
            (functools.partial(print, "ready:"), ALL),
            (functools.partial(list[object]().append, 1), 0),
            (str, ALL),  # no signature
            (Mock(), ALL),
            (AsyncMock(), ALL),
            (create_autospec(lambda text: None), 1),
            (functools.partial(lambda text, show=None: None, text="x"), 0),  # what follows is by keyword only now
            (functools.partial(lambda text, show=None: None, show="x"), 1),
            (Parameters, 4),
            (type("Empty", (), {}), 0),
        ],
    )
    def test_are_counted(self, handler: Handler, count: int) -> None:
        assert count_arguments(handler) == count

    def test_a_wrapper_with_parameters_of_its_own_is_called_with_those(self) -> None:
        """Although inspect.signature() shows those of what it wraps."""

        def ready() -> None: ...

        @functools.wraps(ready)
        def shown(data: object) -> None:
            ready()

        assert count_arguments(shown) == 1
        assert count_arguments(functools.partial(shown)) == 1

    def test_a_method_without_self_is_called_and_fails_there(self) -> None:
        assert count_arguments(member(lambda: None).handle) == 0

    async def test_a_signature_that_cannot_be_read(self) -> None:
        class Odd:
            __signature__ = "nonsense"

            def __call__(self, *args: Any) -> None: ...

        assert count_arguments(Odd()) == ALL


async def test_as_the_documents_write_them(reported: list[Any]) -> None:
    """``function handleBotReady() {…}`` and callbacks that leave out what they don't use."""
    heard: list[str] = []

    def handle_bot_ready() -> None:
        heard.append("event")

    async def handle_state() -> None:
        heard.append("async callback")

    run = Run(
        Transport(*handshake()),
        callbacks={"onBotReady": lambda: heard.append("callback"), "on_transport_state_changed": handle_state},
    )
    run.client.on(RTVIEvent.BOT_READY, handle_bot_ready)
    run.client.once("trackStarted", lambda track: heard.append(track.kind))
    await run.client.connect()
    assert [word for word in heard if word != "async callback"] == ["audio", "callback", "event"]
    assert "async callback" in heard
    run.client.off(RTVIEvent.BOT_READY, handle_bot_ready)
    await run.client.disconnect()
    assert not reported


async def test_of_a_helper(reported: list[Any]) -> None:
    heard: list[Any] = []
    run = Run(Transport(*handshake()))
    callbacks: dict[str, Callable[..., object]] = {
        "onLLMJsonCompletion": lambda: heard.append("done"),
        "on_llm_function_call_start": heard.append,
    }
    run.client.register_helper("llm", LLMHelper(callbacks))
    await run.client.connect()
    for type, data in (("llm-json-completion", "{}"), ("llm-function-call-start", {"function_name": "f"})):
        run.transport.receiver.receive(json.dumps({"label": "rtvi-ai", "type": type, "data": data}))
    assert heard == ["done", "f"]
    await run.client.disconnect()
    assert not reported


def test_a_callback_of_a_helper_that_cannot_be_called() -> None:
    with pytest.raises(InvalidArgumentError, match="'onLLMMessage' must be a function; it is 5"):
        LLMHelper({"onLLMMessage": 5})  # type: ignore[dict-item]
    with pytest.raises(InvalidArgumentError, match="callbacks must be a dict"):
        LLMHelper([print])  # type: ignore[arg-type]
