"""What a client dispatches about its connection."""

from __future__ import annotations

from typing import Any, NamedTuple

from rtvi_web.realtime.protocol.wire import Event


class ErrorEvent(NamedTuple):
    """Something went wrong; the session may go on.

    Attributes:
        type: ``"error"``.
        source: ``"server"``, ``"response"`` (it failed), ``"connection"``, ``"microphone"``, ``"message"`` (one
            that cannot be read or sent), or ``"renewal"`` (the session goes on until it expires).
        message: what happened.
        error: the server's error object, or the exception.
    """

    type: str
    source: str
    message: str
    error: Any = None


class RealtimeEvent(NamedTuple):
    """An event of either side: ``"realtime.event"``.

    Attributes:
        type: ``"realtime.event"``.
        time: UTC, in ISO 8601 with milliseconds.
        source: ``"client"`` or ``"server"``.
        event: in OpenAI's form, under its GA name; a dialect translates it from, or into, what is on the wire.
    """

    type: str
    time: str
    source: str
    event: Event
