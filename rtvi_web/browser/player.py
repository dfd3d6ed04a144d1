"""The element that plays the bot."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.device_errors import device_error
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DeviceError, UnsupportedFeatureError

logger = logging.getLogger(__name__)


class Player:
    """An audio element that plays one track after another. It is not in the document.

    Args:
        blocked: called when the browser's autoplay policy refuses; ``resume()`` from a click then plays.
    """

    def __init__(self, blocked: Callable[[], object]) -> None:
        self._blocked = blocked
        self._tasks = Tasks()
        self._playing = False
        self._volume = 1.0
        self._muted = False
        self.element: Any = None
        """The ``<audio>`` element, ``None`` before its first use."""

    def play(self, track: Any) -> None:
        """Play this track instead of the current one."""
        self._element().srcObject = _js.construct("MediaStream", [track])
        self._playing = True
        # In a task: the promise of play() waits for sound, which may never come.
        self._tasks.run(self._start(), "playing the bot failed")

    async def _start(self) -> None:
        try:
            await self.resume()
        except DeviceError as error:
            logger.warning("the bot is not heard: %s", error)

    async def resume(self) -> None:
        """Play, if there is a track.

        Raises:
            DeviceError: the browser cannot play, for another reason than its autoplay policy.
        """
        if not self._playing:
            return
        try:
            await _js.call(self.element, "play")
        except _js.JsError as error:
            # AbortError: another track or close() came in between.
            if error.name == "NotAllowedError":
                self._blocked()
            elif error.name != "AbortError":
                raise device_error(error, "speaker") from error

    @property
    def sink_id(self) -> str:
        """The id of the speaker in use; empty for the system's default."""
        return str(getattr(self.element, "sinkId", "")) if self.element is not None else ""

    async def use_sink(self, id: str) -> None:
        """Play on another speaker, now and later; an empty id means the system's default.

        Raises:
            UnsupportedFeatureError: this browser does not let pages choose.
            JsError: there is no such speaker, or it is not allowed.
        """
        element = self._element()
        if not hasattr(element, "setSinkId"):
            raise UnsupportedFeatureError("This browser does not let pages choose a speaker.", feature="update_speaker")
        await _js.call(element, "setSinkId", id)

    @property
    def volume(self) -> float:
        """How loud it plays, 0 to 1."""
        return self._volume

    @volume.setter
    def volume(self, volume: float) -> None:
        self._volume = volume
        if self.element is not None:
            self.element.volume = volume

    @property
    def muted(self) -> bool:
        """Whether it plays silently, whatever the volume."""
        return self._muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._muted = muted
        if self.element is not None:
            self.element.muted = muted

    def close(self) -> None:
        """Stop, and release the track. ``play()`` works again."""
        self._playing = False
        self._tasks.cancel()
        if self.element is not None:
            self.element.pause()
            self.element.srcObject = _js.null

    def _element(self) -> Any:
        if self.element is None:
            self.element = _js.construct("Audio")
            self.element.volume = self._volume
            self.element.muted = self._muted
        return self.element
