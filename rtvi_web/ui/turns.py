"""The turns of a conversation as the transcript shows them: what it needs of either client."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from rtvi_web.rtvi.protocol.events import RTVIEvent

if TYPE_CHECKING:
    from rtvi_web.rtvi.client import RTVIClient
    from rtvi_web.rtvi.protocol.conversation.turn import Turn
    from rtvi_web.ui.widget import Widget


class CallView(Protocol):
    """A function call: see ``CallRecord``."""

    @property
    def function_name(self) -> str | None: ...
    @property
    def arguments(self) -> Mapping[str, Any] | None: ...
    @property
    def status(self) -> str: ...


class TurnView(Protocol):
    """A turn: see :class:`~rtvi_web.rtvi.protocol.conversation.turn.Turn`."""

    @property
    def id(self) -> Hashable: ...
    @property
    def role(self) -> str: ...
    @property
    def user_id(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def partial(self) -> str: ...
    @property
    def spoken(self) -> str: ...
    @property
    def ended(self) -> bool: ...
    @property
    def interrupted(self) -> bool: ...
    @property
    def function_calls(self) -> Iterable[CallView]: ...


class Turns(Protocol):
    """The turns of a client, and news of them."""

    def all(self) -> Sequence[TurnView]:
        """The turns in their order."""
        ...

    def follow(self, widget: Widget, changed: Callable[[Hashable], object], cleared: Callable[..., object]) -> None:
        """Tell the id of each turn that changes, and when turns were forgotten, until the widget is closed."""

    def follow_doing(self, widget: Widget, doing: Callable[[str], object]) -> None:
        """Tell what the bot is doing: ``"thinking"``, ``"speaking"`` or something else."""


class RTVITurns:
    """The conversation of an RTVIClient."""

    def __init__(self, client: RTVIClient) -> None:
        self._client = client

    def all(self) -> list[Turn]:
        return self._client.conversation.turns

    def follow(self, widget: Widget, changed: Callable[[Hashable], object], cleared: Callable[..., object]) -> None:
        def note(turn: Turn) -> None:
            changed(turn.id)

        widget.follow(note, RTVIEvent.CONVERSATION_UPDATED)
        widget.follow(cleared, RTVIEvent.CONVERSATION_CLEARED)

    def follow_doing(self, widget: Widget, doing: Callable[[str], object]) -> None:
        widget.follow(doing, RTVIEvent.BOT_STATE_CHANGED)
        doing(self._client.bot_state)


def turns_of(client: Any) -> Turns:
    """The turns of either client."""
    if hasattr(client, "bot_state"):
        return RTVITurns(client)
    from rtvi_web.ui.realtime_turns import RealtimeTurns

    return RealtimeTurns(client)
