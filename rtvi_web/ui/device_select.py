"""A list to choose a microphone, camera or speaker from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from rtvi_web.browser import dom
from rtvi_web.browser.devices import watch_devices
from rtvi_web.core.media import DEVICE_KINDS, DeviceKind, DeviceName, MediaDevice
from rtvi_web.errors import DeviceError, DisconnectedError, InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.widget import MediaClient, Widget

_NONE_LISTED: Final[dict[DeviceName, str]] = {
    "mic": "Listed once one is allowed",
    "cam": "Listed once one is allowed",
    "speaker": "System default",
}


def device_select(client: MediaClient, device: DeviceName, *, into: Any, label: str | None = None) -> Widget:
    """A list of devices to choose from, before a call and during it. It always shows the device in use.

    Browsers list devices only after the person has allowed one, in a call or by ``client.init_devices()``; the widget
    itself asks for nothing. If a choice fails, the previous device stays in use and the reason is shown below the list.
    If a device is unplugged, the list says which one replaces it.

    Args:
        client: the client that uses the device.
        device: ``"mic"``, ``"cam"`` or ``"speaker"``. RealtimeClient has no camera.
        into: a CSS selector or an element; the widget is added to it.
        label: the text above the list, in place of “Microphone”, “Camera” or “Speaker”.

    Raises:
        InvalidArgumentError: ``into`` finds no element, or the client has no device of this kind.
    """
    kind = DEVICE_KINDS.get(device)
    if kind is None:
        raise InvalidArgumentError(f"device must be 'mic', 'cam' or 'speaker', not {device!r}.")
    if not hasattr(client, f"update_{device}"):
        raise InvalidArgumentError(f"{type(client).__name__} has no {kind.noun}.")
    return _DeviceSelect(client, kind, into, label or kind.noun.capitalize())


class _DeviceSelect(Widget):
    """A list of one kind of devices, and below it the reason if a choice failed."""

    def __init__(self, client: MediaClient, kind: DeviceKind, into: Any, label: str) -> None:
        super().__init__(client, into, "div", "device-select")
        self._kind = kind
        self._select = dom.make("select")
        self._problem = dom.make("p", "rtvi-problem", role="alert")
        self.element.append(dom.make("label", "", dom.make("span", "", label), self._select), self._problem)
        self.follow(self._show, kind.listed)
        self.follow(self._changed, kind.selected)
        self.follow(self._failed, RTVIEvent.DEVICE_ERROR)
        # The client follows the devices during a session; the widget does so before and after.
        watch_devices(self.scope, self._list)
        self.scope.listen(self._select, "change", self._choose)
        self._show([])
        self._list()

    def _list(self) -> None:
        async def show_all() -> None:
            get_all: Callable[[], Awaitable[list[MediaDevice]]] = getattr(self._client, f"get_all_{self._kind.name}s")
            self._show(await get_all())

        self._client.run(show_all(), "listing the devices failed")

    def _show(self, devices: list[MediaDevice]) -> None:
        named = [dom.make("option", "", device.label or "Without a name", value=device.id) for device in devices]
        self._select.replaceChildren(*(named or [dom.make("option", "", _NONE_LISTED[self._kind.name], value="")]))
        self._select.disabled = not devices
        self._show_selected()

    def _show_selected(self) -> None:
        selected: MediaDevice | None = getattr(self._client, f"selected_{self._kind.name}")
        self._select.value = selected.id if selected else ""

    def _choose(self, _event: Any) -> None:
        async def choose(id: str) -> None:
            update: Callable[[str], Awaitable[None]] = getattr(self._client, f"update_{self._kind.name}")
            self._problem.textContent = ""
            try:
                await update(id)
            except (DeviceError, UnsupportedFeatureError) as error:
                self._problem.textContent = str(error)
            except DisconnectedError:  # The session has ended meanwhile. The choice is kept for the next one.
                pass
            finally:
                self._show_selected()

        self._client.run(choose(self._select.value), "choosing a device failed")

    def _changed(self, _selected: Any) -> None:
        self._problem.textContent = ""
        self._show_selected()

    def _failed(self, error: DeviceError) -> None:
        # If the device cannot be used at all, media_state holds the error, and mic_button or cam_button shows it.
        if self._kind.name in error.devices and error not in [state.error for state in self._client.media_state]:
            self._problem.textContent = str(error)
