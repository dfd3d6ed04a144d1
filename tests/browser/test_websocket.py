"""WebSocketTransport under a client, against a bot that speaks Pipecat's frames."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_session_with_the_names_of_javascript(selenium, port):
    from websocket_peer import connected

    from rtvi_web.transports import WebSocketTransport

    for own, bundle in (
        (None, {"ws_url": f"ws://127.0.0.1:{port}/pipecat"}),
        (None, {"wsUrl": f"ws://127.0.0.1:{port}/pipecat", "sessionId": "1", "token": None}),
        (None, {"wsUrl": f"http://127.0.0.1:{port}/pipecat#part"}),
        (f"ws://127.0.0.1:{port}/pipecat", None),
        ("ws://127.0.0.1:1/", {"ws_url": f"ws://127.0.0.1:{port}/pipecat"}),
    ):
        async with connected(port, WebSocketTransport(own), bundle) as (client, happened):
            names = [name for name, *_ in happened]
            assert [str(args[0]) for name, *args in happened if name == "transportStateChanged"] == [
                "initializing",
                "initialized",
                "connecting",
                "connected",
                "ready",
            ]
            assert names.index("connected") < names.index("botConnected") < names.index("trackStarted")
            assert client.bot_ready_data.version == "2.2.0"
            assert await client.send_client_request("echo", "ä€𝄞", timeout=20) == "ä€𝄞"
            assert client.tracks().bot.audio.readyState == "live"


@run_in_pyodide
async def test_a_token_goes_into_the_address(selenium, port):
    from websocket_peer import connected

    from rtvi_web.transports import WebSocketTransport

    url = f"ws://127.0.0.1:{port}/pipecat"
    for bundle, query in (
        ({"ws_url": url, "token": "a+b="}, "token=a%2Bb%3D"),
        ({"ws_url": f"{url}?token=one", "token": "two"}, "token=one"),
        ({"ws_url": f"{url}?x=1", "token": ""}, "x=1"),
        ({"ws_url": f"{url}?x=1", "token": None}, "x=1"),
    ):
        async with connected(port, WebSocketTransport(), bundle) as (client, _):
            assert client.bot_ready_data.about["query"] == query


@run_in_pyodide
async def test_the_address_follows_the_start_endpoint(selenium):
    """What Pipecat's development runner says of servers that are neither encrypted nor there."""
    from rtvi_web.rtvi.transport import ConnectRequest
    from rtvi_web.transports.websocket.address import socket_url

    for start, given, expected in (
        ("http://127.0.0.1:7860/start", "wss://127.0.0.1:7860/ws-client", "ws://127.0.0.1:7860/ws-client"),
        ("http://localhost:7860/start", "wss://127.0.0.1:7860/ws-client", "ws://127.0.0.1:7860/ws-client"),
        ("http://10.0.0.2:7860/start", "wss://0.0.0.0:7860/ws-client", "ws://10.0.0.2:7860/ws-client"),
        ("http://10.0.0.2:7860/start", "wss://[::]:7860/ws-client", "ws://10.0.0.2:7860/ws-client"),
        ("http://bot.test/start", "wss://bot.test:80/ws-client", "ws://bot.test/ws-client"),
        ("https://bot.test/start", "wss://0.0.0.0:7860/ws-client", "wss://bot.test:7860/ws-client"),
        # Behind a proxy of the page's, which passes on the start request.
        ("http://localhost:8080/start", "wss://0.0.0.0:7860/ws-client", "ws://localhost:7860/ws-client"),
        # IPv6, in brackets and as the runner writes it.
        ("http://[::1]:7860/start", "wss://[::1]:7860/ws-client", "ws://[::1]:7860/ws-client"),
        ("http://[::1]:7860/start", "wss://::1:7860/ws-client", "ws://[::1]:7860/ws-client"),
        ("http://bot.test:7860/start", "wss://:::7860/ws-client", "ws://bot.test:7860/ws-client"),
        ("http://[fe80::1]:80/start", "wss://FE80::1:80", "ws://[fe80::1]/"),
        # What may well be so is left alone.
        ("http://bot.test/start", "wss://bot.test/ws", "wss://bot.test/ws"),
        ("http://bot.test/start", "wss://elsewhere.test:80/ws", "wss://elsewhere.test:80/ws"),
        ("https://bot.test/start", "ws://bot.test/ws", "ws://bot.test/ws"),
        ("http://localhost:7860/start", "ws://localhost:7860/ws?a=b#c", "ws://localhost:7860/ws?a=b"),
        # A path, as in the documents of other clients.
        ("http://bot.test:1234/start", "/ws", "ws://bot.test:1234/ws"),
        ("https://bot.test/v1/start", "ws", "wss://bot.test/v1/ws"),
    ):
        assert socket_url(None, ConnectRequest({"wsUrl": given}, start, None, {})) == expected


@run_in_pyodide
async def test_a_token_is_added_unless_the_address_has_one(selenium):
    """Has it: as ``token``, as a whole part of the path, as a value of the query."""
    import pytest

    from rtvi_web import TransportStartError
    from rtvi_web.rtvi.transport import ConnectRequest
    from rtvi_web.transports.websocket.address import socket_url

    for given, token, expected in (
        ("ws://bot.test/ws/abc", "abc", "ws://bot.test/ws/abc"),
        ("ws://bot.test/ws/a%2Bb", "a+b", "ws://bot.test/ws/a%2Bb"),
        ("ws://bot.test/ws?key=a%2Bb", "a+b", "ws://bot.test/ws?key=a%2Bb"),
        ("ws://bot.test/ws?token=other", "abc", "ws://bot.test/ws?token=other"),
        ("ws://bot.test/ws?token=", "abc", "ws://bot.test/ws?token=abc"),
        ("ws://bot.test/ws-client", "ws", "ws://bot.test/ws-client?token=ws"),
        ("ws://bot.test:7860/ws", "7860", "ws://bot.test:7860/ws?token=7860"),
    ):
        assert socket_url(None, ConnectRequest({"wsUrl": given, "token": token}, None, None, {})) == expected
    for wrong in (123456, 0, False, ["secret"], {"no": "text"}):
        with pytest.raises(
            TransportStartError, match=rf"must be a text; it is a value of type {type(wrong).__name__}\.$"
        ):
            socket_url(None, ConnectRequest({"wsUrl": "ws://bot.test/", "token": wrong}, None, None, {}))


@run_in_pyodide
async def test_what_is_no_address_is_told(selenium, port):
    import pytest
    from websocket_peer import connected

    from rtvi_web import TransportStartError
    from rtvi_web.transports import WebSocketTransport

    for bundle, words in (
        ({}, 'There is no address .* {"transport": "websocket"}'),
        ({"ws_url": None}, "There is no address"),
        ({"ws_url": 5}, "not the address of a WebSocket: 5"),
        ({"ws_url": "ftp://bot.test/path?key=secret"}, r"not the address of a WebSocket: 'ftp://bot.test/path\?…'"),
        ({"ws_url": "ws://"}, "not the address"),
        ({"ws_url": f"ws://127.0.0.1:{port}/refuse?token=secret"}, "down.*token.*expire.*origin"),
        ({"ws_url": f"ws://127.0.0.1:{port}/refuse/{'secret' * 10}"}, r"/refuse/… could not be opened \(code 1006\)"),
        ({"ws_url": "ws://127.0.0.1:1/"}, "could not be opened"),
    ):
        with pytest.raises(TransportStartError, match=words) as caught:
            async with connected(port, WebSocketTransport(), bundle):
                pass
        assert caught.value.phase == "link"
        assert "secret" not in str(caught.value)


@run_in_pyodide
async def test_a_server_that_does_not_answer_is_a_stall_in_words(selenium, port):
    import pytest
    from websocket_peer import connected

    from rtvi_web import ConnectionTimeoutError
    from rtvi_web.transports import WebSocketTransport

    never = {"ws_url": f"ws://127.0.0.1:{port}/never"}
    with pytest.raises(ConnectionTimeoutError, match="the WebSocket to the bot's server did not open") as caught:
        async with connected(port, WebSocketTransport(), never, timeout=0.5):
            pass
    assert caught.value.phase == "link"


@run_in_pyodide
async def test_nothing_that_a_server_sends_ends_the_session(selenium, port):
    from websocket_peer import connected, warnings_of

    from rtvi_web import RTVIEvent
    from rtvi_web.transports import WebSocketTransport
    from rtvi_web.transports.websocket.frames import AudioRawFrame, MessageFrame, TextFrame, encode

    with warnings_of("rtvi_web.transports.websocket") as warned:
        async with connected(port, WebSocketTransport()) as (client, _):
            unknown = []
            client.on(RTVIEvent.MESSAGE_RECEIVED, unknown.append)
            for frame in (
                b"\xff\xff",
                b"",
                b"\x32\x02\x08\x01",  # a kind of frame that is not known yet
                encode(TextFrame(1, "TextFrame#0", "text")),
                encode(MessageFrame("not JSON")),
                encode(AudioRawFrame(audio=b"")),
                encode(AudioRawFrame(audio=b"12", sample_rate=0, num_channels=1)),
                encode(AudioRawFrame(audio=b"123", sample_rate=24_000, num_channels=1)),
                encode(AudioRawFrame(audio=b"1234", sample_rate=24_000, num_channels=0)),
                encode(AudioRawFrame(audio=b"12", sample_rate=2**32 - 1, num_channels=2**32 - 1)),
            ):
                client.send_client_message("frame", frame.hex())
                client.send_client_message("frame", frame.hex())
            client.send_client_message("frame", "text:a text frame")
            client.send_client_message("say", {"type": "user-unknown"})
            assert await client.send_client_request("echo", 5, timeout=20) == 5
            assert "not JSON" in unknown
            assert client.state == "ready"
    assert len(warned) == 3, "each kind is told once"


@run_in_pyodide
async def test_closes_have_their_reasons(selenium, port):
    from websocket_peer import connected

    from rtvi_web import RTVIEvent
    from rtvi_web.transports import WebSocketTransport

    for code, reason in ((1001, "closed"), (1011, "closed"), (1008, "refused"), (4003, "refused"), (4999, "closed")):
        async with connected(port, WebSocketTransport()) as (client, happened):
            client.send_client_message("close", code)
            await client.wait_for(RTVIEvent.DISCONNECTED, timeout=20)
            [error] = [args[0] for name, *args in happened if name == "error"]
            assert f"(code {code}: because)" in error.data.error
            assert (error.data.reason, error.data.code) == (reason, code)
    async with connected(port, WebSocketTransport()) as (client, happened):
        client.send_client_message("close", 1000)
        await client.wait_for(RTVIEvent.DISCONNECTED, timeout=20)
        names = [name for name, *_ in happened]
        assert "botDisconnected" in names
        assert "error" not in names


@run_in_pyodide
async def test_a_close_right_after_the_opening_has_its_reason_too(selenium, port):
    """It may be on its way when client-ready is sent."""
    import pytest
    from websocket_peer import connected

    from rtvi_web import DisconnectedError
    from rtvi_web.transports import WebSocketTransport

    for code, reason in ((1000, "bot-left"), (1008, "refused"), (1011, "closed"), (4003, "refused")) * 3:
        with pytest.raises(DisconnectedError) as caught:
            async with connected(port, WebSocketTransport(f"ws://127.0.0.1:{port}/closes/{code}"), None):
                pass
        assert caught.value.reason == reason, str(caught.value)
        assert caught.value.code == (None if code == 1000 else code)


@run_in_pyodide
async def test_large_messages(selenium, port):
    import pytest
    from websocket_peer import connected

    from rtvi_web import MessageTooLargeError, RTVIEvent
    from rtvi_web.transports import WebSocketTransport

    async with connected(port, WebSocketTransport()) as (client, _):
        large = "ä" * 750_000
        assert await client.send_client_request("echo", large, timeout=30) == large
        with pytest.raises(MessageTooLargeError):
            client.send_client_message("echo", "a" * 17_000_000)
        assert await client.send_client_request("echo", 1, timeout=20) == 1
    for _ in range(4):  # A reset of the connection may overtake the server's close.
        async with connected(port, WebSocketTransport(max_message_size=1 << 30)) as (client, happened):
            client.send_client_message("echo", "a" * 17_000_000)
            await client.wait_for(RTVIEvent.DISCONNECTED, timeout=30)
            [error] = [args[0] for name, *args in happened if name == "error"]
        if error.data.code != 1006:
            break
    assert (error.data.reason, error.data.code) == ("closed", 1009)


@pytest.mark.patience(90)
@run_in_pyodide
async def test_a_server_that_hangs_is_told_and_heals(selenium, port):
    import time

    from websocket_peer import connected

    from rtvi_web import RTVIEvent
    from rtvi_web.transports import WebSocketTransport

    async with connected(port, WebSocketTransport()) as (client, _):
        began = time.monotonic()
        client.send_client_message("hang", 17)
        attempt, cause = await client.wait_for(RTVIEvent.RECONNECTING, timeout=20)
        assert (attempt, cause) == (0, "silent")
        assert time.monotonic() - began < 15
        assert client.state == "reconnecting"
        client.send_client_message("say", {"type": "metrics", "data": {}})  # waits
        await client.wait_for(RTVIEvent.RECONNECTED, timeout=30)
        assert client.state == "ready"
        assert await client.send_client_request("echo", 1, timeout=20) == 1
        assert (await client.stats()).round_trip_time > 0


@run_in_pyodide
async def test_statistics_and_diagnosis(selenium, port):
    from websocket_peer import connected

    from rtvi_web.transports import WebSocketTransport

    async with connected(port, WebSocketTransport(), enable_mic=True) as (client, _):
        assert await client.send_client_request("echo", 1, timeout=20) == 1
        stats = await client.stats()
        assert stats.protocol == "websocket"
        assert stats.bitrate_sent > 0
        found = await client.diagnose()
        assert found.evidence.opened
        assert found.evidence.heard
        assert found.evidence.backlog is not None
        assert found.healthy, str(found)


@run_in_pyodide
async def test_request_data_that_cannot_reach_the_bot_is_told(selenium, port):
    from websocket_peer import connected, warnings_of

    from rtvi_web.transports import WebSocketTransport

    with warnings_of("rtvi_web.transports.websocket") as warned:
        for bundle in (None, {"ws_url": f"ws://127.0.0.1:{port}/pipecat"}):
            transport = WebSocketTransport(f"ws://127.0.0.1:{port}/pipecat")
            async with connected(port, transport, bundle, params={"request_data": {"user": 1}}):
                pass
    assert [text.startswith("request_data does not reach the bot") for text in warned] == [True, True]


@run_in_pyodide
async def test_a_body_that_the_runner_drops_is_told_once_in_a_session(selenium, port):
    from unittest.mock import AsyncMock, Mock

    from websocket_peer import warnings_of

    from rtvi_web.browser.relay import Relay
    from rtvi_web.rtvi.transport import ConnectRequest
    from rtvi_web.transports.websocket.session import WebSocketSession

    answer = {"wsUrl": f"ws://127.0.0.1:{port}/pipecat", "sessionId": "1", "token": None}
    request = ConnectRequest(answer, None, None, {}, start_data={"transport": "websocket", "body": {"user": "Ada"}})
    relay = Relay(held=1, most=1, slowest=8000, fastest=96_000)
    session = WebSocketSession(ws_url=None, reconnect=None, output=Mock(), relay=relay)
    receiver = Mock(start_again=AsyncMock(side_effect=lambda connect: connect(request, receiver)))
    with warnings_of("rtvi_web.transports.websocket") as warned:
        await session.connect(request, receiver)
        await session.start_again()
    await session.close()
    relay.close()
    assert receiver.start_again.await_count == 1
    assert len(warned) == 1
    assert warned[0].startswith('The "body" of request_data does not reach the bot')


@run_in_pyodide
async def test_thirty_cycles_and_attempts_that_are_cancelled(selenium, port):
    import asyncio
    import contextlib
    import random

    from rtvi_web import RTVIClient, RTVIError
    from rtvi_web.transports import WebSocketTransport

    client = RTVIClient(transport=WebSocketTransport(), enable_mic=True)
    bundle = {"ws_url": f"ws://127.0.0.1:{port}/pipecat"}
    chance = random.Random(1)
    for cycle in range(30):
        connecting = asyncio.ensure_future(client.connect(bundle))
        if cycle % 3:
            await asyncio.wait({connecting}, timeout=chance.uniform(0, 0.2))
            connecting.cancel()
        with contextlib.suppress(asyncio.CancelledError, RTVIError):
            await connecting
        await client.disconnect()
        assert client.tracks().bot.audio is None
        assert client.tracks().local.audio is None


@run_in_pyodide
async def test_no_camera_and_no_screen(selenium, port):
    import pytest
    from websocket_peer import connected

    from rtvi_web import UnsupportedFeatureError
    from rtvi_web.transports import WebSocketTransport

    async with connected(port, WebSocketTransport()) as (client, _):
        with pytest.raises(UnsupportedFeatureError):
            await client.enable_cam(True)
        with pytest.raises(UnsupportedFeatureError):
            await client.enable_screen_share(True)


@run_in_pyodide
async def test_arguments_that_cannot_work(selenium):
    import pytest

    from rtvi_web import InvalidArgumentError, Reconnect
    from rtvi_web.transports import WebSocketTransport

    for wrong in (
        {"recorder_sample_rate": 100},
        {"recorder_sample_rate": "16000"},
        {"player_sample_rate": 1_000_000},
        {"playback_buffer": -1},
        {"playback_buffer": "short"},
        {"max_message_size": 0},
        {"reconnect": True},
        {"reconnect": Reconnect(budget=-1)},
        {"level_interval": 0},
    ):
        with pytest.raises(InvalidArgumentError):
            WebSocketTransport(**wrong)
