"""The steps of a script: what the client must send, and what the bot does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from rtvi_web.errors import DisconnectedError, RTVIError
from rtvi_web.rtvi.protocol.envelope import LABEL, PROTOCOL_VERSION


class ScriptError(AssertionError):
    """The client did not do what the script says; the message has what was expected and what came."""


class Expect(NamedTuple):
    """The client must send this next; ``data`` names what must be in it, other keys are free."""

    type: str
    data: Mapping[str, Any]


class Say(NamedTuple):
    """The bot sends a frame; ``answers`` gives it the id of the message expected last."""

    message: dict[str, Any] | str
    answers: bool


class Leave(NamedTuple):
    """The bot leaves the session."""


class Lose(NamedTuple):
    """The link is lost."""

    error: RTVIError


Step = Expect | Say | Leave | Lose


def expect(type: str, data: Mapping[str, Any] | None = None) -> Expect:
    """The client must send a message of this type next, with at least this data."""
    return Expect(type, data or {})


def say(type: str, data: Any = None, *, answers: bool = False) -> Say:
    """The bot sends a message; with ``answers``, as the answer to what was expected last."""
    message = {"label": LABEL, "type": type}
    return Say(message if data is None else {**message, "data": data}, answers)


def say_text(text: str) -> Say:
    """The bot sends a frame of text as it is, which may be nonsense."""
    return Say(text, answers=False)


def leave() -> Leave:
    """The bot leaves."""
    return Leave()


def lose(error: RTVIError | None = None) -> Lose:
    """The link is lost for good."""
    return Lose(error or DisconnectedError("The link was lost."))


def handshake(version: str = PROTOCOL_VERSION) -> tuple[Expect, Say]:
    """The beginning of every session: client-ready, answered by bot-ready.

    The bot's next step happens at once, before ``connect()`` has returned; put an :func:`expect` between to delay it.
    """
    return expect("client-ready"), say("bot-ready", {"version": version}, answers=True)
