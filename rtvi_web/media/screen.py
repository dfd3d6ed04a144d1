"""The screen that the person shares."""

from __future__ import annotations

from typing import Any

from rtvi_web.browser.capture import Capture, open_screen
from rtvi_web.errors import DeviceError
from rtvi_web.media.device_kinds import LOCAL, SCREEN, MediaHost
from rtvi_web.rtvi.protocol.events import RTVIEvent


class ScreenShare:
    """Asks for a screen, sends it, and notices when the person ends it in the browser's own controls."""

    def __init__(self, host: MediaHost) -> None:
        self._host = host
        self._capture = Capture("screen", open_screen, self._tell)
        self._told: Any = None

    @property
    def track(self) -> Any:
        return self._capture.track

    @property
    def enabled(self) -> bool:
        return self._capture.enabled

    async def enable(self, enable: bool) -> None:
        """Ask for a screen and send it, or end it; see ``Transport.enable_screen_share``."""
        if enable and self.track is None:
            try:
                await self._capture.open({})
            except DeviceError as error:
                self._host.fire(RTVIEvent.DEVICE_ERROR, error)
                self._host.fire(RTVIEvent.SCREEN_SHARE_ERROR, str(error))
                raise
        elif not enable:
            self._capture.close()
        await self._host.send_track(SCREEN, self.track)
        self._tell()

    def close(self) -> None:
        """End it."""
        self._capture.close()
        self._tell()

    def _tell(self) -> None:
        """Tell the bot and the page what is shared, where that has changed."""
        track = self.track
        if track is self._told:
            return
        before, self._told = self._told, track
        self._host.track_changed(SCREEN, track is not None)
        if before is not None:
            self._host.fire(RTVIEvent.SCREEN_TRACK_STOPPED, before, LOCAL)
        if track is not None:
            self._host.fire(RTVIEvent.SCREEN_TRACK_STARTED, track, LOCAL)
