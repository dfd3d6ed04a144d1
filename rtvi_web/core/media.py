"""Participants, their tracks, and devices: the types and the contract of media.

Three parties keep the contract, and it is the same for both clients. A transport has a :class:`Media`. What happens
to devices and tracks is reported to a :class:`MediaListener`, which a client brings. What is captured goes out over a
:class:`MediaLink`, which the transport brings.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from enum import StrEnum
from typing import Any, Final, Literal, NamedTuple, Protocol, get_args

from rtvi_web.errors import DeviceError

DeviceName = Literal["mic", "cam", "speaker"]
"""A kind of device; also in ``DeviceError.devices``."""
TrackSource = Literal["mic", "cam", "screen"]
"""The source of a track that the person sends."""
Carried = Literal["mic", "cam", "screen", "speaker"]
"""What a transport can carry: from the person's microphone, camera and screen, and to their speaker."""
VideoSource = Literal["bot", "cam", "screen"]
"""A video that a page can show: the bot's, the person's camera, or the screen that they share."""

EVERYTHING: Final[frozenset[Carried]] = frozenset(get_args(Carried))
"""All that a transport can carry."""


class MediaStreamTrack(Protocol):
    """What the core reads of the browser's ``MediaStreamTrack`` (MDN: MediaStreamTrack)."""

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
"""The bot, unless the transport knows its id."""


class ParticipantTracks(NamedTuple):
    """One participant's tracks; ``None`` for those that are not sent."""

    audio: MediaStreamTrack | None = None
    video: MediaStreamTrack | None = None
    screen_video: MediaStreamTrack | None = None


class Tracks(NamedTuple):
    """All tracks of the session. Mirrors ``Tracks``."""

    local: ParticipantTracks = ParticipantTracks()
    bot: ParticipantTracks = ParticipantTracks()


class DeviceKind(NamedTuple):
    """A kind of device; both clients have the same events for it.

    Attributes:
        name: as in ``DeviceError.devices``.
        noun: what people call it; for a microphone and a camera also its name in the Permissions API.
        kind: as in ``MediaDeviceInfo.kind``.
        listed: the event when the list of these devices has changed.
        selected: the event when another of these devices is used.
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
    """The status of a device. The values are those of JavaScript's ``DeviceStatus``."""

    UNINITIALIZED = "uninitialized"
    """Not opened yet; the browser would ask the person."""
    INITIALIZING = "initializing"
    """Being opened; the browser may be asking the person."""
    GRANTED = "granted"
    """Open, or the person has allowed it."""
    ERROR = "error"
    """Denied, missing or unusable: ``DeviceState.error`` says why."""


class DeviceState(NamedTuple):
    """The state of one device.

    Attributes:
        status: how far it has got.
        error: why it cannot be used, if the status is ``error``.
        muted_by_system: whether it is open, but the system lets it send only silence or black for now: a switch on the
            device, a phone call, another page. ``is_mic_enabled`` stays what the person wants. JavaScript's clients do
            not report this.
    """

    status: DeviceStatus = DeviceStatus.UNINITIALIZED
    error: DeviceError | None = None
    muted_by_system: bool = False

    @property
    def reason(self) -> str | None:
        """The ``type`` of the error: ``"permissions"``, ``"not-found"`` …; ``None`` without an error."""
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
    """Audio in frames, as it comes: ``async for frame in stream``, until the session ends."""

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

    @property
    def carries(self) -> frozenset[Carried]:
        """What the transport carries. What needs anything else raises ``UnsupportedFeatureError``."""
        ...

    async def open_devices(self, *, mic: bool = False) -> None:
        """Open the devices that are wanted; the browser may ask for permission. Mirrors ``initDevices()``.

        Devices that are already open stay as they are. A device that is denied or missing is reported with
        ``failed()`` and stays closed; the session goes on without it.

        Args:
            mic: also open a microphone that is not wanted, muted.
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
        """The device in use, read from its track; without one, that which would be opened. Mirrors ``selectedMic``."""
        ...

    async def select_device(self, name: DeviceName, id: str) -> None:
        """Use another device, now and in later sessions. Mirrors ``updateMic()`` and its kin.

        Raises:
            DeviceError: it cannot be used; also reported with ``failed()``. The previous device stays in use.
            UnsupportedFeatureError: this device cannot be chosen here.
        """

    # Sending.

    @property
    def media_state(self) -> MediaState:
        """The state of microphone and camera. Mirrors ``mediaState``."""
        ...

    async def enable_mic(self, enable: bool) -> None:
        """Open or unmute the microphone, or mute it. Mirrors ``enableMic()``.

        Before ``open_devices()`` it only remembers what is wanted.

        Raises:
            DeviceError: it could not be opened; also reported with ``failed()``.
            DisconnectedError: the devices were closed while it was being opened.
            UnsupportedFeatureError: the transport carries no such track.
        """

    def want_mic(self, wanted: bool) -> None:
        """Remember whether the microphone is wanted, and mute or unmute it at once if it is open."""

    @property
    def mic_wanted(self) -> bool | None:
        """Whether the microphone is wanted; ``None`` until this is known."""
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
            UnsupportedFeatureError: the transport carries no screen, or this browser cannot share screens.
        """

    @property
    def screen_share_obstacle(self) -> str:
        """Why no screen can be shared here, in words for the person; empty if one can be."""
        return ""

    @property
    def is_sharing_screen(self) -> bool:
        """Whether the screen is shared, read from its track. Mirrors ``isSharingScreen``."""
        ...

    # What is sent and received.

    def tracks(self) -> Tracks:
        """The live tracks of both sides. Mirrors ``tracks()``."""
        ...

    async def resume_bot_audio(self) -> None:
        """Play the bot's audio after ``playback_blocked()``; call it from a click."""

    def set_bot_volume(self, volume: float) -> None:
        """Play the bot at this volume, 0 to 1, now and in later sessions.

        Raises:
            UnsupportedFeatureError: the media do not play the bot.
        """

    @property
    def bot_volume(self) -> float:
        """The volume at which the bot is played, 0 to 1."""
        ...

    def mute_bot(self, muted: bool) -> None:
        """Play the bot silently whatever its volume, or aloud again, now and in later sessions.

        Raises:
            UnsupportedFeatureError: the media do not play the bot.
        """

    @property
    def is_bot_muted(self) -> bool:
        """Whether the bot is played silently by ``mute_bot()``."""
        ...

    def show_video(self, element: Any, source: VideoSource) -> None:
        """Show a video in an element, now and each time its track changes."""

    def local_audio(self, *, sample_rate: int, frame: float) -> AudioStream:
        """What the microphone sends. ``frame`` is in seconds."""
        ...

    def remote_audio(self, *, sample_rate: int, frame: float) -> AudioStream:
        """What the bot sends. ``frame`` is in seconds."""
        ...


class MediaListener(Protocol):
    """What media report to a client. No method raises, and all but coroutines return at once."""

    def devices_changed(self, name: DeviceName, devices: list[MediaDevice]) -> None:
        """The list of devices of a kind has changed."""

    def device_selected(self, name: DeviceName, device: MediaDevice | None) -> None:
        """The device that is in use, or would be, has changed."""

    def state_changed(self, state: MediaState) -> None:
        """The state of microphone or camera has changed."""

    def track_changed(
        self,
        participant: Participant,
        before: MediaStreamTrack | None,
        now: MediaStreamTrack | None,
        *,
        screen: bool = False,
    ) -> None:
        """A participant sends another track than before; ``None`` stands for no track.

        Args:
            screen: whether the track is a shared screen.
        """

    async def until_level_wanted(self) -> None:
        """Wait until :meth:`wants_level` is true of someone."""

    def wants_level(self, participant: Participant) -> bool:
        """Whether to measure how loud a participant is."""
        ...

    def level(self, participant: Participant, level: float) -> None:
        """How loud a participant is now, from 0 to 1."""

    async def until_muted_speech_wanted(self) -> None:
        """Wait until :meth:`wants_muted_speech` is true."""

    def wants_muted_speech(self) -> bool:
        """Whether to listen for speech while the microphone is muted."""
        ...

    def muted_speech(self) -> None:
        """The person speaks, but their microphone is muted."""

    def playback_blocked(self) -> None:
        """The browser plays no sound of the bot until ``resume_bot_audio()`` is called from a click."""

    def failed(self, error: DeviceError) -> None:
        """A device cannot be used."""


class MediaLink(Protocol):
    """What media need of a session's link: it takes the person's tracks, and has the bot's."""

    @property
    def bot(self) -> Participant:
        """The participant at the other end."""
        ...

    @property
    def bot_tracks(self) -> ParticipantTracks:
        """The bot's current tracks."""
        ...

    async def send_track(self, source: TrackSource, track: Any) -> None:
        """Send this track instead of the current one; ``None`` sends none. Does nothing without a link.

        Raises:
            DisconnectedError: the link cannot take it.
        """

    def send_status(self, source: TrackSource, enabled: bool) -> None:
        """Tell the bot whether a track is sending. Does nothing without a link."""
