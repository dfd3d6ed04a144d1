"""The screen that the person shares."""

from __future__ import annotations

from typing import Any

from rtvi_web.browser.capture import Capture, open_screen
from rtvi_web.errors import DeviceError
from rtvi_web.media.host import MediaHost


class ScreenShare:
    """Asks for a screen, sends it, and notices when the person ends it in the browser's own controls."""

    def __init__(self, host: MediaHost) -> None:
        self._host = host
        self._capture = Capture("screen", open_screen, self._notify)

    @property
    def track(self) -> Any:
        """The screen's track, ``None`` while none is shared."""
        return self._capture.track

    @property
    def enabled(self) -> bool:
        """Whether a screen is shared."""
        return self._capture.enabled

    async def enable(self, enable: bool) -> None:
        """Ask for a screen and send it, or end it; see ``Media.enable_screen_share``."""
        if enable and self.track is None:
            try:
                await self._capture.open({})
            except DeviceError as error:
                self._host.listener.failed(error)
                raise
        elif not enable:
            self._capture.close()
        await self._host.send_track("screen", self.track)
        self._notify()

    def close(self) -> None:
        """End it."""
        self._capture.close()
        self._notify()

    def _notify(self) -> None:
        """Report the track that is shared now."""
        self._host.track_is("screen", self.track)
