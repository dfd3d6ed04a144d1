"""The microphone of a WebSocket session: opened again after it could not be recorded, disabled by the page, muted."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_what_could_not_be_recorded_is_tried_anew(selenium):
    import asyncio

    import js
    import pytest
    from realtime_peer import transport
    from sound import tone

    from rtvi_web import UnsupportedFeatureError
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    async with tone(440) as track, transport(RealtimeWebSocketTransport(microphone=track)) as (link, host):
        opening = asyncio.ensure_future(link.media.open_devices(mic=True))
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        meta = js.document.createElement("meta")
        meta.name, meta.content = "rtvi-web-worklets", "nowhere/"
        js.document.head.append(meta)
        try:
            with pytest.raises(UnsupportedFeatureError):
                await link.media.open_devices(mic=True)
        finally:
            meta.remove()
        await link.media.open_devices(mic=True)
        await host.until(lambda: any(max(memoryview(pcm).cast("h")) > 10_000 for pcm in host.heard))


@run_in_pyodide
async def test_a_track_that_the_page_had_disabled_stays_disabled(selenium):
    from realtime_peer import RealtimePeer, request, transport
    from sound import tone

    from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

    for make in (RealtimeWebSocketTransport, RealtimeWebRTCTransport):
        async with RealtimePeer() as peer, tone(440) as track, transport(make(microphone=track)) as (link, _):
            track.enabled = False
            await link.media.open_devices(mic=True)
            assert not track.enabled
            assert not link.media.is_mic_enabled
            assert link.media.mic_wanted is False
            if make is RealtimeWebRTCTransport:
                await link.connect(request(peer.url))
                assert not track.enabled
            await link.close()
            assert not track.enabled
            track.enabled = True  # The page has changed its mind.
            await link.media.open_devices(mic=True)
            assert track.enabled
            await link.media.enable_mic(False)
            await link.media.open_devices(mic=True)
            assert not track.enabled
            await link.media.enable_mic(True)
            assert track.enabled


@run_in_pyodide
async def test_a_muted_microphone_gives_silence(selenium):
    """The client sends it where the server waits for the rest of a turn."""
    from realtime_peer import transport
    from sound import tone

    from rtvi_web.transports import RealtimeWebSocketTransport

    async with tone(440) as track, transport(RealtimeWebSocketTransport(microphone=track)) as (link, host):
        await link.media.open_devices(mic=True)
        await host.until(lambda: any(map(any, host.heard)))
        await link.media.enable_mic(False)
        heard = len(host.heard)
        await host.until(lambda: len(host.silence) > 3)
        assert (len(host.heard), any(map(any, host.silence))) == (heard, False)
        await link.media.enable_mic(True)
        await host.until(lambda: len(host.heard) > heard)
