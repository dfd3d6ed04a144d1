"""The devices and media of a page, for the transports that run in one."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.analysis import LevelMeter
from rtvi_web.browser.devices import list_devices, permission, watch_devices
from rtvi_web.browser.player import Player
from rtvi_web.core.event import Event
from rtvi_web.core.media import (
    DeviceName,
    MediaDevice,
    MediaState,
    Participant,
    ParticipantTracks,
    Tracks,
    VideoSource,
)
from rtvi_web.errors import DeviceError, InvalidArgumentError
from rtvi_web.media.audio_stream import TrackAudio
from rtvi_web.media.choices import Choices
from rtvi_web.media.device_kinds import CAM, CAMERA, MIC, MICROPHONE, SPEAKER, Args, DeviceKind
from rtvi_web.media.input_device import InputDevice
from rtvi_web.media.screen import ScreenShare
from rtvi_web.media.speaker import Speaker
from rtvi_web.media.video import VideoView
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.transport import Transport, TransportHost


class PageMedia(Transport):
    """The part of a transport that deals with devices and media: a base class, which leaves the link to others.

    Args: see :class:`~rtvi_web.transports.SmallWebRTCTransport`.
    """

    def __init__(
        self,
        *,
        play_bot_audio: bool,
        remember_devices: bool,
        audio_constraints: Mapping[str, Any] | None,
        video_constraints: Mapping[str, Any] | None,
        audio_track: Any,
        video_track: Any,
        level_interval: float,
    ) -> None:
        if not 0.02 <= level_interval <= 10:
            raise InvalidArgumentError(f"level_interval must be 0.02 to 10 seconds; it is {level_interval!r}.")
        for name, own in (("audio", audio_track), ("video", video_track)):
            if own is not None and own.kind != name:
                raise InvalidArgumentError(f"{name}_track needs a track of this kind; it is one of {own.kind}.")
        self._host: TransportHost | None = None
        self._level_interval = level_interval
        self._devices: dict[str, list[MediaDevice]] = {}
        self._player = Player(lambda: self.fire(RTVIEvent.BOT_AUDIO_BLOCKED)) if play_bot_audio else None
        self._views: list[tuple[VideoView, VideoSource]] = []
        self._watch: _js.Scope | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._closings = 0
        choices = Choices(remembered=remember_devices)
        self._mic = InputDevice(
            MIC, MICROPHONE, self, choices, constraints=audio_constraints or {}, own=audio_track, keeps=True
        )
        # A camera that shows nothing is released, so that its light goes out.
        self._cam = InputDevice(
            CAM, CAMERA, self, choices, constraints=video_constraints or {}, own=video_track, keeps=False
        )
        self._screen = ScreenShare(self)
        self._speaker = Speaker(self, choices, self._player)

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        if self._host is not None:
            raise InvalidArgumentError("This transport serves another client; give each client one of its own.")
        self._host = host
        self._mic.wanted, self._cam.wanted = enable_mic, enable_cam

    @property
    def _client(self) -> TransportHost:
        if self._host is None:
            raise InvalidArgumentError("This transport serves no client yet: RTVIClient(transport=…) attaches it.")
        return self._host

    # What the link brings.

    @property
    @abstractmethod
    def _bot(self) -> tuple[Participant, ParticipantTracks]:
        """Who the bot is, and what it sends."""

    @abstractmethod
    async def send_track(self, slot: int, track: Any) -> None:
        """Send a track in place of the one before; ``None`` for none."""

    @abstractmethod
    def send_status(self, slot: int, enabled: bool) -> None:
        """Tell the bot whether a track sends."""

    # Opening and closing.

    async def open_devices(self) -> None:
        for input in (self._mic, self._cam):
            input.in_use = True
        if self._watch is None:
            self._watch = _js.Scope()
            watch_devices(self._watch, lambda: self._run(self._follow_devices()))
            self._run(self._measure_levels())
            await self._watch_permissions(self._watch)
        for input in (self._mic, self._cam):
            if input.wanted:
                try:
                    await input.open()
                except DeviceError:
                    continue  # It was reported; the session goes on without.
        await self._follow_devices()

    async def close_media(self) -> None:
        """Release everything."""
        self._closings += 1
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._mic.close()
        self._cam.close()
        self._screen.close()
        if self._player is not None:
            self._player.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something until it ends, or the session does."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Which devices there are.

    async def _follow_devices(self) -> None:
        await self.refresh()
        await self._mic.reconcile()
        await self._cam.reconcile()
        await self._speaker.reconcile()

    async def refresh(self) -> None:
        found = [MediaDevice(*device) for device in await list_devices()]
        for kind in (CAM, MIC, SPEAKER):
            devices = [device for device in found if device.kind == kind.kind]
            if devices != self._devices.get(kind.name, []):
                self._devices[kind.name] = devices
                self.fire(kind.available, list(devices))

    def devices(self, kind: DeviceKind) -> list[MediaDevice]:
        return self._devices.get(kind.name, [])

    async def list_devices(self, name: DeviceName) -> list[MediaDevice]:
        await self.refresh()
        return list(self._devices.get(name, []))

    async def _watch_permissions(self, scope: _js.Scope) -> None:
        inputs = (self._mic, self._cam)
        statuses = await asyncio.gather(*(permission(input.kind.permission) for input in inputs))
        for input, status in zip(inputs, statuses, strict=True):
            if status is not None and scope is self._watch:
                input.permission_changed(str(status.state))
                scope.listen(status, "change", self._permission_follower(input, status))

    def _permission_follower(self, input: InputDevice, status: Any) -> Callable[[Any], None]:
        def follow(_event: Any) -> None:
            input.permission_changed(str(status.state))
            self._run(self._follow_devices())  # Names come and go with it.

        return follow

    async def permission(self, kind: DeviceKind) -> str | None:
        status = await permission(kind.permission)
        return None if status is None else str(status.state)

    # Choosing and sending.

    def selected_device(self, name: DeviceName) -> MediaDevice | None:
        return self._chooser(name).selected

    async def select_device(self, name: DeviceName, id: str) -> None:
        await self._chooser(name).select(id)

    def _chooser(self, name: DeviceName) -> InputDevice | Speaker:
        choosers: dict[DeviceName, InputDevice | Speaker] = {
            "mic": self._mic,
            "cam": self._cam,
            "speaker": self._speaker,
        }
        return choosers[name]

    @property
    def media_state(self) -> MediaState:
        return MediaState(self._mic.state, self._cam.state)

    async def enable_mic(self, enable: bool) -> None:
        await self._mic.enable(enable)

    @property
    def is_mic_enabled(self) -> bool:
        return self._mic.enabled

    async def enable_cam(self, enable: bool) -> None:
        await self._cam.enable(enable)

    @property
    def is_cam_enabled(self) -> bool:
        return self._cam.enabled

    async def enable_screen_share(self, enable: bool) -> None:
        await self._screen.enable(enable)

    @property
    def is_sharing_screen(self) -> bool:
        return self._screen.enabled

    def tracks(self) -> Tracks:
        return Tracks(ParticipantTracks(self._mic.track, self._cam.track, self._screen.track), self._bot[1])

    # Seeing and hearing.

    async def resume_bot_audio(self) -> None:
        if self._player is not None:
            await self._player.resume()

    def show_video(self, element: Any, source: VideoSource) -> None:
        if isinstance(element, str):
            element = _js.or_none(_js.api("document").querySelector(element))
        if str(getattr(element, "localName", "")) != "video":
            raise InvalidArgumentError("show_video() needs a <video> element, or a selector that finds one.")
        self._views = [(view, shown) for view, shown in self._views if view.element != element]
        self._views.append((VideoView(element), source))
        self.tracks_changed()

    def tracks_changed(self) -> None:
        """Show the tracks of this moment."""
        local, bot = self.tracks()
        tracks = {"bot": bot.video, "cam": local.video, "screen": local.screen_video}
        for view, source in self._views:
            view.show(tracks[source])

    def local_audio(self, *, sample_rate: int, frame: float) -> TrackAudio:
        return TrackAudio(lambda: self._mic.track, self._until_closed(), sample_rate=sample_rate, frame=frame)

    def remote_audio(self, *, sample_rate: int, frame: float) -> TrackAudio:
        return TrackAudio(lambda: self._bot[1].audio, self._until_closed(), sample_rate=sample_rate, frame=frame)

    def _until_closed(self) -> Callable[[], bool]:
        closings = self._closings
        return lambda: self._closings == closings

    async def _measure_levels(self) -> None:
        """Fire levels while somebody listens to them; nothing is measured for nobody."""
        meter = LevelMeter(self._level_interval)
        try:
            while True:
                await asyncio.sleep(self._level_interval)
                if (level := self._level(meter, RTVIEvent.LOCAL_AUDIO_LEVEL, self._mic.track)) is not None:
                    self.fire(RTVIEvent.LOCAL_AUDIO_LEVEL, level)
                bot, tracks = self._bot
                if (level := self._level(meter, RTVIEvent.REMOTE_AUDIO_LEVEL, tracks.audio)) is not None:
                    self.fire(RTVIEvent.REMOTE_AUDIO_LEVEL, level, bot)
        finally:
            meter.close()

    def _level(self, meter: LevelMeter, event: str, track: Any) -> float | None:
        if track is not None and self._client.listens(event):
            return meter.level(event, track)
        meter.drop(event)
        return None

    # What microphone, camera, screen and speaker tell: MediaHost.

    def fire(self, event: Event[*Args], *args: *Args) -> None:
        self._client.fire(event, *args)

    def state_changed(self) -> None:
        self.fire(RTVIEvent.MEDIA_STATE_UPDATED, self.media_state)

    def track_changed(self, slot: int, enabled: bool) -> None:
        self.send_status(slot, enabled)
        self.tracks_changed()
