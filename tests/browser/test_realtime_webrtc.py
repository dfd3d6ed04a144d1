"""RealtimeWebRTCTransport against a peer in the same page."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_events_and_sound_go_both_ways(selenium):
    import js
    from realtime_peer import RealtimePeer, request, transport
    from sound import loudness

    from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport

    async with (
        RealtimePeer(speaks=True) as peer,
        transport(RealtimeWebRTCTransport()) as (link, host),
    ):
        await link.media.open_devices(mic=True)
        await link.connect(request(peer.url, api_key="ek_1", model="m"))
        assert host.phases[:2] == ["offer", "ice"]  # the channel may open before the connection says it is there
        [offer] = peer.offers
        assert "a=sendrecv" in offer
        assert "a=candidate" in offer
        assert "m=video" not in offer
        assert peer.headers["Authorization"] == "Bearer ek_1"
        assert peer.headers["Content-Type"] == "application/sdp"
        await peer.met.wait()
        assert peer.channel.label == "oai-events"
        link.send('{"type": "hello"}')
        assert await peer.frame() == {"type": "hello"}
        peer.send({"type": "session.created"})
        await host.until(lambda: host.received)
        peer.channel.send(js.TextEncoder.new().encode('{"type": "session.updated"}'))
        await host.until(lambda: len(host.received) == 2)
        assert host.received == ['{"type": "session.created"}', b'{"type": "session.updated"}']
        assert await loudness(link.media.tracks().bot.audio) > 0
        assert await peer.hears() > 0
        assert link.carries_tracks
        assert link.max_message_size >= 65536
        assert await link.interrupt() is None
        link.media.want_mic(False)
        assert not link.media.tracks().local.audio.enabled
        link.media.tracks().local.audio.dispatchEvent(js.Event.new("ended"))  # what unplugging does
        assert link.media.tracks().local.audio is None
        await link.media.open_devices(mic=True)
        assert not link.media.tracks().local.audio.enabled  # muted stays muted


@run_in_pyodide
async def test_a_session_without_a_microphone_can_have_one_later(selenium):
    from realtime_peer import RealtimePeer, request, transport

    from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport

    async with RealtimePeer() as peer, transport(RealtimeWebRTCTransport()) as (link, _):
        await link.connect(request(peer.url))
        await peer.met.wait()
        assert "Authorization" not in peer.headers
        link.send("{}")
        assert await peer.frame() == {}
        await link.media.open_devices(mic=True)
        assert await peer.hears() > 0
        assert len(peer.offers) == 1


@run_in_pyodide
async def test_the_microphone_is_held_back_until_the_configuration_was_taken(selenium):
    import asyncio

    from loopback import own_peer, stats
    from realtime_peer import RealtimePeer

    from rtvi_web.realtime import RealtimeClient
    from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport

    async def packets_sent():
        return await stats(own_peer(), "packetsSent", "outbound-rtp")

    async with RealtimePeer() as peer:
        client = RealtimeClient(transport=RealtimeWebRTCTransport(), url=peer.url)
        connecting = asyncio.ensure_future(client.connect())
        try:
            assert (await peer.frame())["type"] == "session.update"
            assert client.is_mic_enabled
            await asyncio.sleep(0.3)  # the time in which sound would have left
            assert await packets_sent() == 0
            await client.enable_mic(False)
            await client.enable_mic(True)
            await asyncio.sleep(0.1)
            assert await packets_sent() == 0
            peer.send({"type": "session.updated", "session": {}})
            await connecting
            assert await peer.hears() > 0
            assert await packets_sent() > 0
        finally:
            await client.disconnect()


@run_in_pyodide
async def test_a_refused_offer_is_told_in_the_servers_words(selenium):
    import pytest
    from realtime_peer import request, transport

    from rtvi_web import TransportStartError
    from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport

    async with transport(RealtimeWebRTCTransport()) as (link, host):
        for answer, status, words in (
            ("bad-key", 401, "refused with 401: Incorrect API key provided."),
            ("not-found", 404, "refused with 404: Peer connection not found"),
            ("ok", None, "is not SDP that the browser understands"),
        ):
            with pytest.raises(TransportStartError, match=words) as caught:
                await link.connect(request(f"/answers/{answer}", api_key="ek_secret"))
            assert caught.value.status == status
            assert "ek_secret" not in f"{caught.value!r} {caught.value.__cause__!r}"
            await link.close()
        assert host.losses == []


@run_in_pyodide
async def test_the_address_is_used_as_it_is_given_except_openais(selenium):
    from rtvi_web.realtime.transport import RealtimeRequest
    from rtvi_web.transports.realtime.request import address_of, url_of

    def url(*args, **fields):
        return str(url_of(address_of(RealtimeRequest(*args, **fields), webrtc=True), "http").href)

    calls = "https://api.openai.com/v1/realtime/calls"
    assert url() == calls
    assert url(model="m") == f"{calls}?model=m"
    assert url("wss://api.openai.com/v1/realtime", model="m") == f"{calls}?model=m"
    assert url(f"{calls}?x=1") == f"{calls}?x=1"
    for own in ("https://host.test/v1/realtime", "http://host.test/v1/realtimertc?a=b", "https://host.test/session"):
        assert url(own, model="m") == own
    assert url("wss://host.test/v1/realtime") == "https://host.test/v1/realtime"  # a page cannot POST to wss:
    assert url("/session").endswith("/session")


@run_in_pyodide
async def test_a_server_that_closes_the_channel_is_lost_at_once(selenium):
    import pytest
    from realtime_peer import RealtimePeer, request, transport

    from rtvi_web import DisconnectedError
    from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport

    async with RealtimePeer() as peer, transport(RealtimeWebRTCTransport()) as (link, host):
        await link.connect(request(peer.url))
        await peer.met.wait()
        peer.channel.close()
        await host.until(lambda: host.losses)
        assert "closed the data channel" in str(host.losses[0])
        with pytest.raises(DisconnectedError):
            link.send("{}")
        await link.close()
        assert len(host.losses) == 1


@run_in_pyodide
async def test_a_path_that_comes_back_in_time_is_not_a_loss(selenium):
    import asyncio

    from edge import connection_becomes
    from loopback import own_peer, until
    from realtime_peer import RealtimeHost, RealtimePeer

    from rtvi_web.transports.realtime.call import GRACE, Call

    async def call(peer, host):
        call = Call(host, ice_servers=[], player=None, received=print, grace=0.2)
        await call.open(peer.url, {}, None)
        connection = own_peer()
        await until(lambda: connection.connectionState == "connected")  # The channel may have opened before.
        return call, connection

    assert GRACE == 5
    async with RealtimePeer() as peer:
        link, connection = await call(peer, host := RealtimeHost())
        connection_becomes(connection, "disconnected")
        connection_becomes(connection, "connected")
        await asyncio.sleep(0.3)
        assert host.losses == []
        connection_becomes(connection, "disconnected")
        await host.until(lambda: host.losses)
        assert "did not come back within 0.2 s" in str(host.losses[0])
        connection_becomes(connection, "failed")
        assert len(host.losses) == 1
        await link.close()
    async with RealtimePeer() as peer:
        link, connection = await call(peer, host := RealtimeHost())
        connection_becomes(connection, "disconnected")
        await link.close()
        await asyncio.sleep(0.3)
        assert host.losses == []


@run_in_pyodide
async def test_giving_up_in_mid_offer_leaves_nothing(selenium):
    import asyncio

    import pytest
    from realtime_peer import request, transport

    from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport

    async with transport(RealtimeWebRTCTransport()) as (link, host):
        connecting = asyncio.ensure_future(link.connect(request("/answers/never")))
        await host.until(lambda: "offer" in host.phases)
        await asyncio.sleep(0.3)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        await link.close()
