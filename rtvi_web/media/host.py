"""What a microphone, a camera, a screen and a speaker need of the media that they belong to."""

from __future__ import annotations

from typing import Any, Protocol

from rtvi_web.core.media import DeviceName, MediaDevice, MediaListener, TrackSource


class MediaHost(Protocol):
    """The media, as their devices see them."""

    @property
    def listener(self) -> MediaListener:
        """Who hears what happens."""
        ...

    def devices(self, name: DeviceName) -> list[MediaDevice]:
        """The devices of a kind, as far as they are known."""
        ...

    async def refresh(self) -> None:
        """Look again which devices there are."""

    async def send_track(self, source: TrackSource, track: Any) -> None:
        """Send a track in place of the one before; ``None`` for none."""

    def state_changed(self) -> None:
        """A device has got to another state."""

    def track_changed(self, source: TrackSource, before: Any, now: Any) -> None:
        """Another track is to be heard or seen, in place of the one before; ``None`` for none."""
