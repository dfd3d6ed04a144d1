"""What the parts of a browser transport's media have in common."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeVarTuple

from rtvi_web.browser import _js
from rtvi_web.browser.devices import recall, remember
from rtvi_web.core.media import DeviceName, MediaDevice, Participant
from rtvi_web.rtvi.protocol.events import Event, RTVIEvent

Args = TypeVarTuple("Args")

MICROPHONE, CAMERA, SCREEN = 0, 1, 2
"""What is sent, by the transceivers' order that SmallWebRTC servers count on."""

LOCAL = Participant(id="local", name="local", local=True)
"""The person at this end, in ``trackStarted`` and ``trackStopped``."""


class DeviceKind(NamedTuple):
    """What there is to know about microphones, cameras or speakers.

    Attributes:
        name: as in ``DeviceError.devices``.
        kind: as in ``MediaDeviceInfo.kind``.
        permission: as in the Permissions API.
        available, updated: the events of the list and of the selection.
    """

    name: DeviceName
    kind: str
    permission: str
    available: Event[list[MediaDevice]]
    updated: Event[MediaDevice | None]


MIC = DeviceKind("mic", "audioinput", "microphone", RTVIEvent.AVAILABLE_MICS_UPDATED, RTVIEvent.MIC_UPDATED)
CAM = DeviceKind("cam", "videoinput", "camera", RTVIEvent.AVAILABLE_CAMS_UPDATED, RTVIEvent.CAM_UPDATED)
SPEAKER = DeviceKind(
    "speaker", "audiooutput", "microphone", RTVIEvent.AVAILABLE_SPEAKERS_UPDATED, RTVIEvent.SPEAKER_UPDATED
)


class MediaHost(Protocol):
    """The transport, as its microphone, camera, screen and speaker see it."""

    def fire(self, event: Event[*Args], *args: *Args) -> None:
        """Fire an event of the client."""

    def devices(self, kind: DeviceKind) -> list[MediaDevice]:
        """The devices of a kind, as far as they are known."""
        ...

    async def refresh(self) -> None:
        """Look again which devices there are."""

    async def permission(self, kind: DeviceKind) -> str | None:
        """``"granted"``, ``"denied"``, ``"prompt"``, or ``None`` where the browser does not tell."""
        ...

    async def send_track(self, slot: int, track: Any) -> None:
        """Send a track in place of the one before; ``None`` for none."""

    def state_changed(self) -> None:
        """How far a device has got has changed."""

    def track_changed(self, slot: int, enabled: bool) -> None:
        """Whether what is sent in a slot is to be heard or seen has changed."""


class Choice(NamedTuple):
    """A device that the person chose: its id, and its label where that was known."""

    id: str
    label: str


class Choices:
    """The devices that the person chose, by name of their kind.

    Args:
        remembered: whether they are kept in the local storage for later page loads.
    """

    def __init__(self, *, remembered: bool) -> None:
        self._remembered = remembered
        self._chosen: dict[str, Any] | None = None

    def find(self, name: DeviceName, devices: list[MediaDevice]) -> MediaDevice | None:
        """The chosen one of these devices: by its id, else by its label, since some browsers change ids."""
        chosen = self.chosen(name)
        if chosen is None:
            return None
        by_label = (device for device in devices if device.label and device.label == chosen.label)
        return find(devices, chosen.id) or next(by_label, None)

    def chosen(self, name: DeviceName) -> Choice | None:
        """The choice, wherever its device is; ``None`` when nothing was chosen."""
        if self._chosen is None:
            self._chosen = recall(_KEY) if self._remembered else {}
        match self._chosen.get(name):
            case {"id": str(id), "label": str(label)}:
                return Choice(id, label)
        return None

    def choose(self, name: DeviceName, choice: Choice | None) -> None:
        """The person has chosen; ``None`` takes the choice back."""
        self.chosen(name)
        new: dict[str, Any] = {name: choice and choice._asdict()}
        self._chosen = {**(self._chosen or {}), **new}
        if self._remembered:
            remember(_KEY, {**recall(_KEY), **new})  # Another client or tab may have written there meanwhile.

    def learn(self, name: DeviceName, devices: list[MediaDevice]) -> None:
        """Remember the label of a device that was chosen before the browser told it."""
        chosen = self.chosen(name)
        device = find(devices, chosen.id) if chosen else None
        if device and device.label and chosen and not chosen.label:
            self.choose(name, Choice(device.id, device.label))


_KEY = "rtvi_web.rtvi.members.devices"


def find(devices: list[MediaDevice], id: str) -> MediaDevice | None:
    """The device with an id."""
    return next((device for device in devices if device.id == id), None)


def default(devices: list[MediaDevice]) -> MediaDevice | None:
    """The device that a browser takes when none is named."""
    return find(devices, "default") or next(iter(devices), None)


class VideoView:
    """A ``<video>`` element that shows one track after another."""

    def __init__(self, element: Any) -> None:
        self.element = element
        self._track: Any = None
        element.autoplay = element.muted = element.playsInline = True

    def show(self, track: Any) -> None:
        """Show a track, ``None`` for none."""
        if track is not self._track:
            self._track = track
            self.element.srcObject = _js.null if track is None else _js.construct("MediaStream", [track])
