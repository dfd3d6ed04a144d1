"""What the parts of a browser transport's media have in common."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol, TypeVarTuple

from rtvi_web.core.event import Event
from rtvi_web.core.media import DeviceName, MediaDevice, Participant
from rtvi_web.rtvi.protocol.events import RTVIEvent

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
