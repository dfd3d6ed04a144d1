"""A list to choose a microphone, camera or speaker from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from rtvi_web.browser import dom
from rtvi_web.browser.devices import watch_devices
from rtvi_web.core.media import DEVICE_KINDS, DeviceName, MediaDevice
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
    get_all: Callable[[], Awaitable[list[MediaDevice]]] = getattr(client, f"get_all_{device}s")
    update: Callable[[str], Awaitable[None]] = getattr(client, f"update_{device}")
    widget = Widget(client, into, "div", "device-select")
    select = dom.make("select")
    problem = dom.make("p", "rtvi-problem", role="alert")
    widget.element.append(dom.make("label", "", dom.make("span", "", label or kind.noun.capitalize()), select), problem)

    def show_selected(*_: Any) -> None:
        selected: MediaDevice | None = getattr(client, f"selected_{device}")
        select.value = selected.id if selected else ""

    def show(devices: list[MediaDevice]) -> None:
        named = [dom.make("option", "", device.label or "Without a name", value=device.id) for device in devices]
        select.replaceChildren(*(named or [dom.make("option", "", _NONE_LISTED[device], value="")]))
        select.disabled = not devices
        show_selected()

    async def look() -> None:
        show(await get_all())

    async def choose(id: str) -> None:
        problem.textContent = ""
        try:
            await update(id)
        except (DeviceError, UnsupportedFeatureError) as error:
            problem.textContent = str(error)
        except DisconnectedError:  # The session has ended meanwhile. The choice is kept for the next one.
            pass
        finally:
            show_selected()

    def changed(_selected: Any) -> None:
        problem.textContent = ""
        show_selected()

    def failed(error: DeviceError) -> None:
        # If the device cannot be used at all, media_state holds the error, and mic_button or cam_button shows it.
        if device in error.devices and error not in [state.error for state in client.media_state]:
            problem.textContent = str(error)

    widget.follow(show, kind.listed)
    widget.follow(changed, kind.selected)
    widget.follow(failed, RTVIEvent.DEVICE_ERROR)
    # The client follows the devices during a session; the widget does so before and after.
    watch_devices(widget.scope, lambda: client.run(look(), "listing the devices failed"))
    widget.scope.listen(select, "change", lambda _: client.run(choose(select.value), "choosing a device failed"))
    show([])
    client.run(look(), "listing the devices failed")
    return widget
