"""Devices: listed, opened, plugged in and out, allowed and forbidden."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_listing_never_prompts_and_tells_nothing_without_permission(selenium):
    import js
    from loopback import transport

    await js.allow("")
    async with transport("/unused") as (link, host):
        for name in ("mic", "cam", "speaker"):
            assert await link.media.list_devices(name) == []
            assert link.media.selected_device(name) is None
        assert not js.opened.tracks.size
        assert not host.events
        await js.allow("microphone camera")
        assert [device.label for device in await link.media.list_devices("mic")] == [
            "Fake Default Audio Input",
            "Fake Audio Input 1",
            "Fake Audio Input 2",
        ]
        assert [device.label for device in await link.media.list_devices("cam")] == [
            f"fake_device_{i}" for i in range(3)
        ]
        speaker = (await link.media.list_devices("speaker"))[1]
        assert (speaker.label, speaker.kind) == ("Fake Audio Output 1", "audiooutput")
        assert not js.opened.tracks.size


@run_in_pyodide
async def test_opening_fires_lists_and_selections_in_the_order_of_javascript(selenium):
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        names = [str(event) for event, *_ in host.events]
        lists = ["availableMicsUpdated", "availableSpeakersUpdated", "micUpdated", "speakerUpdated"]
        assert [name for name in names if name in lists] == lists
        assert names.index("trackStarted") < names.index("micUpdated")
        [[mic]] = host.of(RTVIEvent.MIC_UPDATED)
        track = link.media.tracks().local.audio
        assert mic == link.media.selected_device("mic")
        assert (mic.id, mic.label) == (track.getSettings().deviceId, track.label)
        count = len(host.events)
        await link.media.open_devices()  # They are open already.
        assert len(host.events) == count


@run_in_pyodide
async def test_a_session_without_microphone_and_camera_opens_nothing(selenium):
    import js
    from loopback import Bot, RTVIEvent, connected

    async with Bot() as bot, connected(bot, enable_mic=False) as (link, host):
        assert not js.opened.tracks.size
        assert not host.of(RTVIEvent.DEVICE_ERROR)
        link.send("typed")
        frames = [await bot.frames.get() for _ in range(4)]
        assert frames[-1] == "typed"
        assert link.media.tracks().local == (None, None, None)


@run_in_pyodide
async def test_the_state_of_each_device_apart_from_the_session(selenium):
    import js
    from loopback import RTVIEvent, transport

    from rtvi_web.core.media import DeviceState, MediaState

    await js.allow("")
    async with transport("/unused") as (link, host):
        assert link.media.media_state == MediaState(DeviceState(), DeviceState())
        await link.media.open_devices()
        mic, cam = link.media.media_state
        assert (mic.status, mic.reason, cam.status) == ("error", "permissions", "uninitialized")
        states = [state.mic.status for [state] in host.of(RTVIEvent.MEDIA_STATE_UPDATED)]
        assert states[-2:] == ["initializing", "error"]  # That it is forbidden may be known before it is opened.
        await js.allow("microphone camera")
        await host.until(lambda: link.media.media_state.cam.status == "granted")
        await host.until(lambda: link.media.media_state.mic.status == "granted")
        assert link.media.tracks().local.audio is None  # A permission alone opens nothing.
        assert not js.opened.tracks.size
        await link.media.enable_mic(True)
        assert link.media.is_mic_enabled


@run_in_pyodide
async def test_a_permission_that_is_withdrawn_in_a_call(selenium):
    import js
    from loopback import Bot, RTVIEvent, connected

    async with Bot() as bot, connected(bot) as (link, host):
        track = link.media.tracks().local.audio
        enabled = []
        real = host.fire

        def fire(event, *args):
            enabled.append((str(event), link.media.is_mic_enabled))
            real(event, *args)

        host.fire = fire
        await js.allow("")  # The browser ends the track and tells of the permission.
        [error] = await host.until(lambda: [error for [error] in host.of(RTVIEvent.DEVICE_ERROR)])
        assert (error.type, error.devices) == ("permissions", ("mic",))
        assert "withdrawn" in str(error)
        assert track.readyState == "ended"
        assert link.media.media_state.mic.reason == "permissions"
        assert [args for args in enabled if args[0] == "trackStopped"] == [("trackStopped", False)]
        assert js.opened.tracks.size == 1  # It was not asked for again.
        assert not host.losses


@run_in_pyodide
async def test_the_chosen_microphone_is_unplugged_and_comes_back(selenium):
    from edge import unplugged
    from loopback import Bot, RTVIEvent, connected

    async with Bot() as bot, connected(bot) as (link, host):
        mics = await link.media.list_devices("mic")
        await link.media.select_device("mic", mics[1].id)
        chosen = link.media.tracks().local.audio
        with unplugged("Fake Audio Input 1"):
            await host.until(lambda: host.of(RTVIEvent.MIC_UPDATED)[-1] == [mics[0]])
            assert host.of(RTVIEvent.AVAILABLE_MICS_UPDATED)[-1] == [[mics[0], mics[2]]]
            [error] = await host.until(lambda: [error for [error] in host.of(RTVIEvent.DEVICE_ERROR)])
            assert (error.type, str(error)) == (
                "not-found",
                "Fake Audio Input 1 is gone; Fake Default Audio Input is used in its place.",
            )
            assert (chosen.readyState, link.media.is_mic_enabled) == ("ended", True)
            assert link.media.tracks().local.audio.label == "Fake Default Audio Input"
        await host.until(lambda: host.of(RTVIEvent.MIC_UPDATED)[-1] == [mics[1]])
        assert link.media.tracks().local.audio.label == "Fake Audio Input 1"
        assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1
        assert len(bot.offers) == 1


@run_in_pyodide
async def test_a_track_that_ends_as_its_device_is_unplugged(selenium):
    import js
    from edge import unplugged
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        mics = await link.media.list_devices("mic")
        await link.media.select_device("mic", mics[1].id)
        await link.media.open_devices()
        with unplugged("Fake Audio Input 1"):
            link.media.tracks().local.audio.dispatchEvent(js.Event.new("ended"))
            await host.until(lambda: host.of(RTVIEvent.MIC_UPDATED)[-1] == [mics[0]])
            assert link.media.is_mic_enabled
            assert link.media.media_state.mic.status == "granted"


@run_in_pyodide
async def test_a_device_that_is_gone_before_the_browser_tells_whether_it_is_allowed(selenium):
    import js
    from edge import replaced, unplugged
    from loopback import RTVIEvent, transport

    slow = (
        "async function (...args) { await new Promise((go) => setTimeout(go, 200));return original.apply(this, args) }"
    )
    async with transport("/unused") as (link, host):
        mics = await link.media.list_devices("mic")
        await link.media.select_device("mic", mics[1].id)
        await link.media.open_devices()
        with replaced("Permissions.prototype", "query", slow), unplugged("Fake Audio Input 1"):
            link.media.tracks().local.audio.dispatchEvent(js.Event.new("ended"))
            await host.until(lambda: host.of(RTVIEvent.MIC_UPDATED)[-1] == [mics[0]])
            assert link.media.tracks().local.audio.label == mics[0].label
            [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
            assert str(error) == f"{mics[1].label} is gone; {mics[0].label} is used in its place."


@run_in_pyodide
async def test_the_only_microphone_is_unplugged_and_comes_back(selenium):
    from edge import unplugged
    from loopback import Bot, RTVIEvent, connected

    async with Bot() as bot, connected(bot) as (link, host):
        with unplugged(*(mic.label for mic in await link.media.list_devices("mic"))):
            [error] = await host.until(lambda: [error for [error] in host.of(RTVIEvent.DEVICE_ERROR)])
            assert (error.type, str(error)) == ("not-found", "The microphone is gone: it was unplugged.")
            assert (link.media.is_mic_enabled, link.media.tracks().local.audio) == (False, None)
            await host.until(lambda: host.of(RTVIEvent.MIC_UPDATED)[-1] == [None])
        await host.until(lambda: link.media.is_mic_enabled)
        assert link.media.selected_device("mic").label == "Fake Default Audio Input"


@run_in_pyodide
async def test_a_muted_microphone_that_is_unplugged_is_not_opened_again(selenium):
    import js
    from edge import unplugged
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        mics = await link.media.list_devices("mic")
        await link.media.select_device("mic", mics[1].id)
        await link.media.open_devices()
        await link.media.enable_mic(False)
        assert js.opened.tracks.size == 1
        with unplugged("Fake Audio Input 1"):
            await host.until(lambda: host.of(RTVIEvent.DEVICE_ERROR))
            assert link.media.tracks().local.audio is None
            assert js.opened.tracks.size == 1
            await link.media.enable_mic(True)
            assert link.media.tracks().local.audio.label == "Fake Default Audio Input"


GET_USER_MEDIA = [
    ("NotAllowedError", "permissions"),
    ("SecurityError", "permissions"),
    ("InvalidStateError", "permissions"),
    ("NotFoundError", "not-found"),
    ("NotReadableError", "in-use"),
    ("AbortError", "in-use"),
    ("DataError", "unknown"),
]


@pytest.mark.parametrize(("name", "type"), GET_USER_MEDIA)
@run_in_pyodide
async def test_every_refusal_of_a_device_has_a_type(selenium, name, type):
    import pytest
    from edge import refusing
    from loopback import RTVIEvent, transport

    from rtvi_web import DeviceError

    async with transport("/unused", enable_mic=False) as (link, host):
        await link.media.open_devices()
        asks = {
            "mic": ("MediaDevices.prototype", "getUserMedia", link.media.enable_mic),
            "cam": ("MediaDevices.prototype", "getUserMedia", link.media.enable_cam),
            "screen": ("MediaDevices.prototype", "getDisplayMedia", link.media.enable_screen_share),
            "speaker": ("HTMLMediaElement.prototype", "setSinkId", lambda _: link.media.select_device("speaker", "x")),
        }
        for device, (owner, method, ask) in asks.items():
            with refusing(owner, method, name), pytest.raises(DeviceError) as caught:
                await ask(True)
            assert (caught.value.type, caught.value.devices) == (type, (device,))
            assert host.of(RTVIEvent.DEVICE_ERROR)[-1] == [caught.value]
        assert (link.media.is_mic_enabled, link.media.is_cam_enabled, link.media.is_sharing_screen) == (
            False,
            False,
            False,
        )
        assert link.media.media_state.mic.reason == link.media.media_state.cam.reason == type
        assert len(host.of(RTVIEvent.SCREEN_SHARE_ERROR)) == 1


@run_in_pyodide
async def test_constraints_that_no_microphone_meets(selenium):
    from loopback import RTVIEvent, transport

    constraints = {"sampleRate": {"exact": 7}}  # Chromium throws an OverconstrainedError, which is not an Error.
    async with transport("/unused", audio_constraints=constraints) as (link, host):
        await link.media.open_devices()
        [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
        assert error.type == "constraints"


@run_in_pyodide
async def test_constraints_are_asked_of_every_device(selenium):
    from loopback import transport

    wanted = {"echoCancellation": False, "noiseSuppression": False, "autoGainControl": False}
    async with transport("/unused", audio_constraints=wanted) as (link, _):
        await link.media.open_devices()
        for id in ("default", (await link.media.list_devices("mic"))[1].id):
            await link.media.select_device("mic", id)
            settings = link.media.tracks().local.audio.getSettings()
            assert {name: getattr(settings, name) for name in wanted} == wanted
    async with transport("/unused") as (link, _):
        await link.media.open_devices()
        assert link.media.tracks().local.audio.getSettings().echoCancellation


@run_in_pyodide
async def test_the_applications_own_track_is_sent_muted_and_never_stopped(selenium):
    import js
    import pytest
    from loopback import Bot, RTVIEvent, connected, energy, tone, until

    from rtvi_web import UnsupportedFeatureError

    async with tone() as own:
        for _ in range(2):
            async with Bot() as bot, connected(bot, audio_track=own) as (link, host):
                [receiver, *_] = bot.connection.getReceivers()
                await until(lambda receiver=receiver: energy(receiver))
                assert link.media.tracks().local.audio is own
                assert not js.opened.tracks.size
                assert link.media.selected_device("mic") is None
                with pytest.raises(UnsupportedFeatureError):
                    await link.media.select_device("mic", "default")
                await link.media.enable_mic(False)
                assert (own.enabled, own.readyState) == (False, "live")
            assert (own.enabled, own.readyState) == (True, "live")
        own.stop()
        async with Bot() as bot, connected(bot, audio_track=own) as (link, host):
            [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
            assert "application's own track" in str(error)


@pytest.mark.patience(300)
@run_in_pyodide
async def test_fifty_sessions_leave_nothing(selenium):
    import js
    from loopback import RTVIBot

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.transports import SmallWebRTCTransport

    await js.allow("microphone camera")
    async with RTVIBot(speaks=True) as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url), enable_cam=True, timeout=60)
        levels = []
        client.on(RTVIEvent.LOCAL_AUDIO_LEVEL, levels.append)
        client.on(RTVIEvent.REMOTE_AUDIO_LEVEL, lambda level, bot: levels.append(level))
        for _ in range(50):
            await client.connect()
            await client.disconnect()
            assert all(track.readyState == "ended" for track in js.opened.tracks)
        assert js.opened.tracks.size == 100
