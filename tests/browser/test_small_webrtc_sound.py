"""The sound of both sides over SmallWebRTCTransport: the bot's, and the microphone's."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_the_bots_audio_is_a_track_of_the_bot_and_plays(selenium):
    from loopback import Bot, RTVIEvent, connected, energy, event, own_peer, until

    from rtvi_web.core.media import ParticipantTracks

    async with Bot(speaks=True) as bot, connected(bot) as (link, host):
        await host.until(lambda: any(not who.local for _, who in host.of(RTVIEvent.TRACK_STARTED)))
        track, who = next(args for args in host.of(RTVIEvent.TRACK_STARTED) if not args[1].local)
        assert (track.kind, who) == ("audio", (f"pc-{bot.room}", "bot", False))
        assert link.media.tracks().bot == ParticipantTracks(audio=track)
        element = link.media.player.element
        while element.paused:
            await event(element, "playing")
        [receiver, *_] = own_peer().getReceivers()
        await until(lambda: energy(receiver))
        await link.close()
        assert element.paused
        assert link.media.tracks().bot == ParticipantTracks()
        assert [who.local for _, who in host.of(RTVIEvent.TRACK_STOPPED)] == [True, False]


@run_in_pyodide
async def test_playing_can_be_left_to_the_page(selenium):
    from loopback import Bot, RTVIEvent, connected

    async with Bot(speaks=True) as bot, connected(bot, play_bot_audio=False) as (link, host):
        await host.until(lambda: link.media.tracks().bot.audio)
        assert link.media.player is None
        await link.media.resume_bot_audio()
        assert not host.of(RTVIEvent.BOT_AUDIO_BLOCKED)


@run_in_pyodide
async def test_blocked_audio_is_an_event_and_can_be_resumed(selenium):
    from contextlib import ExitStack

    from edge import refusing
    from loopback import Bot, RTVIEvent, connected, event

    with ExitStack() as blocked:
        blocked.enter_context(refusing("HTMLMediaElement.prototype", "play", "NotAllowedError"))
        async with Bot(speaks=True) as bot, connected(bot) as (link, host):
            await host.until(lambda: host.of(RTVIEvent.BOT_AUDIO_BLOCKED))
            blocked.close()
            element = link.media.player.element
            assert element.paused
            await link.media.resume_bot_audio()
            if element.readyState < 3:
                await event(element, "canplay")
            assert not element.paused


@run_in_pyodide
async def test_the_microphone_is_heard_muted_and_heard_again(selenium):
    from loopback import Bot, RTVIEvent, connected, energy, until

    async with Bot() as bot, connected(bot) as (link, host):
        [receiver, *_] = bot.connection.getReceivers()
        await until(lambda: energy(receiver))
        track = link.media.tracks().local.audio
        for _ in range(3):
            await bot.frame()
        assert link.media.is_mic_enabled
        await link.media.enable_mic(False)
        assert not link.media.is_mic_enabled
        assert (await bot.frame())["message"] == {"type": "trackStatus", "receiver_index": 0, "enabled": False}
        assert track.readyState == "live"
        await link.media.enable_mic(False)  # Nothing changes, so the bot is not told.
        await link.media.enable_mic(True)
        assert link.media.is_mic_enabled
        assert (await bot.frame())["message"]["enabled"] is True
        assert link.media.tracks().local.audio is track
        assert len(bot.offers) == 1
        started, stopped = host.of(RTVIEvent.TRACK_STARTED), host.of(RTVIEvent.TRACK_STOPPED)
        assert [who.local for _, who in (*started, *stopped)] == [True, True, True]


@run_in_pyodide
async def test_a_denied_microphone_is_reported_and_can_be_asked_for_again(selenium):
    import js
    import pytest
    from loopback import Bot, RTVIEvent, connected, energy, until

    from rtvi_web import DeviceError

    await js.allow("")
    async with Bot() as bot, connected(bot) as (link, host):
        [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
        assert error.type == "permissions"
        assert bot.offers[0]["sdp"].count("a=sendrecv") == 2
        for _ in range(3):
            assert (await bot.frame())["message"]["enabled"] is False
        assert link.media.tracks().local.audio is None
        with pytest.raises(DeviceError):
            await link.media.enable_mic(True)
        assert len(host.of(RTVIEvent.DEVICE_ERROR)) == 2
        await js.allow("microphone")
        await link.media.enable_mic(True)
        assert link.media.is_mic_enabled
        assert (await bot.frame())["message"] == {"type": "trackStatus", "receiver_index": 0, "enabled": True}
        [receiver, *_] = bot.connection.getReceivers()
        await until(lambda: energy(receiver))
        assert len(bot.offers) == 1  # No renegotiation.


@run_in_pyodide
async def test_without_any_device_there_is_still_a_session(selenium_no_devices):
    from loopback import Bot, RTVIEvent, connected

    async with Bot() as bot, connected(bot) as (link, host):
        [[error]] = host.of(RTVIEvent.DEVICE_ERROR)
        assert error.type == "not-found"
        link.send("typed")
        frames = [await bot.frames.get() for _ in range(4)]
        assert frames[-1] == "typed"


@run_in_pyodide
async def test_a_microphone_that_is_not_wanted_is_not_opened(selenium):
    import js
    from loopback import Bot, RTVIEvent, connected

    before = js.opened.tracks.size
    async with Bot() as bot, connected(bot, enable_mic=False) as (link, host):
        assert js.opened.tracks.size == before
        assert not host.of(RTVIEvent.DEVICE_ERROR)
        await link.media.enable_mic(True)
        assert link.media.is_mic_enabled


@run_in_pyodide
async def test_a_wish_before_the_devices_are_opened_is_remembered(selenium):
    from loopback import transport

    async with transport("/unused") as (link, _):
        await link.media.enable_mic(False)
        await link.media.open_devices()
        assert link.media.tracks().local.audio is None
        await link.close()
        await link.media.enable_mic(True)
        assert link.media.tracks().local.audio is None
        await link.media.open_devices()
        assert link.media.is_mic_enabled


@run_in_pyodide
async def test_a_microphone_that_stops_is_told_to_the_bot_and_opened_again(selenium):
    import js
    from loopback import Bot, RTVIEvent, connected

    async with Bot() as bot, connected(bot) as (link, host):
        frames = [await bot.frame() for _ in range(3)]
        link.media.tracks().local.audio.dispatchEvent(js.Event.new("ended"))
        assert not link.media.is_mic_enabled
        await host.until(
            lambda: link.media.is_mic_enabled
        )  # The browser's default is still there: another device, perhaps.
        assert not host.of(RTVIEvent.DEVICE_ERROR)
        frames += [await bot.frame() for _ in range(2)]
        status = [frame["message"]["enabled"] for frame in frames if frame["message"]["receiver_index"] == 0]
        assert status == [True, False, True]


@run_in_pyodide
async def test_the_microphones_level(selenium):
    from loopback import RTVIEvent, transport

    async with transport("/unused") as (link, host):
        host.listening.add(RTVIEvent.LOCAL_AUDIO_LEVEL)
        await link.media.open_devices()
        await host.until(lambda: any(level > 0.01 for [level] in host.of(RTVIEvent.LOCAL_AUDIO_LEVEL)))
