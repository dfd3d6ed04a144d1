"""Asks once more for a response that failed before it had any output."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from rtvi_web.realtime.event_handlers import RealtimeEventHandler
from rtvi_web.realtime.protocol.responses import ResponseSequencer
from rtvi_web.realtime.protocol.wire import Event, objects_in, text_in

FIRST_DELAY = 0.5
"""Seconds before the first repetition; each further one waits twice as long."""
_WITHOUT_OUTPUT = ("response.created", "response.done")


class RetryEvent(NamedTuple):
    """A response has failed before it had any output, and is asked for again: ``"response.retrying"``.

    Attributes:
        type: ``"response.retrying"``.
        attempt: which repetition it is: 1 is the first.
        delay: seconds until then.
        message: why it failed, in the server's words.
        error: the server's error object.
    """

    type: str
    attempt: int
    delay: float
    message: str
    error: Any = None


class ResponseRetry:
    """Decides what is repeated, and when.

    Nothing is repeated after a cancellation or an interruption, after the person or the page has asked for something
    else, or if another response has begun meanwhile.

    Args:
        limit: how often a response is repeated at most.
        responses: takes the request.
        client: gets the event.
        send: sends the requests that wait.
    """

    def __init__(
        self,
        limit: int,
        responses: ResponseSequencer,
        client: RealtimeEventHandler,
        send: Callable[[], object],
    ) -> None:
        self._limit = limit
        self._responses = responses
        self._client = client
        self._send = send
        self._begun = 0  # the number of the sequencer's changes when the response began
        self._has_output = False
        self._timer: asyncio.TimerHandle | None = None

    def begun(self, response_id: str) -> None:
        """A response begins."""
        if self._responses.is_active(response_id):
            self._begun, self._has_output = self._responses.changes, False

    def server_event(self, event: Event) -> None:
        """Note whether the response has any output."""
        is_output = event["type"].startswith("response.") and event["type"] not in _WITHOUT_OUTPUT
        if is_output and self._responses.is_active(text_in(event, "response_id")):
            self._has_output = True

    def failed(self, response: Event, message: str, error: Any) -> bool:
        """A response has failed, and is not taken as done yet. Return whether it will be repeated.

        Args:
            response: what the server says of it at its end.
            message, error: why.
        """
        id = text_in(response, "id")
        if not self._responses.is_active(id):
            return False
        request = self._responses.active_request
        attempt = request.attempt + 1 if request else 1
        unwanted = self._begun != self._responses.changes or self._responses.is_silenced(id)
        if attempt > self._limit or unwanted or self._has_output or objects_in(response, "output"):
            return False
        delay = FIRST_DELAY * 2 ** (attempt - 1)
        params = request.params if request else None
        self._timer = asyncio.get_running_loop().call_later(delay, self._repeat, params, attempt)
        self._client.dispatch("response.retrying", RetryEvent("response.retrying", attempt, delay, message, error))
        return True

    def _repeat(self, params: Mapping[str, Any] | None, attempt: int) -> None:
        self._timer = None
        if self._begun == self._responses.changes:
            self._responses.request(params, automatic=True, attempt=attempt)
            self._send()

    def session_ended(self) -> None:
        """Repeat nothing more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
