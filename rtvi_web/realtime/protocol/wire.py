"""Realtime events as JSON text, and the names that today's protocol (GA) has for those of the beta.

Servers that still speak the beta are understood: their events are renamed as they arrive.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from rtvi_web.core.foreign_json import read_json
from rtvi_web.errors import InvalidArgumentError

Event = dict[str, Any]

_GA_NAMES = {
    f"response.{beta}.{step}": f"response.output_{beta}.{step}"
    for beta in ("text", "audio", "audio_transcript")
    for step in ("delta", "done")
}
_GA_NAMES |= {f"transcription_session.{step}": f"session.{step}" for step in ("created", "updated")}
_GA_ASSISTANT_PARTS = {"text": "output_text", "audio": "output_audio"}
_GA_INPUT_PARTS = {"text": "input_text", "audio": "input_audio"}
_STEPS = {
    "session": ("created", "updated"),
    "conversation": ("created",),
    "conversation.item": ("added", "created", "deleted", "done", "retrieved", "truncated"),
    "conversation.item.input_audio_transcription": ("delta", "segment", "completed", "failed"),
    "input_audio_buffer": (
        "cleared",
        "committed",
        "dtmf_event_received",
        "speech_started",
        "speech_stopped",
        "timeout_triggered",
    ),
    "output_audio_buffer": ("started", "stopped", "cleared"),
    "rate_limits": ("updated",),
    "mcp_list_tools": ("in_progress", "completed", "failed"),
    "response": ("created", "done", "cancelled"),
    "response.output_item": ("added", "done"),
    "response.content_part": ("added", "done"),
    "response.output_text": ("delta", "done"),
    "response.output_audio": ("delta", "done"),
    "response.output_audio_transcript": ("delta", "done"),
    "response.function_call_arguments": ("delta", "done"),
    "response.mcp_call": ("in_progress", "completed", "failed"),
    "response.mcp_call_arguments": ("delta", "done"),
}
SERVER_EVENTS = frozenset({"error", *(f"{what}.{step}" for what, steps in _STEPS.items() for step in steps)})
"""The types of server events, under their GA names."""
_PART_SIZE = 50
_ID_LETTERS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def new_id(prefix: str, length: int = 21) -> str:
    """A new id of this length, prefix included, without letters that look alike. Mirrors ``generateId()``."""
    noise = os.urandom(max(0, length - len(prefix)))
    return prefix + "".join(_ID_LETTERS[byte % len(_ID_LETTERS)] for byte in noise)


def encode(event: Mapping[str, Any]) -> str:
    """The JSON text of a client event.

    Raises:
        InvalidArgumentError: it cannot be written as JSON (NaN and infinity cannot).
    """
    try:
        return json.dumps(event, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgumentError(f"{event.get('type')!r} cannot be written as JSON: {error}.") from None


def decode(frame: str | bytes) -> Event | None:
    """A server event under its GA name; ``None`` if the frame is not an event."""
    try:
        event = read_json(frame if isinstance(frame, str) else frame.decode("utf-8-sig"))
    except ValueError:
        return None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        return None
    event["type"] = _GA_NAMES.get(event["type"], event["type"])
    return event


def copied(event: Any) -> Any:
    """A deep copy of an event, for handlers: what they change doesn't change the session."""
    if isinstance(event, dict):
        return {key: copied(value) for key, value in event.items()}
    return [copied(each) for each in event] if isinstance(event, list) else event


def ga_part(part: Mapping[str, Any], role: str) -> dict[str, Any]:
    """A part of a message under its GA type, which depends on the role."""
    names = _GA_ASSISTANT_PARTS if role == "assistant" else _GA_INPUT_PARTS
    kind = part.get("type")
    return {**part, "type": names.get(kind, kind)} if isinstance(kind, str) else dict(part)


# Reading foreign events: a value of a wrong type counts as absent.


def text_in(event: Mapping[str, Any], key: str) -> str:
    """A text of an event, or ``""``."""
    value = event.get(key)
    return value if isinstance(value, str) else ""


def number_in(event: Mapping[str, Any], key: str) -> float:
    """A finite number of an event, at least 0, or 0."""
    value = event.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e12
    return value if usable else 0  # type: ignore[return-value]


def size_of(value: Any) -> int:
    """How much memory a value of JSON takes, in characters: those of its texts, and some for each of its parts."""
    size, rest = 0, [value]
    while rest:
        value = rest.pop()
        size += len(value) if isinstance(value, str) else _PART_SIZE
        if isinstance(value, dict):
            rest += [*value, *value.values()]
        elif isinstance(value, list):
            rest += value
    return size


def index_in(event: Mapping[str, Any], key: str) -> int:
    """An index of an event, or 0."""
    return int(number_in(event, key))


def object_in(event: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object of an event, or ``{}``."""
    value = event.get(key)
    return value if isinstance(value, dict) else {}


def objects_in(event: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects in a list of an event."""
    value = event.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
