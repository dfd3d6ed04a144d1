"""The items of a RealtimeClient as turns, for the widget that shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from rtvi_web.core.foreign_json import read_json
from rtvi_web.rtvi.protocol.events import RTVIEvent

if TYPE_CHECKING:
    from rtvi_web.realtime.client import RealtimeClient
    from rtvi_web.realtime.floor import SpeakingEvent
    from rtvi_web.realtime.protocol.items import Item, ItemEvent
    from rtvi_web.ui.widget import Widget

_CHANGES = ("conversation.item.appended", "conversation.updated", "conversation.item.completed")


class RealtimeTurns:
    """The conversation of a RealtimeClient as a :class:`~rtvi_web.ui.turns.Turns`."""

    def __init__(self, client: RealtimeClient) -> None:
        self._client = client
        self._turns: dict[str, ItemTurn] = {}

    def all(self) -> list[ItemTurn]:
        items = [item for item in self._client.get_conversation_items() if _is_shown(item)]
        self._turns = {item.id: self._turns.get(item.id) or ItemTurn(self._client, item) for item in items}
        return list(self._turns.values())

    def follow(self, widget: Widget, changed: Callable[[Any], object], cleared: Callable[..., object]) -> None:
        def note(event: ItemEvent) -> None:
            if event.item is not None:
                changed(event.item.id)

        widget.follow(note, *_CHANGES)
        widget.follow(cleared, RTVIEvent.TRANSPORT_STATE_CHANGED)  # A new session begins without items.

    def follow_doing(self, widget: Widget, doing: Callable[[str], object]) -> None:
        speaking = False

        def spoke(event: SpeakingEvent) -> None:
            nonlocal speaking
            speaking = event.speaking
            doing("speaking" if speaking else "")

        def done(_: Any) -> None:
            if not speaking:
                doing("")

        widget.follow(lambda _: doing("speaking" if speaking else "thinking"), "server.response.created")
        widget.follow(spoke, "conversation.speaking")
        widget.follow(done, "server.response.done")
        widget.follow(lambda _: doing(""), RTVIEvent.TRANSPORT_STATE_CHANGED)


def _is_shown(item: Item) -> bool:
    return item.type == "function_call" or (item.type == "message" and item.role in ("user", "assistant"))


class _Call(NamedTuple):
    function_name: str
    arguments: dict[str, Any] | None
    status: str


class ItemTurn:
    """An item, read anew each time."""

    user_id = ""

    def __init__(self, client: RealtimeClient, item: Item) -> None:
        self._client = client
        self._item = item
        self.id = item.id
        self.role = "user" if item.role == "user" else "bot"

    @property
    def _said(self) -> str:
        formatted = self._item.formatted
        text = (formatted.transcript or formatted.text).strip()
        if text or self.role == "bot" or not self.ended:
            return text
        return "(an image)" if self._shows_image else "(not understood)"

    @property
    def _shows_image(self) -> bool:
        return any(part.get("type") == "input_image" for part in self._item.content)

    @property
    def text(self) -> str:
        return self._said if self.role == "bot" or self.ended else ""

    @property
    def partial(self) -> str:
        return "" if self.role == "bot" or self.ended else self._said

    @property
    def spoken(self) -> str:
        return ""

    @property
    def ended(self) -> bool:
        if self.role == "bot":
            return self._item.status != "in_progress"
        formatted = self._item.formatted
        written = bool(formatted.text) or self._shows_image or formatted.transcript_error is not None
        return written or self._client.conversation.is_transcript_final(self._item)

    @property
    def interrupted(self) -> bool:
        return self._item.audio_end_ms is not None or self._item.status == "incomplete"

    @property
    def function_calls(self) -> Iterable[_Call]:
        item = self._item
        if item.type != "function_call":
            return ()
        try:
            arguments = read_json(item.arguments or "{}")
        except ValueError:
            arguments = None
        status = "in-progress" if item.status == "in_progress" else "done"
        return (_Call(item.name or "", arguments if isinstance(arguments, dict) else None, status),)
