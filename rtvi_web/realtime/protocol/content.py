"""Items that a client creates: messages, images and earlier conversations. In GA form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.protocol.audio import from_base64, to_base64, to_pcm
from rtvi_web.realtime.protocol.formats import SoundFormat
from rtvi_web.realtime.protocol.items import Item
from rtvi_web.realtime.protocol.wire import ga_part, objects_in, text_in

PCM = SoundFormat()
_ROLES = ("user", "assistant", "system")
_CALL_FIELDS = {"function_call": ("call_id", "name", "arguments"), "function_call_output": ("call_id", "output")}
MAX_ID = 32
"""Characters that the id of an item may have; OpenAI refuses longer ones."""
_IMAGE_TYPES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg"}


def user_content(content: Iterable[Mapping[str, Any]], format: SoundFormat = PCM) -> list[dict[str, Any]]:
    """The parts of a message of the person, as copies.

    Args:
        content: parts of type ``input_text``, ``input_audio`` and ``input_image``; the names of the beta (``text``,
            ``audio``) and the keys of openai-realtime-api (``input_text``, ``input_audio``) are understood. Sound may
            be base64 of the format, bytes of PCM, or an array of samples.
        format: the session's format of the person's sound.

    Raises:
        InvalidArgumentError: a part is not a mapping, or its sound cannot be read.
    """
    return [_user_part(part, format) for part in content]


def _user_part(given: Mapping[str, Any], format: SoundFormat) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(f"A part of a message must be a dict with a type; it is {given!r}.")
    part = ga_part(given, "user")
    if part.get("type") == "input_text" and "input_text" in part:
        part["text"] = part.pop("input_text")
    if part.get("type") == "input_audio":
        sound = part.pop("input_audio", None) or part.pop("audio", b"")
        part["audio"] = sound if isinstance(sound, str) else to_base64(format.encode(to_pcm(sound)))
    return part


def history_items(items: Iterable[Mapping[str, Any]], known: Iterable[Item] = ()) -> list[dict[str, Any]]:
    """The items to create from a history. What a client cannot create is left out.

    Args:
        items: the history.
        known: the items of the conversation, whose ids are taken, and whose calls may get an output.

    Raises:
        InvalidArgumentError: it is not a list of dicts.
    """
    given = list(items) if isinstance(items, Iterable) else [items]
    for item in given:
        if not isinstance(item, Mapping):
            raise InvalidArgumentError(
                f"An item of a history must be a dict, as export_history() gives them; it is {item!r}."
            )
    ids = {item.id for item in known}
    calls = {item.call_id for item in known if item.type == "function_call"}
    created = []
    for item in filter(None, map(_creatable, given)):
        if item["type"] == "function_call_output" and item["call_id"] not in calls:
            continue  # servers refuse an output without its call
        if item["type"] == "function_call":
            calls.add(item["call_id"])
        if item.get("id") in ids:
            del item["id"]
        ids |= {item["id"]} if "id" in item else set()
        created.append(item)
    return created


def _creatable(item: Mapping[str, Any]) -> dict[str, Any] | None:
    """An item as a client can create it; ``None`` if it cannot."""
    identity = {"id": item["id"]} if 0 < len(text_in(item, "id")) <= MAX_ID else {}
    kind = item.get("type", "message")
    if kind == "message":
        role = item.get("role")
        parts = [_creatable_part(part, role) for part in objects_in(item, "content")] if role in _ROLES else []
        content = [part for part in parts if part]
        return {**identity, "type": "message", "role": role, "content": content} if content else None
    fields = _CALL_FIELDS.get(kind, ()) if isinstance(kind, str) else ()
    if not fields or not all(isinstance(item.get(key), str) for key in fields):
        return None
    if not all(item[key] for key in fields if key in ("call_id", "name")):
        return None
    return {**identity, "type": kind, **{key: item[key] for key in fields}}


def _creatable_part(given: Mapping[str, Any], role: str) -> dict[str, Any] | None:
    """A part of a message; what was spoken is written, unless it is the person's own sound."""
    part = ga_part(given, role)
    if role == "user" and part.get("type") == "input_image" and text_in(part, "image_url"):
        return {key: part[key] for key in ("type", "image_url", "detail") if part.get(key) is not None}
    if role == "user" and part.get("type") == "input_audio" and from_base64(part.get("audio")):
        return {key: part[key] for key in ("type", "audio", "transcript") if part.get(key) is not None}
    text = text_in(part, "text") or text_in(part, "transcript")
    return {"type": "output_text" if role == "assistant" else "input_text", "text": text} if text.strip() else None


def sound_of(item: Mapping[str, Any]) -> bytes:
    """The sound in a message that a client creates, in the session's format."""
    return b"".join(from_base64(part.get("audio")) for part in objects_in(item, "content"))


def image_part(image: str | bytes, detail: str | None) -> dict[str, Any]:
    """A part of a message that shows an image.

    Raises:
        InvalidArgumentError: it is neither a data URI nor the bytes of a PNG or JPEG.
    """
    if isinstance(image, bytes | bytearray | memoryview):
        data = bytes(image)
        kind = next((kind for magic, kind in _IMAGE_TYPES.items() if data.startswith(magic)), None)
        if kind is None:
            raise InvalidArgumentError("An image must be a PNG or a JPEG.")
        image = f"data:{kind};base64,{to_base64(data)}"
    if not isinstance(image, str) or not image.startswith("data:image/"):
        raise InvalidArgumentError('An image must be its bytes, or a text such as "data:image/png;base64,…".')
    part = {"type": "input_image", "image_url": image}
    return part if detail is None else {**part, "detail": detail}
