"""What servers say about errors, in whichever form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from rtvi_web.realtime.protocol.wire import text_in

ALREADY_ACTIVE = "conversation_already_has_active_response"
NOT_ACTIVE = "response_cancel_not_active"
COMMIT_EMPTY = "input_audio_buffer_commit_empty"
NOT_ABOUT_RESPONSES = frozenset({NOT_ACTIVE, COMMIT_EMPTY})
"""Codes of errors that are not about a ``response.create``."""
HARMLESS_ERRORS = NOT_ABOUT_RESPONSES | {ALREADY_ACTIVE}
"""Codes of errors that arise when both sides act at the same moment. They are not dispatched as errors."""
_WORDS = {
    ALREADY_ACTIVE: "already has an active response",
    NOT_ACTIVE: "no active response",
    COMMIT_EMPTY: "error committing input audio buffer",
}
_SAYING = ("message", "detail", "reason")
MAX_SHOWN = 500
"""Characters of an error without words that are shown as JSON."""


class ServerError(NamedTuple):
    """An error of the server.

    Attributes:
        message: what happened; ``""`` if the server doesn't say.
        code: one of the codes above, or another; ``""`` without one.
        event_id: of the client event that it is about; ``""`` if it names none.
        given: the error as the server sent it.
    """

    message: str
    code: str
    event_id: str
    given: Any


def server_error(holder: Mapping[str, Any]) -> ServerError:
    """The error of an event, of a response's ``status_details``, or of an answer to a request.

    Its ``error`` may be an object, a text, or an error again; so may its ``message``. Without ``error``, the holder
    itself may have a ``message`` and a ``code``. An error that says nothing is shown as JSON, or by its code.
    """
    given = holder.get("error")
    levels = _levels(given, holder.get("message"))
    said = (text for level in (*levels, holder) for key in _SAYING if (text := text_in(level, key)))
    codes = [code for level in (*levels, holder) if (code := text_in(level, "code"))]
    message = next(said, "") or (json.dumps(given)[:MAX_SHOWN] if given else next(iter(codes), ""))
    kinds = [kind for level in levels if (kind := text_in(level, "type"))]
    known = [code for code in (*codes, *kinds) if code in HARMLESS_ERRORS]
    known += [code for code, words in _WORDS.items() if words in message.lower()]
    event_id = next((id for level in levels if (id := text_in(level, "event_id"))), "")
    return ServerError(message, next(iter([*known, *codes]), ""), event_id, holder if given is None else given)


def _levels(*errors: Any) -> list[Mapping[str, Any]]:
    """The objects that errors consist of, from the outer ones to the inner ones."""
    levels: list[Mapping[str, Any]] = []
    waiting = list(errors)
    for error in waiting:
        if isinstance(error, str):
            levels.append({"message": error})
        elif isinstance(error, Mapping):
            levels.append(error)
            waiting += [error.get("error"), error.get("message")]
    return levels
