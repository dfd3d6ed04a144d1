"""The restoring of a link, with a transport that only says what it would do, and a hundred times faster."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from rtvi_web import DisconnectedError, LinkLoss, Reconnect, RTVIError, TransportStartError
from rtvi_web.rtvi.protocol.link import recovery
from rtvi_web.transports import reconnection
from rtvi_web.transports.reconnection import Reconnection

FAST = 100


class Page:
    """A stand-in for `Scope`, which keeps what listens to the page."""

    handlers: ClassVar[dict[str, Any]] = {}

    def listen(self, _target: Any, event: str, handler: Any) -> None:
        self.handlers[event] = handler

    def close(self) -> None:
        self.handlers.clear()


class Transport:
    """What is restored. `answers` is what each attempt leads to: `True`, `False` (session gone) or an error."""

    def __init__(self, *answers: bool | RTVIError, fresh: tuple[bool | RTVIError, ...] = ()) -> None:
        self.is_linked = True
        self.alive = 0
        self.growing = True
        self.answers = list(answers)
        self.fresh = list(fresh)
        self.log: list[Any] = []
        self.asked = asyncio.Event()

    async def packets_received(self) -> int:
        self.alive += self.growing
        return self.alive

    async def snapshot_stats(self, loss: LinkLoss) -> None:
        self.log.append("looked back")

    async def is_session_alive(self, lost: float) -> bool:
        self.asked.set()
        if not self.answers:
            await asyncio.Event().wait()
        if isinstance(self.answers[0], RTVIError):
            raise self.answers.pop(0)  # type: ignore[misc]
        return bool(self.answers.pop(0))

    async def resume(self) -> None:
        self.log.append("resumed")
        self.is_linked = True

    async def start_again(self) -> None:
        if isinstance(answer := self.fresh.pop(0), RTVIError):
            raise answer
        self.log.append("started again")
        self.is_linked = True

    # The host.

    def reconnecting(self, attempt: int, cause: LinkLoss) -> None:
        self.log.append(attempt)

    def reconnected(self) -> None:
        self.log.append("reconnected")

    def lost(self, error: RTVIError) -> None:
        self.log.append(error.message)


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    clock = lambda: asyncio.get_running_loop().time()  # noqa: E731
    monkeypatch.setattr(reconnection, "time", SimpleNamespace(monotonic=clock, time=clock))
    monkeypatch.setattr(reconnection._js, "Scope", Page)
    monkeypatch.setattr(reconnection._js, "api", lambda name: name)
    monkeypatch.setattr(recovery, "PATIENCE", {loss: value / FAST for loss, value in recovery.PATIENCE.items()})
    for module, names in (
        (recovery, ("FIRST_PAUSE", "LONGEST_PAUSE", "RESUME_LIMIT", "START_LIMIT")),
        (reconnection, ("ASK_LIMIT", "SIGN_OF_LIFE")),
    ):
        for name in names:
            monkeypatch.setattr(module, name, getattr(module, name) / FAST)
    yield
    assert not Page.handlers, "nothing listens to the page any more"


async def run(
    transport: Transport, loss: LinkLoss = LinkLoss.CHANNEL_CLOSED, *, budget: float = 30.0, fresh_start: bool = False
) -> list[Any]:
    """What happens after a loss."""
    watch = Reconnection(Reconnect(budget / FAST, fresh_start), transport, transport)  # type: ignore[arg-type]
    watch.begin()
    transport.is_linked = False
    watch.lost(loss)
    async with asyncio.timeout(3):
        if (task := watch._recovery) is not None:
            await asyncio.wait({task})
    await watch.close()
    return transport.log


async def test_a_session_is_resumed() -> None:
    assert await run(Transport(True)) == [0, "looked back", 1, "resumed", "reconnected"]


async def test_it_is_tried_until_it_works() -> None:
    trouble = TransportStartError("trouble", status=503)
    log = await run(Transport(trouble, DisconnectedError("no answer"), True))
    assert log == [0, "looked back", 1, 2, 3, "resumed", "reconnected"]


async def test_a_refusal_ends_it_at_once() -> None:
    log = await run(Transport(TransportStartError("refused with 403", status=403)))
    assert log == [0, "looked back", 1, "The bot closed the data channel. refused with 403"]


async def test_a_session_that_is_gone_ends_it() -> None:
    log = await run(Transport(False))
    assert log[-1] == "The bot closed the data channel. The server has given the session up."


async def test_a_session_that_is_gone_is_begun_again_where_that_is_allowed() -> None:
    log = await run(Transport(False, fresh=(DisconnectedError("busy"), True)), fresh_start=True)
    assert log == [0, "looked back", 1, 2, 3, "started again"]


async def test_a_fresh_start_whose_link_is_lost_meanwhile_is_another_loss() -> None:
    class Weak(Transport):
        is_over = asyncio.Event()

        async def start_again(self) -> None:
            await super().start_again()
            if self.fresh:
                self.is_linked = False
                watch.lost(LinkLoss.FAILED)
            else:
                self.is_over.set()

    transport = Weak(False, False, fresh=(True, True))
    watch = Reconnection(Reconnect(fresh_start=True), transport, transport)  # type: ignore[arg-type]
    watch.begin()
    transport.is_linked = False
    watch.lost(LinkLoss.FAILED)
    async with asyncio.timeout(3):
        await transport.is_over.wait()
    assert transport.log == [0, "looked back", 1, 2, "started again"] * 2
    await watch.close()


async def test_a_bot_that_leaves_is_not_run_after() -> None:
    transport = Transport(True)
    watch = Reconnection(Reconnect(fresh_start=True), transport, transport)  # type: ignore[arg-type]
    watch.begin()
    watch.bot_left()
    transport.is_linked = False
    watch.lost(LinkLoss.CHANNEL_CLOSED)
    assert not watch.restores
    assert not Page.handlers
    await asyncio.sleep(0.1)
    assert transport.log == []
    await watch.close()


async def test_a_bot_that_leaves_ends_what_was_being_done() -> None:
    transport = Transport()
    watch = Reconnection(Reconnect(), transport, transport)  # type: ignore[arg-type]
    watch.begin()
    transport.is_linked = False
    watch.lost(LinkLoss.CHANNEL_CLOSED)
    await asyncio.sleep(0.01)
    watch.bot_left()
    await asyncio.sleep(1)
    assert transport.log == [0, "looked back", 1]
    await watch.close()


async def test_whatever_goes_wrong_the_session_ends() -> None:
    class Broken(Transport):
        async def snapshot_stats(self, loss: LinkLoss) -> None:
            raise ValueError("a bug")

    assert await run(Broken(True)) == [0, "The bot closed the data channel. ValueError: a bug"]


async def test_a_server_that_never_answers_ends_it_with_the_budget() -> None:
    log = await run(Transport(), budget=20.0)
    reason = "The link could not be restored within 0.2 s: The server does not answer."
    assert log[-1] == f"The bot closed the data channel. {reason}"
    assert 2 < len(log) < 12


async def test_what_heals_by_itself_is_left_alone() -> None:
    transport = Transport()
    watch = Reconnection(Reconnect(), transport, transport)  # type: ignore[arg-type]
    watch.begin()
    transport.is_linked = False
    watch.lost(LinkLoss.SILENT)
    await asyncio.sleep(0.01)
    transport.is_linked = True
    watch.healed()
    await asyncio.sleep(0.01)
    assert transport.log == [0, "looked back", "reconnected"]
    await watch.close()


async def test_what_heals_while_the_server_is_asked_is_noticed_then() -> None:
    transport = Transport()
    watch = Reconnection(Reconnect(), transport, transport)  # type: ignore[arg-type]
    watch.begin()
    transport.is_linked = False
    watch.lost(LinkLoss.CHANNEL_CLOSED)
    await asyncio.sleep(0.01)
    transport.is_linked = True
    watch.healed()
    await asyncio.sleep(0.01)
    assert transport.log == [0, "looked back", 1, "reconnected"]
    await watch.close()


@pytest.mark.parametrize("event", ["online", "offline", "visibilitychange"])
@pytest.mark.parametrize("alive", [True, False])
async def test_an_event_of_the_page_is_a_reason_to_look(event: str, alive: bool) -> None:
    transport = Transport(True)
    transport.growing = alive
    watch = Reconnection(Reconnect(), transport, transport)  # type: ignore[arg-type]
    watch.begin()
    Page.handlers[event](None)
    Page.handlers[event](None)
    await asyncio.sleep(0.5)  # All the time the browser takes the link for a living one.
    assert transport.log == ([] if alive else [0, "looked back", 1, "resumed", "reconnected"])
    await watch.close()


async def test_what_was_found_dead_and_lives_again_is_left_alone() -> None:
    transport = Transport()  # It is asked for the session, and does not answer.
    transport.growing = False
    watch = Reconnection(Reconnect(), transport, transport)  # type: ignore[arg-type]
    watch.begin()
    watch.check()
    async with asyncio.timeout(3):
        await transport.asked.wait()
        assert transport.log == [0, "looked back", 1]
        transport.growing = True
        assert watch._recovery is not None
        await asyncio.wait({watch._recovery})
    assert transport.log[-1] == "reconnected"
    assert "resumed" not in transport.log
    await watch.close()


async def test_a_computer_that_was_asleep_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    transport = Transport(True)
    transport.growing = transport.is_linked = False
    monkeypatch.setattr(reconnection, "TICK", 0.01)
    monkeypatch.setattr(reconnection, "SLEPT", 0.001)
    watch = Reconnection(Reconnect(), transport, transport)  # type: ignore[arg-type]
    watch.begin()
    await asyncio.sleep(0.5)
    assert transport.log[:5] == [0, "looked back", 1, "resumed", "reconnected"]
    await watch.close()


async def test_before_the_session_and_without_options_a_loss_is_the_end_once() -> None:
    for options, begins in ((Reconnect(), False), (None, True)):
        transport = Transport(True)
        watch = Reconnection(options, transport, transport)  # type: ignore[arg-type]
        if begins:
            watch.begin()
        watch.lost(LinkLoss.SILENT)
        watch.lost(LinkLoss.CHANNEL_CLOSED)
        watch.lost(LinkLoss.FAILED)
        assert transport.log == ["The bot closed the data channel."]
        await watch.close()


async def test_closing_ends_it_wherever_it_stands() -> None:
    for pause in (0.0, 0.005, 0.02, 0.05):
        transport = Transport()
        watch = Reconnection(Reconnect(), transport, transport)  # type: ignore[arg-type]
        watch.begin()
        transport.is_linked = False
        watch.lost(LinkLoss.SILENT)
        await asyncio.sleep(pause)
        await watch.close()
        log = list(transport.log)
        await asyncio.sleep(0.05)
        assert transport.log == log
        assert asyncio.all_tasks() == {asyncio.current_task()}
