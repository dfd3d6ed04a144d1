"""Where each dialect connects to, and the keys that a page may use."""

from __future__ import annotations

from typing import Any

import pytest

from rtvi_web import InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.realtime import Address, Dialect, RealtimeClient, Target
from rtvi_web.realtime.protocol.dialects import dialect_of
from rtvi_web.testing import ScriptedRealtimeTransport


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
