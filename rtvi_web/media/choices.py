"""The devices that the person chose, kept for later page loads."""

from __future__ import annotations

from typing import Any, NamedTuple

from rtvi_web.browser.devices import recall, remember
from rtvi_web.core.media import DeviceName, MediaDevice


class Choice(NamedTuple):
    """A device that the person chose: its id, and its label, empty if that was unknown."""

    id: str
    label: str


class Choices:
    """The devices that the person chose, one of each kind.

    Args:
        remembered: whether the local storage keeps them for later page loads.
    """

    def __init__(self, *, remembered: bool) -> None:
        self._remembered = remembered
        self._chosen: dict[str, Any] | None = None

    def find(self, name: DeviceName, devices: list[MediaDevice]) -> MediaDevice | None:
        """The chosen device among these: found by its id, else by its label, since some browsers change ids."""
        chosen = self.chosen(name)
        if chosen is None:
            return None
        by_label = (device for device in devices if device.label and device.label == chosen.label)
        return find(devices, chosen.id) or next(by_label, None)

    def chosen(self, name: DeviceName) -> Choice | None:
        """The choice, even if its device is unplugged; ``None`` if nothing was chosen."""
        if self._chosen is None:
            self._chosen = recall(_KEY) if self._remembered else {}
        match self._chosen.get(name):
            case {"id": str(id), "label": str(label)}:
                return Choice(id, label)
        return None

    def wish(self, name: DeviceName, devices: list[MediaDevice]) -> dict[str, Any]:
        """Constraints that propose the chosen device while the browser does not list any; else empty."""
        chosen = self.chosen(name)
        return {"deviceId": {"ideal": chosen.id}} if chosen and not devices else {}

    def picked(self, name: DeviceName, devices: list[MediaDevice], id: str) -> None:
        """The person picked this device as the browser asked. It is the choice, unless the chosen one is unplugged."""
        before, picked = self.find(name, devices), find(devices, id)
        if before and picked and before != picked:
            self.choose(name, Choice(picked.id, picked.label))

    def choose(self, name: DeviceName, choice: Choice | None) -> None:
        """Keep what the person chose; ``None`` forgets it."""
        self.chosen(name)
        new: dict[str, Any] = {name: choice and choice._asdict()}
        self._chosen = {**(self._chosen or {}), **new}
        if self._remembered:
            remember(_KEY, {**recall(_KEY), **new})  # Another client or tab may have written there meanwhile.

    def learn(self, name: DeviceName, devices: list[MediaDevice]) -> None:
        """Keep the label of a chosen device as soon as the browser tells it."""
        chosen = self.chosen(name)
        device = find(devices, chosen.id) if chosen else None
        if device and device.label and chosen and not chosen.label:
            self.choose(name, Choice(device.id, device.label))


_KEY = "rtvi_web.devices"


def find(devices: list[MediaDevice], id: str) -> MediaDevice | None:
    """The device with an id."""
    return next((device for device in devices if device.id == id), None)


def default(devices: list[MediaDevice]) -> MediaDevice | None:
    """The device that a browser opens when none is named."""
    return find(devices, "default") or next(iter(devices), None)
