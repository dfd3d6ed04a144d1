"""Scripted devices: a test lists the devices, and says whether the person allows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from rtvi_web.core.media import (
    DEVICE_KINDS,
    EVERYTHING,
    LOCAL,
    Carried,
    DeviceName,
    DeviceState,
    DeviceStatus,
    MediaDevice,
    MediaListener,
    MediaState,
    ParticipantTracks,
    Tracks,
    TrackSource,
)
from rtvi_web.core.no_media import NoMedia
from rtvi_web.errors import DeviceError


class ScriptedTrack:
    """A stand-in for the ``MediaStreamTrack`` of a microphone, a camera or a screen."""

    def __init__(self, device: str) -> None:
        self.kind = "audio" if device == "mic" else "video"
        self.id = f"scripted-{device}"
        self.enabled = True
        self.readyState = "live"


class ScriptedMedia(NoMedia):
    """The media of a scripted transport, which inherits them so that a test sets everything in one place.

    Args:
        microphone, camera, screen: ``"granted"`` or ``"denied"``; may be changed at any time.
        devices: the devices that can be chosen; may be changed at any time.

    Attributes:
        listener: the client's. A test may report to it what media report: ``transport.media.listener.level(BOT, 0.5)``.
    """

    listener: MediaListener

    def __init__(
        self,
        *,
        microphone: str = "granted",
        camera: str = "granted",
        screen: str = "granted",
        devices: Iterable[MediaDevice] = (),
    ) -> None:
        super().__init__(type(self).__name__)
        self.microphone = microphone
        self.camera = camera
        self.screen = screen
        self.devices = list(devices)
        self._tracks: dict[TrackSource, ScriptedTrack] = {}
        self._chosen: dict[DeviceName, str] = {}
        self._states: dict[TrackSource, DeviceState] = {}
        self._opened = False
        self._wants_mic: bool | None = None
        self._wants_cam = False
        self._bot_volume = 1.0
        self._bot_muted = False

    def _attach_media(
        self, listener: MediaListener, *, enable_mic: bool | None = None, enable_cam: bool = False
    ) -> None:
        """Called by the transport when it is attached to its client."""
        self.listener = listener
        self._wants_mic = enable_mic
        self._wants_cam = enable_cam

    @property
    def carries(self) -> frozenset[Carried]:
        return EVERYTHING

    async def open_devices(self, *, mic: bool = False) -> None:
        self._opened = True
        if mic and self._wants_mic is None:
            self._wants_mic = True
        if mic or self._wants_mic:
            self._open("mic")
        if self._wants_cam:
            self._open("cam")

    def _close_media(self) -> None:
        """Called by the transport when it is closed."""
        self._opened = False
        for source in list(self._tracks):
            self._stop(source)

    @property
    def devices_open(self) -> bool:
        return self._opened

    async def list_devices(self, name: DeviceName) -> list[MediaDevice]:
        return [device for device in self.devices if device.kind == DEVICE_KINDS[name].kind]

    def selected_device(self, name: DeviceName) -> MediaDevice | None:
        devices = [device for device in self.devices if device.kind == DEVICE_KINDS[name].kind]
        chosen = [device for device in devices if device.id == self._chosen.get(name)]
        return next(iter(chosen + devices), None)

    async def select_device(self, name: DeviceName, id: str) -> None:
        if id not in [device.id for device in await self.list_devices(name)]:
            error = DeviceError(f"The script has no {name} {id!r}.", devices=[name], type="not-found")
            self.listener.failed(error)
            raise error
        self._chosen[name] = id
        self.listener.device_selected(name, self.selected_device(name))

    @property
    def media_state(self) -> MediaState:
        return MediaState(self._states.get("mic", DeviceState()), self._states.get("cam", DeviceState()))

    async def enable_mic(self, enable: bool) -> None:
        self._wants_mic = enable
        if track := self._tracks.get("mic"):
            track.enabled = enable
        elif enable and self._opened and (error := self._open("mic")):
            raise error

    def want_mic(self, wanted: bool) -> None:
        self._wants_mic = wanted
        if track := self._tracks.get("mic"):
            track.enabled = wanted

    @property
    def mic_wanted(self) -> bool | None:
        return self._wants_mic

    @property
    def is_mic_enabled(self) -> bool:
        return "mic" in self._tracks and self._tracks["mic"].enabled

    async def enable_cam(self, enable: bool) -> None:
        self._wants_cam = enable
        if not enable:
            self._stop("cam")
        elif self._opened and (error := self._open("cam")):
            raise error

    @property
    def is_cam_enabled(self) -> bool:
        return "cam" in self._tracks

    async def enable_screen_share(self, enable: bool) -> None:
        if not enable:
            self._stop("screen")
        elif error := self._open("screen"):
            raise error

    @property
    def screen_share_obstacle(self) -> str:
        return ""

    @property
    def is_sharing_screen(self) -> bool:
        return "screen" in self._tracks

    def tracks(self) -> Tracks:
        tracks = self._tracks
        return Tracks(local=ParticipantTracks(tracks.get("mic"), tracks.get("cam"), tracks.get("screen")))

    def set_bot_volume(self, volume: float) -> None:
        self._bot_volume = volume

    @property
    def bot_volume(self) -> float:
        return self._bot_volume

    def mute_bot(self, muted: bool) -> None:
        self._bot_muted = muted

    @property
    def is_bot_muted(self) -> bool:
        return self._bot_muted

    def mute_by_system(self, source: Literal["mic", "cam"], muted: bool) -> None:
        """The system mutes an open microphone or camera, or lets it go on."""
        if source in self._tracks:
            self._set_state(source, self._states[source]._replace(muted_by_system=muted))

    def _open(self, source: TrackSource) -> DeviceError | None:
        if source in self._tracks:
            return None
        if {"mic": self.microphone, "cam": self.camera, "screen": self.screen}[source] == "denied":
            error = DeviceError(f"The {source} was denied by the script.", devices=[source], type="permissions")
            self._set_state(source, DeviceState(DeviceStatus.ERROR, error))
            self.listener.failed(error)
            return error
        track = self._tracks[source] = ScriptedTrack(source)
        track.enabled = source != "mic" or bool(self._wants_mic)
        self._set_state(source, DeviceState(DeviceStatus.GRANTED))
        self.listener.track_changed(LOCAL, None, track, screen=source == "screen")
        return None

    def _stop(self, source: TrackSource) -> None:
        if track := self._tracks.pop(source, None):
            track.readyState = "ended"
            if source != "screen" and self._states[source].muted_by_system:
                self._set_state(source, self._states[source]._replace(muted_by_system=False))
            self.listener.track_changed(LOCAL, track, None, screen=source == "screen")

    def _set_state(self, source: TrackSource, state: DeviceState) -> None:
        self._states[source] = state
        if source != "screen":
            self.listener.state_changed(self.media_state)
