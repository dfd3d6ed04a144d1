"""Renewing a session: the new link takes over from the old one, and sound goes on in both directions."""

import pytest
from pytest_pyodide import run_in_pyodide


@pytest.mark.parametrize("kind", ["websocket", "webrtc"])
@run_in_pyodide
async def test_both_sides_are_heard_over_the_new_link(selenium, port, kind):
    from loopback import tone, until
    from realtime_peer import session
    from sound import loudness

    async with tone() as voice, session(kind, port, microphone=voice) as run:
        client, renewed, closed = run.client, [], []
        run.keep_calls()
        client.on("session.renewed", renewed.append)
        client.on("close", closed.append)
        await client.connect()
        await run.hears()
        recording = await client.record()
        if kind == "webrtc":
            before = client.tracks().bot.audio
        await client.renew_session()
        assert [event.type for event in renewed] == ["session.renewed"]
        assert client.is_connected()
        if kind == "webrtc":
            assert client.tracks().bot.audio is not before
        length = recording.seconds
        await run.hears()
        run.let_it_speak()
        await until(run.plays)
        assert await loudness(client.tracks().bot.audio) > 0
        await until(lambda: recording.seconds > length + 0.5)
        await recording.stop()
        client.realtime.send("input_audio_buffer.clear")
        await client.renew_session()  # and once more
        await run.hears()
        assert closed == run.of("error") == []
        await client.disconnect()
        assert len(closed) == 1


@run_in_pyodide
async def test_a_link_that_cannot_be_opened_leaves_the_old_one(selenium, port):
    import asyncio

    import pytest
    from loopback import until
    from realtime_peer import RealtimePeer, request, transport

    from rtvi_web import TransportStartError
    from rtvi_web.transports import RealtimeWebRTCTransport, RealtimeWebSocketTransport

    async with transport(RealtimeWebSocketTransport()) as (link, host):
        await link.connect(request(f"ws://127.0.0.1:{port}/echo"))
        with pytest.raises(TransportStartError):
            await link.open_spare(request(f"ws://127.0.0.1:{port}/refuse"), print, print)
        opening = asyncio.ensure_future(link.open_spare(request(f"ws://127.0.0.1:{port}/never"), print, print))
        await asyncio.sleep(0.1)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        frames, lost = [], []
        spare = await link.open_spare(request(f"ws://127.0.0.1:{port}/echo"), frames.append, lost.append)
        spare.send("first")
        link.send("old")
        await host.until(lambda: host.received == ["old"])
        await until(lambda: frames == ["first"])
        await spare.close()
        gone = await link.open_spare(request(f"ws://127.0.0.1:{port}/bye"), frames.append, lost.append)
        gone.send("{}")
        await until(lambda: lost)
        assert "4000" in str(lost[0])
        await gone.close()
        spare = await link.open_spare(request(f"ws://127.0.0.1:{port}/echo"), frames.append, lost.append)
        order = []
        await spare.take_over(lambda: order.append("switched"))
        link.send("new")
        await host.until(lambda: host.received == ["old", "new"])
        assert (order, frames, host.losses) == (["switched"], ["first"], [])
    async with RealtimePeer() as peer, transport(RealtimeWebRTCTransport()) as (link, host):
        await link.connect(request(peer.url))
        await peer.met.wait()
        with pytest.raises(TransportStartError, match="401"):
            await link.open_spare(request("/answers/bad-key"), print, print)
        link.send("{}")
        assert await peer.frame() == {}
        assert host.losses == []
