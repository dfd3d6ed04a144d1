"""Opens the tracks of microphone, camera and screen."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rtvi_web.browser import _js, audio_session
from rtvi_web.browser.device_errors import NOUNS, device_error
from rtvi_web.browser.devices import may_ask_again, permission
from rtvi_web.errors import DeviceError, DisconnectedError, NotInBrowserError, UnsupportedFeatureError

logger = logging.getLogger(__name__)

OPEN_TIMEOUT = 10.0
"""Seconds that an allowed device may take to open. On some systems, opening never ends."""
_NO_SCREENS = "This browser cannot share screens."

Constraints = Mapping[str, Any]
"""``MediaTrackConstraints``, as in JavaScript."""


async def open_input(device: str, constraints: Constraints, *, timeout: float = OPEN_TIMEOUT) -> Any:
    """Open the ``"mic"`` or the ``"cam"``: a live track. If the task is cancelled, a track that comes later is stopped.

    ``timeout`` (seconds) is for a device that the browser opens without a question: a person may take their time over
    one. If it may be asking, a warning is logged then, and the answer is still awaited.

    Raises:
        DeviceError: it was denied, is missing or cannot be used; the message says what the person can do.
        NotInBrowserError: devices do not exist here: CPython, or a web worker.
    """
    kind = "audio" if device == "mic" else "video"
    status = await permission(NOUNS[device])
    is_allowed = status is not None and status.state == "granted"
    limit = timeout if is_allowed and not may_ask_again() else None
    late = asyncio.get_running_loop().call_later(timeout, _say_what_is_awaited, device) if limit is None else None
    try:
        async with asyncio.timeout(limit):
            return await _open(device, "getUserMedia", {kind: dict(constraints) or True})
    except TimeoutError:
        message = (
            f"The {NOUNS[device]} is allowed, but did not open within {limit:g} s. Close other programs that use it."
        )
        raise DeviceError(message, devices=(device,), type="in-use") from None
    finally:
        if late is not None:
            late.cancel()


def _say_what_is_awaited(device: str) -> None:
    logger.warning(
        "The %s has not opened yet. The browser may be asking whether this page may use it: answer the question. If "
        "there is none, close other programs that use it.",
        NOUNS[device],
    )


async def open_screen(constraints: Constraints) -> Any:
    """Open a screen, window or tab that the person picks: a live track; otherwise as :func:`open_input`.

    Raises:
        UnsupportedFeatureError: this browser cannot share screens.
    """
    if not hasattr(_media_devices("screen"), "getDisplayMedia"):
        raise UnsupportedFeatureError(_NO_SCREENS, feature="enable_screen_share")
    return await _open("screen", "getDisplayMedia", {"video": dict(constraints) or True})


def screen_obstacle() -> str:
    """Why no screen can be shared in this page, in words for the person; empty if one can be."""
    try:
        return "" if hasattr(_media_devices("screen"), "getDisplayMedia") else _NO_SCREENS
    except NotInBrowserError:  # a browser without any media
        return _NO_SCREENS
    except DeviceError as error:
        return error.message


async def _open(device: str, method: str, constraints: dict[str, Any]) -> Any:
    try:
        stream = await _js.call(_media_devices(device), method, constraints, late=_stop_tracks)
    except _js.JsError as error:
        raise device_error(error, device) from error
    [track] = stream.getTracks()
    return track


def _media_devices(device: str) -> Any:
    devices = getattr(_js.api("navigator"), "mediaDevices", None)
    if devices is None and _js.api("isSecureContext"):
        raise _js.not_here("navigator.mediaDevices")
    if devices is None:
        raise DeviceError(
            f"A page at {_js.api('location').origin} cannot use the {NOUNS[device]}: browsers allow it on https and "
            "on localhost only.",
            devices=(device,),
            type="undefined-mediadevices",
        )
    return devices


def _stop_tracks(stream: Any) -> None:
    for track in stream.getTracks():
        track.stop()


class Capture:
    """One local track, which can be opened, muted without closing, replaced by another, and released.

    Args:
        device: ``"mic"``, ``"cam"`` or ``"screen"``.
        open_track: opens it, such as :func:`open_input`.
        ended: called when a track has ended by itself, after it was released.
        muted: called when the system mutes the track, or unmutes it.
        own: the application's own track, used instead of a device's. It is never stopped.
    """

    def __init__(
        self,
        device: str,
        open_track: Callable[[Constraints], Awaitable[Any]],
        ended: Callable[[], object],
        *,
        muted: Callable[[], object] = lambda: None,
        own: Any = None,
    ) -> None:
        self._device = device
        self._open_track = open_track
        self._ended = ended
        self._muted = muted
        self._monitor: Any = None
        self._own_was_enabled = True
        self._scope = _js.Scope()
        self._lock = asyncio.Lock()
        self._opening: asyncio.Task[Any] | None = None
        self._closings = 0
        self._is_exchanging = False
        self.own = own
        self.muted_by_system = False
        """Whether the system mutes the track: a switch of the laptop, a call on the phone, another page."""
        self._track: Any = None

    @property
    def track(self) -> Any:
        """The live ``MediaStreamTrack``, or ``None``.

        Also ``None`` after the page stopped the track; the browser fires no event for that.
        """
        track = self._track
        return track if track is not None and track.readyState == "live" else None

    @property
    def enabled(self) -> bool:
        """Whether the track is open and not muted."""
        track = self.track
        return track is not None and bool(track.enabled)

    async def open(self, constraints: Constraints, *, unmute: bool = True) -> None:
        """Open the track, for which the browser may ask for permission; unmute it, unless ``unmute`` is false.

        Raises:
            DeviceError: it was denied or is missing.
            DisconnectedError: ``close()`` was called meanwhile.
        """
        closings = self._closings
        async with self._lock:
            self._check(closings)
            track = self.track
            if track is None:
                with self._recording():
                    track = await self._new(constraints, closings)
                    self._drop()
                    self._use(track)
        if unmute:
            track.enabled = True

    async def exchange(
        self, constraints: Constraints, back: Constraints, hand_over: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Open another track, hand it over, and only then stop the old one. On failure the old one stays in use.

        If the old track is released meanwhile, the new one is stopped too. If it ends by itself, the new one still
        takes its place; only if there is none, ``ended`` is called.

        Args:
            constraints: of the new track.
            back: of the old one. A system that opens one device at a time (Android) refuses the new track while the old
                one lives: then the old one is stopped first, and opened again if the new one still fails.
            hand_over: passes a track on to whatever sends it.

        Raises:
            DeviceError: it was denied or is missing.
            DisconnectedError: ``close()`` was called meanwhile.
        """
        closings = self._closings
        async with self._lock:
            self._check(closings)
            before = self.track
            if before is None:
                return
            self._is_exchanging = True
            try:
                failure = await self._exchange(before, constraints, back, hand_over, closings)
            finally:
                self._is_exchanging = False
                if self._track is before and before.readyState != "live":
                    self._on_ended(None)
        if failure is not None:
            raise failure

    async def _exchange(
        self,
        before: Any,
        constraints: Constraints,
        back: Constraints,
        hand_over: Callable[[Any], Awaitable[None]],
        closings: int,
    ) -> DeviceError | None:
        failure: DeviceError | None = None
        try:
            track = await self._new(constraints, closings)
        except DeviceError as error:
            if error.type != "in-use" or self.track is not before:
                raise
            track, failure = await self._new_alone(constraints, back, closings)
        track.enabled = before.enabled
        try:
            if self._track is before:
                await hand_over(track)
            self._check(closings)
        except BaseException:
            track.stop()
            raise
        if self._track is before:
            track.enabled = before.enabled  # The old track may have been muted during the hand-over.
            self._drop()
            self._use(track)
        else:
            track.stop()
        return failure

    async def _new_alone(
        self, constraints: Constraints, back: Constraints, closings: int
    ) -> tuple[Any, DeviceError | None]:
        """Stop the track, and open another one, or else the old one again.

        Returns:
            The track; if it is the old one again, also why the other one could not be opened.
        """
        self._scope.close()
        self.stop_monitor()
        self._track.stop()  # It stays the track until there is another one: so that muting it is not forgotten.
        try:
            return await self._new(constraints, closings), None
        except DeviceError as error:
            try:
                return await self._new(back, closings), error
            except DeviceError:
                self.release()
                raise error from None

    def mute(self, muted: bool) -> None:
        """Mute or unmute: a muted track sends silence or black. The device stays open, so unmuting is instant."""
        if self._track is not None:
            self._track.enabled = not muted

    def monitor(self) -> Any:
        """A clone of the track that is not muted, to measure what a muted microphone hears; ``None`` without a track.

        It lives until :meth:`stop_monitor`, at most as long as the track, and must not be sent.
        """
        if self._monitor is None and (track := self.track) is not None:
            self._monitor = track.clone()
            self._monitor.enabled = True
        return self._monitor

    def stop_monitor(self) -> None:
        """Stop the clone, if there is one."""
        monitor, self._monitor = self._monitor, None
        if monitor is not None:
            monitor.stop()

    def release(self) -> None:
        """Release the device; it can be opened again."""
        self._drop()
        audio_session.let_go(self)

    def _drop(self) -> None:
        self._scope.close()
        self.stop_monitor()
        self.muted_by_system = False
        track, self._track = self._track, None
        if track is not None and track is self.own:
            track.enabled = self._own_was_enabled
        elif track is not None:
            track.stop()

    def close(self) -> None:
        """Release the device, and end an ``open()`` that is still waiting for it."""
        self._closings += 1
        if self._opening is not None:
            self._opening.cancel()
        self.release()

    @contextmanager
    def _recording(self) -> Iterator[None]:
        """Opens a microphone as part of a call: the system is told."""
        if self._device == "mic":
            audio_session.hold(self)
        try:
            yield
        finally:
            if self._track is None:
                audio_session.let_go(self)

    def _use(self, track: Any) -> None:
        self._track = track
        if track is self.own:
            self._own_was_enabled = bool(track.enabled)
        self.muted_by_system = bool(track.muted)
        self._scope.listen(track, "ended", self._on_ended)
        self._scope.listen(track, "mute", lambda _: self._on_muted(True))
        self._scope.listen(track, "unmute", lambda _: self._on_muted(False))

    async def _new(self, constraints: Constraints, closings: int) -> Any:
        if self.own is not None:
            return self._live(self.own)
        # In its own task, so that close() can end it: a permission prompt may stay open endlessly.
        opening = self._opening = asyncio.ensure_future(self._open_track(constraints))
        try:
            track = await opening
        except asyncio.CancelledError:
            if opening.done() and not opening.cancelled() and opening.exception() is None:
                opening.result().stop()  # The track arrived as the task was cancelled.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise _closed(self._device) from None
        finally:
            self._opening = None
        if closings != self._closings:
            track.stop()
            raise _closed(self._device)
        return track

    def _live(self, track: Any) -> Any:
        if track.readyState != "live":
            message = f"The application's own track for the {NOUNS[self._device]} has ended."
            raise DeviceError(message, devices=(self._device,), type="not-found")
        return track

    def _check(self, closings: int) -> None:
        if closings != self._closings:
            raise _closed(self._device)

    def _on_muted(self, muted: bool) -> None:
        self.muted_by_system = muted
        self._muted()

    def _on_ended(self, _event: Any) -> None:
        if self._is_exchanging:
            return  # On iPhones a second microphone ends the first: the new track is about to take its place.
        self.release()
        self._ended()


def _closed(device: str) -> DisconnectedError:
    return DisconnectedError(f"The {NOUNS[device]} was closed while it was being opened.")
