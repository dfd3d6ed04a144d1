"""How the server takes the configuration at the beginning of a session."""

from __future__ import annotations

import asyncio
from typing import Any

from rtvi_web.errors import RequestError
from rtvi_web.realtime.protocol.server_errors import HARMLESS_ERRORS, server_error
from rtvi_web.realtime.protocol.wire import Event, new_id

FIRST_EVENT_WITHIN = 0.5
"""Seconds to wait for the server's first event before the configuration is sent."""
ANSWERED_WITHIN = 1.0
"""Seconds to wait for the server's answer to the configuration, from when it was sent."""


class Handshake:
    """The beginning of one session. Needs a running event loop.

    Attributes:
        update_id: the event id of the ``session.update`` that carries the configuration.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.update_id = new_id("evt_")
        self._first_event: asyncio.Future[None] = loop.create_future()
        self._answer: asyncio.Future[RequestError | None] = loop.create_future()
        self._error: str | None = None  # of an event that names no client event

    async def wait_for_server(self) -> None:
        """Wait for the first event of the server, or until it is late."""
        await asyncio.wait({self._first_event}, timeout=FIRST_EVENT_WITHIN)

    async def wait_for_answer(self) -> bool:
        """Wait until the server has answered the configuration, or until it is late.

        Returns:
            Whether it has answered; some servers never do.

        Raises:
            RequestError: it refused the configuration, in its own words.
        """
        await asyncio.wait({self._answer}, timeout=ANSWERED_WITHIN)
        refusal = self._answer.result() if self._answer.done() else None
        if refusal is None and not self._answer.done() and self._error is not None:
            refusal = _refused(self._error)
        if refusal is not None:
            raise refusal
        return self._answer.done()

    def server_event(self, event: Event) -> None:
        """Note what the server answers."""
        _settle(self._first_event, None)
        if event["type"] == "session.updated":
            _settle(self._answer, None)
        elif event["type"] == "error":
            error = server_error(event)
            if error.event_id == self.update_id:
                _settle(self._answer, _refused(error.message))
            elif not error.event_id and error.code not in HARMLESS_ERRORS and self._error is None:
                self._error = error.message


def _refused(message: str) -> RequestError:
    return RequestError(f"The server refused the session's configuration: {message}")


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)
