"""The microphone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.errors import DeviceError, DisconnectedError, NotInBrowserError

_REASONS = {
    "NotAllowedError": (
        "permissions",
        "The microphone is not allowed here. Allow it in the browser's site settings (the icon beside the address), "
        "and in the system's privacy settings.",
    ),
    "NotFoundError": ("not-found", "There is no microphone. Plug one in, or switch it on in the system's settings."),
    "NotReadableError": (
        "in-use",
        "The microphone cannot be opened. Close other programs that use it, or plug it in again.",
    ),
    "AbortError": ("in-use", "The microphone could not be opened. Plug it in again, or restart the browser."),
    "OverconstrainedError": ("constraints", "The microphone that was asked for is not there. Choose another one."),
}


class Microphone:
    """The microphone's track: opened when it is wanted, muted and unmuted without closing, released at the end.

    Args:
        ended: called when the device goes away by itself; the track is released by then.
    """

    def __init__(self, ended: Callable[[], object]) -> None:
        self._ended = ended
        self._scope = _js.Scope()
        self._lock = asyncio.Lock()
        self._opening: asyncio.Task[Any] | None = None
        self._closings = 0
        self.track: Any = None
        """The ``MediaStreamTrack``, ``None`` while it is closed."""

    @property
    def enabled(self) -> bool:
        """Whether it sends: open, live and not muted."""
        return self.track is not None and self.track.readyState == "live" and bool(self.track.enabled)

    async def open(self) -> None:
        """Open the microphone, asking for permission where the browser does; unmute it if it is open.

        Raises:
            DeviceError: it was denied or is missing.
            DisconnectedError: ``close()`` was called meanwhile.
        """
        closings = self._closings
        async with self._lock:
            if closings != self._closings:
                raise _closed()
            if self.track is None:
                track = await self._open()
                if closings != self._closings:
                    track.stop()
                    raise _closed()
                self.track = track
                self._scope.listen(self.track, "ended", self._on_ended)
        self.track.enabled = True

    async def _open(self) -> Any:
        # A task of its own, so that close() can end it: a permission prompt may stay open for ever.
        opening = self._opening = asyncio.ensure_future(open_microphone())
        try:
            return await opening
        except asyncio.CancelledError:
            if opening.done() and not opening.cancelled() and opening.exception() is None:
                opening.result().stop()  # It had just come when the cancellation did.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise _closed() from None
        finally:
            self._opening = None

    def mute(self) -> None:
        """Send silence; the device stays open, so that unmuting is instant."""
        if self.track is not None:
            self.track.enabled = False

    def close(self) -> None:
        """Release the device, or stop asking for it."""
        self._closings += 1
        if self._opening is not None:
            self._opening.cancel()
        self._scope.close()
        if self.track is not None:
            self.track.stop()
            self.track = None

    def _on_ended(self, _event: Any) -> None:
        self.close()
        self._ended()


def _closed() -> DisconnectedError:
    return DisconnectedError("The microphone was closed while it was being opened.")


async def open_microphone() -> Any:
    """A live audio track of the microphone. A track that comes after the task was cancelled is stopped.

    Raises:
        DeviceError: it was denied, is missing or cannot be used; says what the person can do.
        NotInBrowserError: there are no devices here: CPython, or a web worker.
    """
    devices = getattr(_js.api("navigator"), "mediaDevices", None)
    if devices is None and _js.api("isSecureContext"):
        raise NotInBrowserError("navigator.mediaDevices")
    if devices is None:
        raise DeviceError(
            f"A page at {_js.api('location').origin} cannot use the microphone: browsers allow it on https and on "
            "localhost only.",
            devices=("mic",),
            type="undefined-mediadevices",
        )
    try:
        stream = await _js.call(devices, "getUserMedia", {"audio": True}, late=_stop_tracks)
    except _js.JsError as error:
        raise device_error(error) from error
    [track] = stream.getAudioTracks()
    return track


def device_error(error: _js.JsError) -> DeviceError:
    """Why ``getUserMedia`` refused the microphone, in the person's terms."""
    type, message = _REASONS.get(error.name, ("unknown", f"The microphone could not be opened: {error}"))
    return DeviceError(message, devices=("mic",), type=type)


def _stop_tracks(stream: Any) -> None:
    for track in stream.getTracks():
        track.stop()
