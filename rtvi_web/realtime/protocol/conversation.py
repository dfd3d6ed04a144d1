"""The conversation, built from server events. Mirrors ``RealtimeConversation``. No clock, no loop.

Events may come late, twice, or for unknown items; none of that raises. The first event about an item makes it, and
final events (``….done``) replace what was assembled from deltas.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.seen import Seen
from rtvi_web.realtime.protocol.audio import AudioClip, InputAudio, from_base64, samples
from rtvi_web.realtime.protocol.formats import SoundFormat
from rtvi_web.realtime.protocol.item_ids import ItemIds
from rtvi_web.realtime.protocol.item_list import ItemList, part_of
from rtvi_web.realtime.protocol.items import MAX_TEXT, Delta, Item, ItemEvent, updated
from rtvi_web.realtime.protocol.spoken_items import Found, SpokenItems
from rtvi_web.realtime.protocol.transcripts import Transcripts
from rtvi_web.realtime.protocol.unfinished import Unfinished
from rtvi_web.realtime.protocol.wire import Event, index_in, object_in, objects_in, text_in

MAX_DELETIONS = 64
"""Deletions under way that are remembered."""
_ANSWER = {"type": "message", "role": "assistant"}


class Conversation:
    """The items in their order, with their sound.

    Args:
        keep_audio: seconds of sound that all items together keep, the newest; ``None`` keeps everything, 0 nothing.
        input_audio: the person's sound, from which that of items is cut.
        is_out_of_band: whether the response with this id is outside the conversation.
    """

    def __init__(
        self, *, keep_audio: float | None, input_audio: InputAudio, is_out_of_band: Callable[[str], bool]
    ) -> None:
        self._items = ItemList(keep_audio, self._forget)
        self._ids = ItemIds(self._items)
        self._transcripts = Transcripts()
        self._spoken = SpokenItems(self._items, self._transcripts, input_audio, self._find, self._complete)
        self._is_out_of_band = is_out_of_band
        self._processors: dict[str, Callable[[Event], list[ItemEvent]]] = {
            "conversation.item.created": self._created,
            "conversation.item.added": self._added,
            "conversation.item.done": self._done,
            "conversation.item.retrieved": self._retrieved,
            "conversation.item.truncated": self._truncated,
            "conversation.item.deleted": self._deleted,
            "response.created": self._response_created,
            "response.done": self._response_done,
            "response.output_item.added": self._output_item_added,
            "response.output_item.done": self._output_item_done,
            "response.content_part.added": self._content_part,
            "response.content_part.done": self._content_part,
            "response.output_text.delta": self._text_delta,
            "response.output_text.done": self._text_done,
            "response.output_audio.delta": self._audio_delta,
            "response.output_audio_transcript.delta": self._transcript_delta,
            "response.output_audio_transcript.done": self._transcript_done,
            "response.function_call_arguments.delta": self._arguments_delta,
            "response.function_call_arguments.done": self._arguments_done,
            "response.mcp_call_arguments.delta": self._arguments_delta,
            "response.mcp_call_arguments.done": self._arguments_done,
            **self._spoken.processors,
        }
        self.clear()

    def clear(self) -> bool:
        """Remove everything. Mirrors ``clear()``."""
        self._items.clear()
        self._ids.clear()
        self._completed = Seen()
        self._transcripts.clear()
        self._assumed: set[str] = set()  # items of which the server did not say the status
        self._spoken.clear()
        self._excluded = Seen()  # items that were deleted or forgotten, or belong to an out-of-band response
        self._deletions: deque[tuple[str, str]] = deque(maxlen=MAX_DELETIONS)  # event and item of those under way
        self._unfinished = Unfinished()
        return True

    def _forget(self, item_id: str) -> None:
        """An item was deleted, or is the oldest of too many."""
        self._excluded.add(item_id)
        self._transcripts.forget(item_id)
        self._assumed.discard(item_id)
        self._unfinished.forget(item_id)
        self._ids.forget(item_id)

    def get_item(self, id: str) -> Item | None:
        """Mirrors ``getItem()``."""
        return self._items.get(id)

    def get_items(self) -> list[Item]:
        """The items in their order, as a new list. Mirrors ``getItems()``."""
        return self._items.items.copy()

    def is_transcript_final(self, item: Item) -> bool:
        """Whether the transcript of an item will not grow any more."""
        return self._transcripts.is_final(item)

    def use_formats(self, input: SoundFormat, output: SoundFormat) -> None:
        """Say in which formats sound arrives from now on: the person's, and the model's."""
        self._items.input, self._items.output = input, output

    def queue_input_audio(self, clip: AudioClip | None) -> None:
        """Queue the sound of a commit, for its item. Mirrors ``queueInputAudio()``.

        Args:
            clip: the sound; ``None`` if the server has refused the oldest commit.
        """
        self._spoken.queue(clip)

    def expect_sound(self, item_id: str, pcm: bytes) -> None:
        """Remember the sound of a message that the client creates: servers do not send it back."""
        self._spoken.expect_sound(item_id, pcm)

    def expect_deletion(self, event_id: str, item_id: str) -> None:
        """Remember that the client deletes an item: some servers confirm that without saying which."""
        self._deletions.append((event_id, item_id))

    def deletion_refused(self, event_id: str) -> None:
        """The server has refused a client event, which may be a deletion."""
        self._deletions = deque((each for each in self._deletions if each[0] != event_id), MAX_DELETIONS)

    def process_event(self, event: Event) -> list[ItemEvent]:
        """Handle a server event, under its GA name. Mirrors ``processEvent()``.

        Returns:
            The events of the items that it changed; empty if it is unknown or makes no sense.
        """
        processor = self._processors.get(event["type"])
        events = processor(event) if processor else []
        if events and (item := events[0].item):
            self._items.grown(item, event)
        return events

    def add_audio(self, event: Event, data: bytes) -> list[ItemEvent]:
        """Add sound to an answer: that of a ``response.output_audio.delta``, as PCM.

        Returns:
            As :meth:`process_event`.
        """
        item, _, events = self._part_of(event, "output_audio")
        if item is None:
            return events
        if events:
            self._items.grown(item, {})
        pcm = self._items.add_audio(item, data)
        return [*events, *(updated(item, Delta(audio=pcm)) if pcm else ())]

    # All items.

    def _created(self, event: Event) -> list[ItemEvent]:
        """In the beta, the only event about an item that a client made."""
        item, events = self._upsert(object_in(event, "item"), event)
        if item is None:
            return []
        item.status = item.status or ("in_progress" if item.is_by_model else "completed")
        return [*events, *self._complete(item)]

    def _added(self, event: Event) -> list[ItemEvent]:
        item, events = self._upsert(object_in(event, "item"), event)
        if item and item.status is None:
            item.status = "in_progress" if item.is_by_model else "completed"
            self._assumed.add(item.id)
        if item and item.is_by_model:
            self._unfinished.add(item, "")
        return events

    def _retrieved(self, event: Event) -> list[ItemEvent]:
        item, events = self._upsert(object_in(event, "item"), event)
        if item is None:
            return []
        item.status = item.status or "completed"
        return [*events, *self._complete(item)]

    def _done(self, event: Event) -> list[ItemEvent]:
        raw = object_in(event, "item")
        if self._was_excluded(raw):
            return []
        item, events = self._upsert(raw, event)
        if item is None:
            return []
        if not text_in(raw, "status"):
            self._end(item, text_in(event, "response_id"))
        return [*events, *self._complete(item)]

    def _end(self, item: Item, response_id: str) -> None:
        """An item is done, but its event has no status: take it as completed.

        Calls of the model are the exception, as a call that was cut short is done too. The end of the response decides.
        """
        if item.type == "function_call" and (response_id or (item.status and item.id not in self._assumed)):
            item.status = item.status or "in_progress"
            self._unfinished.add(item, response_id, is_complete=True)
        elif item.status in (None, "in_progress"):
            item.status = "completed"
        self._assumed.discard(item.id)

    def _truncated(self, event: Event) -> list[ItemEvent]:
        item = self._items.get(text_in(event, "item_id"))
        if item is None:
            return []
        item.audio_end_ms = index_in(event, "audio_end_ms")
        item.formatted.audio.truncate(samples(item.audio_end_ms, item.formatted.audio.rate))
        return updated(item)

    def _deleted(self, event: Event) -> list[ItemEvent]:
        id = text_in(event, "item_id")
        if not id and self._deletions:
            id = self._deletions[0][1]
        self._deletions = deque((each for each in self._deletions if each[1] != id), MAX_DELETIONS)
        self._excluded.add(id)
        item = self._items.remove(id)
        return updated(item) if item else []

    def _upsert(self, raw: dict[str, Any], event: Event) -> Found:
        item, is_new = self._items.upsert({**raw, "id": self._ids.of(raw)}, event)
        if item is None:
            return None, []
        if is_new:
            self._completed.forget(item.id)
            self._excluded.forget(item.id)
            self._spoken.add_early(item)
        appended = [ItemEvent("conversation.item.appended", item)] if is_new else []
        return item, [*updated(item, self._transcripts.added(item)), *appended]

    def _find(self, id: str, raw: dict[str, Any]) -> Found:
        """The item of an event. Unless it was deleted, one that was not announced is made of these fields."""
        raw = {**raw, "id": id}
        item = self._items.get(self._ids.of(raw))
        return (item, []) if item or self._was_excluded(raw) else self._upsert(raw, {})

    def _was_excluded(self, raw: dict[str, Any]) -> bool:
        """Whether an item is not made of late news about it: it was deleted, or is out of band."""
        return text_in(raw, "id") in self._excluded and self._items.get(self._ids.of(raw)) is None

    def _complete(self, item: Item) -> list[ItemEvent]:
        if item.status != "completed" or item.id in self._completed:
            return []
        self._completed.add(item.id)
        return [ItemEvent("conversation.item.completed", item)]

    # The model's items.

    def _response_created(self, event: Event) -> list[ItemEvent]:
        self._unfinished.begin(text_in(object_in(event, "response"), "id"))
        return []

    def _response_done(self, event: Event) -> list[ItemEvent]:
        """A response has ended. Items whose own end was lost, or had no status, end here."""
        response = object_in(event, "response")
        id = text_in(response, "id")
        if self._is_out_of_band(id):
            return []
        status = "completed" if response.get("status", "completed") == "completed" else "incomplete"
        events = []
        for raw in objects_in(response, "output"):
            raw = {**raw, "status": text_in(raw, "status") or status}
            item = self._items.get(self._ids.of(raw))
            if item is None or item.status != raw["status"]:
                events += self._done({**event, "item": raw})
        for item in self._unfinished.end(id, status):
            events += [*updated(item), *self._complete(item)]
        return events

    def _output_item_added(self, event: Event) -> list[ItemEvent]:
        if self._is_outside(event):
            return []
        item, events = self._upsert(object_in(event, "item"), event)
        if item is None:
            return []
        item.status = item.status or "in_progress"
        self._assumed.discard(item.id)
        if self._unfinished.add(item, text_in(event, "response_id")):
            events += self._complete(item)
        return events

    def _output_item_done(self, event: Event) -> list[ItemEvent]:
        return [] if self._is_outside(event) else self._done(event)

    def _is_outside(self, event: Event) -> bool:
        """Whether an item belongs to an out-of-band response."""
        outside = self._is_out_of_band(text_in(event, "response_id"))
        if outside:
            self._excluded.add(text_in(object_in(event, "item"), "id"))
        return outside

    def _content_part(self, event: Event) -> list[ItemEvent]:
        item, events = self._find_by_model(text_in(event, "item_id"), event, _ANSWER)
        if item is None:
            return events
        self._items.fill_part(item, index_in(event, "content_index"), object_in(event, "part"))
        return [*events, *updated(item, self._transcripts.added(item))]

    def _text_delta(self, event: Event) -> list[ItemEvent]:
        item, part, events = self._part_of(event, "output_text")
        before = (part or {}).get("text") or ""
        delta = text_in(event, "delta")[: MAX_TEXT - len(before)]
        if item is None or part is None or not delta:
            return events
        part["text"] = before + delta
        item.format()
        return [*events, *updated(item, Delta(text=delta))]

    def _text_done(self, event: Event) -> list[ItemEvent]:
        item, part, events = self._part_of(event, "output_text")
        final = event.get("text")
        if item is None or part is None or not isinstance(final, str) or part.get("text") == final:
            return events
        before, part["text"] = part.get("text") or "", final[:MAX_TEXT]
        item.format()
        return [*events, *updated(item, Delta(text=final[len(before) :]) if final.startswith(before) else None)]

    def _transcript_delta(self, event: Event) -> list[ItemEvent]:
        item, part, events = self._part_of(event, "output_audio")
        if item is None or part is None:
            return events
        added = self._transcripts.extend(item, index_in(event, "content_index"), part, text_in(event, "delta"))
        return [*events, *(updated(item, added) if added else ())]

    def _transcript_done(self, event: Event) -> list[ItemEvent]:
        item, part, events = self._part_of(event, "output_audio")
        final = event.get("transcript")
        if item is None or part is None or not isinstance(final, str):
            return events
        final = final[:MAX_TEXT]
        is_new = self._transcripts.finish(item.id, index_in(event, "content_index"), final)
        if not is_new or part.get("transcript") == final:
            return events
        part["transcript"] = final
        item.format()
        return [*events, *updated(item, self._transcripts.added(item))]

    def _part_of(self, event: Event, kind: str) -> tuple[Item | None, dict[str, Any] | None, list[ItemEvent]]:
        item, events = self._find_by_model(text_in(event, "item_id"), event, _ANSWER)
        part = part_of(item, index_in(event, "content_index")) if item else None
        if part is not None:
            part.setdefault("type", kind)
        return item, part, events

    def _audio_delta(self, event: Event) -> list[ItemEvent]:
        return self.add_audio(event, self._items.output.decode(from_base64(event.get("delta"))))

    def _find_by_model(self, id: str, event: Event, raw: dict[str, Any]) -> Found:
        response_id = text_in(event, "response_id")
        if self._is_out_of_band(response_id):
            self._excluded.add(id)
        item, events = self._find(id, {**raw, "status": "in_progress"})
        if item and events:
            self._unfinished.add(item, response_id)
            events += self._complete(item)
        return item, events

    # Calls.

    def _arguments_delta(self, event: Event) -> list[ItemEvent]:
        item, events = self._find_call(event)
        before = (item.arguments if item else None) or ""
        delta = text_in(event, "delta")[: MAX_TEXT - len(before)]
        if item is None or not delta:
            return events
        item.arguments = before + delta
        item.format()
        return [*events, *updated(item, Delta(arguments=delta))]

    def _arguments_done(self, event: Event) -> list[ItemEvent]:
        item, events = self._find_call(event)
        if item is None:
            return events
        self._items.fill(item, {key: event.get(key) for key in ("name", "call_id", "arguments")})
        says_all = text_in(event, "name") and text_in(event, "call_id") and _is_object(text_in(event, "arguments"))
        if says_all and item.status == "in_progress":
            item.status = "completed"
        self._unfinished.add(item, text_in(event, "response_id"), is_complete=True)
        return [*events, *updated(item), *self._complete(item)]

    def _find_call(self, event: Event) -> Found:
        kind = "mcp_call" if event["type"].startswith("response.mcp_call") else "function_call"
        call_id = text_in(event, "call_id")
        id = text_in(event, "item_id") or self._ids.of_call(call_id)
        return self._find_by_model(id, event, {"type": kind, "call_id": call_id, "name": event.get("name")})


def _is_object(text: str) -> bool:
    """Whether a text is a JSON object that was not cut short."""
    try:
        return isinstance(read_json(text), dict)
    except ValueError:
        return False
