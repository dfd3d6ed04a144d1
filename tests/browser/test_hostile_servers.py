"""What a server may answer, and a bot may send, to do harm: the page's Python goes on, and everything settles."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_thousands_of_candidates_in_an_answer(selenium):
    """No address of them answers. The true one is among them, so the session begins, or fails in time."""
    import contextlib
    import time

    from loopback import RTVIBot

    from rtvi_web import ConnectionTimeoutError, RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    class Crowded(RTVIBot):
        async def _answer(self, method, path, body):
            answer = await super()._answer(method, path, body)
            if method == "POST":
                line = "a=candidate:{} 1 udp {} 192.0.2.{} {} typ host generation 0\r\n"
                crowd = "".join(line.format(n, 1 + n, n % 250, 1024 + n) for n in range(5000))
                sdp = answer["body"]["sdp"]
                first = sdp.index("a=", sdp.index("\r\nm="))
                answer["body"]["sdp"] = sdp[:first] + crowd + sdp[first:]
            return answer

    async with Crowded() as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url), timeout=10)
        began = time.monotonic()
        with contextlib.suppress(ConnectionTimeoutError):
            await client.connect()
        assert time.monotonic() - began < 10 + 5
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
