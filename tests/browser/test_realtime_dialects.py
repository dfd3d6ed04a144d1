"""Dialects in the browser: addresses, subprotocols and keys on a real WebSocket, and sound at their rates."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_each_offers_its_subprotocols_and_its_query(selenium, port):
    import json

    from realtime_peer import request, transport

    from rtvi_web.realtime.protocol.dialects import NAMES, dialect_of
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    expected = {
        "openai": ("k1", "model=m+1", ["realtime", "openai-insecure-api-key.k1"]),
        "azure": ("k1", "model=m+1&api-key=k1", ["realtime"]),
        "xai": ("k1", "model=m+1", ["xai-client-secret.k1"]),
        "qwen": (None, "model=m+1", []),
        "inworld": (None, "", []),
        "speaches": ("k1", "model=m+1&api_key=k1", []),
        "vllm": (None, "", []),
        "localai": (None, "model=m+1", []),
        "huggingface": (None, "", ["realtime"]),
        "mistral": ("rt_1", "model=m+1", ["realtime", "rt_1"]),
    }
    assert [*expected] == [*NAMES]
    for name, (key, query, protocols) in expected.items():
        async with transport(RealtimeWebSocketTransport()) as (link, host):
            url = f"http://127.0.0.1:{port}/who?a=b"
            await link.connect(request(url, model="m 1", api_key=key, dialect=dialect_of(name)))
            await host.until(lambda host=host: host.received)
            asked = json.loads(host.received[0])
            assert asked == {"url": f"/who?a=b{'&' if query else ''}{query}", "protocols": protocols}, name


@run_in_pyodide
async def test_a_refused_handshake_names_the_subprotocols_of_the_dialect_without_the_key(selenium, port):
    import pytest
    from realtime_peer import request, transport

    from rtvi_web import TransportStartError
    from rtvi_web.realtime import Address, Dialect
    from rtvi_web.realtime.protocol.dialects import dialect_of
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    class Own(Dialect):
        def address(self, target):
            return Address(target.url, {"token": target.api_key}, ["v2", target.api_key[::-1]])

    for dialect, named in (
        (dialect_of("xai"), "It offered the subprotocols xai-client-secret.…"),
        (dialect_of("mistral"), "It offered the subprotocols realtime, …"),
        (dialect_of("azure"), "It offered the subprotocols realtime."),
        (dialect_of("speaches"), "It offered no subprotocol"),
        (Own(), "It offered the subprotocols v2, …"),
    ):
        async with transport(RealtimeWebSocketTransport()) as (link, _):
            with pytest.raises(TransportStartError) as caught:
                await link.connect(request(f"ws://127.0.0.1:{port}/refuse", api_key="k1secret", dialect=dialect))
            said = f"{caught.value!r} {caught.value.__cause__!r}"
            assert named in said
            assert "k1secret" not in said
            assert "terces1k" not in said


@run_in_pyodide
async def test_a_page_may_use_the_keys_that_its_dialect_calls_ephemeral(selenium):
    from typing import Any

    import pytest

    from rtvi_web import InvalidArgumentError
    from rtvi_web.realtime import RealtimeClient

    dialect: Any
    for dialect, key in (("mistral", "rt_1"), ("xai", "xai-realtime-client-secret-1"), ("openai", "ek_1")):
        RealtimeClient(dialect=dialect, api_key=key)
    for dialect, key in (("mistral", "ek_1"), ("xai", "xai-0123456789"), ("openai", "rt_1")):
        with pytest.raises(InvalidArgumentError, match="every visitor of the page can read it") as caught:
            RealtimeClient(dialect=dialect, api_key=key)
        assert key not in str(caught.value)
        RealtimeClient(dialect=dialect, api_key=key, is_ephemeral_key=lambda key: True)
        RealtimeClient(dialect=dialect, api_key=key, dangerously_allow_api_key_in_browser=True)


@pytest.mark.parametrize(("dialect", "path"), [("vllm", "transcribe"), ("mistral", "voxtral")])
@run_in_pyodide
async def test_what_only_transcribes_hears_16_khz(selenium, port, dialect, path):
    from loopback import until
    from sound import tone

    from rtvi_web.realtime import RealtimeClient
    from rtvi_web.transports import RealtimeWebSocketTransport

    async with tone(1000) as track:
        client = RealtimeClient(
            transport=RealtimeWebSocketTransport(microphone=track), dialect=dialect, url=f"ws://127.0.0.1:{port}/{path}"
        )
        errors = []
        client.on("error", errors.append)
        await client.connect()
        await until(lambda: len(bytes(client.input_audio_buffer)) > 36_000)  # more than a second
        client.realtime.send("input_audio_buffer.commit")
        await until(lambda: any(i.formatted.transcript.endswith("Hz") for i in client.get_conversation_items()))
        [item] = client.get_conversation_items()
        assert item.role == "user"
        assert abs(int(item.formatted.transcript.split()[-2]) - 1000) < 10
        await client.disconnect()
        assert errors == []


@run_in_pyodide
async def test_a_call_goes_to_the_address_of_the_dialect_with_its_headers(selenium):
    import pytest
    from realtime_peer import request, transport

    from rtvi_web import InvalidArgumentError
    from rtvi_web.realtime import Address, Dialect
    from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport

    class Own(Dialect):
        def __init__(self, headers):
            self.headers = headers

        def address(self, target):
            return Address("/answers/ok", headers=self.headers)

    async with transport(RealtimeWebRTCTransport()) as (link, _):
        for headers in ({"X-Key": "secret\n"}, {"X Key": "secret"}, {"X-Key": "séc-secret"}):
            with pytest.raises(InvalidArgumentError) as caught:
                await link.connect(request("/x", dialect=Own(headers)))
            assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
            await link.close()
