"""Which items the ids of a server stand for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtvi_web.realtime.protocol.item_list import ItemList
from rtvi_web.realtime.protocol.items import Item
from rtvi_web.realtime.protocol.wire import text_in


class ItemIds:
    """Gives an id of its own to each item.

    Some servers give a call the id of the message that it comes with, or the same id to several calls.

    Args:
        items: the items of the conversation.
    """

    def __init__(self, items: ItemList) -> None:
        self._items = items
        self.clear()

    def clear(self) -> None:
        """Forget all ids."""
        self._shared: dict[str, dict[str, None]] = {}  # ids of further items, by the server's id

    def forget(self, item_id: str) -> None:
        """An item was deleted or forgotten."""
        self._shared.pop(item_id, None)
        for ids in self._shared.values():
            ids.pop(item_id, None)

    def of(self, raw: Mapping[str, Any]) -> str:
        """The id of an item with these fields: the server's, unless another item has it."""
        id, kind, call_id = text_in(raw, "id"), text_in(raw, "type"), text_in(raw, "call_id")
        known = [item for each in (id, *self._shared.get(id, ())) if (item := self._items.get(each))]
        if not known:
            return id
        if fitting := [item for item in known if _is_same(item, kind, call_id)]:
            return fitting[-1].id
        own_id = f"{id}.{call_id or kind}"
        self._shared.setdefault(id, {})[own_id] = None
        return own_id

    def of_call(self, call_id: str) -> str:
        """The id of the newest item of a call whose item the server does not name."""
        calls = (item for item in reversed(self._items.items) if item.type == "function_call")
        return next((item.id for item in calls if item.call_id == call_id), call_id)


def _is_same(item: Item, kind: str, call_id: str) -> bool:
    """Whether an item can be the one of this type and call."""
    if kind and kind != item.type:
        return not (kind.endswith("_call") or item.type.endswith("_call"))
    return not (call_id and item.call_id) or call_id == item.call_id
