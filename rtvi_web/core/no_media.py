"""The media of a transport without devices."""

from __future__ import annotations

from typing import Any

from rtvi_web.core.media import AudioStream, Carried, DeviceName, MediaDevice, MediaState, Tracks, VideoSource
from rtvi_web.errors import UnsupportedFeatureError


class NoMedia:
    """The media of a transport without devices, and a base class for media that have only some.

    What needs a device raises :class:`UnsupportedFeatureError`; the rest answers that there is none.

    Args:
        owner: the name of the transport, for the errors.
    """

    def __init__(self, owner: str) -> None:
        self._owner = owner

    @property
    def carries(self) -> frozenset[Carried]:
        return frozenset()

    async def open_devices(self, *, mic: bool = False) -> None:
        return

    @property
    def devices_open(self) -> bool:
        return False

    async def list_devices(self, name: DeviceName) -> list[MediaDevice]:
        return []

    def selected_device(self, name: DeviceName) -> MediaDevice | None:
        return None

    async def select_device(self, name: DeviceName, id: str) -> None:
        raise self._unsupported(f"update_{name}")

    @property
    def media_state(self) -> MediaState:
        return MediaState()

    async def enable_mic(self, enable: bool) -> None:
        if enable:
            raise self._unsupported("enable_mic")

    def want_mic(self, wanted: bool) -> None:
        return

    @property
    def mic_wanted(self) -> bool | None:
        return None

    @property
    def is_mic_enabled(self) -> bool:
        return False

    async def enable_cam(self, enable: bool) -> None:
        if enable:
            raise self._unsupported("enable_cam")

    @property
    def is_cam_enabled(self) -> bool:
        return False

    async def enable_screen_share(self, enable: bool) -> None:
        if enable:
            raise self._unsupported("enable_screen_share")

    @property
    def screen_share_obstacle(self) -> str:
        return self._unsupported("enable_screen_share").message

    @property
    def is_sharing_screen(self) -> bool:
        return False

    def tracks(self) -> Tracks:
        return Tracks()

    async def resume_bot_audio(self) -> None:
        return

    def set_bot_volume(self, volume: float) -> None:
        raise self._unsupported("set_bot_volume")

    @property
    def bot_volume(self) -> float:
        return 1.0

    def mute_bot(self, muted: bool) -> None:
        raise self._unsupported("mute_bot")

    @property
    def is_bot_muted(self) -> bool:
        return False

    def show_video(self, element: Any, source: VideoSource) -> None:
        raise self._unsupported("show_video")

    def local_audio(self, *, sample_rate: int, frame: float) -> AudioStream:
        raise self._unsupported("local_audio")

    def remote_audio(self, *, sample_rate: int, frame: float) -> AudioStream:
        raise self._unsupported("remote_audio")

    def _unsupported(self, feature: str) -> UnsupportedFeatureError:
        return UnsupportedFeatureError(f"{self._owner} has no {feature}().", feature=feature)
