"""A microphone that closes while it is muted, and opens again: ``release_mic_when_muted=True``."""

import pytest
from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_a_muted_microphone_closes_and_opens_again_without_a_new_offer(selenium):
    import js
    from loopback import Bot, RTVIEvent, connected, energy, until

    async with Bot() as bot, connected(bot, release_mic_when_muted=True) as (link, host):
        receiver = bot.connection.getReceivers()[0]
        mics = await link.media.list_devices("mic")
        for mic in (mics[0], mics[1]):
            await link.media.select_device("mic", mic.id)
            before = link.media.tracks().local.audio
            host.listening.add(RTVIEvent.SPEAKING_WHILE_MUTED)
            await link.media.enable_mic(False)
            assert (before.readyState, link.media.tracks().local.audio) == ("ended", None)
            assert not [track for track in js.opened.tracks if track.readyState == "live"]
            assert (link.media.is_mic_enabled, link.media.media_state.mic.status) == (False, "granted")
            assert link.media.selected_device("mic") == mic
            assert host.of(RTVIEvent.TRACK_STOPPED)[-1][0] is before
            heard = await energy(receiver)
            await link.media.enable_mic(True)
            assert link.media.is_mic_enabled
            assert link.media.tracks().local.audio.label == mic.label

            async def hears(heard=heard):
                return await energy(receiver) > heard

            await until(hears)
        assert len(bot.offers) == 1
        assert not host.of(RTVIEvent.DEVICE_ERROR)
        assert not host.of(RTVIEvent.SPEAKING_WHILE_MUTED)


@run_in_pyodide
async def test_a_microphone_that_closes_while_muted_and_is_muted_from_the_start(selenium):
    import js
    from loopback import transport

    async with transport("/unused", enable_mic=False, release_mic_when_muted=True) as (link, _):
        await link.media.open_devices(mic=True)
        assert (link.media.tracks().local.audio, link.media.is_mic_enabled) == (None, False)
        assert [track.readyState for track in js.opened.tracks] == ["ended"]
        await link.media.enable_mic(True)
        assert link.media.is_mic_enabled


@pytest.mark.parametrize("meanwhile", [False, True], ids=["at once", "while it opens"])
@run_in_pyodide
async def test_a_microphone_that_closes_while_muted_obeys_the_last_of_quick_switches(selenium, meanwhile):
    import asyncio

    import js
    from edge import slow
    from loopback import Bot, RTVIEvent, connected, energy, until

    def live():
        return [track for track in js.opened.tracks if track.readyState == "live"]

    async with Bot() as bot, connected(bot, release_mic_when_muted=True) as (link, host):
        receiver = bot.connection.getReceivers()[0]
        with slow("MediaDevices.prototype", "getUserMedia"):
            for switches in ([False, True, False], [True, False, True], [False, True, False, True], [False, True]):
                switching = []
                for enable in switches:
                    js.edge.slowed = 0
                    switching.append(asyncio.ensure_future(link.media.enable_mic(enable)))
                    await asyncio.sleep(0)
                    if meanwhile and enable:
                        await until(lambda: js.edge.slowed or link.media.is_mic_enabled)
                await asyncio.gather(*switching)
                assert link.media.is_mic_enabled is switches[-1]
                await until(lambda: not js.opened.asking and len(live()) == link.media.is_mic_enabled)
                assert link.media.media_state.mic == ("granted", None, False)
        heard = await energy(receiver)

        async def hears():
            return await energy(receiver) > heard

        await until(hears)
        assert len(bot.offers) == 1
        assert not host.of(RTVIEvent.DEVICE_ERROR)


@run_in_pyodide
async def test_disconnecting_while_a_microphone_that_closes_while_muted_is_opened_again(selenium):
    import asyncio

    import js
    from edge import slow
    from loopback import RTVIBot, released, until

    from rtvi_web import DisconnectedError, RTVIClient
    from rtvi_web.transports import SmallWebRTCTransport

    async with RTVIBot() as bot:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url, release_mic_when_muted=True))
        await client.connect()
        await client.enable_mic(False)
        assert client.tracks().local.audio is None
        with slow("MediaDevices.prototype", "getUserMedia"):
            opening = asyncio.ensure_future(client.enable_mic(True))
            await until(lambda: js.edge.slowed)
            _, outcome = await asyncio.gather(client.disconnect(), opening, return_exceptions=True)
            assert type(outcome) is DisconnectedError
            assert str(outcome) == "The microphone was closed while it was being opened."
            await released()
        assert (client.tracks().local.audio, client.is_mic_enabled) == (None, False)
        await client.connect()  # It is still wanted.
        assert client.is_mic_enabled
        await client.disconnect()


@run_in_pyodide
async def test_a_microphone_that_closed_while_muted_is_unplugged_meanwhile(selenium):
    from edge import unplugged
    from loopback import Bot, RTVIEvent, connected

    async with Bot() as bot, connected(bot, release_mic_when_muted=True) as (link, host):
        mics = await link.media.list_devices("mic")
        await link.media.select_device("mic", mics[1].id)
        await link.media.enable_mic(False)
        with unplugged(mics[1].label):
            [[error]] = await host.until(lambda: host.of(RTVIEvent.DEVICE_ERROR))
            assert str(error) == f"{mics[1].label} is gone; {mics[0].label} is used in its place."
            assert (link.media.tracks().local.audio, link.media.media_state.mic.status) == (None, "granted")
            await link.media.enable_mic(True)
            assert (link.media.selected_device("mic"), link.media.is_mic_enabled) == (mics[0], True)
        await host.until(lambda: link.media.tracks().local.audio.label == mics[1].label)
        assert link.media.is_mic_enabled
        assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1
        assert len(bot.offers) == 1


@run_in_pyodide
async def test_every_microphone_is_unplugged_while_the_muted_one_is_closed(selenium):
    import pytest
    from edge import refusing, unplugged
    from loopback import Bot, RTVIEvent, connected

    from rtvi_web import DeviceError

    async with Bot() as bot, connected(bot, release_mic_when_muted=True) as (link, host):
        labels = [mic.label for mic in await link.media.list_devices("mic")]
        await link.media.enable_mic(False)
        with unplugged(*labels), refusing("MediaDevices.prototype", "getUserMedia", "NotFoundError"):
            await host.until(lambda: not link.media.devices("mic"))
            assert not host.of(RTVIEvent.DEVICE_ERROR)  # It is missed when it is to be used.
            with pytest.raises(DeviceError) as caught:
                await link.media.enable_mic(True)
            assert host.of(RTVIEvent.DEVICE_ERROR) == [[caught.value]]
            assert link.media.media_state.mic == ("error", caught.value, False)
        await host.until(lambda: link.media.is_mic_enabled)
        assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1


@pytest.mark.parametrize(
    ("name", "type"),
    [("NotReadableError", "in-use"), ("NotAllowedError", "permissions"), ("OverconstrainedError", "constraints")],
)
@run_in_pyodide
async def test_a_microphone_that_closed_while_muted_cannot_be_opened_again(selenium, name, type):
    import pytest
    from edge import refusing
    from loopback import RTVIEvent, transport

    from rtvi_web import DeviceError

    async with transport("/unused", release_mic_when_muted=True) as (link, host):
        await link.media.open_devices()
        await link.media.enable_mic(False)
        with refusing("MediaDevices.prototype", "getUserMedia", name), pytest.raises(DeviceError) as caught:
            await link.media.enable_mic(True)
        assert (caught.value.type, caught.value.devices) == (type, ("mic",))
        assert host.of(RTVIEvent.DEVICE_ERROR) == [[caught.value]]
        assert (link.media.is_mic_enabled, link.media.media_state.mic) == (False, ("error", caught.value, False))
        await link.media.enable_mic(True)
        assert (link.media.is_mic_enabled, link.media.media_state.mic) == (True, ("granted", None, False))
        assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 1


@run_in_pyodide
async def test_another_program_takes_a_microphone_that_closed_while_muted(selenium):
    """Another one is opened each time, and the person reads that once."""
    from edge import busy
    from loopback import RTVIEvent, transport

    async with transport("/unused", release_mic_when_muted=True) as (link, host):
        await link.media.open_devices()
        mics = await link.media.list_devices("mic")
        await link.media.select_device("mic", mics[2].id)
        await link.media.enable_mic(False)
        with busy(mics[2].id):
            for _ in range(2):
                await link.media.enable_mic(True)
                assert link.media.selected_device("mic") == mics[0]
                await link.media.enable_mic(False)
        [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
        assert str(error) == f"{mics[2].label} is in use by another program; {mics[0].label} is used in its place."
        await link.media.enable_mic(True)
        assert link.media.selected_device("mic") == mics[2]


@run_in_pyodide
async def test_a_microphone_that_closed_while_muted_is_heard_over_the_link_that_replaces_another(selenium):
    from loopback import Bot, between_links, connected, energy, until

    async with Bot() as bot, connected(bot, release_mic_when_muted=True) as (link, host):
        await link.media.enable_mic(False)
        async with between_links(bot, link, host):
            assert link.media.tracks().local.audio is None
        await link.media.enable_mic(True)
        [receiver, *_] = bot.connection.getReceivers()
        await until(lambda: energy(receiver))
        await link.media.enable_mic(False)
        async with between_links(bot, link, host):
            await link.media.enable_mic(True)
        [receiver, *_] = bot.connection.getReceivers()
        await until(lambda: energy(receiver))


@run_in_pyodide
async def test_who_speaks_into_a_microphone_that_is_closed_is_not_told_so(selenium):
    """What the device hears is stubbed. While it is closed, nothing of it is left that could be measured."""
    import asyncio

    import js
    from edge import sounding
    from loopback import RTVIEvent, tone, transport

    async with tone(amplitude=0.3) as voice, transport("/unused", release_mic_when_muted=True) as (link, host):
        with sounding(voice):
            host.listening.add(RTVIEvent.SPEAKING_WHILE_MUTED)
            await link.media.open_devices()
            await link.media.enable_mic(False)
            contexts = js.opened.contexts.size
            await asyncio.sleep(1)  # Ten measurements; with an open one, three are enough.
            assert all(track.readyState == "ended" for track in js.opened.tracks)
            assert js.opened.contexts.size == contexts
            assert not host.of(RTVIEvent.SPEAKING_WHILE_MUTED)
