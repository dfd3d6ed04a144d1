"""The device members of the client, and the events of devices and media, over a scripted transport."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from realtime_server import Run, Server, connected, pcm, turns

from rtvi_web import DeviceError, InvalidArgumentError, MediaDevice, UnsupportedFeatureError
from rtvi_web.core.media import BOT, LOCAL
from rtvi_web.realtime import RealtimeClient, RealtimeTransport

MICS = [MediaDevice("m1", "Headset", "audioinput", "g"), MediaDevice("m2", "Table", "audioinput")]
SPEAKERS = [MediaDevice("s1", "Headset", "audiooutput", "g"), MediaDevice("s2", "Screen", "audiooutput")]
EVENTS = (
    "micUpdated",
    "availableMicsUpdated",
    "speakerUpdated",
    "availableSpeakersUpdated",
    "mediaStateUpdated",
    "trackStarted",
    "trackStopped",
    "localAudioLevel",
    "remoteAudioLevel",
    "deviceError",
    "botAudioBlocked",
    "output_audio.blocked",
    "error",
)


class Devices(Run):
    """A client whose device events are written down: their names, and the one argument of each."""

    def __init__(self, **options: Any) -> None:
        server = Server(microphone=options.pop("allowed", "granted"), devices=[*MICS, *SPEAKERS])
        super().__init__(server=server, **options)
        self.emitted: list[tuple[str, Any]] = []
        for name in EVENTS:
            self.client.on(name, lambda event, name=name: self.emitted.append((name, event)))

    def emitted_of(self, name: str) -> list[Any]:
        return [event for emitted, event in self.emitted if emitted == name]


class TestChoosing:
    async def test_lists_selects_and_tells(self) -> None:
        run = Devices()
        client = run.client
        assert await client.get_all_mics() == MICS
        assert await client.get_all_speakers() == SPEAKERS
        assert (client.selected_mic, client.selected_speaker) == (MICS[0], SPEAKERS[0])
        await client.update_mic("m2")
        await client.update_speaker("s2")
        assert (client.selected_mic, client.selected_speaker) == (MICS[1], SPEAKERS[1])
        assert run.emitted == [("micUpdated", MICS[1]), ("speakerUpdated", SPEAKERS[1])]

    async def test_a_device_that_is_not_there(self) -> None:
        run = Devices()
        with pytest.raises(DeviceError) as caught:
            await run.client.update_mic("s1")
        assert run.emitted == [("deviceError", caught.value)]
        assert run.client.selected_mic == MICS[0]


class TestOpening:
    @pytest.mark.parametrize("name", ["init_devices", "open_microphone"])
    async def test_ahead_of_a_session_which_uses_it(self, name: str) -> None:
        run = Devices()
        assert not run.client.devices_open
        await getattr(run.client, name)()
        assert run.client.devices_open
        track = run.client.tracks().local.audio
        assert track
        await run.client.connect()
        assert run.client.tracks().local.audio is track
        await run.client.disconnect()
        assert (track.readyState, run.client.tracks().local.audio) == ("ended", None)
        assert not run.client.devices_open
        assert run.emitted_of("trackStarted") == run.emitted_of("trackStopped") == [track]

    @pytest.mark.parametrize("name", ["init_devices", "open_microphone"])
    async def test_refused(self, name: str) -> None:
        run = Devices(allowed="denied")
        with pytest.raises(DeviceError) as caught:
            await getattr(run.client, name)()
        assert run.emitted_of("deviceError") == [caught.value]
        assert run.emitted_of("error") == []
        assert run.client.media_state.mic.reason == "permissions"
        await run.client.disconnect()

    async def test_refused_at_connect_is_one_error_of_both_kinds(self) -> None:
        run = Devices(allowed="denied")
        await run.client.connect()
        [error] = run.emitted_of("deviceError")
        [emitted] = run.emitted_of("error")
        assert (emitted.source, emitted.error, emitted.message) == ("microphone", error, error.message)
        with pytest.raises(DeviceError):
            await run.client.enable_mic(True)
        assert len(run.emitted_of("error")) == 1
        run.server.microphone = "granted"
        await run.client.enable_mic(True)
        assert run.client.is_mic_enabled
        await run.client.disconnect()

    async def test_a_session_in_writing_opens_nothing_until_it_is_asked_to(self) -> None:
        run = Devices(microphone=False, allowed="denied")
        await run.client.connect()
        assert run.client.devices_open
        await run.client.update_mic("m2")
        assert not run.server.has_microphone
        assert run.emitted_of("deviceError") == run.emitted_of("error") == []
        assert not run.client.is_muted
        run.server.microphone = "granted"
        await run.client.init_devices()
        assert run.client.is_mic_enabled
        await run.client.disconnect()

    async def test_a_wish_from_before_the_session(self) -> None:
        run = Devices(microphone=False)
        await run.client.enable_mic(True)
        assert not run.server.has_microphone
        await run.client.connect()
        assert run.client.is_mic_enabled
        await run.client.disconnect()

    async def test_disconnect_meanwhile(self) -> None:
        run = Devices()
        opening = asyncio.ensure_future(run.client.init_devices())
        await asyncio.sleep(0)
        opening.cancel()
        await asyncio.wait({opening})
        await run.client.disconnect()
        await turns()
        assert not run.client.devices_open
        assert asyncio.all_tasks() == {asyncio.current_task()}


class TestMuting:
    async def test_takes_effect_at_once_and_is_enable_mic_by_another_name(self) -> None:
        run = await connected()
        client = run.client
        for mute, unmute in (
            (client.mute, lambda: client.mute(False)),
            (lambda: client.enable_mic(False), lambda: client.enable_mic(True)),
        ):
            run.server.hear(pcm(240))
            if waits := mute():
                await waits
            assert (client.is_muted, client.is_mic_enabled) == (True, False)
            run.server.hear(pcm(240))
            if waits := unmute():
                await waits
            assert (client.is_muted, client.is_mic_enabled) == (False, True)
            run.server.hear(pcm(240))
        assert run.server.types == ["input_audio_buffer.append"] * 4
        await client.disconnect()

    async def test_before_it_is_open(self) -> None:
        run = Devices()
        run.client.mute()
        await run.client.connect()
        assert run.server.has_microphone
        assert not run.client.is_mic_enabled
        await run.client.disconnect()
        assert run.client.is_muted
        run.client.mute(False)
        await turns()
        assert not run.server.has_microphone  # It is only a wish.
        await run.client.init_devices()
        assert run.client.is_mic_enabled
        await run.client.disconnect()

    async def test_unmuting_opens_what_is_closed_in_a_session(self) -> None:
        run = Devices(allowed="denied")
        await run.client.connect()
        run.client.mute(False)
        await turns()
        assert len(run.emitted_of("deviceError")) == 2
        assert len(run.emitted_of("error")) == 1
        run.server.microphone = "granted"
        run.client.mute(False)
        await turns()
        assert run.client.is_mic_enabled
        await run.client.disconnect()


class TestEvents:
    async def test_levels_are_wanted_while_someone_listens(self) -> None:
        client = RealtimeClient(transport=Server())
        media = client.realtime.media
        levels: list[float] = []
        assert not media.wants_level(LOCAL)
        wanted = asyncio.ensure_future(media.until_level_wanted())
        client.on("trackStarted", levels.append)
        await turns()
        assert not wanted.done()
        client.on("localAudioLevel", levels.append)
        await wanted
        assert media.wants_level(LOCAL)
        assert not media.wants_level(BOT)
        client.on("remoteAudioLevel", levels.append)
        media.level(LOCAL, 0.25)
        media.level(BOT, 0.5)
        assert levels == [0.25, 0.5]
        client.off("localAudioLevel")
        assert not media.wants_level(LOCAL)

    async def test_speaking_while_muted_is_wanted_while_someone_listens(self) -> None:
        client = RealtimeClient(transport=Server())
        media = client.realtime.media
        emitted: list[Any] = []
        assert not media.wants_muted_speech()
        wanted = asyncio.ensure_future(media.until_muted_speech_wanted())
        await turns()
        assert not wanted.done()
        client.on("speakingWhileMuted", emitted.append)
        await wanted
        assert media.wants_muted_speech()
        media.muted_speech()
        client.off("speakingWhileMuted")
        assert (emitted, media.wants_muted_speech()) == ([{"type": "speakingWhileMuted"}], False)
        waiting = asyncio.ensure_future(client.wait_for_next("speakingWhileMuted"))
        await turns()
        assert media.wants_muted_speech()
        media.muted_speech()
        assert await waiting == {"type": "speakingWhileMuted"}
        assert not media.wants_muted_speech()

    async def test_the_volume_of_the_model(self) -> None:
        client = RealtimeClient(transport=Server())
        assert client.bot_volume == 1
        client.set_bot_volume(0.5)
        for _ in range(2):
            await client.connect()
            assert client.bot_volume == 0.5
            await client.disconnect()
        for wrong in (50, -0.01, 1.01, float("nan"), float("inf"), False, "0.5", None):
            with pytest.raises(InvalidArgumentError, match="volume must be a number from 0 to 1"):
                client.set_bot_volume(wrong)  # type: ignore[arg-type]
        assert client.bot_volume == 0.5

    async def test_the_model_is_muted_and_its_captions_go_on(self) -> None:
        run = await connected()
        assert run.client.is_bot_muted is False
        run.client.set_bot_volume(0.5)
        for _ in range(2):
            run.client.mute_bot()
            assert (run.client.is_bot_muted, run.client.bot_volume) == (True, 0.5)
            run.server.response()
            run.server.answer()
            run.server.delta("output_audio_transcript", "Hello")
            run.server.audio(pcm(2400))
            assert run.item("item_a").formatted.transcript == "Hello"
            assert run.server.played[-1] == ("item_a", pcm(2400))
            await run.client.disconnect()
            await run.client.connect()
        assert run.client.is_bot_muted
        run.client.mute_bot(False)
        assert run.client.is_bot_muted is False
        await run.client.disconnect()

    async def test_the_rest_of_them(self) -> None:
        run = Devices()
        media = run.client.realtime.media
        media.devices_changed("mic", MICS)
        media.devices_changed("speaker", SPEAKERS)
        media.playback_blocked()
        assert run.emitted[:2] == [("availableMicsUpdated", MICS), ("availableSpeakersUpdated", SPEAKERS)]
        assert run.emitted[2:] == [(name, {"type": name}) for name in ("output_audio.blocked", "botAudioBlocked")]
        await run.client.resume_output()
        await run.client.resume_bot_audio()


async def test_sound_for_python() -> None:
    client = RealtimeClient(transport=Server())
    for stream in (client.local_audio, client.remote_audio):
        with pytest.raises(InvalidArgumentError, match="sample_rate"):
            stream(sample_rate=1)
        with pytest.raises(UnsupportedFeatureError, match="Server has no"):
            stream()


async def test_a_transport_without_media_carries_a_session() -> None:
    class Bare(Server):
        media = RealtimeTransport.media  # type: ignore[assignment]

    run = Run(server=Bare())
    await run.client.connect()
    assert not run.client.is_mic_enabled
    run.client.mute(False)
    await turns()
    assert run.errors == []
    await run.client.disconnect()
