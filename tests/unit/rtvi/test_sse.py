"""Server-sent events: the rules of the HTML standard, and the same result however the network cuts the stream."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web.rtvi.protocol import sse
from rtvi_web.rtvi.protocol.sse import EventStream, EventTooLargeError, message_text


def decode(*chunks: bytes, limit: int = sse.MAX_EVENT_SIZE) -> list[str]:
    stream = EventStream(limit)
    return [data for chunk in chunks for data in stream.feed(chunk)] + stream.end()


class TestEvents:
    @pytest.mark.parametrize(
        ("stream", "events"),
        [
            (b"", []),
            (b"\n\r\n\r", []),
            (b"data: a\n\ndata: b\n\n", ["a", "b"]),
            (b"data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]),
            (b"data: a\r\rdata: b\r\r", ["a", "b"]),
            (b"data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", ["a", "b", "c"]),
            (b"data: a", ["a"]),
            (b"data: a\n", ["a"]),
            (b"data: a\r\n", ["a"]),
            (b": hello\n\n:\ndata: a\n: in between\ndata: b\n\n", ["a\nb"]),
            (b"event: message\nid: 7\nretry: 1000\ndata: a\nunknown: 1\nnonsense\n\n", ["a"]),
            (b"event: ping\nid\n\n", []),
            (b"data:a\n\ndata: a\n\ndata:  a \n\n", ["a", "a", " a "]),
            (b"data: a: b\n\n", ["a: b"]),
            (b" data: a\nDATA: b\ndata : c\n\n", []),
            (b"data\n\ndata\ndata\n\ndata:", ["", "\n", ""]),
            (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", ["a"]),
            ("data: \u2028\x0b\x0c\x1c\x85é😀\n\n".encode(), ["\u2028\x0b\x0c\x1c\x85é😀"]),
            (b"data: a\xff\xe2\x82b\n\ndata: \xf0\x9f", ["a\ufffd\ufffdb", "\ufffd"]),
        ],
    )
    def test_whole(self, stream: bytes, events: list[str]) -> None:
        assert decode(stream) == events
        assert decode(*(stream[i : i + 1] for i in range(len(stream)))) == events

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
    def test_an_event_is_there_with_its_blank_line(self, end: bytes) -> None:
        stream = EventStream()
        assert stream.feed(b"data: a" + end) == []
        assert stream.feed(end) == ["a"]
        assert stream.feed(b"data: b" + end + end) == ["b"]
        assert stream.end() == []

    def test_a_character_on_the_border_after_a_cr_keeps_the_line_ends_apart(self) -> None:
        stream = EventStream()
        assert stream.feed(b"data: a\r") == []
        assert stream.feed(b"") == []
        assert stream.feed(b"\n") == []
        assert stream.feed(b"\xc3") == []
        assert stream.feed(b"\xa9\n\r\n") == ["a"]


PIECES = [
    b"data",
    b":",
    b" ",
    b"\n",
    b"\r",
    b"\r\n",
    b"x",
    b"id",
    "é😀\u2028".encode(),
    b"\xef\xbb\xbf",
    b"\xff\xe2\x82",
]
STREAMS = st.lists(st.sampled_from(PIECES) | st.binary(max_size=3), max_size=30).map(b"".join)
BORDERS = st.lists(st.integers(0, 60), max_size=12).map(sorted)


def cut(stream: bytes, borders: list[int]) -> list[bytes]:
    ends = [*borders, len(stream)]
    return [stream[start:end] for start, end in zip([0, *ends], ends, strict=False)]


class TestAnyChunking:
    @given(STREAMS, BORDERS)
    def test_gives_the_same_events(self, stream: bytes, borders: list[int]) -> None:
        assert decode(*cut(stream, borders)) == decode(stream)

    @given(
        st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n")), min_size=1)),
        st.sampled_from(["\n", "\r\n", "\r"]),
        BORDERS,
    )
    def test_gives_what_was_sent(self, events: list[list[str]], end: str, borders: list[int]) -> None:
        stream = "".join("".join(f"data: {line}{end}" for line in event) + end for event in events)
        assert decode(*cut(stream.encode(), borders)) == ["\n".join(event) for event in events]

    @given(STREAMS, BORDERS)
    def test_meets_the_same_limit(self, stream: bytes, borders: list[int]) -> None:
        def fits(*chunks: bytes) -> bool:
            try:
                decode(*chunks, limit=10)
            except EventTooLargeError:
                return False
            return True

        assert fits(*cut(stream, borders)) == fits(stream)


class TestTheLimit:
    LARGEST = b"data:" + b"x" * (sse.MAX_EVENT_SIZE - len("data:"))

    def test_is_for_one_event(self) -> None:
        stream = EventStream()
        for _ in range(2):
            assert [len(data) for data in stream.feed(self.LARGEST + b"\n\n")] == [sse.MAX_EVENT_SIZE - 5]
        assert stream.feed(self.LARGEST) == []
        assert len(stream.end()) == 1

    @pytest.mark.parametrize("line", [LARGEST + b"x", b":" * (sse.MAX_EVENT_SIZE + 1)], ids=["data", "comment"])
    @pytest.mark.parametrize("end", [b"", b"\n"], ids=["unfinished", "finished"])
    def test_a_line_without_end(self, line: bytes, end: bytes) -> None:
        with pytest.raises(EventTooLargeError, match=r"over 1,048,576 characters"):
            EventStream().feed(line + end)

    def test_lines_without_end(self) -> None:
        stream = EventStream()
        assert stream.feed(b"data:\n" * (sse.MAX_EVENT_SIZE // 5)) == []
        with pytest.raises(EventTooLargeError):
            stream.feed(b"data:\n")

    def test_comments_that_are_over_take_no_room(self) -> None:
        stream = EventStream()
        for _ in range(3):
            assert stream.feed(b":" * sse.MAX_EVENT_SIZE + b"\n") == []
        assert stream.feed(b"data: a\n\n") == ["a"]


MESSAGE = {"label": "rtvi-ai", "type": "bot-llm-text", "data": {"text": "Grüße 😀"}}
UTF_8 = json.dumps(MESSAGE, ensure_ascii=False)


class TestTheMessageInAnEvent:
    @pytest.mark.parametrize("text", [UTF_8, json.dumps(MESSAGE), json.dumps(MESSAGE, indent=2), f" \n{UTF_8}"])
    def test_plain_json_stays_as_it_is(self, text: str) -> None:
        assert message_text(text) == text

    @pytest.mark.parametrize("text", [UTF_8, f"{UTF_8} ", f"{UTF_8}  "])
    def test_base64(self, text: str) -> None:
        encoded = b64encode(text.encode()).decode()
        assert message_text(encoded) == text
        assert message_text(encoded.rstrip("=")) == text
        assert message_text(f" {encoded[:10]}\n{encoded[10:]} ") == text

    @pytest.mark.parametrize("text", ["", "[DONE]", "ping", "größer", "a", "=", "eyJhIjox=fQ", "/w=="])
    def test_what_is_neither_stays_as_it_is(self, text: str) -> None:
        assert message_text(text) == text

    @given(st.text())
    def test_any_text_is_read_or_kept_as_it_is(self, text: str) -> None:
        assert isinstance(message_text(text), str)
