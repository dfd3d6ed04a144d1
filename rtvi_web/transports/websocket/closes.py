"""What the close codes of a WebSocket mean for a session (RFC 6455, IANA's registry)."""

from __future__ import annotations

from rtvi_web.errors import DisconnectedError, DisconnectReason

LEFT = 1000
"""Closed as agreed: the bot has left."""
BROKEN = 1006
"""Not closed by anyone: the connection broke off."""

_MEANINGS = {
    1001: (DisconnectReason.CLOSED, "The bot's server is shutting down"),
    1002: (DisconnectReason.CLOSED, "The bot's server found an error in the WebSocket protocol"),
    1003: (DisconnectReason.CLOSED, "The bot's server cannot take what it was sent"),
    1005: (DisconnectReason.CLOSED, "The bot's server closed the WebSocket and did not say why"),
    BROKEN: (DisconnectReason.LOST, "The connection to the bot's server broke off"),
    1007: (DisconnectReason.CLOSED, "The bot's server could not read what it was sent"),
    1008: (DisconnectReason.REFUSED, "The bot's server refuses this page"),
    1009: (DisconnectReason.CLOSED, "A message was larger than the bot's server takes"),
    1011: (DisconnectReason.CLOSED, "The bot's server has failed"),
    1012: (DisconnectReason.CLOSED, "The bot's server restarts"),
    1013: (DisconnectReason.CLOSED, "The bot's server has too much to do"),
    4003: (DisconnectReason.REFUSED, "The bot's server refuses this page: its token or its origin is not allowed"),
}


def why_closed(code: int, said: str) -> DisconnectedError:
    """The error for a session whose WebSocket was closed.

    Args:
        code: with which code.
        said: the reason that the server gave; may be empty.
    """
    reason, words = _MEANINGS.get(code, (DisconnectReason.CLOSED, "The bot's server closed the WebSocket"))
    return DisconnectedError(f"{words} (code {code}{said and f': {said}'}).", reason=reason, code=code)
