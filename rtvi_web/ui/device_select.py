"""Which microphone, camera or speaker is used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from rtvi_web.browser import dom
from rtvi_web.browser.devices import watch_devices
from rtvi_web.core.event import Event
from rtvi_web.core.media import DeviceName, MediaDevice
from rtvi_web.errors import DeviceError, InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.widget import Widget


class _Kind(NamedTuple):
    label: str
    none: str
    get_all: Callable[[RTVIClient], Awaitable[list[MediaDevice]]]
    selected: Callable[[RTVIClient], MediaDevice | None]
    update: Callable[[RTVIClient, str], Awaitable[None]]
    available: Event[list[MediaDevice]]
    updated: Event[MediaDevice | None]


_KINDS: Final[dict[str, _Kind]] = {
    "mic": _Kind(
        "Microphone",
        "Listed once one is allowed",
        RTVIClient.get_all_mics,
        lambda client: client.selected_mic,
        RTVIClient.update_mic,
        RTVIEvent.AVAILABLE_MICS_UPDATED,
        RTVIEvent.MIC_UPDATED,
    ),
    "cam": _Kind(
        "Camera",
        "Listed once one is allowed",
        RTVIClient.get_all_cams,
        lambda client: client.selected_cam,
        RTVIClient.update_cam,
        RTVIEvent.AVAILABLE_CAMS_UPDATED,
        RTVIEvent.CAM_UPDATED,
    ),
    "speaker": _Kind(
        "Speaker",
        "System default",
        RTVIClient.get_all_speakers,
        lambda client: client.selected_speaker,
        RTVIClient.update_speaker,
        RTVIEvent.AVAILABLE_SPEAKERS_UPDATED,
        RTVIEvent.SPEAKER_UPDATED,
    ),
}


def device_select(client: RTVIClient, device: DeviceName, *, into: Any, label: str | None = None) -> Widget:
    """A list of the devices to choose from, before a call and during it; it always shows the one in use.

    Browsers tell the devices once the person has allowed one: with ``client.init_devices()`` or in a call. It asks
    for nothing itself. Where a choice fails, the device before stays, and the reason is shown below; so is which device
    is used in place of one that was unplugged.

    Args:
        client: who uses the device.
        device: ``"mic"``, ``"cam"`` or ``"speaker"``.
        into: a CSS selector or an element, to which it is added.
        label: what is written above, in place of “Microphone”, “Camera” or “Speaker”.

    Raises:
        InvalidArgumentError: there is no such element, or no such kind of device.
    """
    kind = _KINDS.get(device)
    if kind is None:
        raise InvalidArgumentError(f"A device is 'mic', 'cam' or 'speaker', not {device!r}.")
    widget = Widget(client, into, "div", "device-select")
    select = dom.make("select")
    problem = dom.make("p", "rtvi-problem", role="alert")
    widget.element.append(dom.make("label", "", dom.make("span", "", label or kind.label), select), problem)

    def show_selected(*_: Any) -> None:
        selected = kind.selected(client)
        select.value = selected.id if selected else ""

    def show(devices: list[MediaDevice]) -> None:
        named = [dom.make("option", "", device.label or "Without a name", value=device.id) for device in devices]
        select.replaceChildren(*(named or [dom.make("option", "", kind.none, value="")]))
        select.disabled = not devices
        show_selected()

    async def look() -> None:
        show(await kind.get_all(client))

    async def choose(id: str) -> None:
        problem.textContent = ""
        try:
            await kind.update(client, id)
        except (DeviceError, UnsupportedFeatureError) as error:
            problem.textContent = str(error)
        finally:
            show_selected()

    def changed(_selected: Any) -> None:
        problem.textContent = ""
        show_selected()

    def failed(error: DeviceError) -> None:
        # Of a device that cannot be used at all, media_state tells, and the button that asks for it.
        if device in error.devices and error not in [state.error for state in client.media_state]:
            problem.textContent = str(error)

    widget.follow(show, kind.available)
    widget.follow(changed, kind.updated)
    widget.follow(failed, RTVIEvent.DEVICE_ERROR)
    # In a session the client looks itself; before and after, this does.
    watch_devices(widget.scope, lambda: client.run(look(), "listing the devices failed"))
    widget.scope.listen(select, "change", lambda _: client.run(choose(select.value), "choosing a device failed"))
    show([])
    client.run(look(), "listing the devices failed")
    return widget
