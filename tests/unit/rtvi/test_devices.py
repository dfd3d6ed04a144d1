"""The client's device members, and the contract that they rest on."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sessions import Run, Transport

from rtvi_web import (
    AlreadyStartedError,
    ConnectPhase,
    DeviceError,
    DeviceState,
    DeviceStatus,
    InvalidArgumentError,
    MediaDevice,
    MediaState,
    NotInBrowserError,
    RTVIClient,
    RTVIEvent,
    TransportState,
    UnsupportedFeatureError,
)
from rtvi_web.core.event import Event
from rtvi_web.core.media import Tracks
from rtvi_web.rtvi import transport as contract
from rtvi_web.testing import ScriptedTransport, handshake
from rtvi_web.transports import SmallWebRTCTransport

DEVICES = [
    MediaDevice("m1", "Headset", "audioinput", "g"),
    MediaDevice("m2", "Table", "audioinput"),
    MediaDevice("c1", "Front", "videoinput"),
    MediaDevice("s1", "Headset", "audiooutput", "g"),
]


class TestInitDevices:
    async def test_opens_ahead_of_connect_which_uses_them(self) -> None:
        run = Run(Transport(*handshake()))
        await run.client.init_devices()
        assert run.states == ["initializing", "initialized"]
        track = run.client.tracks().local.audio
        assert track
        await run.client.init_devices()
        await run.client.connect()
        assert run.client.tracks().local.audio is track
        assert run.states == ["initializing", "initialized", "connecting", "connected", "ready"]
        await run.client.init_devices()  # In a session it finds everything open.
        assert run.client.state is TransportState.READY
        await run.client.disconnect()

    async def test_disconnect_releases(self) -> None:
        run = Run(Transport())
        await run.client.init_devices()
        track = run.client.tracks().local.audio
        await run.client.disconnect()
        assert track
        assert (track.readyState, run.client.state) == ("ended", TransportState.DISCONNECTED)
        assert run.states == ["initializing", "initialized", "disconnecting", "disconnected"]

    async def test_connect_may_be_called_meanwhile(self) -> None:
        run = Run(Transport(*handshake()))
        opening = asyncio.ensure_future(run.client.init_devices())
        await asyncio.sleep(0)
        await run.client.connect()
        await opening
        assert run.states == ["initializing", "initialized", "connecting", "connected", "ready"]
        with pytest.raises(AlreadyStartedError):
            await run.client.connect()
        await run.client.disconnect()

    async def test_disconnect_ends_it(self) -> None:
        run = Run(Transport(*handshake(), hangs_in=ConnectPhase.DEVICES))
        opening = asyncio.ensure_future(run.client.init_devices())
        await asyncio.sleep(0)
        await run.client.disconnect()
        assert run.client.state is TransportState.DISCONNECTED
        opening.cancel()
        await asyncio.wait({opening})
        run.transport.heal()
        await run.client.connect()
        await run.client.disconnect()

    async def test_outside_a_browser_it_says_what_is_missing_and_nothing_stays_open(self) -> None:
        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url="/x"))
        with pytest.raises(NotInBrowserError):
            await client.init_devices()
        assert client.state is TransportState.DISCONNECTED


class TestChoosing:
    async def test_lists_selects_and_tells(self) -> None:
        run = Run(Transport(*handshake(), devices=DEVICES))
        client = run.client
        assert await client.get_all_mics() == DEVICES[:2]
        assert await client.get_all_cams() == DEVICES[2:3]
        assert await client.get_all_speakers() == DEVICES[3:]
        assert (client.selected_mic, client.selected_cam, client.selected_speaker) == (DEVICES[0], *DEVICES[2:])
        await client.update_mic("m2")
        assert client.selected_mic == DEVICES[1]
        assert run.arguments("micUpdated") == [DEVICES[1]]
        await client.update_cam("c1")
        await client.update_speaker("s1")
        assert run.arguments("camUpdated") + run.arguments("speakerUpdated") == DEVICES[2:]

    async def test_a_device_that_is_not_there(self) -> None:
        run = Run(Transport(devices=DEVICES))
        with pytest.raises(DeviceError) as caught:
            await run.client.update_mic("c1")
        assert (caught.value.type, caught.value.devices) == ("not-found", ("mic",))
        assert run.arguments("deviceError") == [caught.value]
        assert run.client.selected_mic == DEVICES[0]


class TestSending:
    async def test_camera_and_screen(self) -> None:
        run = Run(Transport(*handshake()), enable_cam=True)
        client = run.client
        await client.connect()
        assert client.is_cam_enabled
        await client.enable_screen_share(True)
        local = client.tracks().local
        assert [track and track.kind for track in local] == ["audio", "video", "video"]
        await client.enable_cam(False)
        assert not client.is_cam_enabled
        assert client.is_sharing_screen
        await client.disconnect()
        assert [track and track.readyState for track in local] == ["ended"] * 3
        assert len(run.arguments("screenTrackStarted")) == len(run.arguments("screenTrackStopped")) == 1
        assert len(run.arguments("trackStarted")) == len(run.arguments("trackStopped")) == 2

    async def test_what_is_denied_is_said_and_ends_nothing(self) -> None:
        run = Run(Transport(*handshake(), microphone="denied", camera="denied", screen="denied"), enable_cam=True)
        await run.client.connect()
        for ask in (run.client.enable_mic, run.client.enable_cam, run.client.enable_screen_share):
            with pytest.raises(DeviceError):
                await ask(True)
        assert [error.devices for error in run.arguments("deviceError")] == [
            (device,) for device in ("mic", "cam", "mic", "cam", "screen")
        ]
        assert len(run.arguments("screenShareError")) == 1
        assert run.client.media_state.mic.reason == "permissions"
        assert run.arguments("mediaStateUpdated")[-1] == run.client.media_state
        await run.client.disconnect()

    async def test_what_the_system_mutes_is_not_what_the_person_wants(self) -> None:
        run = Run(Transport(*handshake()), enable_cam=True)
        client, transport = run.client, run.transport
        await client.connect()
        before = len(run.arguments("mediaStateUpdated"))
        transport.mute_by_system("mic", True)
        assert client.media_state.mic == DeviceState(DeviceStatus.GRANTED, muted_by_system=True)
        assert not client.media_state.cam.muted_by_system
        assert client.is_mic_enabled
        transport.mute_by_system("mic", False)
        transport.mute_by_system("cam", True)
        await client.enable_cam(False)
        states = [[device.muted_by_system for device in state] for state in run.arguments("mediaStateUpdated")[before:]]
        assert states == [[True, False], [False, False], [False, True], [False, False]]
        await client.disconnect()
        transport.mute_by_system("mic", True)  # It is closed.
        assert not client.media_state.mic.muted_by_system

    async def test_speaking_while_muted_is_wanted_while_someone_listens(self) -> None:
        transport = ScriptedTransport()
        client, emitted = RTVIClient(transport=transport), []
        listener = transport.listener
        assert not listener.wants_muted_speech()
        wanted = asyncio.ensure_future(listener.until_muted_speech_wanted())
        client.on(RTVIEvent.LOCAL_AUDIO_LEVEL, lambda _: None)
        await asyncio.sleep(0)
        assert not wanted.done()
        unsubscribe = client.on(RTVIEvent.SPEAKING_WHILE_MUTED, lambda: emitted.append(1))
        assert listener.wants_muted_speech()
        await wanted
        listener.muted_speech()
        unsubscribe()
        assert (emitted, listener.wants_muted_speech()) == ([1], False)
        waiting = asyncio.ensure_future(client.wait_for(RTVIEvent.SPEAKING_WHILE_MUTED))
        await asyncio.sleep(0)
        assert listener.wants_muted_speech()
        listener.muted_speech()
        await waiting
        assert not listener.wants_muted_speech()

    @pytest.mark.parametrize("event", [RTVIEvent.LOCAL_AUDIO_LEVEL, RTVIEvent.REMOTE_AUDIO_LEVEL])
    @pytest.mark.parametrize("how", ["on", "once", "wait_for", "events", "all events"])
    async def test_levels_are_waited_for_until_someone_listens(self, event: Event[Any], how: str) -> None:
        transport = ScriptedTransport()
        client = RTVIClient(transport=transport)
        both = [asyncio.ensure_future(transport.listener.until_level_wanted()) for _ in range(2)]
        client.on(RTVIEvent.TRACK_STARTED, lambda *_: None)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not any(one.done() for one in both)
        listening: Any = None
        match how:
            case "on":
                client.on(event, lambda *_: None)
            case "once":
                client.once(event, lambda *_: None)
            case "wait_for":
                listening = asyncio.ensure_future(client.wait_for(event))
            case "events":
                listening = client.events(event)
            case _:
                listening = client.events()
        async with asyncio.timeout(1):
            await asyncio.gather(*both)
        await transport.listener.until_level_wanted()
        if isinstance(listening, asyncio.Future):
            listening.cancel()

    async def test_callbacks_and_loops_listen_for_speaking_while_muted_too(self) -> None:
        transport, emitted = ScriptedTransport(), []
        RTVIClient(transport=transport, callbacks={"onSpeakingWhileMuted": lambda: emitted.append(1)})
        transport.listener.muted_speech()
        assert (emitted, transport.listener.wants_muted_speech()) == ([1], True)
        transport = ScriptedTransport()
        events = RTVIClient(transport=transport).events(RTVIEvent.SPEAKING_WHILE_MUTED)
        next_event = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert transport.listener.wants_muted_speech()
        transport.listener.muted_speech()
        assert (await next_event).event == RTVIEvent.SPEAKING_WHILE_MUTED

    async def test_the_volume_of_the_bot(self) -> None:
        client = Run(Transport(*handshake())).client
        assert client.bot_volume == 1
        for volume in (0, 1, 0.25):
            client.set_bot_volume(volume)
            assert client.bot_volume == volume
        await client.connect()
        assert client.bot_volume == 0.25
        await client.disconnect()
        for wrong in (-0.01, 1.01, float("nan"), float("inf"), True, "1", None):
            with pytest.raises(InvalidArgumentError, match="volume must be a number from 0 to 1"):
                client.set_bot_volume(wrong)  # type: ignore[arg-type]
        assert client.bot_volume == 0.25


def test_the_state_of_a_device() -> None:
    error = DeviceError("x", devices=["mic"], type="in-use")
    state = DeviceState(DeviceStatus.ERROR, error)
    assert (state.status, state.reason, DeviceState().reason) == ("error", "in-use", None)
    assert (state.muted_by_system, DeviceState().muted_by_system) == (False, False)


class Bare(ScriptedTransport):
    """A transport that has no media of its own."""

    media = contract.Transport.media  # type: ignore[assignment]


async def test_a_transport_without_media_carries_a_session() -> None:
    client = RTVIClient(transport=Bare(*handshake()))
    await client.init_devices()
    await client.connect()
    assert not client.is_mic_enabled
    assert client.tracks() == Tracks()
    await client.enable_mic(False)
    await client.resume_bot_audio()
    await client.disconnect()


async def test_what_needs_devices_says_that_there_are_none() -> None:
    client = RTVIClient(transport=Bare())
    assert await client.get_all_mics() == []
    assert (client.selected_mic, client.media_state) == (None, MediaState())
    assert (client.is_cam_enabled, client.is_sharing_screen) == (False, False)
    assert client.screen_share_obstacle.startswith("Bare has no")
    await client.enable_cam(False)
    await client.enable_screen_share(False)
    asks: list[Any] = [
        lambda: client.enable_mic(True),
        lambda: client.update_mic("x"),
        lambda: client.update_cam("x"),
        lambda: client.update_speaker("x"),
        lambda: client.enable_cam(True),
        lambda: client.enable_screen_share(True),
    ]
    for ask in asks:
        with pytest.raises(UnsupportedFeatureError, match="Bare has no"):
            await ask()
    assert client.bot_volume == 1
    uses: list[Any] = [
        client.local_audio,
        client.remote_audio,
        lambda: client.show_video("#x"),
        lambda: client.set_bot_volume(0.5),
    ]
    for use in uses:
        with pytest.raises(UnsupportedFeatureError):
            use()


def test_invalid_numbers_are_refused() -> None:
    client = RTVIClient(transport=ScriptedTransport())
    for wrong in ({"sample_rate": 7999}, {"sample_rate": 16000.5}, {"frame": 0.001}, {"frame": 1}):
        with pytest.raises(InvalidArgumentError, match=next(iter(wrong))):
            client.local_audio(**wrong)
    with pytest.raises(InvalidArgumentError, match="'bot', 'cam' or 'screen'"):
        client.show_video("#x", "speaker")  # type: ignore[arg-type]


def test_every_device_event_has_its_javascript_name() -> None:
    assert RTVIEvent.MEDIA_STATE_UPDATED.js_callback == "onMediaStateChanged"
    assert RTVIEvent.AVAILABLE_SPEAKERS_UPDATED.js_callback == "onAvailableSpeakersUpdated"
    assert RTVIEvent.SCREEN_SHARE_ERROR.callback == "on_screen_share_error"
