"""How a dialect is chosen and called: a page's own, those that a word names, and hooks that go wrong."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from realtime_server import CLIENT_EVENTS, Run, connected, turns, violations

from rtvi_web import InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.realtime import Address, Dialect, RealtimeClient, Target
from rtvi_web.realtime.protocol.dialects import NAMES, dialect_of
from rtvi_web.testing import ScriptedRealtimeTransport

ROOT = Path(__file__).parents[3]


# The example in the documentation.


async def test_the_example_of_the_documentation_runs_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len([line for line in example.splitlines() if line.strip()]) <= 20
    transport = ScriptedRealtimeTransport()
    module: Any = types.ModuleType("websocket")
    module.RealtimeWebSocketTransport = lambda: transport
    monkeypatch.setitem(sys.modules, "rtvi_web.transports.realtime.websocket", module)
    names: dict[str, Any] = {"__name__": "page"}
    exec(example, names)
    client: RealtimeClient = names["client"]
    deltas: list[Any] = []
    client.on("server.response.output_text.delta", deltas.append)
    await client.connect()
    request = transport.requests[0]
    assert request.dialect.address(request.target(webrtc=False)) == Address(
        "wss://voice.acme.example/talk", {"model": "small"}, ["acme", "token.ek_1"]
    )
    assert transport.sent[0]["session"] == {"type": "realtime", "prompt": "Be brief."}
    client.create_response()
    transport.say("response.created", response={"id": "r"})
    transport.say("acme.text", response_id="r", item_id="i", content_index=0, delta="Hi")
    assert [item.formatted.text for item in client.get_conversation_items()] == ["Hi"]
    assert len(deltas) == 1
    assert client.cancel()
    assert transport.sent[-1] == {"type": "acme.stop"}
    await client.disconnect()


def test_the_documentation_names_every_dialect() -> None:
    text = (ROOT / "docs" / "dialects.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r'^\| `"(\w+)"` \|', text, re.MULTILINE)) == sorted(NAMES)


# Choosing one.


@pytest.mark.parametrize("name", NAMES)
def test_a_word_names_a_dialect(name: str) -> None:
    dialect = dialect_of(name)
    assert dialect.name == name
    assert dialect_of(name) is not dialect  # each client has one of its own
    assert dialect_of(dialect) is dialect


@pytest.mark.parametrize(
    ("given", "words"), [("opnai", "Did you mean 'openai'"), (3, "it is 3"), (Dialect, "a Dialect")]
)
def test_what_is_no_dialect_is_refused(given: Any, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=words):
        RealtimeClient(transport=ScriptedRealtimeTransport(), dialect=given)


def test_the_default_loads_no_other() -> None:
    script = (
        "import sys; from rtvi_web.realtime import RealtimeClient;"
        "from rtvi_web.testing import ScriptedRealtimeTransport;"
        "client = RealtimeClient(transport=ScriptedRealtimeTransport()); print(*sys.modules)"
    )
    command = [sys.executable, "-c", script]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    home = "rtvi_web.realtime.protocol.dialects"
    loaded = [name for name in result.stdout.split() if name.startswith(home)]
    assert sorted(loaded) == [home, f"{home}.base"]


def test_the_code_of_sessions_knows_no_dialect_by_name() -> None:
    places = [
        *(ROOT / "rtvi_web" / "realtime").glob("*.py"),
        *(ROOT / "rtvi_web" / "transports" / "realtime").glob("*.py"),
    ]
    for path in places:
        if path.name != "settings.py":  # It lists them, as types.
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"dialect(\.name)? *(==|in|is) ", text), path


# Addresses and keys.


@pytest.mark.parametrize(
    ("target", "url", "query"),
    [
        (Target(), "https://api.openai.com/v1/realtime", {}),
        (Target(model="m"), "https://api.openai.com/v1/realtime", {"model": "m"}),
        (Target(type="transcription"), "https://api.openai.com/v1/realtime", {"intent": "transcription"}),
        (Target("wss://own.test/x?model=a", "m"), "wss://own.test/x?model=a", {}),
        (Target("wss://own.test/x?call_id=a", "m"), "wss://own.test/x?call_id=a", {}),
        (Target("/relay", "m"), "/relay", {"model": "m"}),
        (Target(webrtc=True, model="m"), "https://api.openai.com/v1/realtime/calls", {"model": "m"}),
        (Target("wss://API.openai.com:443/v1/realtime", webrtc=True), "wss://API.openai.com:443/v1/realtime/calls", {}),
        (
            Target("https://api.openai.com/v1/realtime?a=b", webrtc=True),
            "https://api.openai.com/v1/realtime/calls?a=b",
            {},
        ),
        (Target("https://own.test/v1/realtime", "m", webrtc=True), "https://own.test/v1/realtime", {}),
        (
            Target("https://api.openai.com.own.test/v1/realtime", webrtc=True),
            "https://api.openai.com.own.test/v1/realtime",
            {},
        ),
        (Target("/calls", webrtc=True), "/calls", {}),
    ],
)
def test_the_address_is_openais_or_as_given(target: Target, url: str, query: dict[str, str]) -> None:
    address = Dialect().address(target)
    assert (address.url, address.query) == (url, query)


@pytest.mark.parametrize(
    ("name", "given", "url"),
    [
        ("azure", "https://name.openai.azure.com/", "https://name.openai.azure.com/openai/v1/realtime/calls"),
        ("azure", "https://name.test/openai/v1/realtime/calls?webrtcfilter=on", None),
        ("inworld", None, "https://api.inworld.ai/v1/realtime/calls"),
        ("huggingface", "http://host.test:8765", "http://host.test:8765/v1/realtime/calls"),
        ("localai", "/relay", None),
        ("qwen", "https://own.test/offer", None),
        ("xai", "/relay", None),
    ],
)
def test_addresses_for_webrtc(name: str, given: str | None, url: str | None) -> None:
    address = dialect_of(name).address(Target(given, None, "key1", webrtc=True))
    assert address == Address(url or given or "", headers={"Authorization": "Bearer key1"})
    assert "key1" not in repr(address)


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        *(
            (name, {}, "needs url=")
            for name in ("azure", "qwen", "inworld", "speaches", "vllm", "localai", "huggingface")
        ),
        *((name, {"transport": "tracks"}, "WebRTC|WebSocket only") for name in ("xai", "qwen", "localai")),
        *(
            (name, {"transport": "tracks", "url": "/x"}, "WebRTC|WebSocket only")
            for name in ("speaches", "vllm", "mistral")
        ),
    ],
)
def test_what_cannot_be_reached_is_refused_at_once(name: Any, options: dict[str, Any], words: str) -> None:
    transport = ScriptedRealtimeTransport(carries_tracks="transport" in options)
    with pytest.raises((InvalidArgumentError, UnsupportedFeatureError), match=words):
        RealtimeClient(**{**options, "transport": transport, "dialect": name})


@pytest.mark.parametrize("name", ["qwen", "vllm", "localai", "huggingface", "inworld"])
async def test_a_key_that_a_page_cannot_send_is_refused(name: Any) -> None:
    client = RealtimeClient(
        dialect=name, url="ws://own.test/x", api_key=lambda: "secret", transport=ScriptedRealtimeTransport()
    )
    with pytest.raises(InvalidArgumentError, match="header, which a page cannot add") as caught:
        await client.connect()
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "may", "may_not"),
    [
        ("openai", ["ek_1"], ["sk-1", "rt_1"]),
        ("azure", ["ek_1"], ["0123456789abcdef"]),
        ("xai", ["xai-realtime-client-secret-1", "abc"], ["xai-0123"]),
        ("inworld", ["eyJh.eyJi.c2ln"], ["YWJjZGVm", "eyJhbGci"]),
        ("mistral", ["rt_1"], ["ek_1", "abc"]),
        ("qwen", [], ["sk-1"]),
        ("speaches", [], ["key"]),
    ],
)
def test_keys_that_a_page_may_use(name: str, may: list[str], may_not: list[str]) -> None:
    is_ephemeral = dialect_of(name).is_ephemeral_key
    assert all(map(is_ephemeral, may))
    assert not any(map(is_ephemeral, may_not))


# What a configuration loses.


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


# Hooks that go wrong.


class Own(Dialect):
    """Does what a test gives it."""

    def __init__(self, **hooks: Any) -> None:
        for name, hook in hooks.items():
            setattr(self, name, hook)


def broken(*_: Any) -> Any:
    raise ValueError("secret")


@pytest.mark.parametrize("hook", [broken, lambda _: 3])
async def test_an_address_that_goes_wrong_is_said_without_the_key(hook: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"The dialect's address\(\)") as caught:
        Run(dialect=Own(address=hook))
    assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"


@pytest.mark.parametrize("hook", [broken, lambda _: 3, lambda _: None])
async def test_a_session_update_that_goes_wrong_is_said(hook: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"The dialect's session_update\(\)"):
        Run(dialect=Own(session_update=hook))


@pytest.mark.parametrize("hook", [broken, lambda _: 3, lambda _: [3], lambda _: {"a": 1}, lambda _: "text"])
async def test_what_comes_in_wrong_is_told_and_the_session_goes_on(hook: Any) -> None:
    does: list[Any] = [lambda event: event]
    run = await connected(dialect=Own(incoming=lambda event: does[0](event)))
    does[0] = hook
    run.server.say("response.created", response={"id": "r"})
    [error] = run.errors
    assert error.source == "message"
    assert "The dialect's incoming() " in error.message
    does[0] = lambda event: event
    run.server.user_item("item_1")
    assert run.ids == ["item_1"]
    await run.client.disconnect()


@pytest.mark.parametrize("hook", [broken, lambda _: 3, lambda _: [3], lambda _: {"a": 1}, lambda _: "text"])
async def test_what_goes_out_wrong_is_not_sent(hook: Any) -> None:
    does: list[Any] = [lambda event: event]
    run = await connected(dialect=Own(outgoing=lambda event: does[0](event)))
    count = len(run.server.sent)
    does[0] = hook
    with pytest.raises(InvalidArgumentError, match=r"The dialect's outgoing\(\) "):
        run.client.realtime.send("input_audio_buffer.clear")
    assert len(run.server.sent) == count
    await run.client.disconnect()


async def test_a_hook_may_change_what_it_got_and_may_return_none_or_several() -> None:
    def outgoing(event: dict[str, Any]) -> Any:
        match event["type"]:
            case "input_audio_buffer.clear":
                return None
            case "response.create":
                event["response"] = {"instructions": "changed"}
            case "conversation.item.create":
                return ({**event, "item": {**event["item"], "id": f"item_{n}"}} for n in range(2))
        return event

    def incoming(event: dict[str, Any]) -> Any:
        return [event, {**event, "type": "response.done"}] if event["type"] == "response.created" else event

    run = await connected(dialect=Own(outgoing=outgoing, incoming=incoming))
    sent: list[Any] = []
    run.client.on("client.*", sent.append)
    count = len(run.server.sent)
    run.client.realtime.send("input_audio_buffer.clear")
    assert run.server.sent[count:] == sent == []
    run.client.create_response()
    assert run.server.sent[-1]["response"] == {"instructions": "changed"}
    assert "response" not in sent[-1]  # the client itself sees what it sent
    run.server.response("resp_1")
    run.client.create_response()  # the first response has ended
    assert run.server.types.count("response.create") == 2
    item = {"type": "message", "role": "user", "content": []}
    run.client.realtime.send("conversation.item.create", {"item": item})
    assert [event["item"]["id"] for event in run.server.sent[-2:]] == ["item_0", "item_1"]
    await run.client.disconnect()


@pytest.mark.parametrize("type", ["", 3, None, "unknown"])
async def test_an_unknown_type_in_a_configuration_reaches_the_server(type: Any) -> None:
    run = Run(config={"type": type}, dialect=Own(outgoing=lambda event: event))
    assert run.client.config["type"] == type


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TYPES = st.sampled_from(
    [
        *(
            "session.created",
            "session.updated",
            "transcription.delta",
            "transcription.done",
            "transcription.text.delta",
        ),
        *("response.created", "error", "turn.end", *CLIENT_EVENTS),
    ]
)
FIELDS = st.dictionaries(st.sampled_from(["session", "text", "delta", "usage", "item", "response", "audio"]), JSON)


@given(st.sampled_from(NAMES), TYPES, FIELDS)
def test_no_event_makes_a_dialect_raise_anything_but_its_own_errors(
    name: str, type: str, fields: dict[str, Any]
) -> None:
    dialect = dialect_of(name)
    for hook in (dialect.incoming, dialect.outgoing):
        try:
            translated = hook({**fields, "type": type})
        except UnsupportedFeatureError:
            continue
        events = [translated] if isinstance(translated, dict) else list(translated or [])
        assert all(isinstance(event["type"], str) for event in events)


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
