"""The sequences of states that pages of the JavaScript client know, and one order at the end for all."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from sessions import STARTED, URL, Run, Transport, ready, stalled, turns

from rtvi_web import ConnectionTimeoutError, ConnectPhase, RTVIEvent, StartBotError, TransportState
from rtvi_web.core.http import HttpResponse
from rtvi_web.rtvi.protocol.state import TRANSITIONS
from rtvi_web.testing import BOT, expect, handshake, leave, lose, say

pytestmark = pytest.mark.usefixtures("tidy")

OPENED = ["initializing", "initialized"]
JOINED = ["connecting", "connected", "ready"]
CLOSED = ["disconnecting", "disconnected"]


def asking(*answers: Any, **options: Any) -> Run:
    return Run(Transport(*handshake(), start=answers), params={"base_url": URL}, **options)


def names(run: Run) -> list[str]:
    """States and the events of connection, in the order in which they came."""
    emitted = ("connected", "disconnected", "botConnected", "botDisconnected", "botReady", "error")
    return [
        args[0].value if name == "transportStateChanged" else f"<{name}>"
        for name, *args in run.fired
        if name == "transportStateChanged" or name in emitted
    ]


class TestSequences:
    async def test_connect_and_disconnect(self) -> None:
        run = asking(STARTED)
        await run.client.connect()
        await run.client.disconnect()
        assert run.states == [*OPENED, "authenticating", *JOINED, *CLOSED]

    async def test_without_a_start_request(self) -> None:
        run = await ready()
        await run.client.disconnect()
        assert run.states == [*OPENED, *JOINED, *CLOSED]

    async def test_devices_opened_ahead(self) -> None:
        run = asking(STARTED)
        await run.client.init_devices()
        assert run.states == OPENED
        await run.client.connect()
        await run.client.disconnect()
        assert run.states == [*OPENED, "authenticating", *JOINED, *CLOSED]

    async def test_a_refused_start(self) -> None:
        run = asking(HttpResponse(500, "no"))
        with pytest.raises(StartBotError):
            await run.client.connect()
        assert run.states == [*OPENED, "authenticating", "error"]

    @pytest.mark.parametrize(
        ("phase", "reached"),
        [
            (ConnectPhase.START, ["authenticating"]),
            (ConnectPhase.ICE, ["authenticating", "connecting"]),
            (ConnectPhase.BOT_READY, ["authenticating", *JOINED]),
        ],
    )
    async def test_a_timeout(self, phase: ConnectPhase, reached: list[str]) -> None:
        run = stalled(phase, timeout=0.02)
        with pytest.raises(ConnectionTimeoutError):
            await run.client.connect()
        assert run.states == [*OPENED, *reached, *CLOSED, "error"]

    async def test_again_after_an_error(self) -> None:
        """Upstream leaves the devices open and begins at authenticating; here they are released, and opened anew."""
        run = asking(HttpResponse(500, "no"), STARTED)
        with pytest.raises(StartBotError):
            await run.client.connect()
        run.fired.clear()
        await run.client.connect()
        assert run.states == [*OPENED, "authenticating", *JOINED]
        await run.client.disconnect()


class TestTheEnd:
    """disconnecting, the bot gone, disconnected, and then the event, whichever side ends it."""

    END = ("disconnecting", "<botDisconnected>", "disconnected", "<disconnected>")

    async def ended(self, run: Run, *before: str) -> None:
        await turns(20)
        assert names(run)[8:] == [*before, *(name for name in self.END if name not in before)]
        assert run.arguments("participantLeft") == run.arguments("botDisconnected") == [BOT]
        assert run.client.state is TransportState.DISCONNECTED
        run.released()

    async def test_the_page_ends_it(self) -> None:
        run = await ready()
        await run.client.disconnect()
        await self.ended(run)

    async def test_the_page_ends_it_twice_at_once(self) -> None:
        run = await ready()
        await asyncio.gather(run.client.disconnect(), run.client.disconnect())
        await self.ended(run)

    async def test_the_bot_leaves(self) -> None:
        run = await ready(expect("send-text"), leave())
        run.client.send_text("go")
        await self.ended(run, "<botDisconnected>")

    async def test_the_bot_leaves_before_the_page_ends_it(self) -> None:
        run = await ready(expect("send-text"), leave(), disconnect_on_bot_disconnect=False)
        run.client.send_text("go")
        await run.client.wait_for(RTVIEvent.BOT_DISCONNECTED)
        await run.client.disconnect()
        await self.ended(run, "<botDisconnected>")

    async def test_the_bot_joined_but_never_gets_ready(self) -> None:
        run = stalled(ConnectPhase.BOT_READY, timeout=0.02)
        with pytest.raises(ConnectionTimeoutError):
            await run.client.connect()
        assert names(run)[-5:] == [*self.END, "error"]
        assert run.arguments("participantLeft") == [BOT]

    async def test_no_bot_has_joined(self) -> None:
        run = stalled(ConnectPhase.ICE, timeout=0.02)
        with pytest.raises(ConnectionTimeoutError):
            await run.client.connect()
        assert run.arguments("participantLeft") == run.arguments("botDisconnected") == []

    async def test_the_link_is_lost(self) -> None:
        run = await ready(expect("send-text"), lose())
        run.client.send_text("go")
        await self.ended(run, "<error>")

    async def test_a_fatal_error(self) -> None:
        run = await ready(expect("send-text"), say("error", {"error": "x", "fatal": True}))
        run.client.send_text("go")
        await self.ended(run, "<error>")

    async def test_an_error_that_is_not_fatal_ends_nothing(self) -> None:
        run = await ready(expect("send-text"), say("error", {"error": "x", "fatal": False}))
        run.client.send_text("go")
        await turns(5)
        assert names(run)[8:] == ["<error>"]
        assert run.client.state is TransportState.READY
        await run.client.disconnect()

    async def test_all_of_it(self) -> None:
        run = asking(STARTED)
        await run.client.connect()
        await run.client.disconnect()
        assert names(run) == [
            *OPENED, "authenticating", "connecting", "connected", "<connected>", "<botConnected>", "ready",
            "<botReady>", *self.END,
        ]  # fmt: skip


async def test_each_change_is_told_once_and_is_the_state_then() -> None:
    run = asking(STARTED)
    seen: list[tuple[str, str]] = []
    run.client.on(RTVIEvent.TRANSPORT_STATE_CHANGED, lambda state: seen.append((state, run.client.state)))
    for _ in range(3):
        run.transport.heal()
        await run.client.connect()
        await run.client.disconnect()
    assert all(emitted is state for emitted, state in seen)
    assert len(seen) == 3 * 8
    for (before, _), (after, _) in itertools.pairwise(seen):
        assert after in TRANSITIONS[TransportState(before)]


async def test_disconnect_without_a_session_tells_nothing() -> None:
    run = Run(Transport())
    await run.client.disconnect()
    assert run.fired == []
