"""The camera and the screen on their way to the bot, and pictures on the page."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_the_camera_is_seen_exchanged_and_released(selenium):
    import js
    from loopback import Bot, RTVIEvent, connected, stats, until

    await js.allow("microphone camera")
    async with Bot() as bot, connected(bot, enable_mic=False) as (link, host):
        assert not js.opened.tracks.size
        await link.media.enable_cam(True)
        frames = [await bot.frame() for _ in range(4)]
        assert frames[-1]["message"] == {"type": "trackStatus", "receiver_index": 1, "enabled": True}
        receiver = bot.connection.getReceivers()[1]
        await until(lambda: stats(receiver, "framesDecoded"))
        first = link.media.tracks().local.video
        assert (first.label, link.media.is_cam_enabled) == ("fake_device_0", True)
        assert host.of(RTVIEvent.TRACK_STARTED)[-1][0] is first

        other = (await link.media.list_devices("cam"))[2]
        await link.media.select_device("cam", other.id)
        second = link.media.tracks().local.video
        assert (first.readyState, second.label) == ("ended", "fake_device_2")
        assert host.of(RTVIEvent.CAM_UPDATED)[-1] == [other]
        seen = await stats(receiver, "framesDecoded")

        async def more():
            return await stats(receiver, "framesDecoded") > seen

        await until(more)
        await link.media.enable_cam(False)
        assert (second.readyState, link.media.is_cam_enabled, link.media.tracks().local.video) == ("ended", False, None)
        assert link.media.selected_device("cam") == other
        assert host.of(RTVIEvent.TRACK_STOPPED)[-1][0] is second
        assert len(bot.offers) == 1
        await link.media.enable_cam(True)
        assert link.media.tracks().local.video.label == "fake_device_2"


@run_in_pyodide
async def test_a_denied_camera_leaves_the_microphone_alone(selenium):
    from loopback import Bot, RTVIEvent, connected

    async with Bot() as bot, connected(bot, enable_cam=True) as (link, host):
        [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
        assert (error.type, error.devices) == ("permissions", ("cam",))
        assert "camera" in str(error)
        assert (link.media.is_mic_enabled, link.media.is_cam_enabled) == (True, False)
        assert (link.media.media_state.mic.status, link.media.media_state.cam.reason) == ("granted", "permissions")


@run_in_pyodide
async def test_the_bots_picture_and_the_persons_own_are_shown_and_taken_away(selenium):
    import js
    import pytest
    from loopback import Bot, connected, event, until

    from rtvi_web import InvalidArgumentError

    await js.allow("microphone camera")
    js.document.body.innerHTML = "<video id=bot></video><video id=me></video><p id=none></p>"
    bots, mine = js.document.querySelector("#bot"), js.document.querySelector("#me")
    async with Bot(shows=True) as bot, connected(bot, enable_cam=True) as (link, _):
        link.media.show_video("#bot", "bot")
        link.media.show_video(mine, "cam")
        for element in (bots, mine):
            if element.readyState < 2:
                await event(element, "loadeddata")
        await until(lambda: bots.videoWidth == 64)
        assert mine.videoWidth == link.media.tracks().local.video.getSettings().width
        if mine.paused:
            await event(mine, "playing")
        for nonsense in ("#nowhere", "#none"):
            with pytest.raises(InvalidArgumentError, match="<video> element"):
                link.media.show_video(nonsense, "bot")
        link.media.show_video(mine, "bot")  # The last one counts.
        assert mine.srcObject.getTracks()[0].id == link.media.tracks().bot.video.id
        await link.close()
        assert not bots.srcObject
        assert not mine.srcObject
        assert bots.paused or bots.ended or bots.readyState == 0
    js.document.body.innerHTML = ""


@run_in_pyodide
async def test_the_screen_is_shared_as_the_third_and_ended_by_the_person(selenium_screen):
    import js
    from loopback import Bot, RTVIEvent, connected, stats, until

    async with Bot() as bot, connected(bot, enable_mic=False) as (link, host):
        assert not link.media.is_sharing_screen
        await link.media.enable_screen_share(True)
        assert link.media.is_sharing_screen
        track = link.media.tracks().local.screen_video
        [[started, who]] = host.of(RTVIEvent.SCREEN_TRACK_STARTED)
        assert (started is track, who.local) == (True, True)
        frames = [await bot.frame() for _ in range(4)]
        assert frames[-1]["message"] == {"type": "trackStatus", "receiver_index": 2, "enabled": True}
        receiver = bot.connection.getReceivers()[2]
        await until(lambda: stats(receiver, "framesDecoded"))
        await link.media.enable_screen_share(True)  # It is shared already.
        assert link.media.tracks().local.screen_video is track
        # "Stop sharing", in the browser's own bar, which a headless one has not.
        track.dispatchEvent(js.Event.new("ended"))
        assert (link.media.is_sharing_screen, link.media.tracks().local.screen_video) == (False, None)
        assert [stopped is track for stopped, _ in host.of(RTVIEvent.SCREEN_TRACK_STOPPED)] == [True]
        assert (await bot.frame())["message"] == {"type": "trackStatus", "receiver_index": 2, "enabled": False}
        await link.media.enable_screen_share(True)
        await link.media.enable_screen_share(False)
        assert not link.media.is_sharing_screen
        assert len(bot.offers) == 1
        assert not host.of(RTVIEvent.DEVICE_ERROR)


@run_in_pyodide
async def test_a_screen_that_is_shared_before_the_call_is_in_it(selenium_screen):
    from loopback import Bot, request, stats, transport, until

    async with Bot() as bot, transport(bot.url, enable_mic=False) as (link, host):
        await link.media.enable_screen_share(True)
        await link.media.open_devices()
        await link.connect(request(), host)
        await until(lambda: stats(bot.connection.getReceivers()[2], "framesDecoded"))
        await link.close()
        assert not link.media.is_sharing_screen


@run_in_pyodide
async def test_a_browser_that_cannot_share_screens(selenium):
    import js
    import pytest
    from loopback import transport

    from rtvi_web import UnsupportedFeatureError

    js.eval("globalThis.share = MediaDevices.prototype.getDisplayMedia; delete MediaDevices.prototype.getDisplayMedia")
    try:
        async with transport("/unused") as (link, _):
            with pytest.raises(UnsupportedFeatureError, match="cannot share screens"):
                await link.media.enable_screen_share(True)
    finally:
        js.eval("MediaDevices.prototype.getDisplayMedia = share")


@run_in_pyodide
async def test_disconnect_ends_a_screen_that_is_shared_without_a_session(selenium_screen):
    import js

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.transports import SmallWebRTCTransport

    client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url="/unused"), enable_mic=False)
    stopped, disconnected = [], []
    client.on(RTVIEvent.SCREEN_TRACK_STOPPED, lambda track, who: stopped.append(track))
    client.on(RTVIEvent.DISCONNECTED, lambda: disconnected.append(1))
    await client.enable_screen_share(True)
    await client.disconnect()
    assert not client.is_sharing_screen
    assert [track.readyState for track in js.opened.tracks] == ["ended"]
    assert (len(stopped), disconnected) == (1, [])
