"""Connecting: its phases, its failures, and its end at any moment."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from rtvi_web.errors import (
    ConnectAbortedError,
    ConnectionTimeoutError,
    DisconnectedError,
    TransportStartError,
)
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.protocol.state import TransportState
from rtvi_web.testing.contract.scene import Scene, check, same
from rtvi_web.testing.contract.suite import contract_test

STALL = 0.5
"""Seconds until a connection that stalls is given up; doubled if it has not got as far as that by then."""


@contract_test("stall")
async def a_stall_names_its_phase_in_words_of_the_transport(scene: Scene) -> None:
    """Each phase may hang. The error names it, in words that fit this transport."""
    stage = scene.stage
    for phase in stage.phases:
        await stage.stall(phase)
        timeout, microphone, error = STALL, list[Any](), None
        while error is None or (error.phase is not phase and timeout < stage.patience):
            client = scene.make_client(timeout=timeout)
            microphone, timeout = _microphone(client), 2 * timeout
            what = f"connect(), stalled in {phase.value!r},"
            error = await scene.failure(client.connect(), ConnectionTimeoutError, what)
        same(error.phase, phase, "the phase of the error")
        check(stage.words.get(phase, "") in error.message, f"{error.message!r} must have the words of {phase.value!r}")
        for word in stage.foreign_words:
            check(word not in error.message, f"{error.message!r} must not speak of {word!r}")
        await scene.is_over(TransportState.ERROR, *microphone)
        await stage.stall(None)
        client = await scene.connected()
        await client.disconnect()


@contract_test("refuse")
async def a_refusal_is_an_error_of_the_transport(scene: Scene) -> None:
    """A server that refuses makes ``connect()`` raise, in one of the transport's phases. The next one succeeds."""
    client = scene.make_client()
    microphone = _microphone(client)
    await scene.stage.refuse()
    error = await scene.failure(client.connect(), TransportStartError, "connect(), when it is refused,")
    check(error.phase in scene.stage.phases, f"a refusal must name a phase of the transport, not {error.phase}")
    await scene.is_over(TransportState.ERROR, *microphone)
    check("connected" not in [name for name, _ in scene.fired], "connected must not be fired")
    await scene.within(client.connect())
    await client.disconnect()


@contract_test()
async def connecting_can_be_cancelled_at_every_await(scene: Scene) -> None:
    """The task that awaits ``connect()`` is cancelled after any number of turns of the event loop."""
    client = scene.make_client()
    for turns in _growing(scene.stage.every_turn):
        connecting = asyncio.ensure_future(client.connect())
        if await _done_after(connecting, turns):
            break
        connecting.cancel()
        [outcome] = await scene.within(asyncio.gather(connecting, return_exceptions=True))
        if not isinstance(outcome, asyncio.CancelledError):
            await scene.within(client.disconnect())  # It was about to succeed.
        await scene.is_over(TransportState.DISCONNECTED)
    await _works_again(scene, client)


@contract_test()
async def connecting_can_be_ended_by_disconnect_at_every_await(scene: Scene) -> None:
    """``disconnect()`` is called after any number of turns of the event loop."""
    client = scene.make_client()
    for turns in _growing(scene.stage.every_turn):
        connecting = asyncio.ensure_future(client.connect())
        if await _done_after(connecting, turns):
            break
        await scene.within(client.disconnect())
        [outcome] = await scene.within(asyncio.gather(connecting, return_exceptions=True))
        if not isinstance(outcome, ConnectAbortedError):
            await scene.within(client.disconnect())  # It had not begun, or was about to succeed.
        await scene.is_over(TransportState.DISCONNECTED)
    await _works_again(scene, client)


@contract_test()
async def close_works_early_late_and_twice(scene: Scene) -> None:
    """``close()`` raises nothing before the first session, after it, and twice. Afterwards all works again."""
    client = scene.make_client()
    transport = client.transport
    for _ in range(2):
        await scene.within(transport.close())
    await _works_again(scene, client)
    for _ in range(2):
        await scene.within(transport.close())
    await scene.is_over(TransportState.DISCONNECTED)
    await _works_again(scene, client)
    scene.fired.clear()
    await scene.within(transport.close())
    same(scene.fired, [], "close() after a session must fire nothing")


@contract_test()
async def sending_without_a_session_is_refused(scene: Scene) -> None:
    """``send()`` raises DisconnectedError before and after a session; ``interrupted()`` may be called at any time."""
    client = scene.make_client()
    transport = client.transport
    for _ in range(2):
        try:
            transport.send("{}")
        except DisconnectedError:
            pass
        else:
            check(False, "send() without a session must raise DisconnectedError")
        transport.interrupted()
        await scene.within(client.connect())
        transport.interrupted()
        await client.disconnect()


def _microphone(client: RTVIClient) -> list[Any]:
    """The track of the microphone, as soon as there is one."""
    tracks: list[Any] = []
    client.on("trackStarted", lambda track, who: tracks.append(track) if who.local and not tracks else None)
    return tracks


def _growing(every: int) -> Iterator[int]:
    turns = 0
    while True:
        yield turns
        turns += 1 if turns < every else 1 + turns // 3


async def _done_after(task: asyncio.Future[Any], turns: int) -> bool:
    for _ in range(turns):
        if task.done():
            await task
            return True
        await asyncio.sleep(0)
    return False


async def _works_again(scene: Scene, client: RTVIClient) -> None:
    if client.state is not TransportState.READY:
        await scene.within(client.connect())
    same(await scene.within(client.send_client_request("echo", {"n": 1})), {"n": 1}, "the bot's answer")
    await scene.within(client.disconnect())
    await scene.is_over(TransportState.DISCONNECTED)
