"""What is known of items before they arrive."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NamedTuple

from rtvi_web.realtime.protocol.audio import AudioClip

MAX_ITEMS = 32
"""Items that are remembered; the oldest are forgotten first."""


class Early(NamedTuple):
    """What is known of one item: its sound, or from which millisecond on it is spoken."""

    speech_start: float = 0
    speech: AudioClip | None = None


class EarlyNews:
    """Remembers what events say about items that have not arrived."""

    def __init__(self) -> None:
        self._items: OrderedDict[str, Early] = OrderedDict()

    def note(self, id: str, **news: Any) -> None:
        """Remember fields of :class:`Early`."""
        self._items[id] = self._items.get(id, Early())._replace(**news)
        self._items.move_to_end(id)
        while len(self._items) > MAX_ITEMS:
            self._items.popitem(last=False)

    def get(self, id: str) -> Early | None:
        """What is known of an item."""
        return self._items.get(id)

    def pop(self, id: str) -> Early:
        """What is known of an item, which is forgotten now."""
        return self._items.pop(id, Early())
