"""Who takes part, which media tracks they send, and the devices that these come from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

from rtvi_web.errors import DeviceError

DeviceName = Literal["mic", "cam", "speaker"]
"""What a person chooses a device for; also in ``DeviceError.devices``."""
VideoSource = Literal["bot", "cam", "screen"]
"""What a page can show: the bot, the person's own camera, the screen that they share."""


class MediaStreamTrack(Protocol):
    """The browser's ``MediaStreamTrack``, of which the core reads no more than this (MDN: MediaStreamTrack)."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def readyState(self) -> str: ...


class Participant(NamedTuple):
    """Someone in the session. Mirrors ``Participant``."""

    id: str
    name: str
    local: bool


class ParticipantTracks(NamedTuple):
    """One participant's tracks; ``None`` where there is none."""

    audio: MediaStreamTrack | None = None
    video: MediaStreamTrack | None = None
    screen_video: MediaStreamTrack | None = None


class Tracks(NamedTuple):
    """All tracks of the session. Mirrors ``Tracks``."""

    local: ParticipantTracks = ParticipantTracks()
    bot: ParticipantTracks = ParticipantTracks()


class MediaDevice(NamedTuple):
    """A microphone, camera or speaker. Mirrors ``MediaDeviceInfo``.

    Attributes:
        id: what ``update_mic()`` and its kin take; the browser's ``deviceId``, which differs from site to site.
        label: what the person knows it by.
        kind: ``"audioinput"``, ``"videoinput"`` or ``"audiooutput"``.
        group_id: the same for devices that are one thing, such as a headset.
    """

    id: str
    label: str
    kind: str
    group_id: str = ""


class DeviceStatus(StrEnum):
    """How far a device has got. The values are those of ``DeviceStatus`` in the JavaScript client."""

    UNINITIALIZED = "uninitialized"
    """Not asked for yet, and the browser would ask the person."""
    INITIALIZING = "initializing"
    """Being opened; the browser may be asking the person."""
    GRANTED = "granted"
    """Open, or the person has allowed it."""
    ERROR = "error"
    """Denied, missing or unusable: ``DeviceState.error`` says why."""


class DeviceState(NamedTuple):
    """The state of one device: its status, and with the status ``error`` the reason."""

    status: DeviceStatus = DeviceStatus.UNINITIALIZED
    error: DeviceError | None = None

    @property
    def reason(self) -> str | None:
        """Why it is in error, as in ``DeviceError.type``: ``"permissions"``, ``"not-found"`` …"""
        return self.error.type if self.error else None


class MediaState(NamedTuple):
    """The state of the devices, apart from the session's. Mirrors ``MediaState``."""

    mic: DeviceState = DeviceState()
    cam: DeviceState = DeviceState()


class AudioFrame(NamedTuple):
    """A moment of audio.

    Attributes:
        data: samples as signed 16-bit integers in the machine's byte order (little-endian in every browser),
            channels interleaved: ``array("h", frame.data)``, ``memoryview(frame.data).cast("h")``.
        sample_rate: samples a second.
        channels: how many.
    """

    data: bytes
    sample_rate: int
    channels: int


class AudioStream(Protocol):
    """Audio as it comes: ``async for frame in stream``, until the session ends."""

    @property
    def dropped(self) -> int:
        """Samples of each channel that were dropped because nobody took them in time."""
        ...

    def __aiter__(self) -> AsyncIterator[AudioFrame]: ...
