"""Items that end with their response at the latest."""

from __future__ import annotations

from collections import OrderedDict

from rtvi_web.realtime.protocol.items import Item

MAX_RESPONSES = 64
"""Responses that are remembered, those under way and those that have ended."""


class Unfinished:
    """Knows which items are unfinished, by response. The id ``""`` stands for a response that is unknown."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, dict[str, Item]] = OrderedDict()
        self._ended: OrderedDict[str, str] = OrderedDict()
        self._complete_calls: set[str] = set()

    def add(self, item: Item, response_id: str, *, is_complete: bool = False) -> bool:
        """An item is in progress. If its response has ended already, it ends now, unless it awaits arguments.

        Args:
            item: the item.
            response_id: the response that it belongs to.
            is_complete: whether it is a call whose arguments have all arrived, or were cut short: how the response
                ends decides.

        Returns:
            Whether it has ended.
        """
        came_late = is_complete and item.status == "incomplete"
        if item.status != "in_progress" and not came_late:
            return False
        if is_complete:
            self._complete_calls.add(item.id)
        if response_id not in self._ended:
            self._items.setdefault(response_id, {})[item.id] = item
            if len(self._items) > MAX_RESPONSES:
                self._items.popitem(last=False)
        elif is_complete or item.type != "function_call":
            self._end(item, self._ended[response_id])
            return True
        return False

    def forget(self, item_id: str) -> None:
        """An item was deleted or forgotten."""
        for items in self._items.values():
            items.pop(item_id, None)
        self._complete_calls.discard(item_id)

    def begin(self, response_id: str) -> None:
        """A response begins."""
        self._ended.pop(response_id, None)

    def end(self, response_id: str, status: str) -> list[Item]:
        """A response has ended. Return the items that end with it."""
        if response_id:
            self._ended[response_id] = status
            if len(self._ended) > MAX_RESPONSES:
                self._ended.popitem(last=False)
        items = {**self._items.pop("", {}), **self._items.pop(response_id, {})}
        ending = [item for item in items.values() if item.status == "in_progress"]
        for item in ending:
            self._end(item, status)
        return ending

    def _end(self, item: Item, status: str) -> None:
        cut_short = item.type == "function_call" and item.id not in self._complete_calls
        item.status = "incomplete" if cut_short else status
        self._complete_calls.discard(item.id)
