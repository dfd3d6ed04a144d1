"""What happens to devices and media, as events of RTVI."""

from __future__ import annotations

from rtvi_web.core.emitter import Emitter
from rtvi_web.core.media import DEVICE_KINDS, DeviceName, MediaDevice, MediaState, MediaStreamTrack, Participant
from rtvi_web.errors import DeviceError
from rtvi_web.rtvi.protocol.events import EVENTS, RTVIEvent


class MediaEvents:
    """Fires the events; the client's :class:`~rtvi_web.core.media.MediaListener`.

    Tracks from the bot's side may arrive before the transport knows who the bot is. They are held until then.
    """

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._held: list[tuple[MediaStreamTrack, Participant, bool]] | None = None  # with whether it is a screen

    def hold_tracks(self) -> None:
        """Fire no ``trackStarted`` of the other side until :meth:`release_tracks`."""
        self._held = []

    def release_tracks(self) -> None:
        """Fire ``trackStarted`` for what was held and is still sent."""
        held, self._held = self._held or [], None
        for track, participant, screen in held:
            self._started(track, participant, screen)

    def drop_held_tracks(self) -> None:
        """The session is over before the bot was there: what was held is never fired."""
        self._held = None

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
        held = None if participant.local else self._held
        if held is not None and before is not None and (before, participant, screen) in held:
            held.remove((before, participant, screen))
        elif before is not None:
            stopped = RTVIEvent.SCREEN_TRACK_STOPPED if screen else RTVIEvent.TRACK_STOPPED
            self._emitter.emit(stopped, before, participant)
        if now is not None and held is not None:
            held.append((now, participant, screen))
        elif now is not None:
            self._started(now, participant, screen)

    def _started(self, track: MediaStreamTrack, participant: Participant, screen: bool) -> None:
        started = RTVIEvent.SCREEN_TRACK_STARTED if screen else RTVIEvent.TRACK_STARTED
        self._emitter.emit(started, track, participant)

    async def until_level_wanted(self) -> None:
        await self._emitter.listened.until(RTVIEvent.LOCAL_AUDIO_LEVEL, RTVIEvent.REMOTE_AUDIO_LEVEL)

    def wants_level(self, participant: Participant) -> bool:
        event = RTVIEvent.LOCAL_AUDIO_LEVEL if participant.local else RTVIEvent.REMOTE_AUDIO_LEVEL
        return self._emitter.listens(event)

    def level(self, participant: Participant, level: float) -> None:
        if participant.local:
            self._emitter.emit(RTVIEvent.LOCAL_AUDIO_LEVEL, level)
        else:
            self._emitter.emit(RTVIEvent.REMOTE_AUDIO_LEVEL, level, participant)

    async def until_muted_speech_wanted(self) -> None:
        await self._emitter.listened.until(RTVIEvent.SPEAKING_WHILE_MUTED)

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
