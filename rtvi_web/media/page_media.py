"""The devices and media of a page, for the transports that run in one: ``transport.media``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.capture import screen_obstacle
from rtvi_web.browser.devices import list_devices, permission, watch_devices
from rtvi_web.browser.player import Player
from rtvi_web.browser.wake_lock import WakeLock
from rtvi_web.core.checks import check_bools, checked_mapping
from rtvi_web.core.media import (
    BOT,
    CAM,
    DEVICE_KINDS,
    EVERYTHING,
    LOCAL,
    MIC,
    Carried,
    DeviceName,
    MediaDevice,
    MediaLink,
    MediaListener,
    MediaState,
    Participant,
    ParticipantTracks,
    Tracks,
    TrackSource,
    VideoSource,
)
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DeviceError, InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.media.audio_stream import TrackAudio
from rtvi_web.media.choices import Choices
from rtvi_web.media.input_device import InputDevice
from rtvi_web.media.levels import Levels
from rtvi_web.media.muted_speech import report_muted_speech
from rtvi_web.media.options import check_tracks, checked_carries
from rtvi_web.media.screen import ScreenShare
from rtvi_web.media.speaker import Output, Speaker
from rtvi_web.media.video import VideoViews

logger = logging.getLogger(__name__)


class PageMedia:
    """The media of one transport: the page's devices, what they send, and where the bot is seen and heard.

    A transport makes one for all its sessions. It attaches it to the client's :class:`MediaListener` and to its own
    :class:`MediaLink`, reports which tracks the bot sends, and closes it when the session ends::

        class MyTransport(Transport):
            def __init__(self):
                self._media = PageMedia(carries={"mic", "speaker"})

            media = property(lambda self: self._media)

            def attach(self, host, *, enable_mic, enable_cam=False):
                self._media.attach(host.media, self, enable_mic=enable_mic, enable_cam=enable_cam)

    Args:
        carries: what the transport carries: from the ``"mic"``, the ``"cam"``, the ``"screen"``, and to the
            ``"speaker"``. Devices of other kinds are neither listed nor opened, and ``enable_cam(True)`` and its kin
            raise :class:`UnsupportedFeatureError`.
        play_bot_audio: whether the bot's tracks are played here; with ``False`` the page plays them.
        output: plays the bot, if the bot does not send tracks.
        remember_devices: whether the local storage keeps the choice of devices for later page loads.
        audio_constraints, video_constraints: for microphone and camera (MDN: MediaTrackConstraints).
        audio_track, video_track: the application's own ``MediaStreamTrack``, sent instead of a device's.
        release_mic_when_muted: whether a muted microphone is closed, and opened again when it is unmuted.
        level_interval: seconds between two levels; each is measured over this time.
        keep_awake: whether the screen stays on from the bot's first track to the end of the session.

    Raises:
        InvalidArgumentError: an argument is not as described here: ``level_interval`` is not between 0.02 and 10,
            ``carries`` has an unknown word …
    """

    def __init__(
        self,
        *,
        carries: Collection[Carried] = EVERYTHING,
        play_bot_audio: bool = True,
        output: Output | None = None,
        remember_devices: bool = True,
        audio_constraints: Mapping[str, Any] | None = None,
        video_constraints: Mapping[str, Any] | None = None,
        audio_track: Any = None,
        video_track: Any = None,
        release_mic_when_muted: bool = False,
        level_interval: float = 0.1,
        keep_awake: bool = True,
    ) -> None:
        self._carries = checked_carries(carries)
        check_tracks(audio=audio_track, video=video_track)
        check_bools(play_bot_audio=play_bot_audio, remember_devices=remember_devices)
        check_bools(release_mic_when_muted=release_mic_when_muted, keep_awake=keep_awake)
        self._listener: MediaListener | None = None
        self._link: MediaLink | None = None
        self._devices: dict[DeviceName, list[MediaDevice]] = {}
        self._heard_or_seen: dict[TrackSource, Any] = {}
        self._others: dict[str, tuple[Participant, Any]] = {}
        self._views = VideoViews()
        self._watch: _js.Scope | None = None
        self._wake_lock = WakeLock() if keep_awake else None
        self._tasks = Tasks()
        self._closings = 0
        self._levels = Levels(level_interval, self._sounds)
        plays_tracks = play_bot_audio and output is None
        self.player = Player(lambda: self.listener.playback_blocked()) if plays_tracks else None
        """Plays the bot's tracks; ``None`` if something else does."""
        self._output = output or self.player
        choices = Choices(remembered=remember_devices)
        self._mic = InputDevice(
            MIC,
            self,
            choices,
            constraints=checked_mapping("audio_constraints", audio_constraints),
            own=audio_track,
            release_when_muted=release_mic_when_muted,
        )
        # A camera is released while it is off, so that its light goes out.
        video = checked_mapping("video_constraints", video_constraints)
        self._cam = InputDevice(CAM, self, choices, constraints=video, own=video_track, release_when_muted=True)
        self._screen = ScreenShare(self)
        self._speaker = Speaker(self, choices, self._output)
        self._inputs = [input for input in (self._mic, self._cam) if input.kind.name in self._carries]

    def attach(
        self, listener: MediaListener, link: MediaLink, *, enable_mic: bool | None = None, enable_cam: bool = False
    ) -> None:
        """Called once, by the transport when it is itself attached to a client.

        Args:
            listener: the client, which is notified of what happens.
            link: the transport's link to the bot, in all its sessions.
            enable_mic, enable_cam: whether microphone and camera are wanted at first; ``None``: not known yet.

        Raises:
            InvalidArgumentError: the transport serves another client already.
        """
        if self._listener is not None:
            raise InvalidArgumentError("This transport serves another client; give each client one of its own.")
        self._listener, self._link = listener, link
        self._mic.wanted = enable_mic if "mic" in self._carries else False
        self._cam.wanted = enable_cam and "cam" in self._carries
        if enable_cam and "cam" not in self._carries:
            logger.warning("the camera stays off: this transport carries %s only", sorted(self._carries))

    @property
    def listener(self) -> MediaListener:
        """The client, which is notified of what happens.

        Raises:
            InvalidArgumentError: the transport serves no client yet.
        """
        if self._listener is None:
            raise InvalidArgumentError("This transport serves no client yet: give it to one, as transport=….")
        return self._listener

    @property
    def carries(self) -> frozenset[Carried]:
        return self._carries

    # Opening and closing.

    @property
    def devices_open(self) -> bool:
        return self._watch is not None

    async def open_devices(self, *, mic: bool = False) -> None:
        if mic:
            self._mic.want_by_default()
        for input in self._inputs:
            input.in_use = True
        if self._watch is None:
            self._watch = _js.Scope()
            watch_devices(self._watch, self._follow_soon)
            self._tasks.run(self._levels.report(self.listener), "the levels could not be measured")
            listening = report_muted_speech(self._mic, self.listener)
            self._tasks.run(listening, "the muted microphone could not be measured")
            await self._watch_permissions(self._watch)
        for input in self._inputs:
            if input.wanted or (mic and input is self._mic):
                try:
                    await input.open()
                except DeviceError:
                    continue  # It was reported; the session goes on without the device.
        await self._follow_devices()

    async def close(self) -> None:
        """Release everything, in any state. The devices can be opened again."""
        self._closings += 1
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._mic.close()
        self._cam.close()
        self._screen.close()
        if self._output is not None:
            self._output.close()
        if self._wake_lock is not None:
            self._wake_lock.release()
        await self._tasks.close()

    # Which devices there are.

    async def list_devices(self, name: DeviceName) -> list[MediaDevice]:
        await self.refresh()
        return list(self.devices(name))

    def devices(self, name: DeviceName) -> list[MediaDevice]:
        """The devices of a kind, as far as they are known."""
        return self._devices.get(name, [])

    async def refresh(self) -> None:
        """Ask the browser again which devices there are."""
        found = [MediaDevice(*device) for device in await list_devices()]
        for name, kind in DEVICE_KINDS.items():
            devices = [device for device in found if device.kind == kind.kind]
            if name in self._carries and devices != self.devices(name):
                self._devices[name] = devices
                self.listener.devices_changed(name, list(devices))

    def _follow_soon(self) -> None:
        self._tasks.run(self._follow_devices(), "the devices could not be followed")

    async def _follow_devices(self) -> None:
        await self.refresh()
        for input in self._inputs:
            await input.reconcile()
        if "speaker" in self._carries:
            await self._speaker.reconcile()

    async def _watch_permissions(self, scope: _js.Scope) -> None:
        statuses = await asyncio.gather(*(permission(input.kind.noun) for input in self._inputs))
        for input, status in zip(self._inputs, statuses, strict=True):
            if status is not None and scope is self._watch:
                input.permission_changed(str(status.state))
                scope.listen(status, "change", self._permission_follower(input, status))

    def _permission_follower(self, input: InputDevice, status: Any) -> Callable[[Any], None]:
        def follow(_event: Any) -> None:
            input.permission_changed(str(status.state))
            self._follow_soon()  # Labels come and go with the permission.

        return follow

    # Choosing and sending.

    def selected_device(self, name: DeviceName) -> MediaDevice | None:
        return self._chooser(name).selected

    async def select_device(self, name: DeviceName, id: str) -> None:
        self._check_carried(name, f"update_{name}")
        await self._chooser(name).select(id)

    def _chooser(self, name: DeviceName) -> InputDevice | Speaker:
        if name == "speaker":
            return self._speaker
        return self._mic if name == "mic" else self._cam

    @property
    def media_state(self) -> MediaState:
        return MediaState(self._mic.state, self._cam.state)

    async def enable_mic(self, enable: bool) -> None:
        if enable:
            self._check_carried("mic", "enable_mic")
        await self._mic.enable(enable)

    def want_mic(self, wanted: bool) -> None:
        self._mic.want(wanted)

    @property
    def mic_wanted(self) -> bool | None:
        return self._mic.wanted

    @property
    def is_mic_enabled(self) -> bool:
        return self._mic.enabled

    async def enable_cam(self, enable: bool) -> None:
        if enable:
            self._check_carried("cam", "enable_cam")
        await self._cam.enable(enable)

    @property
    def is_cam_enabled(self) -> bool:
        return self._cam.enabled

    async def enable_screen_share(self, enable: bool) -> None:
        if enable:
            self._check_carried("screen", "enable_screen_share")
        await self._screen.enable(enable)

    @property
    def screen_share_obstacle(self) -> str:
        return screen_obstacle() if "screen" in self._carries else "This connection carries no screen."

    @property
    def is_sharing_screen(self) -> bool:
        return self._screen.enabled

    def _check_carried(self, what: Carried, feature: str) -> None:
        if what not in self._carries:
            message = f"{feature}() has no effect here: this transport carries {sorted(self._carries)} only."
            raise UnsupportedFeatureError(message, feature=feature)

    # Seeing and hearing.

    def tracks(self) -> Tracks:
        local = ParticipantTracks(self._mic.track, self._cam.track, self._screen.track)
        return Tracks(local, self._link.bot_tracks if self._link else ParticipantTracks())

    async def resume_bot_audio(self) -> None:
        if self._output is not None:
            await self._output.resume()

    def set_bot_volume(self, volume: float) -> None:
        self._own_output("set_bot_volume").volume = volume

    @property
    def bot_volume(self) -> float:
        return self._output.volume if self._output is not None else 1.0

    def mute_bot(self, muted: bool) -> None:
        self._own_output("mute_bot").muted = muted

    @property
    def is_bot_muted(self) -> bool:
        return self._output is not None and self._output.muted

    def _own_output(self, feature: str) -> Output:
        if self._output is None:
            message = "The page plays the bot itself (play_bot_audio=False), and sets the volume itself."
            raise UnsupportedFeatureError(message, feature=feature)
        return self._output

    def show_video(self, element: Any, source: VideoSource) -> None:
        self._views.add(element, source)
        self._show_views()

    def _show_views(self) -> None:
        self._views.show(self.tracks())

    def local_audio(self, *, sample_rate: int, frame: float) -> TrackAudio:
        return self._audio(lambda: self._mic.track, sample_rate, frame)

    def remote_audio(self, *, sample_rate: int, frame: float) -> TrackAudio:
        return self._audio(lambda: self.tracks().bot.audio, sample_rate, frame)

    def _audio(self, track: Callable[[], Any], sample_rate: int, frame: float) -> TrackAudio:
        closings = self._closings
        return TrackAudio(track, lambda: self._closings == closings, sample_rate=sample_rate, frame=frame)

    def _sounds(self) -> list[tuple[Participant, Any]]:
        local, bot = self.tracks()
        return [(LOCAL, local.audio), (self._link.bot if self._link else BOT, bot.audio), *self._others.values()]

    # What the link reports.

    def bot_track_changed(self, bot: Participant, before: Any, now: Any, *, screen: bool = False) -> None:
        """The bot sends another track than before; ``None`` stands for no track."""
        if self._wake_lock is not None and now is not None and self.devices_open:
            self._wake_lock.hold()
        self._show_views()
        self.listener.track_changed(bot, before, now, screen=screen)

    def other_track_changed(self, other: Participant, before: Any, now: Any, *, screen: bool = False) -> None:
        """A participant other than the bot sends another track. Their level is measured, if it is wanted."""
        if (before if now is None else now).kind == "audio":
            self._others.pop(other.id, None)
            if now is not None:
                self._others[other.id] = other, now
        self.listener.track_changed(other, before, now, screen=screen)

    # What microphone, camera, screen and speaker report: MediaHost.

    async def send_track(self, source: TrackSource, track: Any) -> None:
        if self._link is not None:
            await self._link.send_track(source, track)

    def state_changed(self) -> None:
        self.listener.state_changed(self.media_state)

    def track_is(self, source: TrackSource, track: Any) -> None:
        before = self._heard_or_seen.get(source)
        if track is before:
            return
        self._heard_or_seen[source] = track
        if self._link is not None:
            self._link.send_status(source, track is not None)
        self._show_views()
        self.listener.track_changed(LOCAL, before, track, screen=source == "screen")
