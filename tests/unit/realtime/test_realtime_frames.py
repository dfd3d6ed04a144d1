"""Events in binary frames, and servers that speak another protocol."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import SERVER_EVENTS, Run, Server, connected

from rtvi_web.realtime.protocol import wire

EVENT = {"type": "conversation.item.added", "item": {"id": "ä", "type": "message", "role": "user", "content": []}}


@pytest.mark.parametrize("encode", [str.encode, lambda text: b"\xef\xbb\xbf" + text.encode(), lambda text: text])
async def test_an_event_is_understood_in_any_frame(encode: Any) -> None:
    run = await connected()
    frame = encode(json.dumps(EVENT, ensure_ascii=False))
    if isinstance(frame, str):
        run.server.say_text(frame)
    else:
        run.server.say_bytes(frame)
    assert run.ids == ["ä"]
    await run.client.disconnect()


@given(st.binary() | st.sampled_from([b"{", b"[]", b'{"type": 1}', b"null", b"\xff{}"]))
def test_a_binary_frame_without_an_event_is_ignored(data: bytes) -> None:
    async def check() -> None:
        run = await connected()
        run.server.say_bytes(data)
        assert run.errors == []
        assert run.client.is_connected()
        await run.client.disconnect()

    asyncio.run(check())


def test_all_events_of_openai_are_known() -> None:
    assert {*SERVER_EVENTS, "response.cancelled"} == wire.SERVER_EVENTS


# Another protocol.


async def silent() -> Run:
    """A client on a server that says nothing by itself."""
    return await connected(server=Server(handshake=False))


def emitted(run: Run) -> list[str]:
    return [error.message for error in run.errors if error.source == "message" and "Within 5 s" in error.message]


@pytest.mark.parametrize(
    ("frame", "shown"),
    [
        ('{"setupComplete": {}}', '{"setupComplete": {}}'),
        ('{"type": "conversation_initiation_metadata"}', "conversation_initiation_metadata"),
        ("hello" * 100, "hello" * 40),
        (b"\x0a\xff\x00binary", "\n\\xff\x00binary"),
        (None, "nothing"),
    ],
)
async def test_a_server_of_another_protocol_is_told_once(frame: str | bytes | None, shown: str) -> None:
    run = await silent()
    for each in (frame, "{}", frame):
        if isinstance(each, str) and frame is not None:
            run.server.say_text(each)
        elif isinstance(each, bytes):
            run.server.say_bytes(each)
    await asyncio.sleep(3)
    assert emitted(run) == []
    await asyncio.sleep(60)
    (message,) = emitted(run)
    assert shown in message
    assert "hello" * 41 not in message
    assert run.client.is_connected()
    await run.client.disconnect()


async def test_one_event_of_the_protocol_is_enough() -> None:
    run = await silent()
    run.server.say_text('{"type": "hello"}')
    await asyncio.sleep(2)
    run.server.say_bytes(b'{"type": "rate_limits.updated"}')
    await asyncio.sleep(60)
    assert emitted(run) == []
    await run.client.disconnect()


async def test_a_session_that_is_over_tells_nothing_and_the_next_begins_anew() -> None:
    run = await silent()
    run.server.say_text('{"type": "one"}')
    await run.client.disconnect()
    await asyncio.sleep(60)
    assert emitted(run) == []
    await run.client.connect()
    run.server.say_text('{"type": "two"}')
    await asyncio.sleep(60)
    assert [("two" in message, "one" in message) for message in emitted(run)] == [(True, False)]
    await run.client.disconnect()


@pytest.mark.parametrize("carries_tracks", [False, True])
async def test_openai_is_understood(carries_tracks: bool) -> None:
    run = await connected(server=Server(carries_tracks=carries_tracks))
    await asyncio.sleep(60)
    assert run.errors == []
    await run.client.disconnect()
