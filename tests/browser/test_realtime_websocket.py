"""RealtimeWebSocketTransport against a real WebSocket server."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_frames_go_both_ways_in_order(selenium, port):
    from realtime_peer import request, transport

    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    async with transport(RealtimeWebSocketTransport()) as (link, host):
        await link.connect(request(f"ws://127.0.0.1:{port}/echo"))
        frames = [f'{{"number": {n}, "text": "ä€𝄞"}}' for n in range(100)]
        for frame in frames:
            link.send(frame)
        await host.until(lambda: len(host.received) == 100)
        assert host.received == frames
        assert not link.carries_tracks
        assert link.max_message_size == 15 * 2**20


@run_in_pyodide
async def test_the_address_holds_the_model_and_never_the_key(selenium, port):
    import json

    from realtime_peer import request, transport

    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    async with transport(RealtimeWebSocketTransport()) as (link, host):
        await link.connect(request(f"http://127.0.0.1:{port}/who?a=b", model="gpt realtime", api_key="ek_1"))
        await host.until(lambda: host.received)
        asked = json.loads(host.received[0])
        assert asked["url"] == "/who?a=b&model=gpt+realtime"
        assert asked["protocols"] == ["realtime", "openai-insecure-api-key.ek_1"]
    async with transport(RealtimeWebSocketTransport()) as (link, host):
        await link.connect(request(f"ws://127.0.0.1:{port}/who?model=other", model="one"))
        await host.until(lambda: host.received)
        assert json.loads(host.received[0]) == {"url": "/who?model=other", "protocols": ["realtime"]}


@run_in_pyodide
async def test_subprotocols_are_those_of_the_page(selenium, port):
    import json

    import pytest
    from realtime_peer import request, transport

    from rtvi_web import InvalidArgumentError, TransportStartError
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    for protocols, offered in (
        (None, []),
        ([], []),
        (["graphql", "realtime"], ["graphql", "realtime"]),
        (lambda key: [f"xai-client-secret.{key}"], ["xai-client-secret.k1"]),
    ):
        async with transport(RealtimeWebSocketTransport(protocols=protocols)) as (link, host):
            await link.connect(request(f"ws://127.0.0.1:{port}/who#part", api_key="k1"))
            await host.until(lambda: host.received)
            assert json.loads(host.received[0])["protocols"] == offered
    # A server that does not choose one of those offered: the browser refuses it, and the error names them.
    for protocols, named in (
        (None, "It offered no subprotocol"),
        (["one", "two.three"], "It offered the subprotocols one, two.…"),
        (lambda key: [f"a.{key}", "b"], "It offered the subprotocols a.…, b"),
    ):
        async with transport(RealtimeWebSocketTransport(protocols=protocols)) as (link, _):
            with pytest.raises(TransportStartError) as caught:
                await link.connect(request(f"ws://127.0.0.1:{port}/refuse", api_key="k1-secret"))
            assert named in str(caught.value)
            assert "k1-secret" not in str(caught.value)
    async with transport(RealtimeWebSocketTransport(protocols=["a b"])) as (link, _):
        with pytest.raises(InvalidArgumentError, match="subprotocol"):
            await link.connect(request(f"ws://127.0.0.1:{port}/who"))


@run_in_pyodide
async def test_what_cannot_be_connected_is_told_without_the_key(selenium, port):
    import asyncio

    import pytest
    from realtime_peer import request, transport

    from rtvi_web import InvalidArgumentError, TransportStartError
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    def chain(error):
        while error:
            yield f"{error!r} {error}"
            error = error.__cause__ or error.__context__

    async with transport(RealtimeWebSocketTransport()) as (link, host):
        for url, kind, words in (
            (f"ws://127.0.0.1:{port}/refuse", TransportStartError, "could not be opened"),
            ("ws://127.0.0.1:9/", TransportStartError, "1006"),
            ("http://[bad", InvalidArgumentError, "is not the address of a realtime server"),
        ):
            with pytest.raises(kind, match=words) as caught:
                await link.connect(request(url, api_key="ek_secret"))
            assert "ek_secret" not in "".join(chain(caught.value))
            await link.close()
        with pytest.raises(InvalidArgumentError, match="characters") as caught:
            await link.connect(request(f"ws://127.0.0.1:{port}/echo", api_key="ek_secret \n"))
        assert "ek_secret" not in "".join(chain(caught.value))
        await link.close()
        # A server that never answers: the client's deadline cancels, and close() leaves nothing.
        connecting = asyncio.ensure_future(link.connect(request(f"ws://127.0.0.1:{port}/never")))
        await asyncio.sleep(0.2)
        connecting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await connecting
        assert host.losses == []


@run_in_pyodide
async def test_a_link_that_is_lost_is_told_once_with_the_servers_reason(selenium, port):
    import pytest
    from realtime_peer import request, transport

    from rtvi_web import DisconnectedError
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    async with transport(RealtimeWebSocketTransport()) as (link, host):
        await link.connect(request(f"ws://127.0.0.1:{port}/bye"))
        link.send("{}")
        await host.until(lambda: host.losses)
        [lost] = host.losses
        assert "4000: invalid_request_error.beta" in str(lost)
        with pytest.raises(DisconnectedError):
            link.send("{}")
        await link.close()
        # The same transport connects again.
        await link.connect(request(f"ws://127.0.0.1:{port}/binary"))
        await host.until(lambda: host.received)
        await host.until(lambda: len(host.received) == 2)
        assert host.received == [b"binary", "text"]
        await link.close()
        with pytest.raises(DisconnectedError):
            link.send("{}")
        assert len(host.losses) == 1


@run_in_pyodide
async def test_the_microphone_is_heard_in_chunks_until_it_is_muted_or_closed(selenium, port):
    import asyncio

    from realtime_peer import request, transport

    from rtvi_web.realtime.protocol.audio import MAX_CHUNK
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    async with transport(RealtimeWebSocketTransport()) as (link, host):
        await link.media.open_devices(mic=True)
        await link.media.open_devices(mic=True)
        await link.connect(request(f"ws://127.0.0.1:{port}/echo"))
        # Chromium's fake microphone beeps once a second.
        await host.until(lambda: any(max(memoryview(pcm).cast("h")) > 1000 for pcm in host.heard))
        assert all(0 < len(pcm) <= MAX_CHUNK for pcm in host.heard)
        assert link.media.tracks().local.audio.readyState == "live"
        link.media.want_mic(False)
        count = len(host.heard)
        await asyncio.sleep(0.2)
        assert len(host.heard) == count
        assert link.media.mic_wanted is False
        link.media.want_mic(True)
        await host.until(lambda: len(host.heard) > count)
        await link.close()
        assert link.media.tracks().local.audio is None
        count = len(host.heard)
        await asyncio.sleep(0.1)
        assert len(host.heard) == count
        # Muted before it opens.
        link.media.want_mic(False)
        await link.media.open_devices(mic=True)
        assert not link.media.tracks().local.audio.enabled


@run_in_pyodide
async def test_sound_that_a_slow_link_cannot_take_is_dropped(selenium, port):
    import asyncio

    import js
    from realtime_peer import request, transport

    from rtvi_web.browser import _js
    from rtvi_web.realtime.transport import MAX_BACKLOG
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    async with transport(RealtimeWebSocketTransport()) as (link, host):
        await link.media.open_devices(mic=True)
        await link.connect(request(f"ws://127.0.0.1:{port}/echo"))
        await host.until(lambda: host.heard)
        # A stand-in for a slow network: this machine's own buffers swallow tens of megabytes at once.
        js.eval("globalThis.real = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'bufferedAmount')")
        js.Object.defineProperty(js.WebSocket.prototype, "bufferedAmount", _js.plain({"value": MAX_BACKLOG + 1}))
        try:
            await asyncio.sleep(0.1)
            count = len(host.heard)
            await asyncio.sleep(0.3)
            assert len(host.heard) == count
        finally:
            js.eval("Object.defineProperty(WebSocket.prototype, 'bufferedAmount', real); delete globalThis.real")
        await host.until(lambda: len(host.heard) > count)


@run_in_pyodide
async def test_a_denied_microphone_leaves_a_transport_that_works(selenium, port):
    import js
    from realtime_peer import request, transport

    from rtvi_web import RTVIEvent
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    await js.allow("")
    async with transport(RealtimeWebSocketTransport()) as (link, host):
        await link.media.open_devices(mic=True)
        assert [error.type for [error] in host.of(RTVIEvent.DEVICE_ERROR)] == ["permissions"]
        await link.connect(request(f"ws://127.0.0.1:{port}/echo"))
        link.send("{}")
        await host.until(lambda: host.received)
        await js.allow("microphone")
        await link.media.open_devices(mic=True)
        await host.until(lambda: host.heard)


@run_in_pyodide
async def test_a_track_of_the_pages_own_is_left_running(selenium, port):
    from realtime_peer import transport
    from sound import tone

    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    async with tone(440) as track, transport(RealtimeWebSocketTransport(microphone=track)) as (link, host):
        await link.media.open_devices(mic=True)
        await host.until(lambda: any(max(memoryview(pcm).cast("h")) > 10_000 for pcm in host.heard))
        link.media.want_mic(False)
        await link.close()
        assert track.readyState == "live"
        assert track.enabled


@run_in_pyodide
async def test_answers_are_played_and_interrupted(selenium, port):
    from realtime_peer import request, transport
    from sound import loudness, ramp

    from rtvi_web import RTVIEvent
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    async with transport(RealtimeWebSocketTransport()) as (link, host):
        link.play(ramp(0.1), item_id="early", content_index=0)  # nothing to play it with
        assert await link.interrupt() is None
        await link.connect(request(f"ws://127.0.0.1:{port}/echo"))
        for _ in range(200):
            link.play(ramp(0.1), item_id="item", content_index=2)
        await host.until(lambda: host.spoken == [True])
        assert await loudness(link.media.tracks().bot.audio, over=0.1)
        played = await link.interrupt()
        assert (played.item_id, played.content_index) == ("item", 2)
        assert 0 < played.samples <= 480_000
        await host.until(lambda: host.spoken == [True, False])
        assert not host.of(RTVIEvent.BOT_AUDIO_BLOCKED)


@run_in_pyodide
async def test_a_microphone_that_goes_away_is_opened_again(selenium, port):
    import js
    from realtime_peer import request, transport

    from rtvi_web import RTVIEvent
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    async with transport(RealtimeWebSocketTransport()) as (link, host):
        await link.media.open_devices(mic=True)
        await link.connect(request(f"ws://127.0.0.1:{port}/echo"))
        link.media.tracks().local.audio.dispatchEvent(js.Event.new("ended"))  # what unplugging does
        assert link.media.tracks().local.audio is None
        heard = len(host.heard)
        await host.until(lambda: len(host.heard) > heard)
        link.media.tracks().local.audio.dispatchEvent(js.Event.new("ended"))
        [[error]] = await host.until(lambda: host.of(RTVIEvent.DEVICE_ERROR))
        assert error.type == "not-found"
        assert host.losses == []
        heard = len(host.heard)
        await link.media.open_devices(mic=True)
        await host.until(lambda: len(host.heard) > heard)
