"""What DailyTransport sends and receives over the real daily-js: our own devices, tracks, screen, the bot's picture."""

from pytest_pyodide import run_in_pyodide


@run_in_pyodide
async def test_muting_and_choosing_the_microphone(selenium):
    from daily_room import changed, daily_room, session
    from loopback import tone

    async with daily_room() as room, tone() as track, session(room, track) as (made, _bot):
        first = room.mic
        assert first == made.tracks().local.audio
        await made.enable_mic(False)
        await changed(room, lambda: not room.mic)
        assert not made.is_mic_enabled
        await made.enable_mic(True)
        await changed(room, lambda: room.mic == first)
        other = (await made.get_all_mics())[2]
        await made.update_mic(other.id)
        await changed(room, lambda: room.mic == made.tracks().local.audio)
        assert (first.readyState, room.mic.label) == ("ended", other.label)
        assert made.selected_mic == other


@run_in_pyodide
async def test_a_session_that_begins_muted_opens_no_device(selenium):
    import js
    from daily_room import changed, daily_room, session
    from loopback import tone

    async with daily_room() as room, tone() as track, session(room, track, enable_mic=False) as (made, _bot):
        assert (room.joined.startAudioOff, room.joined.startVideoOff) == (True, True)
        assert not js.opened.tracks.size
        await made.enable_mic(True)
        await changed(room, lambda: room.mic)
        assert room.mic == made.tracks().local.audio


@run_in_pyodide
async def test_the_camera_is_sent_and_released(selenium):
    import js
    from daily_room import changed, daily_room, session
    from loopback import tone

    await js.allow("microphone camera")
    async with daily_room() as room, tone() as track, session(room, track, enable_cam=True) as (made, _bot):
        camera = room.cam
        assert camera == made.tracks().local.video
        await made.enable_cam(False)
        await changed(room, lambda: not room.cam)
        assert camera.readyState == "ended"
        await made.enable_cam(True)
        await changed(room, lambda: room.cam)
        assert room.cam == made.tracks().local.video
        assert js.opened.tracks.size == 3, "Daily has opened none of its own"


@run_in_pyodide
async def test_the_screen_is_shared(selenium_screen):
    from daily_room import changed, daily_room, session
    from loopback import tone

    async with daily_room() as room, tone() as track, session(room, track) as (made, _bot):
        await made.enable_screen_share(True)
        await changed(room, lambda: room.screen)
        assert room.screen == made.tracks().local.screen_video
        await made.enable_screen_share(False)
        await changed(room, lambda: not room.screen)


@run_in_pyodide
async def test_the_bots_picture_and_its_screen(selenium):
    import js
    from daily_room import daily_room, events_of, session
    from loopback import tone, until
    from watching import painted_canvas

    from rtvi_web.browser import _js

    async with daily_room() as room, tone() as track, session(room, track) as (made, bot):
        scope = _js.Scope()
        js.document.body.innerHTML = "<video></video>"
        element = js.document.querySelector("video")
        made.show_video(element, "bot")
        seen = events_of(made, "trackStarted", "trackStopped", "screenTrackStarted", "screenTrackStopped")
        [picture] = painted_canvas(scope).captureStream(30).getVideoTracks()
        [screen] = painted_canvas(scope).captureStream(30).getVideoTracks()
        bot.update(audio=track, video=picture, screenVideo=screen)
        await until(lambda: element.videoWidth == 64)
        assert made.tracks().bot == (track, picture, screen)
        bot.update(audio=track, screenVideo=picture)
        await until(lambda: made.tracks().bot == (track, None, picture))
        assert [name for name, *_ in seen] == [
            *("trackStarted", "screenTrackStarted"),
            *("trackStopped", "screenTrackStopped", "screenTrackStarted"),
        ]
        bot.update()
        await until(lambda: made.tracks().bot == (None, None, None))
        for each in (picture, screen):
            each.stop()
        scope.close()
        js.document.body.innerHTML = ""


@run_in_pyodide
async def test_a_track_of_the_applications_own(selenium):
    from daily_room import daily_room, options, session
    from loopback import tone

    from rtvi_web.transports import DailyTransport

    async with daily_room() as room, tone() as voice, tone(880) as own:
        for given in ({"options": options(audioSource=own)}, {"options": options(), "audio_track": own}):
            async with session(room, voice, DailyTransport(**given)) as (made, _bot):
                assert room.mic == own
                assert made.tracks().local.audio == own
            assert own.readyState == "live"


@run_in_pyodide
async def test_sources_of_the_options(selenium):
    import pytest
    from daily_room import daily_room, options, session
    from loopback import tone

    from rtvi_web import RTVIClient, UnsupportedFeatureError
    from rtvi_web.transports import DailyTransport

    probe = RTVIClient(transport=DailyTransport())
    await probe.init_devices()
    third = (await probe.get_all_mics())[2]
    await probe.disconnect()
    async with daily_room() as room, tone() as voice:
        made = DailyTransport(options(audioSource=third.id, videoSource=False, userName="Ada"))
        async with session(room, voice, made) as (talk, _bot):
            assert room.mic.label == third.label
            assert room.joined.userName == "Ada"
            assert room.joined.dailyConfig.avoidEval is True
            with pytest.raises(UnsupportedFeatureError):
                await talk.enable_cam(True)


@run_in_pyodide
async def test_the_bot_is_heard_on_the_chosen_speaker(selenium):
    from daily_room import daily_room, session
    from loopback import tone, until

    async with daily_room() as room, tone() as track, session(room, track) as (made, _bot):
        element = made.transport.media.player.element
        await until(lambda: not element.paused)
        assert element.srcObject.getAudioTracks()[0] == track
        speaker = (await made.get_all_speakers())[2]
        await made.update_speaker(speaker.id)
        assert element.sinkId == speaker.id
