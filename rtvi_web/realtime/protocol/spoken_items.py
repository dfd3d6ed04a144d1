"""What the person says: the sound of their items, and its transcripts."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from rtvi_web.realtime.protocol.audio import AudioClip, InputAudio, samples
from rtvi_web.realtime.protocol.early_news import EarlyNews
from rtvi_web.realtime.protocol.item_list import ItemList, part_of
from rtvi_web.realtime.protocol.items import MAX_TEXT, Item, ItemEvent, updated
from rtvi_web.realtime.protocol.server_errors import server_error
from rtvi_web.realtime.protocol.transcripts import Transcripts
from rtvi_web.realtime.protocol.wire import Event, index_in, number_in, text_in

Found = tuple[Item | None, list[ItemEvent]]
"""An item, and the events of having made it."""
MAX_COMMITS = 32
"""Commits whose sound waits for their items; the oldest are forgotten first."""
_SPOKEN = {"type": "message", "role": "user", "status": "in_progress", "content": [{"type": "input_audio"}]}


class SpokenItems:
    """Handles the events about the person's speech.

    Args:
        items: the items of the conversation.
        transcripts: those that the page was given.
        input_audio: the person's sound, from which that of items is cut.
        find: gives an item, which it makes of the fields if there is none.
        complete: gives the event of an item that is complete.
    """

    def __init__(
        self,
        items: ItemList,
        transcripts: Transcripts,
        input_audio: InputAudio,
        find: Callable[[str, dict[str, Any]], Found],
        complete: Callable[[Item], list[ItemEvent]],
    ) -> None:
        self._items = items
        self._transcripts = transcripts
        self._input_audio = input_audio
        self._find = find
        self._complete = complete
        self.processors: dict[str, Callable[[Event], list[ItemEvent]]] = {
            "conversation.item.input_audio_transcription.delta": self._transcription_delta,
            "conversation.item.input_audio_transcription.segment": self._transcription_segment,
            "conversation.item.input_audio_transcription.completed": self._transcription_completed,
            "conversation.item.input_audio_transcription.failed": self._transcription_failed,
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.speech_stopped": self._speech_stopped,
            "input_audio_buffer.committed": self._committed,
        }
        self.clear()

    def clear(self) -> None:
        """Remove everything."""
        self._early = EarlyNews()
        self._queued: deque[AudioClip] = deque(maxlen=MAX_COMMITS)  # of commits, until their items arrive

    def queue(self, clip: AudioClip | None) -> None:
        """See ``Conversation.queue_input_audio``."""
        if clip is not None:
            self._queued.append(clip)
        elif self._queued:
            self._queued.popleft()

    def expect_sound(self, item_id: str, pcm: bytes) -> None:
        """See ``Conversation.expect_sound``."""
        self._early.note(item_id, speech=AudioClip(pcm, self._items.input.rate))

    def add_early(self, item: Item) -> None:
        """A new item: add the sound that is known of it already."""
        early = self._early.pop(item.id)
        spoken = item.role == "user" and any(part.get("type") == "input_audio" for part in item.content)
        clip = early.speech
        if clip is None and spoken and self._queued:
            clip = self._queued.popleft()
        if clip:
            self._items.add_audio(item, bytes(clip))
        elif early.speech_start:
            self._early.note(item.id, speech_start=early.speech_start)  # still speaking

    # Sound.

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
        if not self._queued or (item and item.formatted.audio.received):
            return []
        return self._add_speech(text_in(event, "item_id"), self._queued.popleft())

    def _add_speech(self, id: str, clip: AudioClip) -> list[ItemEvent]:
        if item := self._items.get(id):
            self._early.pop(id)
            self._items.add_audio(item, bytes(clip))
            return updated(item)
        self._early.note(id, speech=clip)
        return []

    # Transcripts.

    def _transcription_delta(self, event: Event) -> list[ItemEvent]:
        item, events = self._find(text_in(event, "item_id"), _SPOKEN)
        index = index_in(event, "content_index")
        part = part_of(item, index) if item else None
        if item is None or part is None:
            return events
        added = self._transcripts.extend(item, index, part, text_in(event, "delta"))
        return [*events, *(updated(item, added) if added else ())]

    def _transcription_segment(self, event: Event) -> list[ItemEvent]:
        """Who spoke when. Its text is that of the deltas."""
        return self._find(text_in(event, "item_id"), _SPOKEN)[1]

    def _transcription_completed(self, event: Event) -> list[ItemEvent]:
        id, index = text_in(event, "item_id"), index_in(event, "content_index")
        transcript = text_in(event, "transcript")[:MAX_TEXT]
        item, events = self._find(id, _SPOKEN)
        if item is None or not self._transcripts.finish(id, index, transcript):
            return events
        if (part := part_of(item, index)) is not None:
            part["transcript"] = transcript
        item.format()
        if not transcript:
            item.formatted.transcript = " "  # transcribed, but empty
        return [*events, *updated(item, self._transcripts.added(item)), *self._end(item)]

    def _transcription_failed(self, event: Event) -> list[ItemEvent]:
        item, events = self._find(text_in(event, "item_id"), _SPOKEN)
        if item is None:
            return events
        given = event.get("error")
        item.formatted.transcript_error = given if isinstance(given, dict) else {"message": server_error(event).message}
        return [*events, *updated(item), *self._end(item)]

    def _end(self, item: Item) -> list[ItemEvent]:
        """The person's item is complete with its transcript, even if the server never announces it."""
        if item.role != "user":
            return []
        if item.status == "in_progress":
            item.status = "completed"
        return self._complete(item)
