"""Whatever arrives, no exception leaves the client, and its state stays legal."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sessions import URL, Run, Transport, ready, turns

from rtvi_web import LLMHelper, RTVIClientHelper, RTVIError, RTVIMessage, TransportState
from rtvi_web.rtvi.protocol.events import BY_WIRE, EVENTS
from rtvi_web.rtvi.protocol.inbound import MessageReader
from rtvi_web.rtvi.protocol.outcomes import Fire
from rtvi_web.testing import HttpStream, expect

TEXT = st.text(st.characters(), max_size=40)  # surrogates included
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
OPTIONS = st.lists(st.dictionaries(st.sampled_from(["name", "value", "stop_secs"]), JSON, max_size=3), max_size=3)
SERVICES = st.lists(
    st.fixed_dictionaries({}, optional={"service": TEXT, "name": TEXT, "options": OPTIONS | JSON}), max_size=3
)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT,
    "final": st.booleans(),
    "error": TEXT | st.just("Unsupported type action"),
    "message": TEXT,
    "fatal": st.booleans(),
    "version": TEXT,
    "tool_call_id": TEXT,
    "function_name": st.just("f") | TEXT,
    "args": st.dictionaries(TEXT, JSON, max_size=2),
    "arguments": st.dictionaries(TEXT, JSON, max_size=2),
    "d": JSON,
    "result": JSON,
    "config": SERVICES,
    "actions": SERVICES,
}
DATA = JSON | st.fixed_dictionaries({}, optional={name: value | JSON for name, value in FIELDS.items()})
PENDING = "the id of the action that waits"
TYPES = st.sampled_from([*BY_WIRE]) | st.sampled_from(["server-response", "action-response", "no-such-type"])
ANYTHING = st.fixed_dictionaries(
    {"label": st.just("rtvi-ai"), "type": TYPES},
    optional={"data": DATA, "id": st.just(PENDING) | TEXT},
)
PLAUSIBLE = st.fixed_dictionaries(
    {"label": st.just("rtvi-ai"), "type": TYPES, "data": st.fixed_dictionaries({}, optional=FIELDS)},
    optional={"id": st.just(PENDING) | TEXT},
)
CALLS = st.fixed_dictionaries(
    {
        "label": st.just("rtvi-ai"),
        "type": st.sampled_from(["llm-function-call", "llm-function-call-in-progress"]),
        "data": st.fixed_dictionaries(
            {"function_name": FIELDS["function_name"], "tool_call_id": TEXT, "arguments": FIELDS["arguments"]}
        ),
    }
)
CONFIGS = st.fixed_dictionaries(
    {
        "label": st.just("rtvi-ai"),
        "type": st.just("config"),
        "data": st.fixed_dictionaries({"config": SERVICES}),
    }
)
MESSAGES = ANYTHING | PLAUSIBLE | CALLS | CONFIGS
FRAMES = TEXT | JSON.map(json.dumps) | MESSAGES.map(json.dumps)


@given(FRAMES)
@settings(max_examples=300, deadline=None)
def test_every_frame_has_outcomes(frame: str) -> None:
    assert MessageReader().receive(frame)


@given(FRAMES)
@settings(max_examples=300, deadline=None)
def test_helpers_do_not_change_what_a_frame_leads_to(frame: str) -> None:
    """With helpers, messages are parsed that are else validated as text."""

    def outcomes(*, whole: bool) -> list[str]:
        found = MessageReader().receive(frame, whole=whole)
        return [repr(each._replace(message=None) if isinstance(each, Fire) else each) for each in found]

    assert outcomes(whole=True) == outcomes(whole=False)


class Curious(RTVIClientHelper):
    """A helper that takes what is known and what isn't."""

    def get_message_types(self) -> list[str]:
        return ["no-such-type", "bot-llm-text", "config"]

    def handle_message(self, message: RTVIMessage) -> None:
        str(message)


@given(st.lists(FRAMES, max_size=8))
@settings(max_examples=100, deadline=None)
def test_a_connected_client_survives(frames: list[str]) -> None:
    asyncio.run(_survive(frames))


async def _survive(frames: list[str]) -> None:
    reported = _reports()
    run = await ready(expect("action"), *[expect("llm-function-call-result")] * len(frames))
    run.client.register_helper("llm", LLMHelper({name: str for name in LLMHelper.callback_names}))
    run.client.register_helper("x", Curious())
    run.client.register_function_call_handler("f", lambda call: call.function_name)
    everything = run.client.events()
    pending = asyncio.ensure_future(run.client.action({"service": "llm", "action": "run"}, timeout=None))
    await turns(2)
    id = json.dumps(run.transport.sent[-1]["id"])
    for frame in frames:
        run.transport.receiver.receive(frame.replace(json.dumps(PENDING), id))
    await turns(15)
    assert run.client.state in (TransportState.READY, TransportState.DISCONNECTED)
    fatal = [error for error in run.arguments("error") if error.data.fatal]
    assert (run.client.state is TransportState.DISCONNECTED) == bool(fatal)
    await run.client.disconnect()
    await turns(3)
    [ended] = await asyncio.gather(pending, return_exceptions=True)
    assert isinstance(ended, RTVIError) or not isinstance(ended, BaseException)
    async for event, _ in everything:
        assert event in EVENTS
    run.released()
    assert reported == []


@given(st.lists(FRAMES, max_size=5), st.binary(max_size=40), st.sampled_from(["\n\n", "\r\n\r\n", "\n"]))
@settings(max_examples=60, deadline=None)
def test_a_single_turn_survives(frames: list[str], noise: bytes, ends: str) -> None:
    asyncio.run(_survive_stream(frames, noise, ends))


async def _survive_stream(frames: list[str], noise: bytes, ends: str) -> None:
    reported = _reports()
    chunks = [f"data: {frame}{ends}".encode(errors="replace") for frame in frames]
    run = Run(Transport(start=[HttpStream([*chunks, noise])]), params={"base_url": URL})
    [ended] = await asyncio.gather(
        run.client.action({"service": "llm", "action": "run"}, timeout=None), return_exceptions=True
    )
    assert isinstance(ended, RTVIError)  # no frame has its id
    assert run.states == []
    run.released()
    assert reported == []


def _reports() -> list[Any]:
    """What reaches the event loop's exception handler from now on."""
    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    return reported


def test_the_strategies_reach_what_they_should() -> None:
    """A fuzz test that only ever makes nonsense would prove nothing."""
    seen: set[str] = set()

    @given(MESSAGES.map(json.dumps))
    @settings(max_examples=4000, deadline=None, database=None, derandomize=True)
    def look(frame: str) -> None:
        for outcome in MessageReader().receive(frame):
            seen.add(getattr(outcome, "event", type(outcome).__name__))

    look()
    wanted = {"invalidMessage", "ForHelpers", "botReady", "messageError", "Refused", "Answered", "CallAnnounced"}
    wanted |= {"config"}
    assert wanted <= seen
    assert len(seen) > 20
