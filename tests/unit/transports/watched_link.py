"""A link that is watched and restored: a transport that only says what it would do, and its page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from rtvi_web import DisconnectedError, LinkLoss, Reconnect, RTVIError
from rtvi_web.transports.reconnection import Reconnection

RECONNECT = Reconnect()


class Page:
    """What the page reports, and whether somebody listens."""

    def __init__(self) -> None:
        self.listener: Callable[[], object] | None = None

    def __call__(self, listener: Callable[[], object]) -> Page:
        self.listener = listener
        return self

    def close(self) -> None:
        self.listener = None

    def report(self) -> None:
        assert self.listener
        self.listener()


class Transport:
    """What is restored, and who is told. `answers` is what each attempt leads to: `True`, `False` (the session is
    gone) or an error; without one the server does not answer."""

    def __init__(self, *answers: bool | RTVIError, fresh: tuple[bool | RTVIError, ...] = ()) -> None:
        self.is_linked = True
        self.packets = 0
        self.growing = True
        self.answers = list(answers)
        self.fresh = list(fresh)
        self.log: list[Any] = []

    async def received_count(self) -> int:
        self.packets += self.growing
        return self.packets

    async def snapshot_stats(self, loss: LinkLoss) -> None:
        self.log.append("looked back")

    async def is_session_alive(self, lost: float) -> bool:
        if not self.answers:
            await asyncio.Event().wait()
        if isinstance(answer := self.answers.pop(0), RTVIError):
            raise answer
        return answer

    async def resume(self) -> None:
        self.log.append("resumed")
        self.is_linked = True

    async def start_again(self) -> None:
        if isinstance(answer := self.fresh.pop(0), RTVIError):
            raise answer
        self.log.append("started again")
        self.is_linked = True

    # The receiver.

    @property
    def receiver(self) -> Transport:
        return self

    def reconnecting(self, attempt: int, cause: LinkLoss) -> None:
        self.log.append(attempt)

    def reconnected(self) -> None:
        self.log.append("reconnected")

    def lost(self, error: DisconnectedError) -> None:
        self.log.append(error.message)
        self.error = error


class Watch:
    """A session whose link is watched, until the end of the block."""

    def __init__(
        self,
        transport: Transport,
        options: Reconnect | None = RECONNECT,
        *,
        begins: bool = True,
        resumable: bool = True,
    ) -> None:
        self.transport = transport
        self.page = Page()
        self.wall: Callable[[], float] = lambda: asyncio.get_running_loop().time()
        self.reconnection = Reconnection(
            options,
            transport,  # type: ignore[arg-type]
            resumable=resumable,
            clock=lambda: self.wall(),
            jitter=lambda: 0.5,
            page_events=self.page,
        )
        if begins:
            self.reconnection.begin()

    async def __aenter__(self) -> Watch:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.reconnection.close()
        assert self.page.listener is None, "nothing listens to the page any more"
        log = list(self.transport.log)
        await asyncio.sleep(60)
        assert self.transport.log == log, "nothing goes on"
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def lose(self, loss: LinkLoss = LinkLoss.CHANNEL_CLOSED) -> None:
        self.transport.is_linked = False
        self.reconnection.lost(loss)
