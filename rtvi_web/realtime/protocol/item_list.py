"""The items of a conversation in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rtvi_web.realtime.protocol.audio import Retention, from_base64
from rtvi_web.realtime.protocol.formats import SoundFormat
from rtvi_web.realtime.protocol.items import MAX_PARTS, MAX_TEXT, Item
from rtvi_web.realtime.protocol.wire import Event, ga_part, objects_in, size_of, text_in

MAX_ITEMS = 1_000
"""Items that are kept; the oldest are forgotten first."""
MAX_SIZE = 32_000_000
"""Characters that all items together keep, images included; if there are more, the oldest items are forgotten first."""
_KEPT = ("item", "part", "response", "error", "delta", "text", "transcript", "arguments")
"""The fields of events whose content items keep."""
_PART_TEXTS = ("type", "text", "transcript")
_TEXTS = ("type", "role", "status", "name", "call_id", "arguments", "output")


class ItemList:
    """Items by id and in order.

    Args:
        keep_audio: seconds of sound that all items together keep, the newest; ``None`` keeps everything, 0 nothing.
        forgotten: called with the id of an item that was deleted or forgotten.
    """

    def __init__(self, keep_audio: float | None, forgotten: Callable[[str], None]) -> None:
        self._retention = Retention(keep_audio)
        self._forgotten = forgotten
        self.input = SoundFormat()
        """The format of the person's sound."""
        self.output = SoundFormat()
        """The format of the model's sound."""
        self.clear()

    def clear(self) -> None:
        """Forget all items."""
        self.items: list[Item] = []
        self._by_id: dict[str, Item] = {}  # the oldest first
        self._previous: dict[str, str | None] = {}  # by item: the one it follows, as the server says
        self._waiting: dict[str, str] = {}  # by item: the one that it follows, which is missing
        self._sizes: dict[str, int] = {}
        self._size = 0
        self._retention.clear()

    def get(self, id: str) -> Item | None:
        return self._by_id.get(id)

    def remove(self, id: str) -> Item | None:
        """Take an item out; ``None`` when there is none."""
        item = self._by_id.pop(id, None)
        if item:
            del self.items[self._index(item)]
            self._previous.pop(id, None)
            self._waiting.pop(id, None)
            self._size -= self._sizes.pop(id, 0)
            self._forgotten(id)
        return item

    def grown(self, item: Item, event: Event) -> None:
        """An event has added to an item, or replaced what it had: forget the oldest items beyond the limits."""
        if item.id in self._by_id:
            size = sum(size_of(event[field]) for field in _KEPT if field in event)
            self._sizes[item.id] = self._sizes.get(item.id, 0) + size
            self._size += size
        while len(self.items) > MAX_ITEMS or (self._size > MAX_SIZE and len(self.items) > 1):
            self.remove(next(iter(self._by_id)))

    def upsert(self, raw: dict[str, Any], event: Event) -> tuple[Item | None, bool]:
        """Make or update an item in place, and put it where the event says.

        Returns:
            The item, and whether it is new; ``None`` if it has no id.
        """
        id = text_in(raw, "id")
        if not id:
            return None, False
        item = self._by_id.get(id)
        is_new = item is None
        if item is None:
            item = self._by_id[id] = Item(id)
            self.items.append(item)
        self.fill(item, raw)
        self._place(item, event)
        if is_new:
            for follower in [follower for follower, missing in self._waiting.items() if missing == id]:
                del self._waiting[follower]
                self._move(self._by_id[follower], item)
        return item, is_new

    def fill(self, item: Item, raw: dict[str, Any]) -> None:
        """Update an item with the fields of a raw one. Fields that are left out stay."""
        for key, value in raw.items():
            if key in _TEXTS:
                # A late first announcement doesn't undo newer values.
                initial = value == "" or (key, value) == ("status", "in_progress")
                if isinstance(value, str) and not (initial and getattr(item, key) is not None):
                    setattr(item, key, value[:MAX_TEXT])
            elif key not in ("id", "content", "object"):
                item.extra[key] = value
        for index, part in enumerate(objects_in(raw, "content")):
            self.fill_part(item, index, part)
        item.format()

    def fill_part(self, item: Item, index: int, given: dict[str, Any]) -> None:
        """Update one part of an item's content. Sound goes to ``formatted.audio``."""
        part = part_of(item, index)
        if part is None:
            return
        sound = given.get("audio")
        kept = {key: value for key, value in given.items() if key not in _PART_TEXTS or isinstance(value, str)}
        for key in ("text", "transcript"):
            if kept.get(key) == "" and part.get(key):
                del kept[key]  # A late first announcement doesn't undo newer values.
            elif key in kept:
                kept[key] = kept[key][:MAX_TEXT]
        kept.pop("audio", None)
        part.update(ga_part(kept, item.role or ""))
        if isinstance(sound, str) and not item.formatted.audio.received:
            self.add_audio(item, self._format_of(item).decode(from_base64(sound)))
        item.format()

    def add_audio(self, item: Item, data: bytes) -> bytes:
        """Add PCM to an item; return its whole samples."""
        clip = item.formatted.audio
        if not clip.received:
            clip.rate = self._format_of(item).rate
        before = len(clip)
        pcm = clip.append(data)
        self._retention.added(clip, (len(clip) - before) * 2)
        return pcm

    def _format_of(self, item: Item) -> SoundFormat:
        return self.input if item.role == "user" else self.output

    def _place(self, item: Item, event: Event) -> None:
        previous = event.get("previous_item_id", item.id)
        if previous is None and self.items != [item]:
            return  # some servers say null of every item
        if previous == "root":
            previous = None
        if previous == item.id or previous == self._previous.get(item.id, item.id):
            return  # nothing new about its place
        self._waiting.pop(item.id, None)
        if previous is None:
            self._move(item, None)
        elif not isinstance(previous, str):
            return
        elif before := self._by_id.get(previous):
            self._move(item, before)
        else:
            self._waiting[item.id] = previous
        self._previous[item.id] = previous

    def _move(self, item: Item, previous: Item | None) -> None:
        """Put an item behind another, or first; the items that follow it move with it."""
        start = self._index(item)
        run = self._run(start)
        if previous in run:
            return  # a circle: each is said to follow the other
        del self.items[start : start + len(run)]
        place = 0 if previous is None else self._index(previous) + 1
        self.items[place:place] = run

    def _run(self, start: int) -> list[Item]:
        """The item at ``start``, and the chain of items that follow it."""
        run = [self.items[start]]
        ids = {run[0].id}
        for item in self.items[start + 1 :]:
            if self._previous.get(item.id) not in ids:
                break
            run.append(item)
            ids.add(item.id)
        return run

    def _index(self, item: Item) -> int:
        """The index of an item. Searches from the end, where it nearly always is."""
        return next(index for index in range(len(self.items) - 1, -1, -1) if self.items[index] is item)


def part_of(item: Item, index: int) -> dict[str, Any] | None:
    """A part of an item's content; made if it doesn't exist. ``None`` beyond :data:`MAX_PARTS`."""
    if index >= MAX_PARTS:
        return None
    while len(item.content) <= index:
        item.content.append({})
    return item.content[index]
