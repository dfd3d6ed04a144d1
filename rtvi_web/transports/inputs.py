"""The microphone or the camera of a session: what is wanted and chosen, what is open, and who is told."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from rtvi_web.browser._js import JsError
from rtvi_web.browser.media import NOUNS, Capture, Constraints, device_error, open_input
from rtvi_web.errors import DeviceError, DisconnectedError, RTVIError, UnsupportedFeatureError
from rtvi_web.protocol.events import RTVIEvent
from rtvi_web.protocol.media import DeviceState, DeviceStatus, MediaDevice
from rtvi_web.transports.media_host import LOCAL, Choices, DeviceKind, MediaHost, default, find

logger = logging.getLogger(__name__)

_GRANTED = DeviceState(DeviceStatus.GRANTED)


class Input:
    """One of the two.

    Args:
        kind: which.
        slot: where it is sent.
        constraints: what is asked of every device.
        own: the application's own track, to be sent in a device's place.
        keeps: whether the device stays open while it is muted.
    """

    def __init__(
        self,
        kind: DeviceKind,
        slot: int,
        host: MediaHost,
        choices: Choices,
        *,
        constraints: Constraints,
        own: Any,
        keeps: bool,
    ) -> None:
        self.kind = kind
        self.wanted = False
        """Whether it is to be open and heard or seen."""
        self.in_use = False
        """Whether it may be opened: between ``open_devices()`` and ``close()``."""
        self.state = DeviceState()
        self._slot = slot
        self._host = host
        self._choices = choices
        self._constraints = dict(constraints)
        self._keeps = keeps or own is not None
        self._capture = Capture(kind.name, partial(open_input, kind.name), self._on_ended, own=own)
        self._told: Any = None
        self._announced: MediaDevice | None = None
        self._unplugged = False
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    # The truth.

    @property
    def track(self) -> Any:
        return self._capture.track

    @property
    def enabled(self) -> bool:
        return self._capture.enabled

    @property
    def selected(self) -> MediaDevice | None:
        """The device of the track; while there is none, the one that would be opened."""
        if self._capture.own is not None:
            return None
        devices = self._host.devices(self.kind)
        if self.track is None:
            return self._choices.find(self.kind.name, devices) or default(devices)
        return find(devices, self._device_id) or MediaDevice(self._device_id, str(self.track.label), self.kind.kind)

    @property
    def _device_id(self) -> str:
        return str(getattr(self.track.getSettings(), "deviceId", ""))

    # Opening and closing.

    async def enable(self, enable: bool) -> None:
        """Open or unmute it, or mute it; while it is not in use, only remember the wish."""
        self.wanted = enable
        if not enable:
            await self._rest()
        elif self.in_use:
            await self.open()

    async def open(self) -> None:
        """Open it, or unmute it.

        Raises:
            DeviceError: it was denied or is missing; ``deviceError`` was fired.
            DisconnectedError: it was closed meanwhile.
        """
        if self.track is None:
            self._set_state(DeviceState(DeviceStatus.INITIALIZING))
        try:
            await self._open_chosen()
        except DeviceError as error:
            self._fail(error)
            raise
        finally:
            if self.state.status is DeviceStatus.INITIALIZING:
                self._set_state(_GRANTED if self.track is not None else DeviceState())
        self._unplugged = False
        if not self.wanted:  # It was muted while the browser asked for permission.
            await self._rest()
            return
        await self._host.send_track(self._slot, self.track)
        self._tell()

    async def _open_chosen(self) -> None:
        """Open the chosen device if it can be had, else the browser's default."""
        if self.track is None and self._choices.chosen(self.kind.name):
            await self._host.refresh()
        if not self.in_use:
            raise DisconnectedError(f"The {self._noun} was closed while it was being opened.")
        chosen = self._choices.find(self.kind.name, self._host.devices(self.kind))
        if chosen and self.track is None:  # Chromium takes no notice of a device that is merely preferred.
            try:
                await self._capture.open({**self._constraints, "deviceId": {"exact": chosen.id}})
                return
            except DeviceError as error:
                if error.type not in ("constraints", "not-found"):
                    raise
        await self._capture.open(self._constraints)

    async def _rest(self) -> None:
        if self._keeps:
            self._capture.mute()
            self._tell()
        elif self.track is not None:
            self._capture.release()
            self._tell()
            await self._host.send_track(self._slot, None)

    def close(self) -> None:
        """Release it, or stop asking for it."""
        self.in_use = self._unplugged = False
        self._capture.close()
        self._tell()
        for task in self._tasks:
            task.cancel()

    # Choosing.

    async def select(self, id: str) -> None:
        """Use another device; see ``Transport.select_device``."""
        if self._capture.own is not None:
            feature = f"update_{self.kind.name}"
            raise UnsupportedFeatureError("The application sends a track of its own, not a device's.", feature=feature)
        async with self._lock:
            await self._host.refresh()
            devices = self._host.devices(self.kind)
            device = find(devices, id)
            if devices and device is None:
                raise self._report(self._error("not-found", f"There is no {self._noun} with the id {id!r}."))
            if self.track is not None:
                await self._exchange({"deviceId": {"exact": id}})
            before = self._choices.chosen(self.kind.name)
            self._choices.choose(self.kind.name, id, device.label if device else "")
            try:
                if self.track is None and self.wanted and self.in_use:
                    await self.open()
            except DeviceError:
                self._choices.choose(self.kind.name, before.get("id", ""), before.get("label", ""))
                raise
            self.announce()

    async def reconcile(self) -> None:
        """Use the chosen device if it is there, and another one if the one in use is gone."""
        async with self._lock:
            if self.in_use and self._capture.own is None:
                try:
                    await self._follow(self._host.devices(self.kind))
                except RTVIError as error:  # Of a device it was reported; else the session has ended.
                    logger.debug("%s: %s", self._noun, error)
            self.announce()

    async def _follow(self, devices: list[MediaDevice]) -> None:
        chosen = self._choices.find(self.kind.name, devices)
        if self.track is None:
            if self._unplugged and self.wanted and devices:
                await self._replace_lost()
        elif chosen and chosen.id != self._device_id and await self._is_allowed():
            await self._exchange({"deviceId": {"exact": chosen.id}})
        elif find(devices, self._device_id) is None and await self._is_allowed():
            self._capture.release()
            self._unplugged = True
            self._tell()
            if self.wanted and devices:
                await self._replace_lost()
            else:
                self._fail(self._error("not-found", f"The {self._noun} is gone: it was unplugged."))

    async def _replace_lost(self) -> None:
        gone = self._announced
        await self.open()
        self.announce()
        now = self._announced
        if gone and now and gone.id != now.id and self._choices.chosen(self.kind.name).get("id") != now.id:
            self._report(self._error("not-found", f"{gone.label} is gone; {now.label} is used in its place."))

    async def _exchange(self, constraints: Constraints) -> None:
        try:
            await self._capture.exchange(
                {**self._constraints, **constraints}, partial(self._host.send_track, self._slot)
            )
        except DeviceError as error:
            self._report(error)
            raise
        self._tell()

    # What happens to it.

    def _on_ended(self) -> None:
        self._tell()
        task = asyncio.ensure_future(self._recover())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _recover(self) -> None:
        """The track ended by itself: was the device unplugged, or the permission withdrawn?"""
        gone = self._announced
        if self._capture.own is not None:
            self._fail(self._error("not-found", "The application's own track has ended."))
            return
        if not await self._is_allowed():
            self._fail(self._error("permissions", f"The permission to use the {self._noun} was withdrawn."))
            self.announce()
            return
        self._unplugged = True
        await self._host.refresh()
        devices = self._host.devices(self.kind)
        if not devices or gone is None or find(devices, gone.id):
            # Its replacement is looked for when the browser says that the devices have changed.
            self._fail(self._error("not-found", f"The {self._noun} is gone: it stopped, or it was unplugged."))
            self.announce()
        else:
            await self.reconcile()

    async def _is_allowed(self) -> bool:
        return await self._host.permission(self.kind) in (None, "granted")

    def permission_changed(self, permission: str) -> None:
        """The person has allowed or forbidden it in the browser's settings."""
        if self.state.status is DeviceStatus.INITIALIZING or self.track is not None:
            return
        if permission == "granted" and self.state.reason in (None, "permissions"):
            self._set_state(_GRANTED)
        elif permission == "prompt" and self.state.status is DeviceStatus.GRANTED:
            self._set_state(DeviceState())
        elif permission == "denied" and self.state.status is not DeviceStatus.ERROR:
            self._set_state(DeviceState(DeviceStatus.ERROR, self._denied()))

    # Telling.

    def announce(self) -> None:
        """Tell the page which device is selected, where that has changed."""
        selected = self.selected
        if selected != self._announced:
            self._announced = selected
            self._host.fire(self.kind.updated, selected)

    def _tell(self) -> None:
        """Tell the bot and the page what is sent, where that has changed."""
        track = self.track if self.enabled else None
        if track is self._told:
            return
        before, self._told = self._told, track
        self._host.track_changed(self._slot, track is not None)
        if before is not None:
            self._host.fire(RTVIEvent.TRACK_STOPPED, before, LOCAL)
        if track is not None:
            self._host.fire(RTVIEvent.TRACK_STARTED, track, LOCAL)

    def _set_state(self, state: DeviceState) -> None:
        if state != self.state:
            self.state = state
            self._host.state_changed()

    def _fail(self, error: DeviceError) -> None:
        self._set_state(DeviceState(DeviceStatus.ERROR, error))
        self._report(error)

    def _report(self, error: DeviceError) -> DeviceError:
        self._host.fire(RTVIEvent.DEVICE_ERROR, error)
        return error

    def _error(self, type: str, message: str) -> DeviceError:
        return DeviceError(message, devices=(self.kind.name,), type=type)

    def _denied(self) -> DeviceError:
        return device_error(JsError("NotAllowedError", ""), self.kind.name)

    @property
    def _noun(self) -> str:
        return NOUNS[self.kind.name]
