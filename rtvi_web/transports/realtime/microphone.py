"""The microphone of a realtime session, which outlives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rtvi_web.browser.capture import Capture, open_input
from rtvi_web.errors import DeviceError


class RealtimeMicrophone:
    """Opened once, muted and unmuted without closing.

    Args:
        constraints: ``MediaTrackConstraints`` of the device.
        own: the page's own track, to be used instead; it is never stopped.
        lost: called when it is gone by itself, with what to tell the person.
    """

    def __init__(self, constraints: Mapping[str, Any], own: Any, lost: Callable[[DeviceError], object]) -> None:
        self._constraints = constraints
        self._lost = lost
        self._capture = Capture("mic", partial(open_input, "mic"), self._on_ended, own=own)
        self.is_muted = False

    @property
    def track(self) -> Any:
        """The ``MediaStreamTrack``, ``None`` while it is closed."""
        return self._capture.track

    async def open(self) -> None:
        """Open it, unless it is open.

        Raises:
            DeviceError: it was denied, is missing or in use.
            DisconnectedError: it was closed meanwhile.
        """
        if self._capture.track is None:
            await self._capture.open(self._constraints)
            self.mute(self.is_muted)

    def mute(self, muted: bool) -> None:
        """Hear silence, or what there is to hear; remembered while it is closed."""
        self.is_muted = muted
        if self._capture.track is not None:
            self._capture.track.enabled = not muted

    def close(self) -> None:
        """Let the device go, and stop asking for it."""
        self._capture.close()

    def _on_ended(self) -> None:
        message = "The microphone is gone: it was unplugged, or its permission was withdrawn."
        self._lost(DeviceError(message, devices=["mic"], type="not-found"))
