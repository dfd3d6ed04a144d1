"""Requests that wait for the bot's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from typing import Any

from rtvi_web.errors import ConnectPhase, DisconnectedError, RequestTimeoutError, RTVIError


class PendingRequests:
    """The requests of one session that wait for an answer, by message id."""

    def __init__(self) -> None:
        self._pending: dict[str, asyncio.Future[Any]] = {}

    def open(self, id: str) -> asyncio.Future[Any]:
        """Expect an answer to a message; open it before the message is sent."""
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._pending[id] = answer
        answer.add_done_callback(lambda _: self._pending.pop(id, None))
        return answer

    async def wait(self, answer: asyncio.Future[Any], *, timeout: float | None, what: str) -> Any:
        """Wait for an answer.

        Args:
            timeout: seconds; ``None`` waits as long as the session lasts.
            what: what was asked, for the error's message.

        Raises:
            RequestError: the bot refused.
            RequestTimeoutError: it did not answer in time.
            DisconnectedError: the session ended first.
        """
        try:
            async with asyncio.timeout(timeout):
                return await answer
        except TimeoutError:
            raise RequestTimeoutError(f"The bot did not answer {what} within {timeout:g} s.") from None

    def answer(self, id: str, value: Any) -> None:
        """Give a request its answer. Unknown ids are ignored."""
        if (pending := self._pending.get(id)) and not pending.done():
            pending.set_result(value)

    def refuse(self, id: str, error: RTVIError) -> None:
        """Make a request fail. Unknown ids are ignored."""
        if (pending := self._pending.get(id)) and not pending.done():
            pending.set_exception(error)

    def fail_all(
        self, reason: str, phase: ConnectPhase, *, cause: RTVIError | None = None, keep: Container[str] = ()
    ) -> None:
        """Make all requests fail because the session has ended, except those whose ids are in ``keep``.

        Args:
            reason: what happened.
            phase: what ``connect()`` was doing.
            cause: why the session has ended; ``None`` if the page ended it.
            keep: ids of requests that go on.
        """
        for id, pending in tuple(self._pending.items()):
            if not pending.done() and id not in keep:
                pending.set_exception(DisconnectedError.because(cause, reason, phase=phase))
