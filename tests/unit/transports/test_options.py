"""What the constructors of the transports are given: each option that cannot work is named at once."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtvi_web import InvalidArgumentError, Reconnect
from rtvi_web.media import PageMedia
from rtvi_web.transports import DailyTransport, SmallWebRTCTransport, WebSocketTransport

MADE: tuple[type, ...] = (PageMedia, WebSocketTransport, SmallWebRTCTransport, DailyTransport)
Accepts = Callable[[Any], bool]


def within(low: float, high: float, *kinds: type) -> Accepts:
    return lambda value: type(value) in kinds and low <= value <= high


def optional(accepts: Accepts) -> Accepts:
    return lambda value: value is None or accepts(value)


def is_track(kind: str) -> Accepts:
    return optional(lambda value: getattr(value, "kind", None) == kind)


def is_reconnect(value: Any) -> bool:
    if not isinstance(value, Reconnect):
        return False
    budget = value.budget is None or within(1e-300, 1e300, int, float)(value.budget)
    return budget and type(value.fresh_start) is bool


def is_collection_of_words(value: Any) -> bool:
    words = ("mic", "cam", "screen", "speaker")
    return isinstance(value, list | tuple | set) and all(isinstance(word, str) and word in words for word in value)


is_text: Accepts = optional(lambda value: isinstance(value, str))
is_dict: Accepts = optional(lambda value: isinstance(value, Mapping))
is_bool: Accepts = lambda value: isinstance(value, bool)  # noqa: E731
OPTIONS: dict[str, Accepts] = {
    "ws_url": is_text,
    "webrtc_url": is_text,
    "audio_codec": is_text,
    "video_codec": is_text,
    "offer_url_template": optional(lambda value: isinstance(value, str) and ":sessionId" in value),
    "recorder_sample_rate": within(8000, 96_000, int),
    "player_sample_rate": within(8000, 96_000, int),
    "playback_buffer": within(0, 2, int, float),
    "max_message_size": within(1, math.inf, int),
    "level_interval": within(0.02, 10, int, float),
    "reconnect": optional(is_reconnect),
    "ice_servers": optional(
        lambda value: isinstance(value, list | tuple) and all(isinstance(server, dict) for server in value)
    ),
    "play_bot_audio": is_bool,
    "remember_devices": is_bool,
    "release_mic_when_muted": is_bool,
    "keep_awake": is_bool,
    "buffer_until_ready": is_bool,
    "audio_constraints": is_dict,
    "video_constraints": is_dict,
    "audio_track": is_track("audio"),
    "video_track": is_track("video"),
    "options": is_dict,
    "call_object": optional(lambda value: hasattr(value, "leave")),
    "carries": is_collection_of_words,
}
CASES = [(made, name) for made in MADE for name in inspect.signature(made).parameters if name != "output"]

plain = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 100_000),
    st.floats(),
    st.sampled_from(["", "mic", "audio", "16000", "/bots/:sessionId", "no"]),
    st.binary(max_size=3),
)
values = st.one_of(
    plain,
    st.lists(st.one_of(plain, st.sampled_from(["mic", "cam", "speaker"]), st.just({}), st.just([])), max_size=3),
    st.dictionaries(st.sampled_from(["mic", "urls"]), plain, max_size=2),
    st.builds(Reconnect, plain, plain),
    st.builds(SimpleNamespace, kind=st.sampled_from(["audio", "video", 5])),
    st.builds(object),
)


@pytest.mark.filterwarnings("ignore:reconnect.budget=:UserWarning")  # it looks like milliseconds
@pytest.mark.parametrize(("made", "name"), CASES, ids=[f"{made.__name__}-{name}" for made, name in CASES])
@given(value=values)
def test_an_option_is_taken_or_named_in_an_error(made: type, name: str, value: Any) -> None:
    if OPTIONS[name](value):
        made(**{name: value})
    else:
        with pytest.raises(InvalidArgumentError, match=name):
            made(**{name: value})


@pytest.mark.parametrize(
    ("made", "given", "words"),
    [
        (PageMedia, {"carries": "mic"}, "must be a set of .*; it is a value of type str"),
        (PageMedia, {"carries": None}, "must be a set of .*; it is None"),
        (PageMedia, {"carries": ["mic", "microphone"]}, "carries takes .*, not 'microphone'"),
        (WebSocketTransport, {"playback_buffer": True}, "must be 0 to 2 seconds; it is True"),
        (WebSocketTransport, {"playback_buffer": math.nan}, "must be 0 to 2 seconds; it is nan"),
        (WebSocketTransport, {"max_message_size": True}, "must be a whole number, at least 1 bytes; it is True"),
        (
            WebSocketTransport,
            {"recorder_sample_rate": 16e3},
            "whole number, 8000 to 96000 samples a second; it is 16000",
        ),
        (SmallWebRTCTransport, {"release_mic_when_muted": "no"}, "must be True or False; it is a value of type str"),
        (SmallWebRTCTransport, {"reconnect": 30}, r"must be a Reconnect\(…\) or None; it is 30"),
        (DailyTransport, {"call_object": "call"}, "must be a call object of daily-js; it is a value of type str"),
    ],
)
def test_the_error_says_what_is_wanted(made: type, given: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        made(**given)


def test_passwords_of_ice_servers_are_not_shown() -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        SmallWebRTCTransport(ice_servers={"urls": "turn:relay.test", "credential": "secret"})  # type: ignore[arg-type]
    assert "secret" not in str(raised.value)
