"""One Realtime session: what a client sends, and what it is told. It knows no network."""

import asyncio
import base64
import binascii
import copy
import json
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from conversation import Conversation, ItemError, new_id, pcm_of
from mind import SAMPLE_RATE, Mind
from response import Response
from response import Speaker as ResponseSpeaker
from schema import Event, SchemaError, check_client_event, check_server_event
from turns import Turn, TurnDetector, without_silence

MODEL = "gpt-realtime"
PCM = {"type": "audio/pcm", "rate": SAMPLE_RATE}
SHORTEST_TURN = SAMPLE_RATE // 10  # samples
LONGEST_TURN = SAMPLE_RATE * 300
KEPT_WITHOUT_SPEECH = SAMPLE_RATE  # samples, when turns are detected
DEFAULTS: dict[str, Any] = {
    "type": "realtime",
    "model": MODEL,
    "instructions": "You are a friendly assistant.",
    "output_modalities": ["audio"],
    "audio": {
        "input": {"format": PCM, "turn_detection": {"type": "server_vad"}, "transcription": None},
        "output": {"format": PCM, "voice": "alloy"},
    },
    "tools": [],
    "tool_choice": "auto",
}


class Speaker(ResponseSpeaker, Protocol):
    """The track on which answers are heard, where there is one."""

    def silence(self) -> tuple[str, int] | None:
        """Drop what waits; the item that was playing, and how many ms of it were heard."""


class Session:
    """One client.

    Args:
        send: takes each server event as JSON.
        mind: hears, thinks and speaks.
        config: changes to DEFAULTS, such as those of a client secret.
        speaker: plays the answers; without one they are events.
    """

    def __init__(
        self, send: Callable[[str], object], mind: Mind, config: dict[str, Any], speaker: Speaker | None = None
    ) -> None:
        self.mind = mind
        self.conversation = Conversation()
        self.speaker = speaker
        self._send = send
        self._config = _merged(DEFAULTS, config)
        self._input = bytearray()
        self._heard = 0  # samples since the session began
        self._detector: TurnDetector | None = None
        self._turn_item = ""
        self._hearing: set[asyncio.Task[None]] = set()
        self._response: Response | None = None
        self._running: asyncio.Task[None] | None = None
        self._others: set[asyncio.Task[None]] = set()  # out of band
        self._spoken: str | None = None  # the response that is heard on the track
        self._configure()
        self._handlers: dict[str, Callable[[Event], None]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.retrieve": self._retrieve_item,
            "conversation.item.truncate": self._truncate_item,
            "conversation.item.delete": self._delete_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
            "output_audio_buffer.clear": lambda _: self._silence(),
        }

    def begin(self) -> None:
        """The client can be told things now."""
        self.emit("session.created", session=self._config)

    def receive(self, text: str) -> None:
        """A client event has arrived."""
        event_id = None
        try:
            event = json.loads(text)
            if not isinstance(event, dict):
                raise SchemaError("The message is not a JSON object.", "")
            event_id = event.get("event_id")
            check_client_event(event)
            self._handlers[event["type"]](event)
        except ValueError as error:
            self._refuse(f"The message is not JSON: {error}", "invalid_json", event_id)
        except SchemaError as error:
            self._refuse(str(error), "invalid_value", event_id, error.param)
        except ItemError as error:
            self._refuse(str(error), error.code, event_id)

    def hear(self, pcm: bytes) -> None:
        """The client's microphone has heard this: an event or the track brought it."""
        position, self._heard = self._heard, self._heard + len(pcm) // 2
        self._input += pcm
        turns = self._detector.hear(np.frombuffer(pcm, "<i2"), position) if self._detector else []
        for turn in turns:
            self._turn(turn)
        longest = LONGEST_TURN if self._turn_item or not self._detector else KEPT_WITHOUT_SPEECH
        del self._input[: max(0, len(self._input) - 2 * longest)]

    def emit(self, type: str, **fields: Any) -> None:
        """Tell the client something."""
        event = {"event_id": new_id("event"), "type": type, **copy.deepcopy(fields)}
        check_server_event(event)
        self._send(json.dumps(event))

    def close(self) -> None:
        """The client is gone."""
        self._send = lambda _: None
        for task in (*self._hearing, *self._others, *([self._running] if self._running else [])):
            task.cancel()

    # Configuration.

    def _update(self, event: Event) -> None:
        session = event["session"]
        if session.get("type") != "realtime":
            raise SchemaError("Missing required parameter: 'session.type'.", "session.type")
        self._config = _merged(self._config, {**session, "model": self._config["model"]})
        self._configure()
        self.emit("session.updated", session=self._config)

    def _configure(self) -> None:
        detection = self._config["audio"]["input"].get("turn_detection")
        self._detector = TurnDetector(detection) if detection else None
        self._turn_item = ""

    @property
    def _detection(self) -> dict[str, Any]:
        return self._config["audio"]["input"].get("turn_detection") or {}

    # What the person says.

    def _append(self, event: Event) -> None:
        try:
            self.hear(base64.b64decode(event["audio"], validate=True))
        except (binascii.Error, ValueError) as error:
            raise SchemaError(f"Invalid 'audio': {error}.", "audio") from error

    def _commit(self, _event: Event) -> None:
        samples = len(self._input) // 2
        if samples < SHORTEST_TURN:
            milliseconds = samples * 1000 / SAMPLE_RATE
            raise ItemError(
                "Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer "
                f"only has {milliseconds:.2f}ms of audio.",
                "input_audio_buffer_commit_empty",
            )
        pcm = bytes(self._input)
        self._input.clear()
        self._take(new_id("item"), pcm)

    def _clear(self, _event: Event) -> None:
        self._input.clear()
        self.emit("input_audio_buffer.cleared")

    def _turn(self, turn: Turn) -> None:
        if turn.end is None:
            self._turn_item = new_id("item")
            start = turn.start * 1000 // SAMPLE_RATE
            self.emit("input_audio_buffer.speech_started", audio_start_ms=start, item_id=self._turn_item)
            if self._detection.get("interrupt_response", True):
                self._cancel("turn_detected")
                self._silence()
            return
        item_id, self._turn_item = self._turn_item, ""
        end = turn.end * 1000 // SAMPLE_RATE
        self.emit("input_audio_buffer.speech_stopped", audio_end_ms=end, item_id=item_id)
        begin = self._heard - len(self._input) // 2
        pcm = bytes(self._input[max(0, turn.start - begin) * 2 : (turn.end - begin) * 2])
        del self._input[: (turn.end - begin) * 2]
        self._take(item_id, pcm)
        if self._detection.get("create_response", True) and not self._is_active:
            self._respond({})

    def _take(self, item_id: str, pcm: bytes) -> None:
        """The person's turn is complete."""
        part = {"type": "input_audio", "transcript": None}
        item = {"id": item_id, "type": "message", "role": "user", "status": "completed", "content": [part]}
        previous = self.conversation.add(item)
        self.emit("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous)
        self.emit("conversation.item.added", item=item, previous_item_id=previous)
        self.emit("conversation.item.done", item=item, previous_item_id=previous)
        self._listen(self._transcribe(item_id, part, pcm))

    async def _transcribe(self, item_id: str, part: dict[str, Any], pcm: bytes) -> None:
        text = await self.mind.transcribe(without_silence(pcm))
        part["transcript"] = text
        if self._config["audio"]["input"].get("transcription"):
            name = "conversation.item.input_audio_transcription"
            self.emit(f"{name}.delta", item_id=item_id, content_index=0, delta=text)
            usage = {"type": "duration", "seconds": len(pcm) / 2 / SAMPLE_RATE}
            self.emit(f"{name}.completed", item_id=item_id, content_index=0, transcript=text, usage=usage)

    def _listen(self, hearing: Any) -> None:
        task = asyncio.ensure_future(hearing)
        self._hearing.add(task)
        task.add_done_callback(self._hearing.discard)

    async def everything_heard(self) -> None:
        while self._hearing:
            await asyncio.wait(self._hearing)

    # Items.

    def _create_item(self, event: Event) -> None:
        item = copy.deepcopy(event["item"])
        previous = self.conversation.add(item, event.get("previous_item_id"))
        item.setdefault("status", "completed")
        if item["type"] == "message":
            sound = pcm_of(item["content"])
            for part in item["content"]:
                part.pop("audio", None)
            if sound:
                part = next(part for part in item["content"] if part["type"] == "input_audio")
                self._listen(self._transcribe(item["id"], part, sound))
        self.emit("conversation.item.added", item=item, previous_item_id=previous)
        self.emit("conversation.item.done", item=item, previous_item_id=previous)

    def _retrieve_item(self, event: Event) -> None:
        self.emit("conversation.item.retrieved", item=self.conversation.get(event["item_id"]))

    def _truncate_item(self, event: Event) -> None:
        where = {key: event[key] for key in ("item_id", "content_index", "audio_end_ms")}
        self._truncate(*where.values())

    def _truncate(self, item_id: str, content_index: int, audio_end_ms: int) -> None:
        self.conversation.truncate(item_id, content_index, audio_end_ms)
        self.emit(
            "conversation.item.truncated", item_id=item_id, content_index=content_index, audio_end_ms=audio_end_ms
        )

    def _delete_item(self, event: Event) -> None:
        self.conversation.delete(event["item_id"])
        self.emit("conversation.item.deleted", item_id=event["item_id"])

    # Responses.

    @property
    def _is_active(self) -> bool:
        return self._running is not None and not self._running.done()

    def _create_response(self, event: Event) -> None:
        params = event.get("response") or {}
        if params.get("conversation") == "none":
            task = asyncio.ensure_future(Response(self, self._config, params).run())
            self._others.add(task)
            task.add_done_callback(self._others.discard)
        elif self._is_active and self._response:
            raise ItemError(
                f"Conversation already has an active response in progress: {self._response.id}. Wait until the "
                "response is finished before creating a new one.",
                "conversation_already_has_active_response",
            )
        else:
            self._respond(params)

    def _respond(self, params: dict[str, Any]) -> None:
        self._response = Response(self, self._config, params)
        self._running = asyncio.ensure_future(self._response.run())

    def _cancel_response(self, _event: Event) -> None:
        if not self._cancel("client_cancelled"):
            raise ItemError("Cancellation failed: no active response found", "response_cancel_not_active")

    def _cancel(self, reason: str) -> bool:
        if not self._is_active or not self._response or not self._running:
            return False
        self._response.reason = reason
        self._running.cancel()
        return True

    # The track.

    def speaks(self, response_id: str) -> None:
        if self._spoken != response_id:
            self._spoken = response_id
            self.emit("output_audio_buffer.started", response_id=response_id)

    def spoken(self) -> None:
        """The track has nothing more to play."""
        if self._spoken and not self._is_active:
            response_id, self._spoken = self._spoken, None
            self.emit("output_audio_buffer.stopped", response_id=response_id)

    def _silence(self) -> None:
        playing = self.speaker.silence() if self.speaker else None
        if self._spoken:
            response_id, self._spoken = self._spoken, None
            self.emit("output_audio_buffer.cleared", response_id=response_id)
        if playing:
            item_id, heard = playing
            heard = min(heard, self.conversation.sound.get(item_id, 0) * 1000 // SAMPLE_RATE // 2)
            self._truncate(item_id, 0, heard)

    # Errors.

    def _refuse(self, message: str, code: str, event_id: Any, param: str | None = None) -> None:
        error = {"type": "invalid_request_error", "code": code, "message": message, "param": param}
        self.emit("error", error={**error, "event_id": event_id if isinstance(event_id, str) else None})


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    merged = {**base, **changes}
    for section in ("audio", "input", "output"):
        if isinstance(base.get(section), dict) and isinstance(changes.get(section), dict):
            merged[section] = _merged(base[section], changes[section])
    return merged
