"""Devices that the system mutes, microphones that close while they are muted, and the person who speaks into one."""

import pytest
from pytest_pyodide import run_in_pyodide


@pytest.mark.parametrize("name", ["mic", "cam"])
@run_in_pyodide
async def test_a_track_that_the_system_mutes(selenium, name):
    """The events are stubbed: headless Chromium's fake devices cannot be muted."""
    import js
    from edge import system_mutes
    from loopback import RTVIEvent, transport

    await js.allow("microphone camera")
    async with transport("/unused", enable_mic=True, enable_cam=True) as (link, host):
        await link.media.open_devices()
        media, other = link.media, "cam" if name == "mic" else "mic"

        def track():
            return media.tracks().local.audio if name == "mic" else media.tracks().local.video

        def is_muted():
            return [getattr(media.media_state, each).muted_by_system for each in (name, other)]

        for _ in range(2):
            host.events.clear()
            system_mutes(track(), True)
            system_mutes(track(), True)
            assert is_muted() == [True, False]
            assert getattr(media.media_state, name) == ("granted", None, True)
            assert (media.is_mic_enabled, media.is_cam_enabled) == (True, True)
            system_mutes(track(), False)
            assert is_muted() == [False, False]
            states = [getattr(state, name).muted_by_system for [state] in host.of(RTVIEvent.MEDIA_STATE_UPDATED)]
            assert states == [True, False]
            assert len(host.events) == 2
        await media.enable_mic(False)  # The person's own muting is another thing.
        assert is_muted() == [False, False]
        await media.enable_mic(True)
        system_mutes(track(), True)
        await media.select_device(name, (await media.list_devices(name))[1].id)
        assert is_muted() == [False, False]  # The other one is not muted.
        system_mutes(track(), True)
        host.events.clear()
        await link.close()
        assert is_muted() == [False, False]
        assert len(host.of(RTVIEvent.MEDIA_STATE_UPDATED)) == 1


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


@run_in_pyodide
async def test_who_speaks_while_muted_is_told_so_every_five_seconds_at_most(selenium):
    import asyncio

    import js
    from edge import replaced
    from loopback import Bot, RTVIEvent, connected, energy, tone, until

    event, clones = RTVIEvent.SPEAKING_WHILE_MUTED, js.Array.new()
    js.clones = clones
    clone = "function () { const copy = original.call(this); clones.push(copy); return copy }"
    async with tone(amplitude=0.5) as voice, Bot() as bot, connected(bot, audio_track=voice) as (link, host):
        with replaced("MediaStreamTrack.prototype", "clone", clone):
            host.listening.add(event)
            await asyncio.sleep(0.5)
            assert (clones.length, host.of(event)) == (0, [])  # It is not muted.
            await link.media.enable_mic(False)
            await host.until(lambda: len(host.of(event)) == 1)
            first = asyncio.get_running_loop().time()
            receiver = bot.connection.getReceivers()[0]
            heard = await energy(receiver)
            await host.until(lambda: len(host.of(event)) == 2)
            assert asyncio.get_running_loop().time() - first >= 4.9
            assert [(clone.readyState, clone.enabled) for clone in clones] == [("live", True)]
            assert not voice.enabled
            assert await energy(receiver) - heard < 0.05  # The clone is not sent: five seconds of it have 0.6.
            host.listening.clear()
            await until(lambda: clones[0].readyState == "ended")
            await until(lambda: list(js.opened.contexts)[-1].state == "closed")
            host.listening.add(event)
            await until(lambda: clones.length == 2)
            await link.media.enable_mic(True)
            assert clones[1].readyState == "ended"
            count = len(host.of(event))
            await asyncio.sleep(0.5)
            assert (len(host.of(event)), clones.length) == (count, 2)
            await link.media.enable_mic(False)
            await until(lambda: clones.length == 3)
            await link.close()
            assert clones[2].readyState == "ended"
    del js.clones


@run_in_pyodide
async def test_the_noise_of_a_room_is_not_speech(selenium):
    import asyncio

    from loopback import RTVIEvent, tone, transport

    for amplitude in (0, 0.01):
        async with (
            tone(amplitude=amplitude) as room,
            transport("/unused", audio_track=room, enable_mic=False) as (link, host),
        ):
            host.listening.add(RTVIEvent.SPEAKING_WHILE_MUTED)
            await link.media.open_devices(mic=True)
            assert link.media.tracks().local.audio is room
            await asyncio.sleep(1.5)
            assert not host.of(RTVIEvent.SPEAKING_WHILE_MUTED)


@run_in_pyodide
async def test_another_microphone_is_chosen_while_the_muted_one_is_listened_to(selenium):
    """The clone would keep the device open, where the system opens one at a time: that is stubbed."""
    import js
    from edge import exclusive
    from loopback import RTVIEvent, transport, until

    def live():
        return [track for track in js.opened.tracks if track.readyState == "live"]

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        await link.media.enable_mic(False)
        host.listening.add(RTVIEvent.SPEAKING_WHILE_MUTED)
        await until(lambda: len(live()) == 2)
        mic = (await link.media.list_devices("mic"))[1]
        with exclusive():
            await link.media.select_device("mic", mic.id)
        await until(lambda: len(live()) == 2)
        assert {track.label for track in live()} == {mic.label}
        assert not host.of(RTVIEvent.DEVICE_ERROR)
        assert not link.media.is_mic_enabled
