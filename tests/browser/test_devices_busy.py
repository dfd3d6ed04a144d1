"""Devices that another program uses, and systems that open one device at a time.

Headless Chromium opens its fake devices as often as it is asked, so getUserMedia is stubbed: it
refuses as Android does.
"""

import pytest
from conftest import over_both
from pytest_pyodide import run_in_pyodide

both_kinds = pytest.mark.parametrize("name", ["mic", "cam"])


@both_kinds
@run_in_pyodide
async def test_where_one_device_opens_at_a_time_another_is_chosen_in_a_call(selenium, name):
    import js
    from edge import exclusive
    from loopback import Bot, RTVIEvent, connected, stats, until

    await js.allow("microphone camera")
    with exclusive():
        async with Bot() as bot, connected(bot, enable_mic=name == "mic", enable_cam=name == "cam") as (link, host):
            devices = await link.media.list_devices(name)
            for device in (devices[2], devices[0]):  # Chromium's second camera shows what cannot be sent.
                host.events.clear()
                await link.media.select_device(name, device.id)
                assert link.media.selected_device(name) == device
                assert getattr(link.media.media_state, name).status == "granted"
                assert getattr(link.media, f"is_{name}_enabled")
                names = [event for event, *_ in host.events if event != RTVIEvent.LOCAL_AUDIO_LEVEL]
                selected = {"mic": RTVIEvent.MIC_UPDATED, "cam": RTVIEvent.CAM_UPDATED}[name]
                assert names == [RTVIEvent.TRACK_STOPPED, RTVIEvent.TRACK_STARTED, selected]
            receiver = bot.connection.getReceivers()[0 if name == "mic" else 1]
            count = await stats(receiver, "packetsReceived")

            async def hears():
                return await stats(receiver, "packetsReceived") > count + 5

            await until(hears)
            assert len(bot.offers) == 1
    assert all(track.readyState == "ended" for track in js.opened.tracks)


@over_both
@run_in_pyodide
async def test_where_one_microphone_opens_at_a_time_another_is_chosen_in_a_realtime_session(selenium, port, kind):
    import js
    from edge import exclusive
    from realtime_peer import session

    async with session(kind, port) as run:
        client = run.client
        await client.connect()
        await run.hears()
        mics = await client.get_all_mics()
        with exclusive():
            for mic in (mics[1], mics[2]):
                run.emitted.clear()
                before = client.tracks().local.audio
                await client.update_mic(mic.id)
                assert (before.readyState, client.selected_mic, client.is_mic_enabled) == ("ended", mic, True)
                assert [name for name, _ in run.emitted] == ["trackStopped", "trackStarted", "micUpdated"]
                await run.hears()
            client.mute()
            await client.update_mic(mics[0].id)
            assert (client.selected_mic, client.is_mic_enabled) == (mics[0], False)
            client.mute(False)
            await run.hears()
        assert run.of("deviceError") == run.of("error") == []
        assert len([track for track in js.opened.tracks if track.readyState == "live"]) == 1


@both_kinds
@run_in_pyodide
async def test_where_one_device_opens_at_a_time_the_chosen_one_is_used_when_it_is_plugged_in_again(selenium, name):
    import js
    from edge import exclusive, unplugged
    from loopback import RTVIEvent, transport

    await js.allow("microphone camera")
    async with transport("/unused", enable_mic=name == "mic", enable_cam=name == "cam") as (link, host):
        await link.media.open_devices()
        chosen = (await link.media.list_devices(name))[2]
        with exclusive():
            await link.media.select_device(name, chosen.id)
            with unplugged(chosen.label):
                await host.until(lambda: host.of(RTVIEvent.DEVICE_ERROR))
                assert link.media.selected_device(name) != chosen
            selected = {"mic": RTVIEvent.MIC_UPDATED, "cam": RTVIEvent.CAM_UPDATED}[name]
            await host.until(lambda: host.of(selected)[-1] == [chosen])
        assert getattr(link.media, f"is_{name}_enabled")
        [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
        assert (error.type, error.devices) == ("not-found", (name,))  # The unplugging.
        assert len([track for track in js.opened.tracks if track.readyState == "live"]) == 1


@both_kinds
@run_in_pyodide
async def test_the_device_before_is_opened_again_if_the_chosen_one_is_busy_anyway(selenium, name):
    import js
    import pytest
    from edge import busy, exclusive
    from loopback import RTVIEvent, transport

    from rtvi_web import DeviceError

    await js.allow("microphone camera")
    async with transport("/unused", enable_mic=name == "mic", enable_cam=name == "cam") as (link, host):
        await link.media.open_devices()
        devices = await link.media.list_devices(name)
        await link.media.select_device(name, devices[1].id)
        with exclusive(), busy(devices[2].id):
            with pytest.raises(DeviceError) as caught:
                await link.media.select_device(name, devices[2].id)
            assert (caught.value.type, caught.value.devices) == ("in-use", (name,))
            assert host.of(RTVIEvent.DEVICE_ERROR) == [[caught.value]]
            assert list(js.edge.asked) == [devices[2].id, devices[2].id, devices[1].id]
        assert link.media.selected_device(name) == devices[1]
        assert getattr(link.media, f"is_{name}_enabled")
        assert getattr(link.media.media_state, name).status == "granted"
        assert len([track for track in js.opened.tracks if track.readyState == "live"]) == 1


@run_in_pyodide
async def test_a_microphone_that_is_lost_for_another_is_in_error_and_can_be_asked_for_again(selenium):
    """Another program took the old one in the moment in which it was closed."""
    import pytest
    from edge import refusing
    from loopback import RTVIEvent, transport

    from rtvi_web import DeviceError

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        mics = await link.media.list_devices("mic")
        with refusing("MediaDevices.prototype", "getUserMedia", "NotReadableError"), pytest.raises(DeviceError):
            await link.media.select_device("mic", mics[1].id)
        assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1
        assert (link.media.is_mic_enabled, link.media.media_state.mic.reason) == (False, "in-use")
        assert len(host.of(RTVIEvent.TRACK_STOPPED)) == 1
        await link.media.enable_mic(True)
        assert link.media.is_mic_enabled
        assert link.media.selected_device("mic") == mics[0]
        assert link.media.media_state.mic == ("granted", None, False)


@run_in_pyodide
async def test_what_the_person_does_while_no_device_is_open(selenium):
    import asyncio

    import js
    from edge import exclusive, slow
    from loopback import Bot, connected, until

    await js.allow("microphone camera")
    async with Bot() as bot, connected(bot, enable_cam=True) as (link, _):
        mic, cam = [(await link.media.list_devices(name))[1] for name in ("mic", "cam")]
        with slow("MediaDevices.prototype", "getUserMedia"), exclusive():
            for enable, wanted in (("mic", False), ("mic", True), ("cam", False)):
                js.edge.slowed = 0
                device = {"mic": mic, "cam": cam}[enable]
                changing = asyncio.ensure_future(link.media.select_device(enable, device.id))
                await until(lambda: js.edge.slowed)
                assert getattr(link.media.tracks().local, "audio" if enable == "mic" else "video") is None
                await getattr(link.media, f"enable_{enable}")(wanted)
                await changing
                assert getattr(link.media, f"is_{enable}_enabled") is wanted
                mic = (await link.media.list_devices("mic"))[2]
        assert link.media.tracks().local.video is None
        assert len([track for track in js.opened.tracks if track.readyState == "live"]) == 1


@run_in_pyodide
async def test_a_change_that_is_cancelled_while_no_device_is_open_says_so(selenium):
    """The system is still opening one that is no longer wanted, and so refuses all others."""
    import asyncio

    import js
    from edge import exclusive, slow
    from loopback import RTVIEvent, transport, until

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        mics = await link.media.list_devices("mic")
        with slow("MediaDevices.prototype", "getUserMedia"), exclusive():
            changing = asyncio.ensure_future(link.media.select_device("mic", mics[1].id))
            await until(lambda: js.edge.slowed)
            changing.cancel()
            await asyncio.wait({changing})
            await host.until(lambda: link.media.media_state.mic.reason == "in-use")
            assert changing.cancelled()
            assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1
            await until(lambda: all(track.readyState == "ended" for track in js.opened.tracks))
            await link.media.enable_mic(True)
        assert link.media.selected_device("mic") == mics[1]
        assert len([track for track in js.opened.tracks if track.readyState == "live"]) == 1


@run_in_pyodide
async def test_closing_while_no_device_is_open_leaves_none_open(selenium):
    import asyncio

    import js
    from edge import exclusive, slow
    from loopback import transport, until

    from rtvi_web import DisconnectedError

    async with transport("/unused") as (link, _):
        await link.media.open_devices()
        mics = await link.media.list_devices("mic")
        with slow("MediaDevices.prototype", "getUserMedia"), exclusive():
            changing = asyncio.ensure_future(link.media.select_device("mic", mics[1].id))
            await until(lambda: js.edge.slowed)
            _, outcome = await asyncio.gather(link.close(), changing, return_exceptions=True)
            assert type(outcome) is DisconnectedError
            await until(lambda: all(track.readyState == "ended" for track in js.opened.tracks))


@both_kinds
@run_in_pyodide
async def test_a_remembered_device_that_is_busy(selenium, name):
    """The default is used, or else the others in their order; one error names what is used."""
    import js
    from edge import busy, devices_changed
    from loopback import RTVIEvent, transport

    await js.allow("microphone camera")
    options = {"enable_mic": name == "mic", "enable_cam": name == "cam"}
    async with transport("/unused", **options) as (link, _):
        devices = await link.media.list_devices(name)
        chosen = devices[2]
        await link.media.select_device(name, chosen.id)
    others = [device for device in devices if device.id not in (chosen.id, "default")]
    for taken, used in (([chosen.id], devices[0]), ([chosen.id, ""], others[0])):
        with busy(*taken):
            async with transport("/unused", **options) as (link, host):
                await link.media.open_devices()
                [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
                assert (error.type, error.devices) == ("in-use", (name,))
                assert str(error) == f"{chosen.label} is in use by another program; {used.label} is used in its place."
                assert link.media.selected_device(name) == used
                assert getattr(link.media, f"is_{name}_enabled")
                assert getattr(link.media.media_state, name) == ("granted", None, False)
                asked = list(js.edge.asked)
                assert asked == [chosen.id, "", others[0].id][: len(taken) + 1]
                for _ in range(3):  # It is not tried at each change of the devices.
                    devices_changed()
                    await link.media.list_devices(name)
                await link.media.enable_mic(name == "mic")
                assert list(js.edge.asked) == asked
                assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1
                js.edge.busy = js.Array.new()
                await link.media.select_device(name, chosen.id)
                assert link.media.selected_device(name) == chosen
    async with transport("/unused", **options) as (link, host):  # The choice was not forgotten.
        await link.media.open_devices()
        assert link.media.selected_device(name) == chosen
        assert not host.of(RTVIEvent.DEVICE_ERROR)


@over_both
@run_in_pyodide
async def test_a_remembered_microphone_that_is_busy_in_a_realtime_session(selenium, port, kind):
    from edge import busy
    from realtime_peer import session

    async with session(kind, port) as run:
        mics = await run.client.get_all_mics()
        await run.client.update_mic(mics[1].id)
    for taken, used in (([mics[1].id], mics[0]), ([mics[1].id, ""], mics[2])):
        with busy(*taken):
            async with session(kind, port) as run:
                await run.client.connect()
                [error] = run.of("deviceError")
                assert str(error) == f"{mics[1].label} is in use by another program; {used.label} is used in its place."
                assert (run.client.selected_mic, run.client.is_mic_enabled) == (used, True)
                assert run.client.media_state.mic == ("granted", None, False)
                assert run.of("error") == []
                await run.hears()


@both_kinds
@run_in_pyodide
async def test_a_busy_device_that_is_plugged_in_again_is_used(selenium, name):
    import js
    from edge import busy, unplugged
    from loopback import RTVIEvent, transport

    await js.allow("microphone camera")
    options = {"enable_mic": name == "mic", "enable_cam": name == "cam"}
    async with transport("/unused", **options) as (link, _):
        chosen = (await link.media.list_devices(name))[2]
        await link.media.select_device(name, chosen.id)
    with busy(chosen.id):
        async with transport("/unused", **options) as (link, host):
            await link.media.open_devices()
            assert link.media.selected_device(name) != chosen
            with unplugged(chosen.label):
                await host.until(lambda: chosen not in link.media.devices(name))
                js.edge.busy = js.Array.new()
            await host.until(lambda: link.media.selected_device(name) == chosen)
            assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1


@both_kinds
@run_in_pyodide
async def test_every_device_is_busy(selenium, name):
    import js
    import pytest
    from edge import busy
    from loopback import RTVIEvent, transport

    from rtvi_web import DeviceError

    await js.allow("microphone camera")
    options = {"enable_mic": name == "mic", "enable_cam": name == "cam"}
    async with transport("/unused", **options) as (link, _):
        devices = await link.media.list_devices(name)
        await link.media.select_device(name, devices[2].id)
    with busy("", *(device.id for device in devices)):
        async with transport("/unused", **options) as (link, host):
            await link.media.open_devices()
            [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
            assert error.type == "in-use"
            assert getattr(link.media.media_state, name) == ("error", error, False)
            asked = list(js.edge.asked)
            assert asked[:2] == [devices[2].id, ""]
            assert sorted(asked[2:]) == sorted(d.id for d in devices if d.id not in (devices[2].id, "default"))
            with pytest.raises(DeviceError):  # Who chooses one gets that one or none.
                await link.media.select_device(name, devices[1].id)
            assert list(js.edge.asked)[len(asked) :] == [devices[1].id]


@run_in_pyodide
async def test_the_default_is_busy_and_none_was_chosen(selenium):
    from edge import busy
    from loopback import RTVIEvent, transport

    with busy(""):
        async with transport("/unused") as (link, host):
            await link.media.open_devices()
            [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
            assert str(error) == (
                "The default microphone is in use by another program; Fake Audio Input 1 is used in its place."
            )
            assert link.media.is_mic_enabled
