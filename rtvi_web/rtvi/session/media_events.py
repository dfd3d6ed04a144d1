"""What happens to devices and media, as events of RTVI."""

from __future__ import annotations

from rtvi_web.core.emitter import Emitter
from rtvi_web.core.media import DEVICE_KINDS, DeviceName, MediaDevice, MediaState, MediaStreamTrack, Participant
from rtvi_web.errors import DeviceError
from rtvi_web.rtvi.protocol.events import EVENTS, RTVIEvent


class MediaEvents:
    """Fires the events; the client's :class:`~rtvi_web.core.media.MediaListener`."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter

    def devices_changed(self, name: DeviceName, devices: list[MediaDevice]) -> None:
        self._emitter.emit(EVENTS[DEVICE_KINDS[name].listed], devices)

    def device_selected(self, name: DeviceName, device: MediaDevice | None) -> None:
        self._emitter.emit(EVENTS[DEVICE_KINDS[name].selected], device)

    def state_changed(self, state: MediaState) -> None:
        self._emitter.emit(RTVIEvent.MEDIA_STATE_UPDATED, state)

    def track_changed(
        self,
        participant: Participant,
        before: MediaStreamTrack | None,
        now: MediaStreamTrack | None,
        *,
        screen: bool = False,
    ) -> None:
        stopped = RTVIEvent.SCREEN_TRACK_STOPPED if screen else RTVIEvent.TRACK_STOPPED
        started = RTVIEvent.SCREEN_TRACK_STARTED if screen else RTVIEvent.TRACK_STARTED
        if before is not None:
            self._emitter.emit(stopped, before, participant)
        if now is not None:
            self._emitter.emit(started, now, participant)

    def wants_level(self, participant: Participant) -> bool:
        event = RTVIEvent.LOCAL_AUDIO_LEVEL if participant.local else RTVIEvent.REMOTE_AUDIO_LEVEL
        return self._emitter.listens(event)

    def level(self, participant: Participant, level: float) -> None:
        if participant.local:
            self._emitter.emit(RTVIEvent.LOCAL_AUDIO_LEVEL, level)
        else:
            self._emitter.emit(RTVIEvent.REMOTE_AUDIO_LEVEL, level, participant)

    def wants_muted_speech(self) -> bool:
        return self._emitter.listens(RTVIEvent.SPEAKING_WHILE_MUTED)

    def muted_speech(self) -> None:
        self._emitter.emit(RTVIEvent.SPEAKING_WHILE_MUTED)

    def playback_blocked(self) -> None:
        self._emitter.emit(RTVIEvent.BOT_AUDIO_BLOCKED)

    def failed(self, error: DeviceError) -> None:
        self._emitter.emit(RTVIEvent.DEVICE_ERROR, error)
        if "screen" in error.devices:
            self._emitter.emit(RTVIEvent.SCREEN_SHARE_ERROR, str(error))
