"""What the person does with a device while something else is being done with it."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_camera_that_is_turned_off_while_it_is_changed_stays_off(selenium):
    import asyncio

    import js
    from edge import slow
    from loopback import Bot, connected, until

    await js.allow("microphone camera")
    async with Bot() as bot, connected(bot, enable_mic=False) as (link, _):
        await link.media.enable_cam(True)
        other = (await link.media.list_devices("cam"))[2]
        with slow("MediaDevices.prototype", "getUserMedia"):
            changing = asyncio.ensure_future(link.media.select_device("cam", other.id))
            await until(lambda: js.edge.slowed)
            await link.media.enable_cam(False)
            await changing
        assert not link.media.is_cam_enabled
        assert all(track.readyState == "ended" for track in js.opened.tracks)
        await link.media.enable_cam(True)
        assert link.media.selected_device("cam") == other


@run_in_pyodide
async def test_a_camera_that_is_turned_off_while_the_bot_is_given_another_stays_off(selenium):
    import asyncio

    import js
    from edge import slow
    from loopback import Bot, connected, until

    await js.allow("microphone camera")
    async with Bot() as bot, connected(bot, enable_mic=False) as (link, _):
        await link.media.enable_cam(True)
        other = (await link.media.list_devices("cam"))[2]
        with slow("RTCRtpSender.prototype", "replaceTrack"):
            changing = asyncio.ensure_future(link.media.select_device("cam", other.id))
            await until(lambda: js.edge.slowed)
            await asyncio.gather(link.media.enable_cam(False), changing)
        assert not link.media.is_cam_enabled
        assert all(track.readyState == "ended" for track in js.opened.tracks)


@run_in_pyodide
async def test_a_microphone_that_is_muted_while_the_bot_is_given_another_stays_muted(selenium):
    import asyncio

    import js
    from edge import slow
    from loopback import Bot, connected, until

    async with Bot() as bot, connected(bot) as (link, _):
        other = (await link.media.list_devices("mic"))[2]
        with slow("RTCRtpSender.prototype", "replaceTrack"):
            changing = asyncio.ensure_future(link.media.select_device("mic", other.id))
            await until(lambda: js.edge.slowed)
            await link.media.enable_mic(False)
            await changing
        assert not link.media.is_mic_enabled
        assert link.media.tracks().local.audio.label == other.label


@run_in_pyodide
async def test_a_microphone_that_is_chosen_while_one_is_opened_is_the_one_that_is_used(selenium):
    import asyncio

    import js
    from edge import slow
    from loopback import Bot, RTVIEvent, connected, until

    async with Bot() as bot, connected(bot, enable_mic=False) as (link, host):
        other = (await link.media.list_devices("mic"))[2]
        with slow("MediaDevices.prototype", "getUserMedia"):
            opening = asyncio.ensure_future(link.media.enable_mic(True))
            await until(lambda: js.edge.slowed)
            await link.media.select_device("mic", other.id)
            await opening
        assert link.media.tracks().local.audio.label == other.label
        assert host.of(RTVIEvent.MIC_UPDATED)[-1] == [other]


@run_in_pyodide
async def test_a_microphone_that_was_refused_is_not_asked_for_by_choosing_one(selenium):
    import js
    from edge import refusing
    from loopback import RTVIEvent, transport

    await js.allow("")
    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        errors = len(host.of(RTVIEvent.DEVICE_ERROR))
        with refusing("MediaDevices.prototype", "getUserMedia", "NotAllowedError"):
            await link.media.select_device("mic", "x")
        assert len(host.of(RTVIEvent.DEVICE_ERROR)) == errors
        with refusing("Permissions.prototype", "query", "TypeError"):  # A browser that tells no permissions.
            await link.media.select_device("mic", "x")
        assert len(host.of(RTVIEvent.DEVICE_ERROR)) == errors


@run_in_pyodide
async def test_a_track_that_the_page_has_stopped_is_opened_again(selenium):
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        stopped = link.media.tracks().local.audio
        stopped.stop()  # The browser fires no event for this.
        assert (link.media.is_mic_enabled, link.media.tracks().local.audio) == (False, None)
        await link.media.enable_mic(True)
        assert link.media.is_mic_enabled
        assert link.media.tracks().local.audio.readyState == "live"
        assert [track for track, _ in host.of(RTVIEvent.TRACK_STOPPED)] == [stopped]


@run_in_pyodide
async def test_two_clients_in_one_page_remember_the_choices_of_both(selenium):
    import json

    import js
    from loopback import transport

    await js.allow("microphone camera")
    async with transport("/unused") as (one, _), transport("/unused") as (other, _):
        mic, cam = (await one.media.list_devices("mic"))[1], (await one.media.list_devices("cam"))[1]
        assert one.media.selected_device("mic") != mic
        await other.media.select_device("cam", cam.id)
        await one.media.select_device("mic", mic.id)
    remembered = json.loads(js.localStorage.getItem("rtvi_web.devices"))
    assert remembered == {"cam": {"id": cam.id, "label": cam.label}, "mic": {"id": mic.id, "label": mic.label}}


@run_in_pyodide
async def test_the_label_of_a_device_that_was_chosen_before_the_browser_told_it(selenium):
    import json

    import js
    from loopback import transport

    async with transport("/unused") as (link, _):
        id = (await link.media.list_devices("mic"))[1].id
    await js.allow("")
    async with transport("/unused", enable_mic=False) as (link, _):
        await link.media.select_device("mic", id)
        assert json.loads(js.localStorage.getItem("rtvi_web.devices")) == {"mic": {"id": id, "label": ""}}
        await js.allow("microphone")
        await link.media.open_devices()
    remembered = json.loads(js.localStorage.getItem("rtvi_web.devices"))
    assert remembered == {"mic": {"id": id, "label": "Fake Audio Input 1"}}


@run_in_pyodide
async def test_devices_are_changed_while_the_link_is_replaced(selenium):
    """Between two links there is nothing to send on; the next one sends what is there then."""
    import js
    from loopback import Bot, RTVIEvent, between_links, connected, energy, until

    await js.allow("microphone camera")
    async with Bot() as bot, connected(bot, enable_cam=True) as (link, host):
        other = (await link.media.list_devices("mic"))[2]
        await link.media.enable_mic(False)
        async with between_links(bot, link, host):
            host.events.clear()
            await link.media.enable_mic(True)
            await link.media.select_device("mic", other.id)
            await link.media.enable_cam(False)
        assert (link.media.is_mic_enabled, link.media.is_cam_enabled) == (True, False)
        assert link.media.tracks().local.audio.label == other.label
        [receiver, *_] = bot.connection.getReceivers()
        await until(lambda: energy(receiver))
        assert [track.kind for track, _ in host.of(RTVIEvent.TRACK_STARTED)] == ["audio", "audio"]
        assert [track.kind for track, _ in host.of(RTVIEvent.TRACK_STOPPED)] == ["audio", "video"]


@run_in_pyodide
async def test_a_screen_is_shared_while_the_link_is_replaced(selenium_screen):
    from loopback import Bot, RTVIEvent, between_links, connected

    async with Bot() as bot, connected(bot, enable_mic=False) as (link, host):
        async with between_links(bot, link, host):
            await link.media.enable_screen_share(True)
        assert link.media.is_sharing_screen
        assert len(host.of(RTVIEvent.SCREEN_TRACK_STARTED)) == 1


@run_in_pyodide
async def test_a_microphone_that_is_changed_while_reconnecting_is_heard_then(selenium):
    import asyncio

    from loopback import RTVIBot, energy, until

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot() as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
        await client.connect()
        other = (await client.get_all_mics())[2]
        await client.enable_mic(False)
        changes = []

        async def change():
            await client.update_mic(other.id)
            await client.enable_mic(True)

        client.on(RTVIEvent.RECONNECTING, lambda *_: changes.append(asyncio.ensure_future(change())))
        bot.channel.close()
        await client.wait_for(RTVIEvent.RECONNECTED)
        await asyncio.gather(*changes)
        assert (client.selected_mic, client.is_mic_enabled) == (other, True)
        [receiver, *_] = bot.connection.getReceivers()
        before = await energy(receiver)

        async def louder():
            return await energy(receiver) > before

        await until(louder)
        await client.disconnect()


@run_in_pyodide
async def test_a_track_of_the_other_kind_is_refused_at_once(selenium):
    import pytest
    from loopback import tone

    from rtvi_web import InvalidArgumentError
    from rtvi_web.transports import SmallWebRTCTransport

    async with tone() as own:
        with pytest.raises(InvalidArgumentError, match="video_track needs a track of this kind; it is one of audio"):
            SmallWebRTCTransport(video_track=own)
