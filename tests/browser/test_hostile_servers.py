"""What a server may answer, and a bot may send, to do harm: the page's Python goes on, and everything settles."""

import re
from pathlib import Path

import pytest
from pytest_pyodide import run_in_pyodide


@pytest.mark.parametrize("timeout", [10, 1])
@pytest.mark.parametrize("kind", ["rtvi", "realtime"])
@run_in_pyodide
async def test_thousands_of_candidates_in_an_answer(selenium, kind, timeout):
    """No address of them answers. Chromium would block the page for a quarter of a minute if it were given all."""
    import contextlib
    import time

    from loopback import crowding
    from realtime_peer import RealtimeServer

    from rtvi_web import ConnectionTimeoutError, RTVIClient
    from rtvi_web.realtime import RealtimeClient
    from rtvi_web.transports import RealtimeWebRTCTransport, SmallWebRTCTransport

    async with crowding(RealtimeServer if kind == "realtime" else None, true_ones_first=False) as bot:
        if kind == "rtvi":
            client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url), timeout=timeout)
        else:
            transport = RealtimeWebRTCTransport()
            client = RealtimeClient(url=bot.url, transport=transport, timeout=timeout)  # type: ignore[assignment]
        await client.init_devices()
        began = time.monotonic()
        with contextlib.suppress(ConnectionTimeoutError):  # A bot that finds the page by itself is in time, too.
            await client.connect()
        assert time.monotonic() - began < timeout + 3
        await client.disconnect()


@run_in_pyodide
async def test_thousands_of_candidates_after_the_true_ones(selenium):
    from loopback import crowding

    from rtvi_web import RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    async with crowding(true_ones_first=True) as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
        await client.connect()
        assert await client.send_client_request("echo", 1) == 1
        await client.disconnect()


@run_in_pyodide
async def test_thousands_of_lines_of_one_kind_in_an_answer(selenium):
    """Chromium would block the page for nearly a minute."""
    from loopback import RTVIBot

    from rtvi_web import RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    class Repeating(RTVIBot):
        async def _answer(self, method, path, body):
            answer = await super()._answer(method, path, body)
            if method == "POST":
                before, codec, after = answer["body"]["sdp"].partition("a=rtpmap:111")
                assert codec
                answer["body"]["sdp"] = before + "a=rtcp-fb:111 nack\r\n" * 5_000 + codec + after
            return answer

    async with Repeating() as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url), timeout=5)
        await client.connect()
        assert await client.send_client_request("echo", 1) == 1
        await client.disconnect()


@pytest.mark.parametrize("kind", ["rtvi", "realtime"])
@run_in_pyodide
async def test_a_hundred_thousand_names_in_an_answer(selenium, kind):
    """Chromium would compare each name with all others."""
    from typing import Any

    import pytest
    from loopback import RTVIBot
    from realtime_peer import RealtimeServer

    from rtvi_web import RTVIClient, TransportStartError
    from rtvi_web.realtime import RealtimeClient
    from rtvi_web.transports import RealtimeWebRTCTransport, SmallWebRTCTransport

    names = "a=group:BUNDLE " + " ".join(map(str, range(100_000))) + " "

    server: Any = RealtimeServer if kind == "realtime" else RTVIBot

    class Naming(server):
        async def _answer(self, method, path, body):
            answer = await super()._answer(method, path, body)
            if method == "POST" and kind == "rtvi":
                answer["body"]["sdp"] = answer["body"]["sdp"].replace("a=group:BUNDLE ", names)
            elif method == "POST":
                answer["body"] = answer["body"].replace("a=group:BUNDLE ", names)
            return answer

    async with Naming() as bot:
        if kind == "rtvi":
            client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
        else:
            client = RealtimeClient(url=bot.url, transport=RealtimeWebRTCTransport())  # type: ignore[assignment]
        with pytest.raises(TransportStartError, match=r"he answer to the WebRTC offer is too long: \d+,\d+ characters"):
            await client.connect()
        await client.disconnect()


@pytest.mark.parametrize("opening", ["[", '{"a":'])
@run_in_pyodide
async def test_deep_answers_to_a_start_request_and_an_offer(selenium, opening):
    import json

    import pytest
    from loopback import Bot, request, transport

    from rtvi_web import RTVIClient, StartBotError, TransportStartError
    from rtvi_web.transports import SmallWebRTCTransport

    deep = opening * 10_000

    class Deep(Bot):
        async def _answer(self, method, path, body):
            return {"status": 200, "body": deep}

    async with Deep() as bot, transport(bot.url) as (link, host):
        with pytest.raises(TransportStartError, match="is not JSON"):
            await link.connect(request(), host)
        client = RTVIClient(transport=SmallWebRTCTransport(), params={"base_url": bot.url}, enable_mic=False)
        with pytest.raises(StartBotError, match="not a JSON object"):
            await client.connect()
        assert json.loads("[]") == []


@run_in_pyodide
async def test_deep_frames(selenium):
    """They are messages of the bot's that cannot be read, those that look like signalling too."""
    from loopback import RTVIBot

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.transports import SmallWebRTCTransport

    deep = "[" * 10_000
    frames = [
        deep,
        '{"type": "signalling", "message": ' + deep,
        '{"label": "rtvi-ai", "type": "server-message", "data": ' + deep,
    ]
    async with RTVIBot() as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
        await client.connect()
        invalid = client.events(RTVIEvent.INVALID_MESSAGE)
        for frame in frames:
            bot.send(frame)
            assert (await anext(invalid)).args[0].text.startswith(frame[:20])
        assert await client.send_client_request("echo", 1) == 1
        await client.disconnect()


@run_in_pyodide
async def test_a_deep_refusal_of_a_realtime_offer(selenium):
    """It is quoted as text."""
    import json

    import pytest
    from realtime_peer import RealtimePeer, request, transport

    from rtvi_web import TransportStartError
    from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport

    for opening in ("[", '{"error":'):

        class Deep(RealtimePeer):
            async def _answer(self, method, path, body, deep=opening * 10_000):
                return {"status": 400, "body": deep}

        async with Deep() as peer, transport(RealtimeWebRTCTransport()) as (link, _):
            with pytest.raises(TransportStartError, match="was refused with 400") as caught:
                await link.connect(request(peer.url))
            assert len(str(caught.value)) < 1000
        assert json.loads("[]") == []


DEEP_JSON = Path(__file__).parents[1] / "unit" / "deep_json.py"


@pytest.mark.parametrize("shape", [0, 1], ids=["arrays", "objects"])
@pytest.mark.parametrize("exercise", re.findall(r"^async def (\w+)\(deep: str\)", DEEP_JSON.read_text(), re.MULTILINE))
def test_each_place_that_parses(selenium, exercise, shape):
    """Pyodide does not suffer a fatal error, after which nothing would run."""
    selenium.run_async(f"{DEEP_JSON.read_text()}\nawait {exercise}(DEEP[{shape}])")
    assert selenium.run("import json; json.loads('[[1]]')[0][0]") == 1
