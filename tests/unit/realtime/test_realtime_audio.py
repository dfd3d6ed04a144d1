"""PCM, clips, and what is kept of them."""

from __future__ import annotations

import base64
import io
import math
import tracemalloc
import wave
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web import InvalidArgumentError
from rtvi_web.realtime.protocol.audio import (
    AudioClip,
    InputAudio,
    Retention,
    float_to_pcm16,
    from_base64,
    milliseconds,
    samples,
    to_base64,
    to_pcm,
)


def test_floats_become_pcm_as_in_the_browser() -> None:
    given = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5, math.nan, 0.99999]
    assert array("h", float_to_pcm16(given)).tolist() == [0, 32767, -32768, 32767, -32768, 16383, -16384, 0, 32766]


def test_sound_is_taken_from_many_types() -> None:
    class TypedArray:
        def to_memoryview(self) -> memoryview:
            return memoryview(array("h", [1, 2]))

    pcm = b"\1\0\2\0"
    for sound in (pcm, bytearray(pcm), memoryview(pcm), array("h", [1, 2]), TypedArray()):
        assert to_pcm(sound) == pcm
    assert to_pcm(array("f", [1.0])) == b"\xff\x7f"
    assert to_pcm(memoryview(array("h", range(4)))[1:3]) == b"\1\0\2\0"  # a view, not what is behind it
    with pytest.raises(InvalidArgumentError, match="even number of bytes"):
        to_pcm(b"\1")
    with pytest.raises(InvalidArgumentError, match="Sound must be"):
        to_pcm("text")
    for wrong in (array("i", [1, 2]), array("H", [1, 2]), array("q", [1]), memoryview(b"ab").cast("?")):
        with pytest.raises(InvalidArgumentError, match="16-bit integers or floats"):
            to_pcm(wrong)


def test_base64() -> None:
    assert from_base64(to_base64(b"\0\1\2")) == b"\0\1\2"
    assert from_base64(None) == from_base64("é") == from_base64("a") == b""


def test_milliseconds_are_whole_and_rounded_down() -> None:
    assert milliseconds(24_000) == 1000
    assert milliseconds(47) == 1
    assert milliseconds(23) == 0
    assert samples(0.5) == 12


@given(st.lists(st.binary(max_size=9)))
def test_a_clip_holds_what_came_however_it_was_cut(pieces: list[bytes]) -> None:
    clip = AudioClip()
    given_back = b"".join(clip.append(piece) for piece in pieces)
    whole = b"".join(pieces)
    assert bytes(clip) == given_back == whole[: len(whole) // 2 * 2]
    assert len(clip) == clip.received == len(whole) // 2


@given(st.lists(st.integers(1, 5), max_size=8), st.integers(-3, 50))
def test_a_truncated_clip_takes_no_more(sizes: list[int], count: int) -> None:
    clip = AudioClip()
    for number, size in enumerate(sizes):
        clip.append(bytes([number, 0]) * size)
    before = bytes(clip)
    clip.truncate(count)
    clip.append(b"\7\7")
    assert bytes(clip) == before[: max(0, count) * 2]
    assert len(clip) == clip.received == min(max(0, count), sum(sizes))


def test_a_clip_as_a_file() -> None:
    clip = AudioClip(b"\1\0\2\0")
    with wave.open(io.BytesIO(clip.wav())) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24_000)
        assert file.readframes(9) == b"\1\0\2\0"


def test_retention_drops_the_oldest_of_all_clips() -> None:
    retention = Retention(1.0)
    old, new = AudioClip(), AudioClip()
    for clip in (old, old, new):
        retention.added(clip, len(clip.append(bytes(24_000))))
    assert (len(old), len(new)) == (12_000, 12_000)
    assert old.received == 24_000
    retention.added(new, len(new.append(bytes(24_000))))
    assert (len(old), len(new)) == (0, 24_000)


def test_retention_of_nothing_and_of_everything() -> None:
    for limit, kept in ((0, 0), (None, 1_000_000)):
        clip, retention = AudioClip(), Retention(limit)
        retention.added(clip, len(clip.append(bytes(2_000_000))))
        assert len(clip) == kept
        assert clip.received == 1_000_000


def test_input_audio_is_bounded_and_keeps_the_time() -> None:
    audio = InputAudio(1.0)
    for second in range(10):
        audio.append(bytes([second, 0]) * 24_000)
    assert audio.total == audio.uncommitted == 240_000
    assert len(audio) == 24_000
    assert bytes(audio.slice(9 * 24_000 + 10, 9 * 24_000 + 12)) == b"\x09\0" * 2
    assert bytes(audio.slice(0, 9 * 24_000 + 1)) == b"\x09\0"  # as far as it is kept
    assert bytes(audio.slice(0, 5)) == bytes(audio.slice(500_000, 600_000)) == b""
    audio.committed()
    audio.append(b"\7\0")
    assert bytes(audio.commit()) == b"\7\0"
    assert (len(audio), audio.uncommitted, audio.total) == (0, 0, 240_001)


@pytest.mark.parametrize("seconds", [30, 60, 120])
def test_appending_to_a_clip_copies_nothing(seconds: int) -> None:
    """Counted, not timed: no byte is copied until somebody asks for all of them."""
    chunk = bytes(960)
    clip = AudioClip()
    tracemalloc.start()
    try:
        for _ in range(seconds * 50):
            clip.append(chunk)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(clip) == seconds * 24_000
    assert taken < seconds * 50 * 32  # references to the chunk
    assert base64.b64encode(bytes(clip)[:4]) == b"AAAAAA=="
