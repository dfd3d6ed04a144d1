"""Shows tracks in elements of the page."""

from __future__ import annotations

from typing import Any

from rtvi_web.browser import _js
from rtvi_web.core.media import Tracks, VideoSource
from rtvi_web.errors import InvalidArgumentError


class VideoViews:
    """The ``<video>`` elements in which a page shows tracks, one after another."""

    def __init__(self) -> None:
        self._views: list[tuple[_VideoView, VideoSource]] = []

    def add(self, element: Any, source: VideoSource) -> None:
        """Show the tracks of a source in an element, or in the one that a CSS selector finds.

        Raises:
            InvalidArgumentError: it is no ``<video>`` element.
        """
        if isinstance(element, str):
            element = _js.or_none(_js.api("document").querySelector(element))
        if str(getattr(element, "localName", "")) != "video":
            raise InvalidArgumentError("show_video() needs a <video> element, or a selector that finds one.")
        self._views = [(view, shown) for view, shown in self._views if view.element != element]
        self._views.append((_VideoView(element), source))

    def show(self, tracks: Tracks) -> None:
        """Show the tracks that there are now."""
        local, bot = tracks
        videos = {"bot": bot.video, "cam": local.video, "screen": local.screen_video}
        for view, source in self._views:
            view.show(videos[source])


class _VideoView:
    def __init__(self, element: Any) -> None:
        self.element = element
        self._track: Any = None
        element.autoplay = element.muted = element.playsInline = True

    def show(self, track: Any) -> None:
        """Show a track, ``None`` for none."""
        if track is not self._track:
            self._track = track
            self.element.srcObject = _js.null if track is None else _js.construct("MediaStream", [track])
