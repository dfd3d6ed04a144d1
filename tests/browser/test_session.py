"""RTVIClient over SmallWebRTCTransport: whole sessions, and each way in which one can fail."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_session_from_connect_to_disconnect_and_once_more(selenium):
    from loopback import RTVIBot

    from rtvi_web import RTVIClient, TransportState
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot() as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
        for _ in range(2):
            data = await client.connect()
            assert data.version == "2.2.0"
            assert client.state is TransportState.READY
            track = client.tracks().local.audio
            assert await client.send_client_request("echo", {"n": 1}) == {"n": 1}
            await client.disconnect()
            assert client.state is TransportState.DISCONNECTED  # type: ignore[comparison-overlap]
            assert track.readyState == "ended"


@run_in_pyodide
async def test_the_start_endpoint_leads_to_the_bot(selenium):
    import json

    from loopback import RTVIBot

    from rtvi_web import RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot() as bot:
        params = {"baseUrl": bot.url, "endpoints": {"connect": "/start"}, "requestData": {"who": "me"}}
        client = RTVIClient(transport=SmallWebRTCTransport(), params=params)
        await client.connect()
        start, offer = bot.requests[:2]
        assert start[1]["who"] == "me"
        assert "request_data" not in json.dumps(offer)
        assert bot.paths[:2] == ["start", "sessions/s1/api/offer"]
        await client.disconnect()


STALLS = [
    ("/answers/never", "offer", "did not answer the WebRTC offer"),
    (None, "bot-ready", "did not say bot-ready"),
]


@pytest.mark.parametrize(("url", "phase", "message"), STALLS)
@run_in_pyodide
async def test_a_bot_that_stalls_runs_into_the_deadline(selenium, url, phase, message):
    import time

    import js
    import pytest
    from loopback import RTVIBot

    from rtvi_web import ConnectionTimeoutError, RTVIClient, TransportState
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot() as bot:
        began = time.monotonic()
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
        await client.connect()
        await client.disconnect()
        timeout = 0.5 + 5 * (time.monotonic() - began)  # More than this machine takes, as busy as it is.
        bot.may_be_ready.clear()
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=url or bot.url), timeout=timeout)
        with pytest.raises(ConnectionTimeoutError, match=message) as caught:
            await client.connect()
        assert caught.value.phase == phase
        assert client.state is TransportState.ERROR
        assert all(track.readyState == "ended" for track in js.opened.tracks)


@run_in_pyodide
async def test_a_bot_that_is_killed_in_a_session_that_is_not_to_be_restored(selenium):
    from loopback import RTVIBot

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot() as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url, reconnect=None))
        errors = []
        client.on(RTVIEvent.ERROR, errors.append)
        await client.connect()
        track = client.tracks().local.audio
        bot.connection.close()
        await client.wait_for(RTVIEvent.DISCONNECTED)
        assert track.readyState == "ended"
        [error] = errors
        assert error.data.fatal
        assert "closed the data channel" in error.data.error
        await client.connect()
        await client.disconnect()


@run_in_pyodide
async def test_disconnect_at_many_moments_of_connect(selenium):
    import asyncio

    from loopback import RTVIBot, released, until

    from rtvi_web import BotReadyData, ConnectAbortedError, ConnectPhase, RTVIClient, TransportState
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot() as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
        outcomes = set()
        for delay in (0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.4):
            connecting = asyncio.ensure_future(client.connect())
            await asyncio.sleep(delay)
            outcome, _ = await asyncio.gather(connecting, client.disconnect(), return_exceptions=True)
            outcomes.add(outcome.phase if isinstance(outcome, ConnectAbortedError) else type(outcome))
            await released()
        assert {"devices"} <= outcomes <= {*ConnectPhase, BotReadyData}
        await client.connect()
        await client.disconnect()
    client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url="/answers/never"))
    connecting = asyncio.ensure_future(client.connect())
    await until(lambda: client.state is TransportState.CONNECTING)
    outcome, _ = await asyncio.gather(connecting, client.disconnect(), return_exceptions=True)
    assert outcome.phase == "offer"


@run_in_pyodide
async def test_a_worker_names_what_it_lacks(selenium):
    import js
    from loopback import event

    script = """
        import {loadPyodide} from "BASE/pyodide.mjs";
        const pyodide = await loadPyodide({packages: ["rtvi-web"]});
        postMessage(await pyodide.runPythonAsync(`
            from rtvi_web import NotInBrowserError, RTVIClient
            from rtvi_web.transports import SmallWebRTCTransport
            said = []
            for enable_mic in (True, False):
                transport = SmallWebRTCTransport(webrtc_url="http://127.0.0.1:9/")
                client = RTVIClient(transport=transport, enable_mic=enable_mic)
                try:
                    await client.connect()
                except NotInBrowserError as error:
                    said.append(error.touched)
            " ".join(said)
        `));
    """.replace("BASE", js.location.origin)
    url = js.URL.createObjectURL(js.Blob.new(js.Array.of(script), type="text/javascript"))
    worker = js.Worker.new(url, type="module")
    answer = await event(worker, "message")
    worker.terminate()
    assert answer.data == "navigator.mediaDevices RTCPeerConnection"
