"""Whatever arrives, no exception leaves the client, and its state stays legal."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sessions import ready, turns

from rtvi_web import RTVIEvent, TransportState
from rtvi_web.protocol.events import BY_WIRE
from rtvi_web.protocol.session import Session

TEXT = st.text(st.characters(), max_size=40)  # surrogates included
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
KEYS = [
    "text",
    "final",
    "error",
    "message",
    "fatal",
    "version",
    "tool_call_id",
    "function_name",
    "args",
    "arguments",
    "d",
]
DATA = JSON | st.dictionaries(st.sampled_from(KEYS), JSON, max_size=5)
MESSAGES = st.fixed_dictionaries(
    {"label": st.just("rtvi-ai"), "type": st.sampled_from([*BY_WIRE, "server-response", "no-such-type"])},
    optional={"data": DATA, "id": TEXT},
)
FRAMES = TEXT | JSON.map(json.dumps) | MESSAGES.map(json.dumps)


@given(FRAMES)
@settings(max_examples=300, deadline=None)
def test_every_frame_has_outcomes(frame: str) -> None:
    received, *outcomes = Session().receive(frame)
    assert received == (RTVIEvent.MESSAGE_RECEIVED, (frame,))
    assert outcomes


@given(st.lists(FRAMES, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_connected_client_survives(frames: list[str]) -> None:
    asyncio.run(_survive(frames))


async def _survive(frames: list[str]) -> None:
    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))
    run = await ready()
    for frame in frames:
        run.transport.host.receive(frame)
    await turns(15)
    assert run.client.state in (TransportState.READY, TransportState.DISCONNECTED)
    fatal = [error for error in run.arguments("error") if error.data.fatal]
    assert (run.client.state is TransportState.DISCONNECTED) == bool(fatal)
    await run.client.disconnect()
    await turns(3)
    run.released()
    assert reported == []


def test_the_strategies_reach_what_they_should() -> None:
    """A fuzz test that only ever makes nonsense would prove nothing."""
    seen: set[str] = set()

    @given(MESSAGES.map(json.dumps))
    @settings(max_examples=300, deadline=None, database=None, derandomize=True)
    def look(frame: str) -> None:
        for outcome in Session().receive(frame):
            seen.add(getattr(outcome, "event", type(outcome).__name__))
            seen.add("unknown" if getattr(outcome, "known", True) is False else "")

    look()
    assert {"invalidMessage", "unknown", "botReady", "messageError"} <= seen
    assert len(seen) > 10
