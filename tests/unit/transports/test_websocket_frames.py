"""The codec of Pipecat's frames against Google's protobuf, in both directions."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web.transports.websocket.frames import (
    MAX_FIELDS,
    MAX_FRAME,
    MAX_GROUPS,
    AudioRawFrame,
    Content,
    FrameError,
    InterruptionFrame,
    MessageFrame,
    TextFrame,
    TranscriptionFrame,
    decode,
    encode,
)

# pipecat/frames/frames.proto
PROTO = {
    "text": ("TextFrame", ("id u64", "name string", "text string")),
    "audio": (
        "AudioRawFrame",
        ("id u64", "name string", "audio bytes", "sample_rate u32", "num_channels u32", "pts optional"),
    ),
    "transcription": (
        "TranscriptionFrame",
        ("id u64", "name string", "text string", "user_id string", "timestamp string"),
    ),
    "message": ("MessageFrame", ("data string",)),
    "interruption": ("InterruptionFrame", ("id u64", "name string")),
}
Field = descriptor_pb2.FieldDescriptorProto
TYPES = {"u64": Field.TYPE_UINT64, "u32": Field.TYPE_UINT32, "string": Field.TYPE_STRING, "bytes": Field.TYPE_BYTES}
CLASSES: dict[str, type[Content]] = {
    "text": TextFrame,
    "audio": AudioRawFrame,
    "transcription": TranscriptionFrame,
    "message": MessageFrame,
    "interruption": InterruptionFrame,
}


def google_frame() -> Any:
    """The class of Google's protobuf for a Frame."""
    file = descriptor_pb2.FileDescriptorProto(name="frames.proto", package="pipecat", syntax="proto3")
    frame = descriptor_pb2.DescriptorProto(name="Frame")
    frame.oneof_decl.add(name="frame")
    for number, (kind, (name, fields)) in enumerate(PROTO.items(), start=1):
        message = file.message_type.add(name=name)
        for place, field in enumerate(fields, start=1):
            title, type = field.split()
            optional = type == "optional"
            added = message.field.add(name=title, number=place, label=1, type=TYPES["u64" if optional else type])
            if optional:
                added.proto3_optional = True
                added.oneof_index = 0
                message.oneof_decl.add(name=f"_{title}")
        frame.field.add(
            name=kind, number=number, label=1, type=Field.TYPE_MESSAGE, type_name=f".pipecat.{name}", oneof_index=0
        )
    file.message_type.append(frame)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("pipecat.Frame"))


Google = google_frame()
U64, U32 = st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1)
VALUES = {"u64": U64, "u32": U32, "string": st.text(), "bytes": st.binary(), "optional": st.none() | U64}


@st.composite
def contents(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A kind of frame, and its fields."""
    kind = draw(st.sampled_from(sorted(PROTO)))
    fields = (field.split() for field in PROTO[kind][1])
    return kind, {name: draw(VALUES[type]) for name, type in fields}


def varint(value: int) -> bytes:
    written = b""
    while value > 127:
        written += bytes([value & 127 | 128])
        value >>= 7
    return written + bytes([value])


def with_key(number: int, wire: int, value: bytes) -> bytes:
    return varint(number << 3 | wire) + value


NUMBERS = st.integers(1, 8) | st.integers(1, 2**29 - 1)


def fields(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Fields of any number and type, well formed if what is in them is."""
    varints = st.builds(lambda n, value: with_key(n, 0, varint(value)), NUMBERS, st.integers(0, 2**66))
    fixed = st.builds(
        lambda n, size, value: with_key(n, {8: 1, 4: 5}[size], value * size),
        NUMBERS,
        st.sampled_from([4, 8]),
        st.binary(min_size=1, max_size=1),
    )
    blobs = st.builds(lambda n, value: with_key(n, 2, varint(len(value)) + value), NUMBERS, inner | st.binary())
    groups = st.builds(lambda n, value: with_key(n, 3, value) + with_key(n, 4, b""), NUMBERS, inner)
    return st.lists(varints | fixed | blobs | groups, max_size=4).map(b"".join)


ANYTHING = st.recursive(st.binary(max_size=3) | st.just(b""), fields, max_leaves=6)


def as_google(data: bytes) -> Any:
    try:
        return Google.FromString(data)
    except DecodeError:
        return None


def same(content: Content | None, message: Any) -> bool:
    kind = message.WhichOneof("frame")
    if kind is None or content is None:
        return kind is None and content is None
    theirs = getattr(message, kind)
    values = {name: getattr(theirs, name) for name in CLASSES[kind]._fields[:-1]}
    if kind == "audio" and not theirs.HasField("pts"):
        values["pts"] = None
    return content == CLASSES[kind](**values, unknown=content.unknown)


@given(contents())
def test_google_reads_what_we_write(frame: tuple[str, dict[str, Any]]) -> None:
    kind, values = frame
    written = encode(CLASSES[kind](**values))
    assert same(CLASSES[kind](**values), Google.FromString(written))
    assert Google.FromString(written).WhichOneof("frame") == kind


@given(contents())
def test_we_read_what_google_writes(frame: tuple[str, dict[str, Any]]) -> None:
    kind, values = frame
    given = {name: value for name, value in values.items() if value is not None}
    message = Google()
    getattr(message, kind).SetInParent()
    for name, value in given.items():
        setattr(getattr(message, kind), name, value)
    assert decode(message.SerializeToString()) == (CLASSES[kind](**values), b"")


@given(ANYTHING)
def test_both_read_the_same_and_refuse_the_same(data: bytes) -> None:
    theirs = as_google(data)
    try:
        content, unknown = decode(data)
    except FrameError:
        assert theirs is None
        return
    assert theirs is not None
    assert same(content, theirs)
    written = unknown if content is None else encode(content, unknown)
    again = Google.FromString(written)
    assert again == theirs
    assert again.SerializeToString() == theirs.SerializeToString(), "unknown fields and kinds survive"


@given(contents(), fields(st.binary(max_size=2)), st.integers(106, 2**29 - 1))
def test_what_a_newer_pipecat_adds_survives(frame: tuple[str, dict[str, Any]], inner: bytes, number: int) -> None:
    added = with_key(number, 2, varint(len(inner)) + inner)
    content = CLASSES[frame[0]](**frame[1], unknown=added)
    written = encode(content, added)
    assert decode(written) == (content, added)
    assert decode(added) == (None, added), "a kind of frame that is not known yet"


@given(contents(), st.data())
def test_a_truncated_frame_is_refused_or_shorter(frame: tuple[str, dict[str, Any]], data: st.DataObject) -> None:
    written = encode(CLASSES[frame[0]](**frame[1]))
    cut = written[: data.draw(st.integers(1, max(1, len(written) - 1)))]
    if as_google(cut) is None:
        with pytest.raises(FrameError):
            decode(cut)
    else:
        assert same(decode(cut)[0], as_google(cut))


def test_an_empty_message_is_an_empty_frame() -> None:
    assert decode(b"") == (None, b"")


DEEP = with_key(9, 3, b"") * (MAX_GROUPS + 1)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(bytes(MAX_FRAME + 1), id="larger than any frame"),
        pytest.param(DEEP + with_key(9, 4, b"") * (MAX_GROUPS + 1), id="groups that are too deep"),
        pytest.param(with_key(9, 3, b"") * 1_000_000, id="a million groups"),
        pytest.param(with_key(9, 0, b"\0") * (MAX_FIELDS + 1), id="too many fields"),
        pytest.param(with_key(2, 2, b"\0") * (MAX_FIELDS + 1), id="too many frames in one"),
        pytest.param(with_key(4, 2, varint(2**63) + b"x"), id="a length that no memory holds"),
        pytest.param(b"\xff" * 11, id="a number that does not end"),
        pytest.param(with_key(4, 2, varint(4) + with_key(1, 2, b"\x02\xc3\x28")), id="a text that is not UTF-8"),
        pytest.param(b"text", id="a text"),
        pytest.param(b'{"label": "rtvi-ai"}', id="JSON"),
    ],
)
def test_what_is_no_frame_is_refused(data: bytes) -> None:
    with pytest.raises(FrameError, match=r"\w{3}"):
        decode(data)
