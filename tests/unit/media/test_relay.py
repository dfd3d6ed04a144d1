"""What carries the sound of a WebSocket session without Python reads frames as Python does, or leaves them to it."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from playwright._impl._driver import compute_driver_executable

from rtvi_web.transports.websocket.frames import (
    FASTEST,
    SLOWEST,
    AudioRawFrame,
    Content,
    FrameError,
    InterruptionFrame,
    MessageFrame,
    TextFrame,
    around_sound,
    decode,
    encode,
)

HARNESS = Path(__file__).with_name("relay.mjs")
SCRIPT = Path(__file__).parents[3] / "rtvi_web" / "browser" / "worklets" / "relay.js"
NODE = compute_driver_executable()[0]
MOST = 64_000
HELD = 5


def relay(heard: Sequence[bytes] = (), spoken: Sequence[tuple[int, int]] = (), early: int = 0) -> dict[str, Any]:
    given = {
        "options": {"held": HELD, "most": MOST, "slowest": SLOWEST, "fastest": FASTEST},
        "heard": [base64.b64encode(frame).decode() for frame in heard],
        "spoken": spoken,
        "early": early,
    }
    done = subprocess.run([NODE, HARNESS, SCRIPT], input=json.dumps(given).encode(), stdout=subprocess.PIPE, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def is_playable(frame: Content | None) -> bool:
    if not isinstance(frame, AudioRawFrame) or not frame.audio or not SLOWEST <= frame.sample_rate <= FASTEST:
        return False
    return 1 <= frame.num_channels <= 1 << 16 and not len(frame.audio) % (2 * frame.num_channels)


def sound(frame: Content | None) -> dict[str, Any]:
    assert isinstance(frame, AudioRawFrame)
    pcm = base64.b64encode(frame.audio).decode()
    return {"pcm": pcm, "item": "", "part": 0, "rate": frame.sample_rate, "channels": frame.num_channels}


@st.composite
def sounds(draw: st.DrawFn, pts: int | None = None) -> AudioRawFrame:
    return AudioRawFrame(
        id=draw(st.integers(0, (1 << 64) - 1)),
        name=draw(st.text(max_size=10)),
        audio=draw(st.binary(max_size=4)) * draw(st.sampled_from([1, 2, 40, 500])),
        sample_rate=draw(st.one_of(st.sampled_from([8000, 16_000, 24_000, 48_000]), st.integers(0, (1 << 32) - 1))),
        num_channels=draw(st.one_of(st.sampled_from([1, 2]), st.integers(0, (1 << 32) - 1))),
        pts=pts,
    )


interruptions = st.builds(InterruptionFrame, st.integers(0, (1 << 64) - 1), st.text(max_size=10), st.just(b""))
others = st.one_of(
    st.text(max_size=30).map(MessageFrame),
    st.text(max_size=30).map(lambda text: TextFrame(text=text)),
    interruptions,
    sounds(pts=7),
)


@settings(max_examples=10)
@given(st.lists(st.one_of(sounds(), others), min_size=10, max_size=20))
def test_sound_is_played_and_nothing_else(frames: list[Content]) -> None:
    played = relay([encode(frame) for frame in frames])["played"]
    for frame, found in zip(frames, played, strict=True):
        plain = isinstance(frame, AudioRawFrame) and frame.pts is None
        silenced = {"interrupt": 0} if isinstance(frame, InterruptionFrame) else None
        assert found == (sound(frame) if plain and is_playable(frame) else silenced)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(encode(draw(st.one_of(sounds(), interruptions))))
    for place in draw(st.lists(st.integers(0, len(data) + 5), max_size=4)):
        if place < len(data):
            data[place] = draw(st.integers(0, 255))
        else:
            data += draw(st.binary(max_size=4))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data)


@settings(max_examples=10)
@given(st.lists(st.one_of(damaged(), st.binary(max_size=30)), min_size=10, max_size=20))
def test_what_is_not_whole_is_left_to_python(frames: list[bytes]) -> None:
    for data, found in zip(frames, relay(frames)["played"], strict=True):
        if found is None:
            continue
        with contextlib.suppress(FrameError):  # its name is not UTF-8, which makes no difference to the sound
            frame, unknown = decode(data)
            if isinstance(frame, InterruptionFrame):
                assert (found, unknown, frame.unknown) == ({"interrupt": 0}, b"", b"")
                continue
            assert isinstance(frame, AudioRawFrame)
            assert is_playable(frame)
            assert (found, unknown, frame.unknown) == (sound(frame), b"", b"")


def test_the_bytes_of_what_was_played_are_counted() -> None:
    frame = encode(AudioRawFrame(audio=b"1234", sample_rate=16_000, num_channels=1))
    assert relay([frame, encode(MessageFrame(data="{}"))])["bytes"] == [len(frame), 0]


def test_frames_are_sent_while_the_socket_is_open_and_keeps_up() -> None:
    result = relay(spoken=[(0, 0), (1, 0), (1, MOST), (1, MOST + 1), (2, 0), (3, 0)])
    assert result["sent"] == [False, True, True, False, False, False]
    assert result["bytes"] == [0, 1400]


def test_what_is_said_before_the_bot_is_ready_is_sent_then() -> None:
    assert relay(early=3)["order"] == [0, 1, 2]
    assert relay(early=HELD + 2)["order"] == [2, 3, 4, 5, 6], "the last ones"


@given(st.integers(1, 2000), st.integers(8000, 96_000), st.data())
def test_what_stands_around_sound_makes_a_frame_of_it(samples: int, rate: int, data: st.DataObject) -> None:
    head, tail = around_sound(2 * samples, rate)
    pcm = data.draw(st.binary(min_size=2, max_size=2)) * samples
    assert decode(head + pcm + tail) == (AudioRawFrame(audio=pcm, sample_rate=rate, num_channels=1), b"")
