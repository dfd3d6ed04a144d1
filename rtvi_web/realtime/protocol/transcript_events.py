"""The transcripts of both sides while they grow, each in an event of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from rtvi_web.realtime.protocol.items import Item, ItemEvent


class TranscriptEvent(NamedTuple):
    """What one of the two sides is saying: ``"transcript.updated"``.

    Attributes:
        type: ``"transcript.updated"``.
        item: the message; its ``role`` is ``"user"`` or ``"assistant"``.
        text: all that is transcribed of it so far; a final text may differ from those before.
        final: whether it will not grow any more. If a transcription failed, ``item.formatted.transcript_error`` says
            why.
    """

    type: str
    item: Item
    text: str
    final: bool


class TranscriptEvents:
    """Makes an event of each change of a transcript, and none of a repetition.

    Args:
        is_final: whether the transcript of an item will not grow any more.
    """

    def __init__(self, is_final: Callable[[Item], bool]) -> None:
        self._is_final = is_final
        self._told: WeakKeyDictionary[Item, tuple[str, bool]] = WeakKeyDictionary()

    def of(self, item_events: Iterable[ItemEvent]) -> list[TranscriptEvent]:
        """The events of transcripts that come of those of items."""
        return [event for item in _items(item_events) if (event := self._change(item))]

    def _change(self, item: Item) -> TranscriptEvent | None:
        text = item.formatted.transcript.strip()  # " " stands for a transcription that is empty
        final = self._is_final(item)
        before = self._told.get(item, ("", False))
        if (text, final) == before or not (text or (final and item.role == "user")):
            return None
        self._told[item] = (text, final)
        return TranscriptEvent("transcript.updated", item, text, final)


def _items(item_events: Iterable[ItemEvent]) -> list[Item]:
    """The spoken messages of events, each once."""
    found = {event.item.id: event.item for event in item_events if event.item and event.item.type == "message"}
    return list(found.values())
