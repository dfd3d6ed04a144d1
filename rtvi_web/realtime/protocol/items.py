"""The items of a conversation, and the events about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from rtvi_web.realtime.protocol.audio import AudioClip

MAX_PARTS = 64
"""Parts that one item may have; others are ignored."""
MAX_TEXT = 100_000
"""Characters that are kept of each text of an item; the rest is dropped."""


@dataclass
class FormattedTool:
    """The function call of an item. Mirrors ``formatted.tool``."""

    name: str
    call_id: str
    arguments: str = ""
    type: str = "function"


@dataclass
class Formatted:
    """An item's content, put together for display. Mirrors ``formatted``.

    Attributes:
        audio: the sound of all parts, as far as it is kept; ``bytes(audio)`` is PCM, ``audio.wav()`` a file.
        text: what was written.
        transcript: what was said; ``" "`` if the transcription is empty.
        transcript_error: why the person's speech could not be transcribed.
        tool: the function call, if the item is one.
        output: the output, if the item is that of a function call.
        file: for the application's own use.
    """

    audio: AudioClip = field(default_factory=AudioClip)
    text: str = ""
    transcript: str = ""
    transcript_error: dict[str, Any] | None = None
    tool: FormattedTool | None = None
    output: str | None = None
    file: Any = None


@dataclass(eq=False)
class Item:
    """A message, a function call, its output, or an item of MCP. Mirrors ``ItemType``.

    Updates change the object in place.

    Attributes:
        id: given by the server or by the client that made it.
        type: ``"message"``, ``"function_call"``, ``"function_call_output"``, ``"mcp_call"`` …
        role: ``"user"``, ``"assistant"``, ``"system"``; ``None`` if it is not a message.
        status: ``"in_progress"``, ``"completed"`` or ``"incomplete"``.
        content: the parts of a message, in GA form; sound is in ``formatted.audio`` instead.
        name, call_id, arguments, output: those of function calls and MCP calls.
        audio_end_ms: where the server truncated it, in milliseconds; ``None`` if it is not truncated.
        extra: all other fields, unchanged.
    """

    id: str
    type: str = "message"
    role: str | None = None
    status: str | None = None
    content: list[dict[str, Any]] = field(default_factory=list)
    formatted: Formatted = field(default_factory=Formatted)
    name: str | None = None
    call_id: str | None = None
    arguments: str | None = None
    output: str | None = None
    audio_end_ms: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def format(self) -> None:
        """Update ``formatted`` from the item's fields."""
        self.formatted.text = "".join(_texts(self.content, "text"))
        if spoken := "".join(_texts(self.content, "transcript")):
            self.formatted.transcript = spoken
        if self.type == "function_call":
            self.formatted.tool = FormattedTool(self.name or "", self.call_id or "", self.arguments or "")
        elif self.type == "function_call_output":
            self.formatted.output = self.output

    @property
    def is_by_model(self) -> bool:
        """Whether the model makes it, piece by piece."""
        return self.type == "function_call" or (self.type == "message" and self.role == "assistant")

    @property
    def audio_index(self) -> int | None:
        """Which part of the content is the assistant's sound; ``None`` if none is."""
        for index, part in enumerate(self.content):
            if part.get("type") == "output_audio":
                return index
        return None


class Delta(NamedTuple):
    """What an update added; one of the fields is set. Mirrors ``delta``.

    Attributes:
        text: written by the model.
        transcript: of what the model or the person said.
        audio: PCM.
        arguments: a piece of the JSON of a function call's arguments.
    """

    text: str | None = None
    transcript: str | None = None
    audio: bytes | None = None
    arguments: str | None = None


class ItemEvent(NamedTuple):
    """Something happened to an item.

    Attributes:
        type: ``"conversation.updated"``, ``"conversation.item.appended"`` or ``"conversation.item.completed"``.
        item: the item; ``None`` if ``wait_for_next_item()`` timed out.
        delta: what ``conversation.updated`` added; ``None`` for other changes.
    """

    type: str
    item: Item | None
    delta: Delta | None = None


def updated(item: Item, delta: Delta | None = None) -> list[ItemEvent]:
    """The event of an item that has changed."""
    return [ItemEvent("conversation.updated", item, delta)]


def to_history(item: Item) -> dict[str, Any] | None:
    """An item in a form that a client can create in another session; ``None`` if there is none.

    Speech becomes text: a client cannot create the assistant's audio.
    """
    if item.type == "message":
        kind = "output_text" if item.role == "assistant" else "input_text"
        was_heard = item.audio_end_ms is None  # in full; the server drops the whole transcript of a truncated answer
        content = [_history_part(part, kind, was_heard) for part in item.content]
        kept = [part for part in content if part]
        if not kept and was_heard and item.formatted.transcript.strip():
            kept = [{"type": kind, "text": item.formatted.transcript}]
        return {"type": "message", "role": item.role, "content": kept} if kept else None
    if item.type == "function_call" and item.status == "completed":
        call = {"call_id": item.call_id, "name": item.name, "arguments": item.arguments or ""}
        return {"type": "function_call", **call}
    if item.type == "function_call_output":
        return {"type": "function_call_output", "call_id": item.call_id, "output": item.output or ""}
    return None


def _history_part(part: Mapping[str, Any], kind: str, was_heard: bool) -> dict[str, Any] | None:
    if part.get("type") == "input_image":
        return {key: part[key] for key in ("type", "image_url", "detail") if part.get(key) is not None}
    written = part.get("text") or (part.get("transcript") if was_heard else None)
    return {"type": kind, "text": written} if isinstance(written, str) and written.strip() else None


def _texts(content: list[dict[str, Any]], key: str) -> list[str]:
    return [part[key] for part in content if isinstance(part.get(key), str)]
