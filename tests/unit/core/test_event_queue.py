"""``async for event, args in client.events()``."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import Any

import pytest
from sessions import over, ready, turns

from rtvi_web import EventQueue, InvalidArgumentError, RTVIEvent, TextData, TransportState
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.event_members import EventMembers
from rtvi_web.rtvi.protocol.events import EVENTS, RENAMED
from rtvi_web.testing import expect, leave, say

pytestmark = pytest.mark.usefixtures("tidy")

TEXT = RTVIEvent.BOT_LLM_TEXT


@pytest.fixture
def emitter() -> Emitter:
    return Emitter(EVENTS, RENAMED)


@pytest.fixture
def events(emitter: Emitter) -> EventMembers:
    return EventMembers(emitter)


def emit(emitter: Emitter, *words: str) -> None:
    for word in words:
        emitter.emit(TEXT, TextData(text=word))


async def words(queue: EventQueue) -> list[str]:
    return [args[0].text async for _, args in queue]


async def test_a_conversation_in_a_loop() -> None:
    script = (expect("send-text"), say("bot-llm-started"), say("bot-llm-text", {"text": "Hi!"}), leave())
    run = await ready(*script)
    queue = run.client.events()
    run.client.send_text("hello")
    happened = [(str(event), *args) async for event, args in queue]
    assert [name for name, *_ in happened if not name.startswith(("message", "conversation", "botState"))] == [
        "botLlmStarted",
        "botLlmText",
        "participantLeft",
        "botDisconnected",
        "transportStateChanged",
        "trackStopped",
        "transportStateChanged",
        "disconnected",
    ]
    assert ("botLlmText", TextData(text="Hi!")) in happened
    assert ("transportStateChanged", TransportState.DISCONNECTED) in happened
    assert queue.dropped == 0
    run.released()


async def test_it_ends_when_connect_fails() -> None:
    run = await ready()
    await run.client.disconnect()
    run.transport.heal()
    run.transport.fails_with = RuntimeError("no")  # type: ignore[assignment]
    states = [state async for _, (state,) in await _while_connecting(run, RTVIEvent.TRANSPORT_STATE_CHANGED)]
    assert states[-1] is TransportState.ERROR


async def _while_connecting(run: Any, *events: str) -> EventQueue:
    queue: EventQueue = run.client.events(*events)
    with pytest.raises(ConnectionError):
        await run.client.connect()
    return queue


async def test_only_what_is_wanted(emitter: Emitter, events: EventMembers) -> None:
    queue = events.events(TEXT, "connected")
    emitter.emit(RTVIEvent.CONNECTED)
    emitter.emit(RTVIEvent.DISCONNECTED)
    emit(emitter, "a")
    emitter.fail_waiters("over")
    assert [str(event) async for event, _ in queue] == ["connected", "botLlmText"]


async def test_beyond_the_limit_the_oldest_are_dropped_and_counted(emitter: Emitter, events: EventMembers) -> None:
    queue = events.events(limit=3)
    emit(emitter, "a", "b", "c")
    assert queue.dropped == 0
    emit(emitter, "d", "e")
    assert queue.dropped == 2
    emitter.fail_waiters("over")
    assert await words(queue) == ["c", "d", "e"]


async def test_several_at_once_each_get_all(emitter: Emitter, events: EventMembers) -> None:
    early, late = events.events(), events.events(TEXT)
    loops = [asyncio.ensure_future(words(queue)) for queue in (early, late)]
    for word in "abc":
        emit(emitter, word)
        await turns(2)
    emitter.fail_waiters("over")
    assert [await over(loop) for loop in loops] == [["a", "b", "c"]] * 2


async def test_two_loops_over_one_queue_share_it(emitter: Emitter, events: EventMembers) -> None:
    queue = events.events()
    loops = [asyncio.ensure_future(words(queue)) for _ in range(2)]
    for word in "abcd":
        emit(emitter, word)
        await turns(2)
    emitter.fail_waiters("over")
    shares = [await over(loop) for loop in loops]
    assert sorted(shares[0] + shares[1]) == ["a", "b", "c", "d"]


async def test_closed_it_ends_after_what_is_there(emitter: Emitter, events: EventMembers) -> None:
    queue = events.events()
    emit(emitter, "a")
    queue.close()
    emit(emitter, "b")
    assert await words(queue) == ["a"]
    assert not emitter.listens(TEXT)


async def test_closed_while_its_loop_waits(events: EventMembers) -> None:
    queue = events.events()
    loop = asyncio.ensure_future(words(queue))
    await turns(2)
    queue.close()
    assert await over(loop) == []


async def test_a_loop_that_was_left_keeps_nothing(emitter: Emitter, events: EventMembers) -> None:
    emit(emitter)
    asyncio.get_running_loop().call_soon(emit, emitter, "a", "b")
    queue = events.events(TEXT)
    async for _ in queue:
        break
    left = weakref.ref(queue)
    del queue
    gc.collect()
    assert left() is None
    assert not emitter.listens(TEXT)


async def test_a_queue_that_was_left_goes_on_where_it_was(emitter: Emitter, events: EventMembers) -> None:
    queue = events.events()
    emit(emitter, "a", "b")
    async for _, args in queue:
        assert args[0].text == "a"
        break
    emitter.fail_waiters("over")
    assert await words(queue) == ["b"]


async def test_a_queue_counts_as_a_listener(emitter: Emitter, events: EventMembers) -> None:
    assert not emitter.listens(RTVIEvent.LOCAL_AUDIO_LEVEL)
    everything = events.events()
    assert emitter.listens(RTVIEvent.LOCAL_AUDIO_LEVEL)
    everything.close()
    levels = events.events(RTVIEvent.LOCAL_AUDIO_LEVEL)
    assert emitter.listens(RTVIEvent.LOCAL_AUDIO_LEVEL)
    assert not emitter.listens(RTVIEvent.REMOTE_AUDIO_LEVEL)
    levels.close()
    assert not emitter.listens(RTVIEvent.LOCAL_AUDIO_LEVEL)


async def test_a_cancelled_loop_loses_nothing(emitter: Emitter, events: EventMembers) -> None:
    queue = events.events()
    loop = asyncio.ensure_future(words(queue))
    await turns(2)
    loop.cancel()
    emit(emitter, "a")
    with pytest.raises(asyncio.CancelledError):
        await over(loop)
    queue.close()
    assert await words(queue) == ["a"]


async def test_unknown_events_and_invalid_limits_are_refused(emitter: Emitter, events: EventMembers) -> None:
    with pytest.raises(InvalidArgumentError, match=r"no event 'botLlmTex'\. Did you mean 'botLlmText'"):
        events.events("botLlmTex")
    for limit in (0, -1):
        with pytest.raises(InvalidArgumentError, match="limit must be at least 1"):
            events.events(limit=limit)
