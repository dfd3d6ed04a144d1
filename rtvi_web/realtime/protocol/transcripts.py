"""How transcripts grow, so that the deltas that a page gets add up to them."""

from __future__ import annotations

from typing import Any

from rtvi_web.realtime.protocol.items import MAX_PARTS, MAX_TEXT, Delta, Item

_SPOKEN = ("input_audio", "output_audio")
SHORT = 2
"""Characters of a beginning that may follow itself, as in "haha". A longer one that comes again is a repetition."""


class Transcripts:
    """What a page was given of the transcripts, by item and part, and which of them are final."""

    def __init__(self) -> None:
        self._given: dict[str, dict[int, str]] = {}
        self._final: dict[str, dict[int, str]] = {}
        self._again: dict[tuple[str, int], int] = {}  # how often a short beginning has come again, and nothing else yet

    def clear(self) -> None:
        """Forget everything."""
        self._given.clear()
        self._final.clear()
        self._again.clear()

    def forget(self, item_id: str) -> None:
        """Forget an item."""
        self._given.pop(item_id, None)
        self._final.pop(item_id, None)
        for place in [place for place in self._again if place[0] == item_id]:
            del self._again[place]

    def finish(self, item_id: str, index: int, transcript: str) -> bool:
        """A final transcript has arrived. Return whether it says something new."""
        if index >= MAX_PARTS:
            return False
        final = self._final.setdefault(item_id, {})
        is_new = final.get(index) != transcript
        final[index] = transcript
        return is_new

    def is_final(self, item: Item) -> bool:
        """Whether the transcript of every spoken part of an item is final, or could not be made."""
        spoken = {index for index, part in enumerate(item.content) if part.get("type") in _SPOKEN}
        ended = item.role == "assistant" and item.status in ("completed", "incomplete")
        failed = item.formatted.transcript_error is not None
        return bool(spoken) and (ended or failed or spoken <= self._final.get(item.id, {}).keys())

    def extend(self, item: Item, index: int, part: dict[str, Any], delta: str) -> Delta | None:
        """Add a delta to a part. Some servers repeat all that was transcribed so far, and more.

        A short beginning that comes again may be a repetition, or more of the same: what follows decides.

        Returns:
            What it has added; ``None`` if that is nothing, or the transcript is final.
        """
        before = part.get("transcript") or ""
        if before and delta == before:
            if len(before) <= SHORT:
                self._again[item.id, index] = self._again.get((item.id, index), 0) + 1
            return None
        again = self._again.pop((item.id, index), 0)
        repeated = "" if delta.startswith(before) else before * again
        added = (repeated + delta.removeprefix(before))[: MAX_TEXT - len(before)]
        if not added or index in self._final.get(item.id, ()):
            return None
        part["transcript"] = before + added
        item.format()
        given = self._given.setdefault(item.id, {})
        given[index] = (given.get(index, "") + added)[:MAX_TEXT]
        return Delta(transcript=added)

    def added(self, item: Item) -> Delta | None:
        """What an update has added to the transcripts of an item. If it replaced one, no delta can say that.

        Returns:
            ``None`` if it added nothing.
        """
        added = ""
        for index, part in enumerate(item.content):
            transcript, given = part.get("transcript") or "", self._given.get(item.id, {}).get(index, "")
            if transcript != given and transcript.startswith(given):
                added += transcript[len(given) :]
                self._given.setdefault(item.id, {})[index] = transcript
        return Delta(transcript=added) if added else None
