"""The microphone or the camera of a session: what the person wants and chose, what is open, and what is reported."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import Any

from rtvi_web.browser._js import JsError
from rtvi_web.browser.capture import Capture, Constraints, open_input
from rtvi_web.browser.device_errors import device_error
from rtvi_web.browser.devices import may_ask_again, permission
from rtvi_web.core.media import MIC, DeviceKind, DeviceState, DeviceStatus, MediaDevice, TrackSource
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DeviceError, DisconnectedError, RTVIError, UnsupportedFeatureError
from rtvi_web.media.choices import Choice, Choices, default, find
from rtvi_web.media.host import MediaHost
from rtvi_web.media.open_device import open_free_device

logger = logging.getLogger(__name__)

_GRANTED = DeviceState(DeviceStatus.GRANTED)


class InputDevice:
    """A microphone or a camera.

    Args:
        kind: :data:`MIC` or :data:`CAM`.
        constraints: ``MediaTrackConstraints`` (MDN), for whichever device is opened.
        own: the application's own track, sent instead of a device's.
        release_when_muted: whether a device is closed while it is muted, so that its light goes out.
    """

    def __init__(
        self,
        kind: DeviceKind,
        host: MediaHost,
        choices: Choices,
        *,
        constraints: Constraints,
        own: Any,
        release_when_muted: bool,
    ) -> None:
        self.kind = kind
        self._source: TrackSource = "mic" if kind is MIC else "cam"
        self.wanted: bool | None = None
        """Whether it is to send; ``None`` until this is known."""
        self._wanted_by_default = False
        self.in_use = False
        """Whether it may be opened: between ``open_devices()`` and ``close()``."""
        self.state = DeviceState()
        self._host = host
        self._choices = choices
        self._constraints = dict(constraints)
        self._stays_open = own is not None or not release_when_muted
        self._capture = Capture(
            kind.name, partial(open_input, kind.name), self._on_ended, muted=self._on_muted, own=own
        )
        self._announced: MediaDevice | None = None
        self._unplugged = False
        self._reopened = False
        self._reported_gone: set[str] = set()
        self._busy = ""
        """The id of a chosen device that another program uses: it is not tried at every change of the devices."""
        self._lock = asyncio.Lock()
        self._recovering = Tasks()

    # State.

    @property
    def track(self) -> Any:
        """The track of the open device, ``None`` while it is closed."""
        return self._capture.track

    @property
    def enabled(self) -> bool:
        """Whether it is open and not muted."""
        return self._capture.enabled

    def monitor(self) -> Any:
        """A clone of the muted track that still hears, and is never sent; ``None`` if there is no muted track."""
        return None if self.track is None or self.enabled else self._capture.monitor()

    def stop_monitor(self) -> None:
        """Stop that clone."""
        self._capture.stop_monitor()

    @property
    def selected(self) -> MediaDevice | None:
        """The device of the track; without a track, the device that would be opened."""
        if self._capture.own is not None:
            return None
        devices = self._host.devices(self.kind.name)
        if self.track is None:
            return self._choices.find(self.kind.name, devices) or default(devices)
        return find(devices, self._device_id) or MediaDevice(self._device_id, str(self.track.label), self.kind.kind)

    @property
    def _device_id(self) -> str:
        return str(getattr(self.track.getSettings(), "deviceId", ""))

    # Opening and closing.

    def want_by_default(self) -> None:
        """Want it, unless it was muted: by the client, or by an application that has disabled its own track."""
        if self.wanted is None or self._wanted_by_default:
            own = self._capture.own
            self.wanted = own is None or bool(own.enabled)
            self._wanted_by_default = True

    def want(self, wanted: bool) -> None:
        """Remember what is wanted, and mute or unmute the track if there is one. Opens and releases nothing."""
        self.wanted, self._wanted_by_default = wanted, False
        self._capture.mute(not wanted)
        self._notify()

    async def enable(self, enable: bool) -> None:
        """Open or unmute it, or mute it; while it is not in use, only remember what is wanted."""
        self.wanted, self._wanted_by_default = enable, False
        if not enable:
            await self._mute_or_release()
        elif self.in_use:
            self._reopened = False
            await self.open()
            await self._host.refresh()
            self.announce()

    async def open(self, *, fall_back: bool = True) -> None:
        """Open or unmute it. A microphone that is not wanted is opened muted.

        Args:
            fall_back: whether another device is opened if another program uses this one.

        Raises:
            DeviceError: it was denied or is missing; also reported to the listener.
            DisconnectedError: it was closed meanwhile.
        """
        if self.track is None:
            self._set_state(DeviceState(DeviceStatus.INITIALIZING))
        try:
            await self._open_chosen(fall_back=fall_back)
        except DeviceError as error:
            self._unplugged |= error.type == "not-found"
            self._fail(error)
            raise
        finally:
            if self.state.status is DeviceStatus.INITIALIZING:
                self._set_state(_GRANTED if self.track is not None else DeviceState())
        self._unplugged = False
        if not self.wanted:  # It may also have been muted while the browser asked for permission.
            await self._mute_or_release()
        if self.track is not None:
            self.track.enabled = bool(self.wanted)
            await self._host.send_track(self._source, self.track)
        self._notify()

    async def _open_chosen(self, *, fall_back: bool) -> None:
        """Open the chosen device; if it is gone or busy, the browser's default; if that is busy, any other one."""
        if self.track is None and self._choices.chosen(self.kind.name):
            await self._host.refresh()
        if not self.in_use:
            raise DisconnectedError(f"The {self.kind.noun} was closed while it was being opened.")
        if self.track is not None:
            await self._capture.open(self._constraints, unmute=False)
            return
        devices = self._host.devices(self.kind.name)
        chosen = self._choices.find(self.kind.name, devices)
        wish = self._choices.wish(self.kind.name, devices)
        known_as_busy, self._busy = self._busy, ""
        is_busy = await open_free_device(
            lambda id: self._capture.open(self._exactly(id) if id else self._constraints | wish, unmute=False),
            chosen.id if chosen else "",
            self._list_devices,
            fall_back=fall_back and self._capture.own is None,
        )
        if wish and may_ask_again():
            devices = await self._list_devices()
            if self.track is not None:
                self._choices.picked(self.kind.name, devices, self._device_id)
        if is_busy:
            self._busy = chosen.id if chosen else "default"
            if self._busy != known_as_busy:
                self.announce()
                self._report_busy(chosen)

    async def _list_devices(self) -> list[MediaDevice]:
        await self._host.refresh()
        return self._host.devices(self.kind.name)

    def _exactly(self, id: str) -> Constraints:
        """Constraints of one device; without an id, of any. Chromium ignores a device that is merely preferred."""
        return {**self._constraints, "deviceId": {"exact": id}} if id else self._constraints

    async def _mute_or_release(self) -> None:
        if self._stays_open:
            self._capture.mute(True)
            self._notify()
        else:
            self._capture.release()
            self._notify()
            await self._host.send_track(self._source, None)

    def close(self) -> None:
        """Release it, or stop asking for it."""
        self.in_use = self._unplugged = False
        self._busy = ""
        self._capture.close()
        self._notify()
        self._recovering.cancel()

    # Choosing.

    async def select(self, id: str) -> None:
        """Use another device; see ``Media.select_device``."""
        if self._capture.own is not None:
            feature = f"update_{self.kind.name}"
            raise UnsupportedFeatureError("The application sends a track of its own, not a device's.", feature=feature)
        async with self._lock:
            await self._host.refresh()
            devices = self._host.devices(self.kind.name)
            device = find(devices, id)
            if devices and device is None:
                raise self._report(self._error("not-found", f"There is no {self.kind.noun} with the id {id!r}."))
            before = self._choices.chosen(self.kind.name)
            self._choices.choose(self.kind.name, Choice(id, device.label if device else ""))
            try:
                if self.track is None and self.wanted and self.in_use and await self._is_allowed():
                    await self.open(fall_back=False)
                if self.track is not None and self._device_id != id:  # else it is open already
                    await self._exchange(id)
            except DeviceError:
                self._choices.choose(self.kind.name, before)
                raise
            self.announce()

    async def reconcile(self) -> None:
        """Switch to the chosen device if it is there, and to another if the device in use is gone."""
        self._reopened = False
        await self._reconcile()
        if not self._recovering:  # else _recover() announces what replaces the track that ended
            self.announce()

    async def _reconcile(self) -> None:
        async with self._lock:
            if self.in_use and self._capture.own is None:
                devices = self._host.devices(self.kind.name)
                self._choices.learn(self.kind.name, devices)
                try:
                    await self._follow(devices)
                except RTVIError as error:  # A DeviceError was reported; otherwise the session has ended.
                    logger.debug("%s: %s", self.kind.noun, error)

    async def _follow(self, devices: list[MediaDevice]) -> None:
        chosen = self._choices.find(self.kind.name, devices)
        if self._busy and find(devices, self._busy) is None:
            self._reported_gone.add(self._busy)  # It was reported as busy.
            self._busy = ""  # It may be free when it is plugged in again.
        if self.track is None:
            if self._unplugged and devices and await self._is_allowed():
                await self._replace_lost()
        elif chosen and chosen.id not in (self._device_id, self._busy) and await self._is_allowed():
            await self._exchange(chosen.id)
        elif find(devices, self._device_id) is None and await self._is_allowed():
            self._capture.release()
            self._unplugged = True
            self._notify()
            if devices:
                await self._replace_lost()
            else:
                self._fail(self._error("not-found", f"The {self.kind.noun} is gone: it was unplugged."))

    async def _replace_lost(self) -> None:
        """Open a device again, now that there is one. If it is not wanted, its state is all that changes."""
        if self.wanted:
            await self.open()
        else:
            self._unplugged = False
            self._set_state(_GRANTED)

    async def _exchange(self, id: str) -> None:
        send, self._busy = partial(self._host.send_track, self._source), ""
        try:
            await self._capture.exchange(self._exactly(id), self._exactly(self._device_id), send)
        except DeviceError as error:
            if error.type == "in-use":
                self._busy = id
            if self.wanted and self.track is None:  # The previous device could not be opened again.
                self._set_state(DeviceState(DeviceStatus.ERROR, error))
            self._report(error)
            raise
        finally:
            self._notify()

    # What happens to the device.

    def _on_muted(self) -> None:
        self._set_state(self.state)

    def _on_ended(self) -> None:
        self._notify()
        self._recovering.run(self._recover(), f"the {self.kind.noun} could not be opened again")

    async def _recover(self) -> None:
        """React to a track that ended by itself: its device was unplugged, or the permission withdrawn."""
        used = self._announced
        if self._capture.own is not None:
            self._fail(self._error("not-found", "The application's own track has ended."))
            return
        if not await self._is_allowed():
            self._fail(self._error("permissions", f"The permission to use the {self.kind.noun} was withdrawn."))
            self.announce()
            return
        self._unplugged = True
        await self._host.refresh()
        devices = self._host.devices(self.kind.name)
        is_there = used is None or find(devices, used.id) is not None
        if not devices or (is_there and self._reopened):
            # Reopen it once only: two pages could take it from each other endlessly. After that, wait for devicechange.
            self._fail(self._error("not-found", f"The {self.kind.noun} is gone: it stopped, or it was unplugged."))
        else:
            self._reopened = is_there
            await self._reconcile()
        self.announce()

    async def _is_allowed(self) -> bool:
        status = await permission(self.kind.noun)
        return self.state.reason != "permissions" if status is None else str(status.state) == "granted"

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

    # Reporting.

    def announce(self) -> None:
        """Report the selected device if it has changed, and which device it replaces."""
        before, selected = self._announced, self.selected
        if selected != before:
            self._announced = selected
            self._host.listener.device_selected(self.kind.name, selected)
        if selected is not None:
            self._report_replaced(before, selected)

    def _report_replaced(self, before: MediaDevice | None, now: MediaDevice) -> None:
        """Report that the previous device, or the chosen one, is gone: once, until it is back."""
        devices, chosen = self._host.devices(self.kind.name), self._choices.chosen(self.kind.name)
        self._reported_gone.difference_update(device.id for device in devices)
        gone: MediaDevice | Choice | None = before
        if before is None or find(devices, before.id) is not None:
            is_there = self.track is None or self._choices.find(self.kind.name, devices) is not None
            gone = None if is_there else chosen
        if gone is None or gone.id == now.id or gone.id in self._reported_gone or (chosen and chosen.id == now.id):
            return
        self._reported_gone.add(gone.id)
        label = gone.label or f"The chosen {self.kind.noun}"
        self._report(self._error("not-found", f"{label} is gone; {now.label} is used in its place."))

    def _report_busy(self, chosen: MediaDevice | None) -> None:
        """Report that another device is used, as another program uses the chosen one, or the default."""
        label = (chosen and chosen.label) or f"The {'chosen' if chosen else 'default'} {self.kind.noun}"
        used = self.selected
        message = f"{label} is in use by another program; {used.label if used else 'another one'} is used in its place."
        self._report(self._error("in-use", message))

    def _notify(self) -> None:
        """Report the track that sends now."""
        if self.enabled:
            self.stop_monitor()
        self._host.track_is(self._source, self.track if self.enabled else None)
        self._set_state(self.state)

    def _set_state(self, state: DeviceState) -> None:
        state = state._replace(muted_by_system=self.track is not None and self._capture.muted_by_system)
        if state != self.state:
            self.state = state
            self._host.state_changed()

    def _fail(self, error: DeviceError) -> None:
        self._set_state(DeviceState(DeviceStatus.ERROR, error))
        self._report(error)

    def _report(self, error: DeviceError) -> DeviceError:
        self._host.listener.failed(error)
        return error

    def _error(self, type: str, message: str) -> DeviceError:
        return DeviceError(message, devices=(self.kind.name,), type=type)

    def _denied(self) -> DeviceError:
        return device_error(JsError("NotAllowedError", ""), self.kind.name)
