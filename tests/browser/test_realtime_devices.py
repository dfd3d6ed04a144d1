"""The devices of RealtimeClient, over both of its transports."""

from conftest import over_both
from pytest_pyodide import run_in_pyodide


@over_both
@run_in_pyodide
async def test_a_microphone_is_chosen_before_a_session_and_in_it_and_kept(selenium, port, kind):
    from realtime_peer import session

    async with session(kind, port) as run:
        client = run.client
        mics = await client.get_all_mics()
        assert [mic.label for mic in mics] == ["Fake Default Audio Input", "Fake Audio Input 1", "Fake Audio Input 2"]
        assert (client.selected_mic, client.devices_open, client.tracks().local.audio) == (mics[0], False, None)
        await client.update_mic(mics[1].id)
        await client.init_devices()
        track = client.tracks().local.audio
        assert (track.label, client.devices_open, client.is_mic_enabled) == (mics[1].label, True, True)
        assert client.media_state.mic.status == "granted"

        await client.connect()
        assert client.tracks().local.audio is track
        await run.hears()
        await client.update_mic(mics[2].id)
        other = client.tracks().local.audio
        assert (track.readyState, other.label, client.selected_mic) == ("ended", mics[2].label, mics[2])
        await run.hears()
        assert run.of("micUpdated")[-2:] == [mics[1], mics[2]]
        assert [track.label for track in run.of("trackStarted") if track.kind == "audio"][-1] == mics[2].label

        await client.disconnect()
        assert (other.readyState, client.devices_open, client.tracks().local.audio) == ("ended", False, None)
        assert run.of("trackStopped")[-2:].count(other) == 1
        assert run.of("deviceError") == run.of("error") == []
    async with session(kind, port) as run:  # The page is loaded again.
        await run.client.connect()
        assert run.client.selected_mic == mics[2]
        assert run.client.tracks().local.audio.label == mics[2].label


@over_both
@run_in_pyodide
async def test_a_microphone_that_cannot_be_used_leaves_the_one_before(selenium, port, kind):
    import pytest
    from edge import busy
    from realtime_peer import session

    from rtvi_web import DeviceError

    async with session(kind, port) as run:
        client = run.client
        await client.connect()
        mics = await client.get_all_mics()
        with pytest.raises(DeviceError, match="no microphone with the id 'nowhere'"):
            await client.update_mic("nowhere")
        with busy(mics[1].id), pytest.raises(DeviceError):
            await client.update_mic(mics[1].id)
        assert [error.type for error in run.of("deviceError")] == ["not-found", "in-use"]
        assert run.of("error") == []
        assert client.selected_mic == mics[0]
        await run.hears()


@over_both
@run_in_pyodide
async def test_the_chosen_microphone_is_unplugged_and_comes_back(selenium, port, kind):
    from edge import unplugged
    from loopback import until
    from realtime_peer import session

    async with session(kind, port) as run:
        client = run.client
        await client.connect()
        mics = await client.get_all_mics()
        await client.update_mic(mics[2].id)
        run.emitted.clear()
        with unplugged(mics[2].label):
            await until(lambda: client.selected_mic == mics[0])
            await until(lambda: run.of("deviceError"))
            assert client.tracks().local.audio.label == mics[0].label
            [error] = run.of("deviceError")
            assert (error.type, error.devices) == ("not-found", ("mic",))
            assert str(error) == f"{mics[2].label} is gone; {mics[0].label} is used in its place."
            assert run.of("availableMicsUpdated") == [mics[:2]]
            assert run.of("micUpdated") == [mics[0]]
            assert [track.label for track in run.of("trackStopped")] == [mics[2].label]
            assert [track.label for track in run.of("trackStarted")] == [mics[0].label]
            await run.hears()
        await until(lambda: client.tracks().local.audio.label == mics[2].label)
        await until(lambda: run.of("micUpdated") == [mics[0], mics[2]])
        assert run.of("availableMicsUpdated") == [mics[:2], mics]
        await run.hears()
        assert len(run.of("deviceError")) == 1
        assert run.of("error") == []
        assert client.is_connected()


@over_both
@run_in_pyodide
async def test_all_microphones_are_unplugged_and_the_session_goes_on(selenium, port, kind):
    from edge import unplugged
    from loopback import until
    from realtime_peer import session

    async with session(kind, port) as run:
        client = run.client
        await client.connect()
        with unplugged(*(mic.label for mic in await client.get_all_mics())):
            await until(lambda: client.media_state.mic.reason == "not-found")
            assert (client.is_mic_enabled, client.selected_mic, client.tracks().local.audio) == (False, None, None)
            assert [error.type for error in run.of("deviceError")] == ["not-found"]
            assert run.of("availableMicsUpdated")[-1] == []
            assert await run.hears_nothing()
            assert client.is_connected()
        await until(lambda: client.is_mic_enabled)
        assert [state.mic.status for state in run.of("mediaStateUpdated")][-2:] == ["initializing", "granted"]
        await run.hears()
        assert len(run.of("deviceError")) == 1
        assert run.of("error") == []


@over_both
@run_in_pyodide
async def test_a_speaker_is_chosen_in_a_session_and_kept_in_the_next_ones(selenium, port, kind):
    import pytest
    from loopback import until
    from realtime_peer import session

    from rtvi_web import DeviceError

    async with session(kind, port) as run:
        client = run.client
        await client.connect()
        run.let_it_speak()
        speakers = await client.get_all_speakers()
        assert client.selected_speaker == speakers[0]
        assert not run.sinks
        await client.update_speaker(speakers[1].id)
        assert client.selected_speaker == speakers[1]
        assert run.sinks == {speakers[1].id}
        with pytest.raises(DeviceError) as caught:
            await client.update_speaker("nowhere")
        assert run.of("deviceError") == [caught.value]
        assert (caught.value.type, caught.value.devices, run.of("error")) == ("not-found", ("speaker",), [])
        await client.disconnect()

        await client.update_speaker(speakers[2].id)  # Between two sessions.
        assert run.of("speakerUpdated") == [*speakers]
        await client.connect()
        run.let_it_speak()
        await until(lambda: run.sinks == {speakers[2].id})
    async with session(kind, port) as run:  # The page is loaded again.
        await run.client.connect()
        run.let_it_speak()
        await until(lambda: run.sinks == {speakers[2].id})
        assert run.client.selected_speaker == speakers[2]


@over_both
@run_in_pyodide
async def test_the_chosen_speaker_is_unplugged_and_comes_back(selenium, port, kind):
    from edge import unplugged
    from loopback import until
    from realtime_peer import session

    async with session(kind, port) as run:
        client = run.client
        await client.connect()
        run.let_it_speak()
        speakers = await client.get_all_speakers()
        await client.update_speaker(speakers[2].id)
        run.emitted.clear()
        with unplugged(speakers[2].label):
            await until(lambda: run.of("deviceError"))  # the last thing that is told of it
            assert client.selected_speaker == speakers[0]
            [error] = run.of("deviceError")
            assert (error.type, error.devices) == ("not-found", ("speaker",))
            assert str(error) == f"{speakers[2].label} is gone; {speakers[0].label} is used."
            assert run.of("availableSpeakersUpdated") == [speakers[:2]]
            assert not run.sinks
        await until(lambda: run.of("speakerUpdated") == [speakers[0], speakers[2]])
        assert client.selected_speaker == speakers[2]
        assert run.sinks == {speakers[2].id}
        assert len(run.of("deviceError")) == 1
        assert run.of("error") == []


@over_both
@run_in_pyodide
async def test_a_microphone_denied_at_connect_is_told_once_in_both_ways(selenium, port, kind):
    import js
    import pytest
    from loopback import until
    from realtime_peer import session

    from rtvi_web import DeviceError

    await js.allow("")
    async with session(kind, port) as run:
        client = run.client
        await client.connect()
        [error] = run.of("deviceError")
        [emitted] = run.of("error")
        assert (error.type, error.devices) == ("permissions", ("mic",))
        assert (emitted.source, emitted.error, emitted.message) == ("microphone", error, error.message)
        assert client.media_state.mic.error is error
        assert (client.is_connected(), client.devices_open, client.is_mic_enabled) == (True, True, False)
        assert await client.get_all_mics() == []
        run.let_it_speak()
        await until(lambda: client.tracks().bot.audio)

        with pytest.raises(DeviceError):  # It is asked for again, and denied again.
            await client.enable_mic(True)
        with pytest.raises(DeviceError):
            await client.init_devices()
        assert len(run.of("deviceError")) == 3
        assert len(run.of("error")) == 1

        await js.allow("microphone")
        await until(lambda: client.media_state.mic.status == "granted")
        assert not client.is_mic_enabled  # A permission alone opens nothing.
        await client.enable_mic(True)
        await run.hears()
        assert len(await client.get_all_mics()) == 3
        assert len(run.of("error")) == 1


@over_both
@run_in_pyodide
async def test_a_permission_that_is_withdrawn_in_a_session(selenium, port, kind):
    import js
    from loopback import until
    from realtime_peer import session

    async with session(kind, port) as run:
        client = run.client
        await client.connect()
        track = client.tracks().local.audio
        await js.allow("")
        await until(lambda: run.of("deviceError"))
        [error] = run.of("deviceError")
        assert (error.type, track.readyState) == ("permissions", "ended")
        assert run.of("trackStopped") == [track]
        assert (client.is_connected(), client.is_mic_enabled, run.of("error")) == (True, False, [])


@over_both
@run_in_pyodide
async def test_the_server_hears_nothing_of_a_muted_microphone(selenium, port, kind):
    from realtime_peer import session

    async with session(kind, port) as run:
        client = run.client
        client.mute()
        await client.connect()
        track = client.tracks().local.audio
        assert (track.enabled, client.is_muted, client.is_mic_enabled) == (False, True, False)
        assert await run.hears_nothing()
        client.mute(False)
        assert track.enabled
        await run.hears()
        await client.enable_mic(False)
        assert (track.enabled, track.readyState, client.is_muted) == (False, "live", True)
        assert await run.hears_nothing()
        await client.enable_mic(True)
        await run.hears()
        assert client.tracks().local.audio is track
        assert [name for name, _ in run.emitted if name.startswith("track") and _ is track] == [
            "trackStarted",
            "trackStopped",
            "trackStarted",
        ]


@over_both
@run_in_pyodide
async def test_what_the_system_mutes_and_speech_into_a_muted_microphone_are_told(selenium, port, kind):
    """The events of a track that the system mutes are stubbed: Chromium's fake devices cannot be muted."""
    from edge import system_mutes
    from loopback import tone, until
    from realtime_peer import session

    async with tone() as voice, session(kind, port, microphone=voice) as run:
        client, spoke = run.client, []
        await client.connect()
        system_mutes(voice, True)
        assert client.media_state.mic == ("granted", None, True)
        system_mutes(voice, False)
        assert [state.mic.muted_by_system for state in run.of("mediaStateUpdated")][-2:] == [True, False]
        client.on("speakingWhileMuted", spoke.append)
        client.mute(True)
        await until(lambda: spoke)
        assert spoke == [{"type": "speakingWhileMuted"}]
        assert await run.hears_nothing()
