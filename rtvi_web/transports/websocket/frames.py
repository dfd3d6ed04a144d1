"""The protobuf frames of Pipecat's WebSocket servers. Unknown fields and kinds are kept, and written back."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, groupby
from typing import Any, Final, NamedTuple

# What is read at most: bytes of a frame, its fields, and levels of groups (an old form of nested message).
MAX_FRAME, MAX_FIELDS, MAX_GROUPS = 64 << 20, 1000, 100
SLOWEST, FASTEST = 4000, 192_000
"""Samples a second of sound that can be played."""
_VARINT, _FIXED64, _BYTES, _GROUP, _END_GROUP, _FIXED32 = range(6)


class FrameError(ValueError):
    """Bytes that are not a frame."""


class TextFrame(NamedTuple):
    id: int = 0
    name: str = ""
    text: str = ""
    unknown: bytes = b""


class AudioRawFrame(NamedTuple):
    id: int = 0
    name: str = ""
    audio: bytes = b""
    sample_rate: int = 0
    num_channels: int = 0
    pts: int | None = None
    unknown: bytes = b""


class TranscriptionFrame(NamedTuple):
    id: int = 0
    name: str = ""
    text: str = ""
    user_id: str = ""
    timestamp: str = ""
    unknown: bytes = b""


class MessageFrame(NamedTuple):
    data: str = ""
    unknown: bytes = b""


class InterruptionFrame(NamedTuple):
    id: int = 0
    name: str = ""
    unknown: bytes = b""


Content = TextFrame | AudioRawFrame | TranscriptionFrame | MessageFrame | InterruptionFrame
_KINDS: Final[tuple[type[Content], ...]] = Content.__args__
"""A kind's number is its place here, from 1. A field's is its place in the class; its default tells its type."""


def encode(content: Content, unknown: bytes = b"") -> bytes:
    """Write a frame."""
    defaults = content._field_defaults
    fields = zip(content._fields[:-1], content[:-1], strict=True)
    body = b"".join(_field(n, value) for n, (name, value) in enumerate(fields, 1) if value != defaults[name])
    return _field(_KINDS.index(type(content)) + 1, body + content.unknown) + unknown


def around_sound(size: int, sample_rate: int) -> tuple[bytes, bytes]:
    """What stands before and after so many bytes of sound (mono) in a frame."""
    silence = bytes(size)
    head, _, tail = encode(AudioRawFrame(audio=silence, sample_rate=sample_rate, num_channels=1)).partition(silence)
    return head, tail


def decode(data: bytes) -> tuple[Content | None, bytes]:
    """Read a frame: its content, ``None`` if its kind is unknown, and the unknown fields beside it.

    Raises:
        FrameError: the bytes are not a frame, or are more than :data:`MAX_FRAME`.
    """
    if len(data) > MAX_FRAME:
        raise FrameError(f"The frame has {len(data):,} bytes; at most {MAX_FRAME:,} are read.")
    known, unknown = list[tuple[int, bytes]](), list[bytes]()
    for number, wire, value, raw in _fields(data):
        if wire == _BYTES and number <= len(_KINDS):
            known.append((number, value))
        else:
            unknown.append(raw)
    contents = [_read(kind, [value for _, value in parts]) for kind, parts in groupby(known, lambda part: part[0])]
    return contents[-1] if contents else None, b"".join(unknown)


def _read(number: int, parts: list[bytes]) -> Content:
    """What several fields of one kind make together."""
    kind, values, unknown = _KINDS[number - 1], dict[str, Any](), list[bytes]()
    for number, wire, value, raw in chain.from_iterable(map(_fields, parts)):
        name = kind._fields[number - 1] if number < len(kind._fields) else ""
        default = kind._field_defaults.get(name)
        if not name or wire != (_BYTES if isinstance(default, str | bytes) else _VARINT):
            unknown.append(raw)
        elif isinstance(default, str):
            try:
                values[name] = value.decode()
            except UnicodeDecodeError as error:
                raise FrameError(f"{name} is not UTF-8: {error}.") from None
        else:
            values[name] = value & 0xFFFFFFFF if name in ("sample_rate", "num_channels") else value
    return kind(**values, unknown=b"".join(unknown))


def _fields(data: bytes) -> Iterator[tuple[int, int, Any, bytes]]:
    """The fields of a message: number, wire type, value, and the bytes of all that."""
    at, start, groups, count = 0, 0, list[int](), 0
    while at < len(data) or groups:
        key, at = _varint(data, at)
        number, wire = key >> 3, key & 7
        value: int | bytes = b""
        if wire == _VARINT:
            value, at = _varint(data, at)
        elif wire in (_BYTES, _FIXED32, _FIXED64):
            size, at = _varint(data, at) if wire == _BYTES else (4 if wire == _FIXED32 else 8, at)
            value, at = data[at : at + size], at + size
        elif wire == _GROUP and len(groups) < MAX_GROUPS:
            groups.append(number)
        elif not (wire == _END_GROUP and groups and groups.pop() == number):
            raise FrameError(f"What stands before byte {at} is not the beginning of a field.")
        count += 1
        if at > len(data) or count > MAX_FIELDS or not (groups or 0 < number < 1 << 29):
            raise FrameError(f"Field {number}, number {count}, ends at byte {at:,}; the frame at {len(data):,}.")
        if not groups:
            yield number, wire, value, data[start:at]
            start = at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[at : at + 10]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value & (1 << 64) - 1, at + place + 1  # 10 bytes hold more than 64 bits
    raise FrameError(f"The number at byte {at:,} does not end.")


def _field(number: int, value: str | bytes | int | None) -> bytes:
    if isinstance(value, int):
        return _number(number << 3 | _VARINT) + _number(value)
    data = value.encode() if isinstance(value, str) else value or b""
    return _number(number << 3 | _BYTES) + _number(len(data)) + data


def _number(value: int) -> bytes:
    written = bytearray()
    while value > 127:
        written.append(value & 127 | 128)
        value >>= 7
    return bytes([*written, value])
