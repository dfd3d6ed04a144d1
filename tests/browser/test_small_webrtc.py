"""SmallWebRTCTransport over a WebRTC loopback: real peers, real HTTP, a bot that lives in the same page."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_the_offer_and_what_the_bot_gets_first(selenium):
    import re

    from loopback import Bot, request, transport

    async with Bot() as bot, transport(bot.url) as (link, host):
        await link.media.open_devices()
        participant = await link.connect(request(headers={"X-Key": "k"}, request_data={"who": "me"}), host)
        [offer] = bot.offers
        assert re.findall(r"^m=(\w+)", offer["sdp"], re.M) == ["audio", "video", "video", "application"]
        directions = re.findall(r"^a=(sendrecv|sendonly|recvonly)\r", offer["sdp"].split("m=application")[0], re.M)
        assert directions[-3:] == ["sendrecv", "sendrecv", "sendonly"]  # Firefox says one for the session, too.
        assert (offer["type"], offer["pc_id"], offer["restart_pc"]) == ("offer", None, False)
        assert offer["request_data"] == {"who": "me"}
        assert bot.headers["X-Key"] == "k"
        assert participant == (f"pc-{bot.room}", "bot", False)
        assert host.phases[0] == "offer"
        assert host.phases[-1] in ("ice", "data-channel")
        assert link.max_message_size >= 262144  # What Chromium takes; Firefox takes more.
        status = {"type": "trackStatus", "receiver_index": 0, "enabled": True}
        assert await bot.frame() == {"type": "signalling", "message": status}
        assert (await bot.frame())["message"] == {"type": "trackStatus", "receiver_index": 1, "enabled": False}
        assert (await bot.frame())["message"] == {"type": "trackStatus", "receiver_index": 2, "enabled": False}
        assert (bot.channel.label, bot.channel.ordered) == ("chat", True)
        link.send('{"label": "rtvi-ai"}')
        assert await bot.frame() == {"label": "rtvi-ai"}  # And no ping before it.


@run_in_pyodide
async def test_frames_are_the_hosts_and_signalling_is_the_transports(selenium):
    from loopback import Bot, connected

    async with Bot() as bot, connected(bot) as (_, host):
        bot.signal("somethingNew")
        frames = ['{"label": "rtvi-ai", "type": "server-message", "data": "signalling"}', "no JSON", '"signalling"']
        for frame in frames:
            bot.send(frame)
        await host.until(lambda: len(host.received) == len(frames))
        assert host.received == frames


@run_in_pyodide
async def test_every_candidate_reaches_the_bot_after_the_answer(selenium):
    import re

    from loopback import Bot, connected, own_peer, until

    async with Bot() as bot, connected(bot):
        connection = own_peer()
        await until(lambda: connection.iceGatheringState == "complete")
        found = set(re.findall(r"^a=(candidate:\S+ \d+ \w+ \d+ \S+ \d+)", connection.localDescription.sdp, re.M))
        assert found

        def arrived():
            sent = [candidate for patch in bot.patches for candidate in patch["candidates"]]
            texts = {re.match(r"candidate:\S+ \d+ \w+ \d+ \S+ \d+|$", c["candidate"])[0] for c in sent}  # type: ignore[index]
            return found <= texts and sent

        first = (await until(arrived))[0]
        assert (first["sdp_mid"], first["sdp_mline_index"]) == ("0", 0)
        assert {patch["pc_id"] for patch in bot.patches} == {f"pc-{bot.room}"}
        assert [method for method, _ in bot.requests][:2] == ["POST", "PATCH"]


@run_in_pyodide
async def test_candidates_as_firefox_ends_them(selenium):
    """An empty one for each section, which this server would answer with 500; later ones are still sent."""
    from edge import candidate_found
    from loopback import Bot, connected, own_peer, until

    class Old(Bot):
        async def _answer(self, method, path, body):
            if method == "PATCH" and not all(candidate["candidate"] for candidate in body["candidates"]):
                return {"status": 500, "body": {"detail": "a bug"}}
            return await super()._answer(method, path, body)

    async with Old() as bot, connected(bot) as (_, host):
        for section in range(4):
            candidate_found(own_peer(), "", section)
        late = {"candidate": "candidate:7 1 udp 1 192.0.2.7 7 typ host", "sdp_mid": "0", "sdp_mline_index": 0}
        candidate_found(own_peer(), late["candidate"], 0)
        await until(lambda: any(late in patch["candidates"] for patch in bot.patches))
        assert all(candidate["candidate"] for patch in bot.patches for candidate in patch["candidates"])
        assert not host.losses


@run_in_pyodide
async def test_a_server_that_fails_for_a_while_is_given_later_candidates_and_asked_for_the_session(selenium):
    """A batch is refused three times; later ones arrive. The link is lost then, and the same session goes on."""
    from edge import candidate_found
    from loopback import RTVIBot, own_peer, until

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.transports import SmallWebRTCTransport

    class Failing(RTVIBot):
        refused = 0

        async def _answer(self, method, path, body):
            if method == "PATCH" and body["candidates"] and self.refused < 3:
                self.refused += 1
                return {"status": 500, "body": {"detail": "a bug"}}
            return await super()._answer(method, path, body)

    async with Failing() as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
        await client.connect()
        await until(lambda: bot.refused == 3)
        late = {"candidate": "candidate:7 1 udp 1 192.0.2.7 7 typ host", "sdp_mid": "0", "sdp_mline_index": 0}
        candidate_found(own_peer(), late["candidate"], 0)
        await until(lambda: late in bot.patches[-1]["candidates"])
        bot.channel.close()
        assert await client.wait_for(RTVIEvent.RECONNECTED) is True
        assert {"pc_id": f"pc-{bot.room}", "candidates": []} in bot.patches
        assert [offer["restart_pc"] for offer in bot.offers] == [False, True]
        await client.disconnect()


@pytest.mark.parametrize("status", [404, 405])
@run_in_pyodide
async def test_a_start_endpoint_that_has_no_sessions_beside_it(selenium, status):
    """The offer goes to the base URL then, and so do the candidates."""
    from loopback import Bot, transport, until

    from rtvi_web.rtvi.transport import ConnectRequest

    class Plain(Bot):
        async def _answer(self, method, path, body):
            if path.startswith("sessions/"):
                return {"status": status, "body": {"detail": "Not Found"}}
            return await super()._answer(method, path, body)

    async with Plain() as bot, transport(None) as (link, host):
        await link.media.open_devices()
        await link.connect(ConnectRequest({"sessionId": "s 1"}, f"{bot.url}/connect", bot.url, {}), host)
        await until(lambda: bot.patches)
        assert bot.paths[:2] == ["sessions/s%201/api/offer", "api/offer"]
        assert set(bot.paths[2:]) == {"api/offer"}


@pytest.mark.parametrize("status", [404, 405])
@run_in_pyodide
async def test_a_server_that_takes_no_candidates(selenium, status):
    from loopback import Bot, connected, until

    async with Bot(patch_status=status) as bot, connected(bot) as (link, host):
        await until(lambda: bot.patches)
        link.send("still here")
        frames = [await bot.frames.get() for _ in range(4)]
        assert frames[-1] == "still here"
        assert not host.losses


@run_in_pyodide
async def test_the_bot_can_ask_for_another_offer(selenium):
    from loopback import Bot, connected, own_peer, until

    async with Bot() as bot, connected(bot) as (_, host):
        bot.signal("renegotiate")
        await until(lambda: len(bot.offers) == 2)
        assert (bot.offers[1]["pc_id"], bot.offers[1]["restart_pc"]) == (f"pc-{bot.room}", False)
        await until(lambda: own_peer().signalingState == "stable")
        bot.send("after")
        await host.until(lambda: host.received == ["after"])
        assert not host.losses


@run_in_pyodide
async def test_the_bot_leaves(selenium):
    from loopback import Bot, connected, event, own_peer

    async with Bot() as bot, connected(bot) as (_, host):
        bot.signal("peerLeft")
        bot.channel.close()
        [who] = await host.until(lambda: host.left)
        assert who.id == f"pc-{bot.room}"
        channel = own_peer().channel
        if channel.readyState != "closed":
            await event(channel, "close")
        assert not host.losses


@pytest.mark.parametrize("end", ["channel", "connection"])
@run_in_pyodide
async def test_a_link_that_breaks_is_reported_once(selenium, end):
    import pytest
    from edge import connection_becomes
    from loopback import Bot, connected, own_peer, until

    from rtvi_web import DisconnectedError

    async with Bot() as bot, connected(bot) as (link, host):
        getattr(bot, end).close()
        [error] = await host.until(lambda: host.losses)
        assert isinstance(error, DisconnectedError)
        assert str(error) == "The bot closed the data channel."
        with pytest.raises(DisconnectedError, match="cannot take the message"):
            link.send("too late")
        peer = own_peer()
        await until(lambda: peer.channel.readyState == "closed")
        connection_becomes(peer, "failed")
        assert len(host.losses) == 1


@run_in_pyodide
async def test_a_lost_network_path_ends_the_session_but_a_gap_does_not(selenium):
    from edge import connection_becomes
    from loopback import Bot, connected, own_peer

    async with Bot() as bot, connected(bot) as (_, host):
        connection_becomes(own_peer(), "disconnected")  # What it says at once, and half a minute later: failed.
        assert not host.losses
        connection_becomes(own_peer(), "failed")
        assert [str(error) for error in host.losses] == ["There is no network path to the bot any more."]


@run_in_pyodide
async def test_leaving_the_page_closes_the_channel_and_the_peer(selenium):
    import js
    from loopback import Bot, connected, event, own_peer

    async with Bot() as bot, connected(bot) as (_, host):
        js.dispatchEvent(js.PageTransitionEvent.new("pagehide"))
        assert own_peer().connectionState == "closed"
        if bot.channel.readyState != "closed":
            await event(bot.channel, "close")
        assert [str(error) for error in host.losses] == ["The page was left."]


REFUSALS = [
    ("not-found", 404, "refused with 404: Peer connection not found"),
    ("invalid", 422, "refused with 422: body.sdp: Field required"),
    ("html", 500, "refused with 500: Internal Server Error"),
    ("no-json", 200, "is not JSON: v=0"),
    ("no-sdp", 200, "has no SDP"),
    ("bad-sdp", None, "is not SDP that the browser understands"),
]


@pytest.mark.parametrize(("name", "status", "message"), REFUSALS)
@run_in_pyodide
async def test_an_offer_that_fails_says_why(selenium, name, status, message):
    import pytest
    from loopback import request, transport

    from rtvi_web import TransportStartError

    async with transport(f"/answers/{name}") as (link, host):
        await link.media.open_devices()
        with pytest.raises(TransportStartError) as caught:
            await link.connect(request(), host)
        assert message in str(caught.value)
        assert (caught.value.status, caught.value.phase) == (status, "offer")
        await link.close()
        assert link.media.tracks().local.audio is None
        assert not host.losses


@run_in_pyodide
async def test_an_offer_to_an_address_without_a_server(selenium):
    import pytest
    from loopback import request, transport

    from rtvi_web import HttpError, TransportStartError

    async with transport("http://127.0.0.1:9/api/offer") as (link, host):
        with pytest.raises(TransportStartError, match="The WebRTC offer failed") as caught:
            await link.connect(request(), host)
        assert isinstance(caught.value.__cause__, HttpError)


@run_in_pyodide
async def test_ice_servers_that_cannot_work(selenium):
    import pytest
    from loopback import request, transport

    from rtvi_web import TransportStartError

    async with transport("/unused", ice_servers=[{"urls": "nonsense"}]) as (link, host):
        with pytest.raises(TransportStartError, match="refused the ICE servers"):
            await link.connect(request(), host)


@run_in_pyodide
async def test_ice_servers_of_the_start_answer_are_used(selenium):
    import pytest
    from loopback import own_peer, request, transport

    from rtvi_web import TransportStartError

    async with transport("/answers/no-sdp") as (link, host):
        bundle = {"iceConfig": {"iceServers": [{"urls": ["stun:127.0.0.1:3479"]}]}}
        with pytest.raises(TransportStartError):
            await link.connect(request(bundle=bundle), host)
        [server] = own_peer().getConfiguration().iceServers
        assert list(server.urls) == ["stun:127.0.0.1:3479"]


@pytest.mark.parametrize("moment", ["offered", "answered", "open"])
@run_in_pyodide
async def test_giving_up_at_any_moment_leaves_nothing_open(selenium, moment):
    import asyncio

    import js
    from loopback import Bot, own_peer, request, transport, until

    async with Bot() as bot, transport(bot.url) as (link, host):
        moments = {
            "offered": lambda: bot.offers,
            "answered": lambda: host.phases[-1:] in (["ice"], ["data-channel"]),
            "open": lambda: bot.channel,
        }
        await link.media.open_devices()
        connecting = asyncio.ensure_future(link.connect(request(), host))
        await until(moments[moment])
        connecting.cancel()
        await asyncio.wait({connecting})
        mine = own_peer()
        await link.close()
        assert mine.signalingState == "closed"
        assert all(track.readyState == "ended" for track in js.opened.tracks)


@run_in_pyodide
async def test_giving_up_at_every_step_leaves_nothing_open(selenium):
    import asyncio

    import js
    from loopback import released, request, transport

    for steps in range(40):
        async with transport("/answers/never") as (link, host):
            await link.media.open_devices()
            connecting = asyncio.ensure_future(link.connect(request(), host))
            for _ in range(steps):
                await asyncio.sleep(0)
            assert not connecting.done()
            connecting.cancel()
            await asyncio.wait({connecting})
            await link.close()
            await released()
            assert js.leftOpen().length == 0


@run_in_pyodide
async def test_close_needs_no_open_and_a_transport_can_be_used_again(selenium):
    from loopback import Bot, request, transport

    async with transport(None) as (link, host):
        await link.close()
        for _ in range(2):
            async with Bot() as bot:
                await link.media.open_devices()
                await link.connect(request(bundle={"webrtc_url": bot.url}), host)
                link.send("hello")
                frames = [await bot.frames.get() for _ in range(4)]
                assert frames[-1] == "hello"
                await link.close()
                await link.close()


@run_in_pyodide
async def test_a_channel_that_is_closing_takes_no_message(selenium):
    import pytest
    from loopback import Bot, connected, own_peer

    from rtvi_web import DisconnectedError

    async with Bot() as bot, connected(bot) as (link, host):
        own_peer().channel.close()
        with pytest.raises(DisconnectedError, match="data channel"):
            link.send("into the void")
        await host.until(lambda: host.losses)
        with pytest.raises(DisconnectedError, match="data channel"):
            link.send("into the void")


@run_in_pyodide
async def test_what_is_sent_on_a_closing_channel_waits_for_the_link(selenium):
    from loopback import RTVIBot, own_peer
    from widgets import calling

    async with RTVIBot() as bot, calling(bot) as client:
        own_peer().channel.close()
        assert await client.send_client_request("echo", 7) == 7
