"""What a frame can lead to, for the client to act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rtvi_web.protocol.events import Event

if TYPE_CHECKING:
    from rtvi_web.protocol.payloads import BotReadyData, FunctionCallData


class Fire(NamedTuple):
    """An event for the user's handlers."""

    event: Event[Any]
    args: tuple[Any, ...]


class BotBecameReady(NamedTuple):
    """The answer to client-ready."""

    data: BotReadyData


class Answered(NamedTuple):
    """A request was answered."""

    id: str
    value: Any


class Refused(NamedTuple):
    """A request was answered with an error."""

    id: str
    reason: str


class CallAnnounced(NamedTuple):
    """The model calls a function by name; announced once for each call."""

    data: FunctionCallData


class FatalError(NamedTuple):
    """The bot says that the session is over."""

    reason: str


Outcome = Fire | BotBecameReady | Answered | Refused | CallAnnounced | FatalError
