"""What happens to devices and media, as events of the client."""

from __future__ import annotations

from rtvi_web.core.media import DEVICE_KINDS, DeviceName, MediaDevice, MediaState, MediaStreamTrack, Participant
from rtvi_web.errors import DeviceError
from rtvi_web.realtime.event_handlers import RealtimeEventHandler


class MediaEvents:
    """A ``MediaListener`` that dispatches events of RTVI's names, with one argument each."""

    def __init__(self, client: RealtimeEventHandler) -> None:
        self._client = client

    def devices_changed(self, name: DeviceName, devices: list[MediaDevice]) -> None:
        self._client.dispatch(DEVICE_KINDS[name].listed, devices)

    def device_selected(self, name: DeviceName, device: MediaDevice | None) -> None:
        self._client.dispatch(DEVICE_KINDS[name].selected, device)

    def state_changed(self, state: MediaState) -> None:
        self._client.dispatch("mediaStateUpdated", state)

    def track_changed(
        self,
        participant: Participant,
        before: MediaStreamTrack | None,
        now: MediaStreamTrack | None,
        *,
        screen: bool = False,
    ) -> None:
        if before is not None:
            self._client.dispatch("trackStopped", before)
        if now is not None:
            self._client.dispatch("trackStarted", now)

    async def until_level_wanted(self) -> None:
        await self._client.until_listened("localAudioLevel", "remoteAudioLevel")

    def wants_level(self, participant: Participant) -> bool:
        return self._client.listens(_level_event(participant))

    def level(self, participant: Participant, level: float) -> None:
        self._client.dispatch(_level_event(participant), level)

    async def until_muted_speech_wanted(self) -> None:
        await self._client.until_listened("speakingWhileMuted")

    def wants_muted_speech(self) -> bool:
        return self._client.listens("speakingWhileMuted")

    def muted_speech(self) -> None:
        self._client.dispatch("speakingWhileMuted", {"type": "speakingWhileMuted"})

    def playback_blocked(self) -> None:
        self._client.dispatch("output_audio.blocked", {"type": "output_audio.blocked"})
        self._client.dispatch("botAudioBlocked", {"type": "botAudioBlocked"})

    def failed(self, error: DeviceError) -> None:
        self._client.dispatch("deviceError", error)


def _level_event(participant: Participant) -> str:
    return "localAudioLevel" if participant.local else "remoteAudioLevel"
