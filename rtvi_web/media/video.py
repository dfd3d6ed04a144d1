"""Shows tracks in elements of the page."""

from __future__ import annotations

from typing import Any

from rtvi_web.browser import _js


class VideoView:
    """A ``<video>`` element that shows one track after another."""

    def __init__(self, element: Any) -> None:
        self.element = element
        self._track: Any = None
        element.autoplay = element.muted = element.playsInline = True

    def show(self, track: Any) -> None:
        """Show a track, ``None`` for none."""
        if track is not self._track:
            self._track = track
            self.element.srcObject = _js.null if track is None else _js.construct("MediaStream", [track])
