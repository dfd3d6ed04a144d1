"""What each dialect makes of a configuration: in the server's words, or said to be dropped."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import connected, turns, violations

from rtvi_web import InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.realtime import Dialect, RealtimeClient
from rtvi_web.realtime.protocol.dialects import NAMES, dialect_of
from rtvi_web.testing import ScriptedRealtimeTransport


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


SOUND = ("audio.output.speed", "audio.input.noise_reduction")
OLD = {"temperature": 0.8, "vision": {"a": 1}, "knowledge": {"b": 2}, "agent_id": "a", "instructions": "x"}


async def test_what_is_dropped_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    run = await connected(config=OLD)
    assert run.server.sent[0]["session"] == {"type": "realtime", "instructions": "x"}
    assert [text.split("'")[1] for text in told(caplog)] == ["temperature", "vision", "knowledge", "agent_id"]
    assert all(text.startswith("Dialect openai: ") for text in told(caplog))
    run.client.update_config({"temperature": 0.5, "model": "other"})
    assert len(run.server.sent) == 1
    assert "'model' is not sent: the model is fixed until the next connect()" in told(caplog)[-1]
    run.client.create_response({"temperature": 0.1, "instructions": "y"})
    assert run.server.sent[-1]["response"] == {"instructions": "y"}
    await run.client.disconnect()
    assert len(told(caplog)) == 5
    assert run.client.config["temperature"] == 0.5


@pytest.mark.parametrize(
    ("name", "options", "dropped"),
    [
        ("xai", {}, {"temperature", "tool_choice", "vision", *SOUND}),
        ("qwen", {"url": "wss://own.test/x"}, {"tool_choice", "vision", *SOUND}),
        ("speaches", {"url": "ws://own.test"}, {"vision", *SOUND}),
        ("inworld", {"url": "ws://own.test"}, {"vision"}),
        ("vllm", {"url": "ws://own.test"}, {"instructions", "temperature", "tool_choice", "vision", *SOUND}),
        ("mistral", {}, {"instructions", "temperature", "tool_choice", "vision", *SOUND}),
    ],
)
def test_each_dialect_says_what_it_drops(
    name: Any, options: dict[str, Any], dropped: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    config = {"instructions": "x", "temperature": 0.5, "tool_choice": "auto", "vision": {"a": 1}, "speed": 1.2}
    config |= {"input_audio_noise_reduction": {"type": "near_field"}}
    RealtimeClient(transport=ScriptedRealtimeTransport(), dialect=name, config=config, **options)
    names = {text.split("'")[1] for text in told(caplog)}
    assert names == dropped
    assert all(f"Dialect {name}: " in text for text in told(caplog))


async def test_an_address_for_webrtc_that_names_no_model_is_said(caplog: pytest.LogCaptureFixture) -> None:
    RealtimeClient(transport=ScriptedRealtimeTransport(carries_tracks=True), url="/calls", config={"model": "m"})
    assert "'model' is not sent: neither the address nor the session names it." in told(caplog)[0]
    huggingface = RealtimeClient(transport=ScriptedRealtimeTransport(), dialect="huggingface", url="ws://own.test")
    huggingface.update_config({"model": "m"})
    await huggingface.connect()
    assert told(caplog)[1] == "Dialect huggingface: 'model' is not sent: neither the address nor the session names it."
    await huggingface.disconnect()
    RealtimeClient(transport=ScriptedRealtimeTransport(), config={"model": "m"})
    assert len(told(caplog)) == 2


async def test_speaches_is_not_reported_for_what_it_needs_itself() -> None:
    """It wants ``prefix_padding_ms`` with any turn detection, and complains about it every time."""
    transport = ScriptedRealtimeTransport()
    client = RealtimeClient(transport=transport, dialect="speaches", url="ws://own.test")
    errors: list[Any] = []
    client.on("error", errors.append)
    await client.connect()
    client.update_config({"turn_detection": {"type": "server_vad"}})
    words = "Specifying `{}` is not supported. The server either does not support this field or it is not configurable."
    for field in ("session.turn_detection.prefix_padding_ms", "response.metadata"):
        transport.say("error", error={"type": "invalid_request_error", "message": words.format(field)})
    assert ["response.metadata" in error.message for error in errors] == [True]
    await client.disconnect()


@pytest.mark.parametrize(
    ("name", "format"),
    [("speaches", "g711_ulaw"), ("qwen", "g711_alaw"), ("vllm", {"type": "audio/pcm", "rate": 24_000})],
)
def test_a_format_that_a_server_lacks_is_refused_at_once(name: Any, format: Any) -> None:
    config = {"input_audio_format": format}
    with pytest.raises((InvalidArgumentError, UnsupportedFeatureError), match=f"Dialect {name}"):
        RealtimeClient(
            transport=ScriptedRealtimeTransport(),
            dialect=name,
            url="ws://own.test",
            config=config,
        )


# Settings in each server's words.

DETECTION = {"type": "server_vad", "threshold": 0.4, "silence_duration_ms": 300}


@pytest.mark.parametrize(
    ("name", "config", "session"),
    [
        ("xai", {"turn_detection": DETECTION}, {"turn_detection": DETECTION}),
        ("xai", {"turn_detection": None}, {"turn_detection": None}),
        ("xai", {"turn_detection": {"type": "semantic_vad"}}, {}),
        ("xai", {"input_audio_format": "g711_ulaw"}, {"audio": {"input": {"format": {"type": "audio/pcmu"}}}}),
        ("qwen", {"turn_detection": {"type": "semantic_vad"}}, {"turn_detection": {"type": "semantic_vad"}}),
        ("qwen", {"modalities": ["audio"], "max_output_tokens": 9}, {"modalities": ["text", "audio"], "max_tokens": 9}),
        (
            "qwen",
            {"output_audio_format": {"type": "audio/pcm", "rate": 48_000}},
            {"audio": {"output": {"format": {"type": "pcm", "sample_rate": 48_000}}}},
        ),
        (
            "qwen",
            {"input_audio_transcription": None, "temperature": 0.1, "enable_search": True},
            {"input_audio_transcription": None, "temperature": 0.1, "enable_search": True},
        ),
        (
            "speaches",
            {"turn_detection": DETECTION},
            {"turn_detection": {**DETECTION, "prefix_padding_ms": 0, "create_response": True}},
        ),
        (
            "speaches",
            {"turn_detection": {"type": "server_vad"}},
            {
                "turn_detection": {
                    **{"type": "server_vad", "threshold": 0.9, "prefix_padding_ms": 0},
                    **{"silence_duration_ms": 550, "create_response": True},
                }
            },
        ),
        ("speaches", {"turn_detection": None, "input_audio_transcription": None}, {}),
        ("localai", {"reasoning": {"effort": "low"}, "instructions": "x"}, {"type": "realtime", "instructions": "x"}),
        (
            "speaches",
            {"tool_choice": {"type": "function", "name": "f"}, "max_output_tokens": 9, "speech_model": "s"},
            {
                "tool_choice": {"type": "function", "function": {"name": "f"}},
                "max_response_output_tokens": 9,
                "speech_model": "s",
            },
        ),
        ("speaches", {"input_audio_transcription": {"model": "w"}}, {"input_audio_transcription": {"model": "w"}}),
        ("inworld", {"model": "a/b", "temperature": 0.5}, {"type": "realtime", "model": "a/b", "temperature": 0.5}),
        (
            "mistral",
            {"turn_detection": DETECTION, "input_audio_transcription": {"language": "de", "keywords": ["a"]}},
            {
                "turn_detection": {"start_threshold": 0.4, "min_silence_ms": 300},
                "language": "de",
                "context_bias": ["a"],
            },
        ),
        ("mistral", {"turn_detection": None}, {"turn_detection": None}),
        (
            "mistral",
            {"input_audio_format": "g711_alaw"},
            {"audio_format": {"encoding": "pcm_alaw", "sample_rate": 8_000}},
        ),
    ],
)
async def test_settings_are_those_of_the_server(name: Any, config: dict[str, Any], session: dict[str, Any]) -> None:
    transport = ScriptedRealtimeTransport()
    client = RealtimeClient(
        transport=transport,
        dialect=name,
        url="ws://own.test",
        config=config,
    )
    await client.connect()
    sent = [event["session"] for event in transport.sent_of("session.update")]
    assert (sent or [{}])[0] == session
    await client.disconnect()


async def test_the_rates_are_those_that_the_server_reports() -> None:
    transport = ScriptedRealtimeTransport(handshake=False)
    client = RealtimeClient(transport=transport, dialect="mistral")
    connecting = client.run(client.connect(), "")
    await turns()
    transport.say("session.created", session={"audio_format": {"encoding": "pcm_s16le", "sample_rate": 48_000}})
    await connecting
    assert transport.rates == (48_000, 24_000)
    await client.disconnect()


# Tools in the shape of chat completions.


async def test_tools_in_the_shape_of_chat_completions_are_unwrapped() -> None:
    wrapped = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}
    flat = {"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}}
    choice = {"type": "function", "function": {"name": "f"}}
    run = await connected(config={"tools": [wrapped], "tool_choice": choice})
    assert run.server.sent[0]["session"]["tools"] == [flat]
    assert run.server.sent[0]["session"]["tool_choice"] == {"type": "function", "name": "f"}
    run.client.register_tool(wrapped, lambda arguments: "x")
    assert run.client.get_tools() == [flat]
    run.client.add_tool({**wrapped, "function": {"name": "g"}})
    assert [tool["name"] for tool in run.client.get_tools()] == ["g", "f"]
    run.client.create_response({"tools": [wrapped], "tool_choice": choice})
    assert run.server.sent[-1]["response"]["tools"] == [flat]
    with pytest.raises(InvalidArgumentError, match="must have a name"):
        run.client.add_tool({"type": "function", "function": {"description": "d"}})
    await run.client.disconnect()


SESSIONS = st.fixed_dictionaries(
    {},
    optional={
        "instructions": st.text(),
        "temperature": st.floats(0, 2),
        "vision": st.just({}),
        "max_output_tokens": st.integers(1, 10),
        "output_modalities": st.sampled_from([["text"], ["audio"]]),
        "audio": st.fixed_dictionaries(
            {},
            optional={
                "input": st.fixed_dictionaries(
                    {},
                    optional={
                        "turn_detection": st.none() | st.just(DETECTION) | st.just({"type": "semantic_vad"}),
                        "noise_reduction": st.none() | st.just({"type": "near_field"}),
                        "transcription": st.none() | st.just({"language": "de"}),
                    },
                ),
                "output": st.fixed_dictionaries({}, optional={"voice": st.just("v"), "speed": st.just(1.5)}),
            },
        ),
    },
)


@given(SESSIONS)
def test_what_is_left_for_openai_is_valid_whatever_was_named(session: dict[str, Any]) -> None:
    update = Dialect().session_update({**session, "type": "realtime"})
    assert violations({"type": "session.update", "session": update}) == []


@given(st.sampled_from([name for name in NAMES if name != "openai"]), SESSIONS)
def test_every_setting_is_sent_or_said(name: str, session: dict[str, Any]) -> None:
    """Nothing vanishes: each setting that is named is in what is sent, or in the log."""
    type = "transcription" if name in ("vllm", "mistral") else "realtime"
    if type == "transcription":
        session = {"audio": {"input": session.get("audio", {}).get("input", {})}}
    dialect = dialect_of(name)
    said: list[str] = []
    dialect.say_dropped = lambda name, reason="": said.append(name)  # type: ignore[method-assign]
    sent = repr(dialect.session_update({**session, "type": type}))
    for path, value in leaves(session):
        words = {"turn_detection": "threshold", "transcription": "language"}.get(path.rpartition(".")[2])
        assert any(path == name or path.startswith(f"{name}.") for name in said) or (
            repr(value) in sent or (words or "") in sent
        ), path


def leaves(config: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for key, value in config.items():
        path = f"{prefix}{key}"
        is_section = path in ("audio", "audio.input", "audio.output")
        found += leaves(value, f"{path}.") if is_section else [(path, value)]
    return found
