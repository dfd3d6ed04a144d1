"""Why Daily ended or refused a call, in words and as a reason."""

from __future__ import annotations

from typing import Final

from rtvi_web.errors import DisconnectedError, DisconnectReason, TransportStartError

LOBBY: Final = "lobby"
ENDS: Final[dict[str, tuple[DisconnectReason, str]]] = {
    "ejected": (DisconnectReason.EJECTED, "The person was removed from the Daily room."),
    "nbf-room": (DisconnectReason.REFUSED, "The Daily room is not open yet."),
    "nbf-token": (DisconnectReason.REFUSED, "The token of the Daily room is not valid yet."),
    "exp-room": (DisconnectReason.EXPIRED, "The Daily room has expired. Have the server make a new one."),
    "exp-token": (DisconnectReason.EXPIRED, "The token of the Daily room has expired. Have the server make a new one."),
    "no-room": (DisconnectReason.REFUSED, "There is no such Daily room, or it was deleted."),
    "meeting-full": (DisconnectReason.ROOM_FULL, "The Daily room is full."),
    "end-of-life": (
        DisconnectReason.REFUSED,
        "The page's daily-js is too old for Daily's service. Load its newest version.",
    ),
    "not-allowed": (
        DisconnectReason.REFUSED,
        "The Daily room does not let the person in. A private room needs a token, and takes no token of another room.",
    ),
    "connection-error": (DisconnectReason.LOST, "The connection to Daily failed."),
    LOBBY: (
        DisconnectReason.REFUSED,
        "The Daily room has a lobby, in which the person would wait until a host lets them in. Give them a token.",
    ),
}
"""By the type of Daily's error; the lobby is a state of Daily's, not an error."""
_UNKNOWN = DisconnectReason.LOST, "Daily ended the call, or did not let it begin."
_NO_CALL_MACHINE = "Failed to load call object bundle"
_CALL_MACHINE = (
    " daily-js loads its call machine from https://c.daily.co. A Content-Security-Policy must allow that address, and "
    'without \'unsafe-eval\' DailyTransport needs the options {"dailyConfig": {"avoidEval": True}}.'
)


def explain(type: str, says: str) -> str:
    """What has happened, and what to do about it.

    Args:
        type: of Daily's error; may be empty or unknown.
        says: Daily's own words; may be empty.
    """
    words = ENDS.get(type, _UNKNOWN)[1]
    hint = _CALL_MACHINE if _NO_CALL_MACHINE in says else ""
    return f"{words} Daily says: {says.rstrip('.')}.{hint}" if says else words


def not_joined(type: str, says: str) -> TransportStartError:
    """The error of ``connect()`` if the room cannot be joined."""
    return TransportStartError(explain(type, says), reason=ENDS.get(type, _UNKNOWN)[0], code=type or None)


def ended(type: str, says: str) -> DisconnectedError:
    """The error that ends a session."""
    return DisconnectedError(explain(type, says), reason=ENDS.get(type, _UNKNOWN)[0], code=type or None)
