"""Who takes part, which media tracks they send, and the devices that these come from: types, and a contract.

Three parties keep the contract, and it is the same for both clients. A transport has a :class:`Media`. What happens
to devices and tracks is reported to a :class:`MediaListener`, which a client brings. What is captured goes out over a
:class:`MediaLink`, which the transport brings.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, Protocol

from rtvi_web.errors import DeviceError

DeviceName = Literal["mic", "cam", "speaker"]
"""What a person chooses a device for; also in ``DeviceError.devices``."""
TrackSource = Literal["mic", "cam", "screen"]
"""Where a track that the person sends comes from."""
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


LOCAL: Final = Participant("local", "", local=True)
"""The person in front of the page."""
BOT: Final = Participant("bot", "bot", local=False)
"""The bot, where the transport does not know it by another id."""


class ParticipantTracks(NamedTuple):
    """One participant's tracks; ``None`` where there is none."""

    audio: MediaStreamTrack | None = None
    video: MediaStreamTrack | None = None
    screen_video: MediaStreamTrack | None = None


class Tracks(NamedTuple):
    """All tracks of the session. Mirrors ``Tracks``."""

    local: ParticipantTracks = ParticipantTracks()
    bot: ParticipantTracks = ParticipantTracks()


class DeviceKind(NamedTuple):
    """A kind of device; both clients have the same events of it.

    Attributes:
        name: as in ``DeviceError.devices``.
        noun: what people call it; for a microphone and a camera also its name in the Permissions API.
        kind: as in ``MediaDeviceInfo.kind``.
        listed: the event that there are other devices of the kind than before.
        selected: the event that another device of the kind is used.
    """

    name: DeviceName
    noun: str
    kind: str
    listed: str
    selected: str


MIC: Final = DeviceKind("mic", "microphone", "audioinput", "availableMicsUpdated", "micUpdated")
CAM: Final = DeviceKind("cam", "camera", "videoinput", "availableCamsUpdated", "camUpdated")
SPEAKER: Final = DeviceKind("speaker", "speaker", "audiooutput", "availableSpeakersUpdated", "speakerUpdated")
DEVICE_KINDS: Final[dict[DeviceName, DeviceKind]] = {kind.name: kind for kind in (CAM, MIC, SPEAKER)}


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
        """Samples of each channel that were dropped because the loop did not read them in time."""
        ...

    def __aiter__(self) -> AsyncIterator[AudioFrame]: ...


class Media(Protocol):
    """All devices and media of a transport: ``transport.media``.

    Opening, choosing and muting report what they do to a :class:`MediaListener`. The transport closes the devices
    when it closes itself.
    """

    async def open_devices(self, *, mic: bool = False) -> None:
        """Open the devices that are wanted, asking for permission where the browser does. Mirrors ``initDevices()``.

        Devices that are open already stay as they are. A device that is denied or missing is reported with
        ``failed()`` and left closed: a session without a microphone is a session.

        Args:
            mic: open the microphone in any case: muted if it is not wanted.
        """

    @property
    def devices_open(self) -> bool:
        """Whether devices may be open: since ``open_devices()``, until the transport closes."""
        ...

    # Choosing.

    async def list_devices(self, name: DeviceName) -> list[MediaDevice]:
        """The devices that there are; never prompts. Mirrors ``getAllMics()`` and its kin."""
        ...

    def selected_device(self, name: DeviceName) -> MediaDevice | None:
        """The device in use, read from its track; while none is, the one that would be. Mirrors ``selectedMic``."""
        ...

    async def select_device(self, name: DeviceName, id: str) -> None:
        """Use another device, now and in later sessions. Mirrors ``updateMic()`` and its kin.

        Raises:
            DeviceError: it cannot be used, also reported with ``failed()``; the one before stays in use.
            UnsupportedFeatureError: nothing can be chosen here.
        """

    # Sending.

    @property
    def media_state(self) -> MediaState:
        """How far microphone and camera have got. Mirrors ``mediaState``."""
        ...

    async def enable_mic(self, enable: bool) -> None:
        """Open or unmute the microphone, or mute it. Mirrors ``enableMic()``.

        Before ``open_devices()`` it only remembers the wish.

        Raises:
            DeviceError: it could not be opened; also reported with ``failed()``.
            UnsupportedFeatureError: the transport carries none.
        """

    def want_mic(self, wanted: bool) -> None:
        """Remember whether the microphone is wanted, and mute or unmute it at once if it is open."""

    @property
    def mic_wanted(self) -> bool | None:
        """Whether the microphone is wanted; ``None`` while no one has said so."""
        ...

    @property
    def is_mic_enabled(self) -> bool:
        """Whether the microphone sends, read from its track. Mirrors ``isMicEnabled``."""
        ...

    async def enable_cam(self, enable: bool) -> None:
        """Open the camera, or release it. Mirrors ``enableCam()``; otherwise as ``enable_mic()``."""

    @property
    def is_cam_enabled(self) -> bool:
        """Whether the camera sends, read from its track. Mirrors ``isCamEnabled``."""
        ...

    async def enable_screen_share(self, enable: bool) -> None:
        """Ask the person for a screen to share, or end it. Mirrors ``enableScreenShare()``.

        Raises:
            DeviceError: they refused; also reported with ``failed()``.
            UnsupportedFeatureError: the transport carries none, or this browser cannot share screens.
        """

    @property
    def is_sharing_screen(self) -> bool:
        """Whether the screen is shared, read from its track. Mirrors ``isSharingScreen``."""
        ...

    # What is sent and received.

    def tracks(self) -> Tracks:
        """The live tracks of both sides. Mirrors ``tracks()``."""
        ...

    async def resume_bot_audio(self) -> None:
        """Play the bot's audio after ``playback_blocked()``; called from a click."""

    def show_video(self, element: Any, source: VideoSource) -> None:
        """Show a video in an element, now and whenever it comes."""

    def local_audio(self, *, sample_rate: int, frame: float) -> AudioStream:
        """What the microphone sends, in frames of so many seconds."""
        ...

    def remote_audio(self, *, sample_rate: int, frame: float) -> AudioStream:
        """What the bot sends, in frames of so many seconds."""
        ...


class MediaListener(Protocol):
    """A client, as its media see it: hears what happens. None of it raises, and all of it returns at once."""

    def devices_changed(self, name: DeviceName, devices: list[MediaDevice]) -> None:
        """There are other devices of a kind than before."""

    def device_selected(self, name: DeviceName, device: MediaDevice | None) -> None:
        """Another device is in use, or would be."""

    def state_changed(self, state: MediaState) -> None:
        """Microphone or camera have got to another state."""

    def track_changed(
        self,
        participant: Participant,
        before: MediaStreamTrack | None,
        now: MediaStreamTrack | None,
        *,
        screen: bool = False,
    ) -> None:
        """A participant sends another track in place of the one before; ``None`` stands for no track.

        Args:
            screen: whether it is a screen that they share.
        """

    def wants_level(self, participant: Participant) -> bool:
        """Whether anyone wants to know how loud a participant is: nothing is measured that no one wants to know."""
        ...

    def level(self, participant: Participant, level: float) -> None:
        """How loud a participant is at this moment, from 0 to 1."""

    def playback_blocked(self) -> None:
        """The browser does not let the bot be heard until ``resume_bot_audio()`` is called from a click."""

    def failed(self, error: DeviceError) -> None:
        """A device cannot be used."""


class MediaLink(Protocol):
    """The link of a session, as media see it: takes the tracks of the person, and has those of the bot."""

    @property
    def bot(self) -> Participant:
        """Who is at the other end."""
        ...

    @property
    def bot_tracks(self) -> ParticipantTracks:
        """What the bot sends at this moment."""
        ...

    async def send_track(self, source: TrackSource, track: Any) -> None:
        """Send this track instead of the current one; ``None`` sends none. Does nothing without a link.

        Raises:
            DisconnectedError: the link cannot take it.
        """

    def send_status(self, source: TrackSource, enabled: bool) -> None:
        """Tell the bot whether a track sends. Does nothing without a link."""
