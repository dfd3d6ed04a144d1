"""Devices that the system mutes, and the person who speaks into a muted microphone."""

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


@pytest.mark.parametrize("name", ["mic", "cam"])
@run_in_pyodide
async def test_a_track_that_the_system_mutes_from_the_start(selenium, name):
    """Of a laptop whose switch is off, which is stubbed: opened so, chosen so, and opened again."""
    import js
    from edge import replaced, system_mutes
    from loopback import RTVIEvent, transport

    source = (
        "async function (...args) { const stream = await original.apply(this, args);"
        "for (const track of stream.getTracks()) Object.defineProperty(track, 'muted',"
        "{ value: true, configurable: true }); return stream }"
    )
    await js.allow("microphone camera")
    with replaced("MediaDevices.prototype", "getUserMedia", source):
        async with transport("/unused", enable_mic=name == "mic", enable_cam=name == "cam") as (link, host):
            media, enable = link.media, getattr(link.media, f"enable_{name}")

            def state():
                return getattr(media.media_state, name)

            await media.open_devices()
            assert (state(), getattr(media, f"is_{name}_enabled")) == (("granted", None, True), True)
            states = [getattr(state, name) for [state] in host.of(RTVIEvent.MEDIA_STATE_UPDATED)]
            assert states[-2:] == [("initializing", None, False), ("granted", None, True)]
            await media.select_device(name, (await media.list_devices(name))[1].id)
            assert (state(), getattr(media, f"is_{name}_enabled")) == (("granted", None, True), True)
            await enable(False)
            await enable(True)
            assert (state(), getattr(media, f"is_{name}_enabled")) == (("granted", None, True), True)
            track = media.tracks().local.audio if name == "mic" else media.tracks().local.video
            system_mutes(track, False)
            assert (state(), getattr(media, f"is_{name}_enabled")) == (("granted", None, False), True)
            assert not host.of(RTVIEvent.DEVICE_ERROR)


@run_in_pyodide
async def test_the_persons_wish_and_the_systems_are_two_things(selenium):
    """The person mutes, chooses another microphone and unmutes while the system mutes, which is stubbed."""
    from edge import system_mutes
    from loopback import transport

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        mics = await link.media.list_devices("mic")
        first = link.media.tracks().local.audio
        system_mutes(first, True)
        for wanted in (False, True, False):
            await link.media.enable_mic(wanted)
            assert (link.media.is_mic_enabled, link.media.media_state.mic) == (wanted, ("granted", None, True))
        await link.media.select_device("mic", mics[1].id)
        assert (link.media.is_mic_enabled, link.media.media_state.mic) == (False, ("granted", None, False))
        host.events.clear()
        system_mutes(first, False)  # It is over, and no longer of interest.
        assert not host.events
        system_mutes(link.media.tracks().local.audio, True)
        await link.media.enable_mic(True)
        assert (link.media.is_mic_enabled, link.media.media_state.mic) == (True, ("granted", None, True))
        system_mutes(link.media.tracks().local.audio, False)
        assert (link.media.is_mic_enabled, link.media.media_state.mic) == (True, ("granted", None, False))


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
async def test_who_speaks_into_a_device_that_is_muted_is_told_so(selenium):
    """What the device hears is stubbed. Nothing is measured before, after, or without a listener."""
    import js
    from edge import sounding
    from loopback import RTVIBot, energy, tone, until

    from rtvi_web import RTVIClient, RTVIEvent
    from rtvi_web.transports import SmallWebRTCTransport

    def live():
        return [track for track in js.opened.tracks if track.readyState == "live"]

    async with tone(amplitude=0.3) as voice, RTVIBot() as bot:
        with sounding(voice):
            client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url=bot.url))
            emitted = []
            unsubscribe = client.on(RTVIEvent.SPEAKING_WHILE_MUTED, lambda: emitted.append(client.is_mic_enabled))
            await client.connect()
            receiver = bot.connection.getReceivers()[0]
            await until(lambda: energy(receiver))
            assert (emitted, len(live())) == ([], 1)
            await client.enable_mic(False)
            await until(lambda: emitted)
            heard = await energy(receiver)
            assert (emitted, len(live())) == ([False], 2)
            assert not client.tracks().local.audio.enabled
            unsubscribe()
            await until(lambda: len(live()) == 1)
            await client.wait_for(RTVIEvent.SPEAKING_WHILE_MUTED)
            assert await energy(receiver) - heard < 0.05
            await until(lambda: len(live()) == 1)
            await client.disconnect()
            assert not live()


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


@run_in_pyodide
async def test_what_is_listened_to_ends_with_its_microphone(selenium):
    """The muted microphone is unplugged, plugged in again, and stops by itself."""
    import js
    from edge import unplugged
    from loopback import RTVIEvent, transport, until

    def live():
        return [track for track in js.opened.tracks if track.readyState == "live"]

    async with transport("/unused") as (link, host):
        await link.media.open_devices()
        mics = await link.media.list_devices("mic")
        await link.media.select_device("mic", mics[1].id)
        await link.media.enable_mic(False)
        host.listening.add(RTVIEvent.SPEAKING_WHILE_MUTED)
        await until(lambda: len(live()) == 2)
        with unplugged(mics[1].label):
            await until(lambda: not live())
        await host.until(lambda: host.of(RTVIEvent.MIC_UPDATED)[-1] == [mics[1]])
        assert not live()  # It is muted: nothing need be opened.
        await link.media.enable_mic(True)
        await link.media.enable_mic(False)
        await until(lambda: len(live()) == 2)
        track = link.media.tracks().local.audio
        track.stop()
        track.dispatchEvent(js.Event.new("ended"))
        assert not live()
