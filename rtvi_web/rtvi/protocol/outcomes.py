"""What a frame can lead to, for the session to act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rtvi_web.core.event import Event

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import BotReadyData, FunctionCallData, FunctionCallStoppedData


class Fire(NamedTuple):
    """An event for the user's handlers.

    Attributes:
        message: the message as parsed JSON, which helpers get before the handlers; ``None`` if it was not parsed.
    """

    event: Event[Any]
    args: tuple[Any, ...]
    message: dict[str, Any] | None = None


class BotBecameReady(NamedTuple):
    """The answer to client-ready."""

    data: BotReadyData


class Answered(NamedTuple):
    """A request was answered."""

    id: str
    value: Any


class Refused(NamedTuple):
    """A request was answered with an error.

    Attributes:
        unsupported: the message type that the bot says it does not know, or ``None``.
    """

    id: str
    reason: str
    unsupported: str | None = None


class CallAnnounced(NamedTuple):
    """The model calls a function by name. Two messages may announce one call; see ``MessageReader.claim()``.

    Attributes:
        only_here: whether it came in the legacy message, which a server sends only if the page must answer.
    """

    data: FunctionCallData
    only_here: bool


class CallCancelled(NamedTuple):
    """The bot has given up a call: its handler, if one is running, need not answer."""

    data: FunctionCallStoppedData


class ForHelpers(NamedTuple):
    """A message without an event of its own, as parsed JSON. If no helper takes it, it is a generic message."""

    message: dict[str, Any]


class FatalError(NamedTuple):
    """The bot says that the session is over."""

    reason: str


Outcome = Fire | BotBecameReady | Answered | Refused | CallAnnounced | CallCancelled | ForHelpers | FatalError
