"""Devices that are plugged in and out, beyond the chosen one in use: see ``test_devices`` for that."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_muted_microphone_that_is_unplugged_is_replaced_in_name_and_comes_back(selenium):
    from edge import unplugged
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        mics = await link.media.list_devices("mic")
        await link.media.select_device("mic", mics[1].id)
        await link.media.open_devices()
        await link.media.enable_mic(False)
        with unplugged("Fake Audio Input 1"):
            await host.until(lambda: host.of(RTVIEvent.MIC_UPDATED)[-1] == [mics[0]])
            [error] = await host.until(lambda: [error for [error] in host.of(RTVIEvent.DEVICE_ERROR)])
            assert str(error) == "Fake Audio Input 1 is gone; Fake Default Audio Input is used in its place."
            assert (link.media.tracks().local.audio, link.media.media_state.mic.status) == (None, "granted")
        await host.until(lambda: host.of(RTVIEvent.MIC_UPDATED)[-1] == [mics[1]])
        assert (link.media.tracks().local.audio, link.media.media_state.mic.status) == (None, "granted")
        await link.media.enable_mic(True)
        assert link.media.tracks().local.audio.label == "Fake Audio Input 1"
        assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1


@run_in_pyodide
async def test_the_only_microphone_is_unplugged_while_muted_and_comes_back(selenium):
    from edge import unplugged
    from loopback import transport

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        await link.media.enable_mic(False)
        with unplugged(*(mic.label for mic in await link.media.list_devices("mic"))):
            await host.until(lambda: link.media.media_state.mic.reason == "not-found")
        await host.until(lambda: link.media.media_state.mic.status == "granted")
        assert link.media.tracks().local.audio is None


@run_in_pyodide
async def test_a_track_that_ends_after_its_device_has_gone_from_the_list(selenium):
    """As of the browser's "default", which is still listed: it is another device then."""
    import js
    from edge import unplugged
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        with unplugged("Fake Audio Input 1"):
            await host.until(lambda: len(link.media.devices("mic")) == 2)
            before = link.media.tracks().local.audio
            before.dispatchEvent(js.Event.new("ended"))
            await host.until(lambda: len(host.of(RTVIEvent.TRACK_STARTED)) == 2)
            assert link.media.is_mic_enabled
            assert not host.of(RTVIEvent.DEVICE_ERROR)
            # Opened each time, two pages might take it from each other without end.
            link.media.tracks().local.audio.dispatchEvent(js.Event.new("ended"))
            [[error]] = await host.until(lambda: host.of(RTVIEvent.DEVICE_ERROR))
            assert "is gone" in str(error)
            assert (link.media.is_mic_enabled, link.media.media_state.mic.reason) == (False, "not-found")
        await host.until(lambda: link.media.is_mic_enabled)


@run_in_pyodide
async def test_a_microphone_that_is_plugged_in_after_none_was_found(selenium):
    from edge import refusing, unplugged
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        labels = [mic.label for mic in await link.media.list_devices("mic")]
        with unplugged(*labels), refusing("MediaDevices.prototype", "getUserMedia", "NotFoundError"):
            await link.media.open_devices()
            assert link.media.media_state.mic.reason == "not-found"
            assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1
        await host.until(lambda: link.media.is_mic_enabled)
        assert link.media.media_state.mic.status == "granted"
        assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1


@run_in_pyodide
async def test_a_remembered_microphone_that_is_not_there_is_missed_once(selenium):
    from edge import devices_changed, unplugged
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, _):
        mics = await link.media.list_devices("mic")
        await link.media.select_device("mic", mics[2].id)
    with unplugged("Fake Audio Input 2"):
        async with transport("/unused") as (link, host):
            await link.media.open_devices()
            [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
            assert (error.type, str(error)) == (
                "not-found",
                "Fake Audio Input 2 is gone; Fake Default Audio Input is used in its place.",
            )
            with unplugged("Fake Audio Input 1", "Fake Audio Input 2"):
                await host.until(lambda: len(host.of(RTVIEvent.AVAILABLE_MICS_UPDATED)) == 2)
            await host.until(lambda: len(host.of(RTVIEvent.AVAILABLE_MICS_UPDATED)) == 3)
            devices_changed()
            assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1


@run_in_pyodide
async def test_a_remembered_camera_is_missed_when_it_is_to_be_used(selenium):
    import js
    from edge import unplugged
    from loopback import RTVIEvent, transport

    await js.allow("microphone camera")
    async with transport("/unused") as (link, _):
        await link.media.select_device("cam", (await link.media.list_devices("cam"))[2].id)
    with unplugged("fake_device_2"):
        async with transport("/unused", enable_mic=False) as (link, host):
            await link.media.open_devices()
            assert not host.of(RTVIEvent.DEVICE_ERROR)
            await link.media.enable_cam(True)
            assert [str(error) for [error] in host.of(RTVIEvent.DEVICE_ERROR)] == [
                "fake_device_2 is gone; fake_device_0 is used in its place."
            ]


@run_in_pyodide
async def test_a_twin_that_takes_the_place_of_the_chosen_microphone_is_told_of(selenium):
    import js
    from edge import devices_changed, replaced
    from loopback import RTVIEvent, transport

    twins = (
        "async function () { const devices = await original.call(this);"
        "return devices.filter(({ deviceId }) => deviceId !== edge.gone).map(({ deviceId, kind, groupId, label }) =>"
        "({ deviceId, kind, groupId, label: label.startsWith('Fake Audio Input') ? 'Twin' : label })) }"
    )
    async with transport("/unused") as (link, host):
        mics = await link.media.list_devices("mic")
        with replaced("MediaDevices.prototype", "enumerateDevices", twins):
            await link.media.select_device("mic", mics[1].id)
            await link.media.open_devices()
            js.edge.gone = mics[1].id
            devices_changed()
            [error] = await host.until(lambda: [error for [error] in host.of(RTVIEvent.DEVICE_ERROR)])
            assert str(error) == "Twin is gone; Twin is used in its place."
            assert link.media.selected_device("mic").id == mics[2].id
            js.edge.gone = None
            devices_changed()
            await host.until(lambda: host.of(RTVIEvent.MIC_UPDATED)[-1][0].id == mics[1].id)
            assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1
