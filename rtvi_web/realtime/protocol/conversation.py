"""The conversation, built from server events. Mirrors ``RealtimeConversation``. No clock, no loop.

Events may come late, twice, or for unknown items; none of that raises. The first event about an item makes it, and
final events (``….done``) replace what was assembled from deltas.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from rtvi_web.realtime.protocol.audio import AudioClip, InputAudio, from_base64, samples
from rtvi_web.realtime.protocol.early_news import EarlyNews
from rtvi_web.realtime.protocol.formats import SoundFormat
from rtvi_web.realtime.protocol.item_list import ItemList, part_of
from rtvi_web.realtime.protocol.items import Delta, Item, ItemEvent
from rtvi_web.realtime.protocol.server_errors import server_error
from rtvi_web.realtime.protocol.transcripts import Transcripts
from rtvi_web.realtime.protocol.wire import Event, index_in, number_in, object_in, objects_in, text_in


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
        self._items = ItemList(keep_audio)
        self._transcripts = Transcripts()
        self._input_audio = input_audio
        self._is_out_of_band = is_out_of_band
        self._processors: dict[str, Callable[[Event], list[ItemEvent]]] = {
            "conversation.item.created": self._created,
            "conversation.item.added": self._added,
            "conversation.item.done": self._done,
            "conversation.item.retrieved": self._retrieved,
            "conversation.item.truncated": self._truncated,
            "conversation.item.deleted": self._deleted,
            "conversation.item.input_audio_transcription.delta": self._transcription_delta,
            "conversation.item.input_audio_transcription.completed": self._transcription_completed,
            "conversation.item.input_audio_transcription.failed": self._transcription_failed,
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.speech_stopped": self._speech_stopped,
            "input_audio_buffer.committed": self._committed,
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
        }
        self.clear()

    def clear(self) -> bool:
        """Remove everything. Mirrors ``clear()``."""
        self._items.clear()
        self._completed: set[str] = set()
        self._transcripts.clear()
        self._assumed: set[str] = set()  # items of which the server did not say the status
        self._early = EarlyNews()
        self._queued_audio: deque[AudioClip] = deque()  # of commits, until their items arrive
        self._open_calls: dict[str, list[Item]] = {}  # calls without a status, by response
        return True

    def get_item(self, id: str) -> Item | None:
        """Mirrors ``getItem()``."""
        return self._items.get(id)

    def get_items(self) -> list[Item]:
        """The items in their order, as a new list. Mirrors ``getItems()``."""
        return self._items.items.copy()

    def use_formats(self, input: SoundFormat, output: SoundFormat) -> None:
        """Say in which formats sound arrives from now on: the person's, and the model's."""
        self._items.input, self._items.output = input, output

    def queue_input_audio(self, clip: AudioClip | None) -> None:
        """Queue the sound of a commit, for its item. Mirrors ``queueInputAudio()``.

        Args:
            clip: the sound; ``None`` if the server has refused the oldest commit.
        """
        if clip is not None:
            self._queued_audio.append(clip)
        elif self._queued_audio:
            self._queued_audio.popleft()

    def expect_sound(self, item_id: str, pcm: bytes) -> None:
        """Remember the sound of a message that the client creates: servers do not send it back."""
        self._early.note(item_id, speech=AudioClip(pcm, self._items.input.rate))

    def process_event(self, event: Event) -> list[ItemEvent]:
        """Handle a server event, under its GA name. Mirrors ``processEvent()``.

        Returns:
            The events of the items that it changed; empty if it is unknown or makes no sense.
        """
        processor = self._processors.get(event["type"])
        return processor(event) if processor else []

    def add_audio(self, item_id: str, content_index: int, data: bytes) -> list[ItemEvent]:
        """Add sound to an answer: a ``response.output_audio.delta`` that is decoded already.

        Returns:
            As :meth:`process_event`.
        """
        item = self._items.get(item_id)
        if item is None:
            return []
        if (part := part_of(item, content_index)) is not None:
            part.setdefault("type", "output_audio")
        pcm = self._items.add_audio(item, data)
        return _updated(item, Delta(audio=pcm)) if pcm else []

    # All items.

    def _created(self, event: Event) -> list[ItemEvent]:
        """In the beta, the only event about an item that a client made."""
        item, events = self._upsert(object_in(event, "item"), event)
        if item is None:
            return []
        item.status = item.status or ("in_progress" if _is_by_model(item) else "completed")
        return [*events, *self._complete(item)]

    def _added(self, event: Event) -> list[ItemEvent]:
        item, events = self._upsert(object_in(event, "item"), event)
        if item and item.status is None:
            item.status = "in_progress" if _is_by_model(item) else "completed"
            self._assumed.add(item.id)
        return events

    def _retrieved(self, event: Event) -> list[ItemEvent]:
        item, events = self._upsert(object_in(event, "item"), event)
        if item is None:
            return []
        item.status = item.status or "completed"
        return [*events, *self._complete(item)]

    def _done(self, event: Event) -> list[ItemEvent]:
        item, events = self._upsert(object_in(event, "item"), event)
        if item is None:
            return []
        if not text_in(object_in(event, "item"), "status"):
            self._end(item, text_in(event, "response_id"))
        return [*events, *self._complete(item)]

    def _end(self, item: Item, response_id: str) -> None:
        """An item is done, but its event has no status: take it as completed.

        Calls of the model are the exception, as a call that was cut short is done too. The end of the response decides.
        """
        if item.type == "function_call" and (response_id or (item.status and item.id not in self._assumed)):
            item.status = item.status or "in_progress"
            if response_id:
                self._open_calls.setdefault(response_id, []).append(item)
        elif item.status in (None, "in_progress"):
            item.status = "completed"
        self._assumed.discard(item.id)

    def _truncated(self, event: Event) -> list[ItemEvent]:
        item = self._items.get(text_in(event, "item_id"))
        if item is None:
            return []
        item.audio_end_ms = index_in(event, "audio_end_ms")
        item.formatted.audio.truncate(samples(item.audio_end_ms, item.formatted.audio.rate))
        return _updated(item)

    def _deleted(self, event: Event) -> list[ItemEvent]:
        item = self._items.remove(text_in(event, "item_id"))
        self._transcripts.forget(text_in(event, "item_id"))
        self._assumed.discard(text_in(event, "item_id"))
        return _updated(item) if item else []

    def _upsert(self, raw: dict[str, Any], event: Event) -> tuple[Item | None, list[ItemEvent]]:
        item, is_new = self._items.upsert(raw, event)
        if item is None:
            return None, []
        if is_new:
            self._completed.discard(item.id)
            self._add_early(item)
        return item, [
            *_updated(item, self._transcripts.added(item)),
            *([ItemEvent("conversation.item.appended", item)] if is_new else []),
        ]

    def _complete(self, item: Item) -> list[ItemEvent]:
        if item.status != "completed" or item.id in self._completed:
            return []
        self._completed.add(item.id)
        return [ItemEvent("conversation.item.completed", item)]

    # The person's items.

    def _speech_started(self, event: Event) -> list[ItemEvent]:
        self._early.note(text_in(event, "item_id"), speech_start=number_in(event, "audio_start_ms"))
        return []

    def _speech_stopped(self, event: Event) -> list[ItemEvent]:
        id, end = text_in(event, "item_id"), number_in(event, "audio_end_ms")
        known = self._early.get(id)
        start = known.speech_start if known else end
        rate = self._input_audio.rate
        return self._add_speech(id, self._input_audio.slice(samples(start, rate), samples(end, rate)))

    def _committed(self, event: Event) -> list[ItemEvent]:
        item = self._items.get(text_in(event, "item_id"))
        if not self._queued_audio or (item and item.formatted.audio.received):
            return []
        return self._add_speech(text_in(event, "item_id"), self._queued_audio.popleft())

    def _add_speech(self, id: str, clip: AudioClip) -> list[ItemEvent]:
        if item := self._items.get(id):
            self._early.pop(id)
            self._items.add_audio(item, bytes(clip))
            return _updated(item)
        self._early.note(id, speech=clip)
        return []

    def _transcription_delta(self, event: Event) -> list[ItemEvent]:
        return self._extend_transcript(event, None)

    def _transcription_completed(self, event: Event) -> list[ItemEvent]:
        id, index, transcript = (
            text_in(event, "item_id"),
            index_in(event, "content_index"),
            text_in(event, "transcript"),
        )
        item = self._items.get(id)
        if item is None:
            self._early.note(id, transcript=(index, transcript))
            return []
        if not self._transcripts.finish(id, index, transcript):
            return []
        self._set_transcript(item, index, transcript)
        return _updated(item, self._transcripts.added(item))

    def _transcription_failed(self, event: Event) -> list[ItemEvent]:
        id, given = text_in(event, "item_id"), event.get("error")
        error = given if isinstance(given, dict) else {"message": server_error(event).message}
        item = self._items.get(id)
        if item is None:
            self._early.note(id, transcript_error=error)
            return []
        item.formatted.transcript_error = error
        return _updated(item)

    def _set_transcript(self, item: Item, index: int, transcript: str) -> None:
        if (part := part_of(item, index)) is not None:
            part["transcript"] = transcript
        item.format()
        if not transcript:
            item.formatted.transcript = " "  # transcribed, but empty

    def _add_early(self, item: Item) -> None:
        """A new item: add what is known of it already."""
        early = self._early.pop(item.id)
        spoken = item.role == "user" and any(part.get("type") == "input_audio" for part in item.content)
        clip = early.speech
        if clip is None and spoken and self._queued_audio:
            clip = self._queued_audio.popleft()
        if clip:
            self._items.add_audio(item, bytes(clip))
        elif early.speech_start:
            self._early.note(item.id, speech_start=early.speech_start)  # still speaking
        if early.transcript:
            self._transcripts.finish(item.id, *early.transcript)
            self._set_transcript(item, *early.transcript)
        item.formatted.transcript_error = early.transcript_error

    # The model's items.

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
            item = self._items.get(text_in(raw, "id"))
            was_deleted = item is None and text_in(raw, "id") in self._completed
            if not was_deleted and (item is None or item.status != raw["status"]):
                events += self._done({**event, "item": raw})
        for item in self._open_calls.pop(id, ()):
            if item.status == "in_progress":
                item.status = status
                events += [*_updated(item), *self._complete(item)]
        return events

    def _output_item_added(self, event: Event) -> list[ItemEvent]:
        if self._is_out_of_band(text_in(event, "response_id")):
            return []
        item, events = self._upsert(object_in(event, "item"), event)
        if item:
            item.status = item.status or "in_progress"
            self._assumed.discard(item.id)
        return events

    def _output_item_done(self, event: Event) -> list[ItemEvent]:
        return [] if self._is_out_of_band(text_in(event, "response_id")) else self._done(event)

    def _content_part(self, event: Event) -> list[ItemEvent]:
        item = self._items.get(text_in(event, "item_id"))
        if item is None:
            return []
        self._items.fill_part(item, index_in(event, "content_index"), object_in(event, "part"))
        return _updated(item, self._transcripts.added(item))

    def _text_delta(self, event: Event) -> list[ItemEvent]:
        item, part = self._part_of(event, "output_text")
        delta = text_in(event, "delta")
        if item is None or part is None or not delta:
            return []
        part["text"] = (part.get("text") or "") + delta
        item.format()
        return _updated(item, Delta(text=delta))

    def _transcript_delta(self, event: Event) -> list[ItemEvent]:
        return self._extend_transcript(event, "output_audio")

    def _text_done(self, event: Event) -> list[ItemEvent]:
        item, part = self._part_of(event, "output_text")
        final = event.get("text")
        if item is None or part is None or not isinstance(final, str) or part.get("text") == final:
            return []
        before, part["text"] = part.get("text") or "", final
        item.format()
        return _updated(item, Delta(text=final[len(before) :]) if final.startswith(before) else None)

    def _transcript_done(self, event: Event) -> list[ItemEvent]:
        item, part = self._part_of(event, "output_audio")
        final = event.get("transcript")
        if item is None or part is None or not isinstance(final, str):
            return []
        is_new = self._transcripts.finish(item.id, index_in(event, "content_index"), final)
        if not is_new or part.get("transcript") == final:
            return []
        part["transcript"] = final
        item.format()
        return _updated(item, self._transcripts.added(item))

    def _extend_transcript(self, event: Event, kind: str | None) -> list[ItemEvent]:
        item, part = self._part_of(event, kind)
        if item is None or part is None:
            return []
        added = self._transcripts.extend(item, index_in(event, "content_index"), part, text_in(event, "delta"))
        return _updated(item, added) if added else []

    def _part_of(self, event: Event, kind: str | None) -> tuple[Item | None, dict[str, Any] | None]:
        item = self._items.get(text_in(event, "item_id"))
        part = part_of(item, index_in(event, "content_index")) if item else None
        if part is not None and kind:
            part.setdefault("type", kind)
        return item, part

    def _audio_delta(self, event: Event) -> list[ItemEvent]:
        pcm = self._items.output.decode(from_base64(event.get("delta")))
        return self.add_audio(text_in(event, "item_id"), index_in(event, "content_index"), pcm)

    def _arguments_delta(self, event: Event) -> list[ItemEvent]:
        item, delta = self._items.get(text_in(event, "item_id")), text_in(event, "delta")
        if item is None or not delta:
            return []
        item.arguments = (item.arguments or "") + delta
        item.format()
        return _updated(item, Delta(arguments=delta))

    def _arguments_done(self, event: Event) -> list[ItemEvent]:
        item = self._items.get(text_in(event, "item_id"))
        if item is None:
            return []
        self._items.fill(item, {key: event.get(key) for key in ("name", "call_id", "arguments")})
        item.format()
        return _updated(item)


def _is_by_model(item: Item) -> bool:
    return item.type == "function_call" or (item.type == "message" and item.role == "assistant")


def _updated(item: Item, delta: Delta | None = None) -> list[ItemEvent]:
    return [ItemEvent("conversation.updated", item, delta)]
