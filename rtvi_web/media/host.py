"""What microphone, camera, screen and speaker need from the media that they belong to."""

from __future__ import annotations

from typing import Any, Protocol

from rtvi_web.core.media import DeviceName, MediaDevice, MediaListener, TrackSource


class MediaHost(Protocol):
    """What :class:`~rtvi_web.media.page_media.PageMedia` offers its devices."""

    @property
    def listener(self) -> MediaListener:
        """The client, which is notified of what happens."""
        ...

    def devices(self, name: DeviceName) -> list[MediaDevice]:
        """The devices of a kind, as far as they are known."""
        ...

    async def refresh(self) -> None:
        """Ask the browser again which devices there are."""

    async def send_track(self, source: TrackSource, track: Any) -> None:
        """Send this track instead of the current one; ``None`` sends none."""

    def state_changed(self) -> None:
        """The state of a device has changed."""

    def track_is(self, source: TrackSource, track: Any) -> None:
        """This track sends now (``None``: no track). If it has changed, bot, page and listener are notified."""
