"""Links that are not restored, or cannot be resumed: when they end, and what is said of it."""

from __future__ import annotations

import asyncio

import pytest
from watched_link import Transport, Watch

from rtvi_web import DisconnectedError, DisconnectReason, LinkLoss, Reconnect
from rtvi_web.transports.reconnection import SILENCE_LIMIT


class TestASilentLinkThatIsNotRestored:
    async def test_is_told_in_time(self) -> None:
        """The browser notices silence after six seconds, and reports a failure after sixteen."""
        async with Watch(Transport(), None) as watch:
            watch.lose(LinkLoss.SILENT)
            watch.lose(LinkLoss.SILENT)
            await asyncio.sleep(SILENCE_LIMIT - 0.5)
            assert watch.transport.log == []
            await asyncio.sleep(1)
            assert watch.transport.log == ["The bot's side is silent."]
            watch.lose(LinkLoss.FAILED)
            assert len(watch.transport.log) == 1

    async def test_may_heal_again_and_again(self) -> None:
        async with Watch(Transport(), None) as watch:
            for _ in range(3):
                watch.lose(LinkLoss.SILENT)
                await asyncio.sleep(5)
                watch.transport.is_linked = True
                watch.reconnection.healed()
                await asyncio.sleep(5)
            assert watch.transport.log == []
            watch.lose(LinkLoss.SILENT)
            await asyncio.sleep(8)
            assert watch.transport.log == ["The bot's side is silent."]

    async def test_is_restored_where_the_session_begins_meanwhile(self) -> None:
        async with Watch(Transport(True), begins=False) as watch:
            watch.lose(LinkLoss.SILENT)
            await asyncio.sleep(3)
            watch.reconnection.begin()
            await asyncio.sleep(60)
            assert watch.transport.log == [0, "looked back", 1, "resumed", "reconnected"]


class TestWhyItEnds:
    @pytest.mark.parametrize("options", [Reconnect(5.0), None])
    @pytest.mark.parametrize(
        ("loss", "reason"),
        [
            (LinkLoss.CHANNEL_CLOSED, DisconnectReason.CLOSED),
            (LinkLoss.FAILED, DisconnectReason.LOST),
            (LinkLoss.SILENT, DisconnectReason.LOST),
        ],
    )
    async def test_by_how_it_was_lost(
        self, loss: LinkLoss, reason: DisconnectReason, options: Reconnect | None
    ) -> None:
        async with Watch(Transport(False, False), options) as watch:
            watch.lose(loss)
            await asyncio.sleep(30)
        assert watch.transport.error.reason is reason

    @pytest.mark.parametrize("options", [Reconnect(5.0), None])
    async def test_in_the_words_of_the_link(self, options: Reconnect | None) -> None:
        said = DisconnectedError("The WebSocket was closed.", reason=DisconnectReason.EXPIRED, code=4000)
        async with Watch(Transport(), options, resumable=False) as watch:
            watch.transport.is_linked = False
            watch.reconnection.lost(LinkLoss.CHANNEL_CLOSED, said)
            await asyncio.sleep(30)
        error = watch.transport.error
        assert error.message == f"The WebSocket was closed.{' The session cannot be resumed.' if options else ''}"
        assert (error.reason, error.code) == (DisconnectReason.EXPIRED, 4000)

    async def test_the_words_of_a_loss_that_healed_are_forgotten(self) -> None:
        async with Watch(Transport(True, False)) as watch:
            watch.transport.is_linked = False
            watch.reconnection.lost(LinkLoss.CHANNEL_CLOSED, DisconnectedError("first", code=1))
            await asyncio.sleep(10)
            assert watch.transport.log[-1] == "reconnected"
            watch.lose(LinkLoss.FAILED)
            await asyncio.sleep(30)
        assert "first" not in watch.transport.error.message
        assert watch.transport.error.code is None


class TestALinkThatCannotBeResumed:
    async def test_silence_may_heal_for_as_long_as_the_budget_lasts(self) -> None:
        async with Watch(Transport(), resumable=False) as watch:
            watch.lose(LinkLoss.SILENT)
            await asyncio.sleep(20)
            watch.page.report()  # such as "online"
            await asyncio.sleep(5)
            watch.transport.is_linked = True
            watch.reconnection.healed()
            await asyncio.sleep(1)
        assert watch.transport.log == [0, "looked back", "reconnected"]

    async def test_closed_after_a_silence_it_ends_at_once(self) -> None:
        async with Watch(Transport(), resumable=False) as watch:
            watch.lose(LinkLoss.SILENT)
            await asyncio.sleep(5)
            watch.lose()
            await asyncio.sleep(0.1)
            assert watch.transport.log[-1] == "The bot's side is silent. The session cannot be resumed."

    async def test_a_fresh_start_does_not_ask_whether_the_session_lives(self) -> None:
        async with Watch(Transport(fresh=(True,)), Reconnect(30, fresh_start=True), resumable=False) as watch:
            watch.lose()
            await asyncio.sleep(1)
        assert watch.transport.log == [0, "looked back", 1, "started again"]
