"""The device and media members of a client."""

from __future__ import annotations

from typing import Any

from rtvi_web.core.media import AudioStream, MediaDevice, MediaState, Tracks, VideoSource
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.rtvi.session.connection import Connection
from rtvi_web.rtvi.transport import Transport


class Devices:
    """What a client does with microphone, camera, speaker and screen; the transport does the work."""

    _transport: Transport
    _connection: Connection

    async def init_devices(self) -> None:
        """Open the devices that are wanted, ahead of ``connect()``, which uses them then. Mirrors ``initDevices()``.

        Opens the microphone unless ``enable_mic=False``, and the camera with ``enable_cam=True``; nothing else, and
        nothing that is open already. Fires ``available…Updated`` and ``micUpdated``, ``camUpdated``,
        ``speakerUpdated``; from then on devices that are plugged in and out are noticed. A device that is denied or
        missing is no failure: ``deviceError`` says so. ``disconnect()`` releases the devices.

        Raises:
            DisconnectedError: ``disconnect()`` was called meanwhile.
            NotInBrowserError: there are no devices here: CPython, or a web worker.
        """
        await self._connection.init_devices()

    @property
    def media_state(self) -> MediaState:
        """How far microphone and camera have got, apart from the session. Mirrors ``mediaState``.

        ``media_state.mic.status`` is ``uninitialized``, ``initializing``, ``granted`` or ``error``; of an error,
        ``.reason`` is the word of ``DeviceError.type``. ``mediaStateUpdated`` tells of each change.
        """
        return self._transport.media.media_state

    # Which devices there are, and which are used.

    async def get_all_mics(self) -> list[MediaDevice]:
        """The microphones. Never prompts. Mirrors ``getAllMics()``.

        Empty until the person has allowed one: before that, browsers tell neither names nor ids.
        """
        return await self._transport.media.list_devices("mic")

    async def get_all_cams(self) -> list[MediaDevice]:
        """The cameras, as :meth:`get_all_mics`. Mirrors ``getAllCams()``."""
        return await self._transport.media.list_devices("cam")

    async def get_all_speakers(self) -> list[MediaDevice]:
        """The speakers, as :meth:`get_all_mics`. Mirrors ``getAllSpeakers()``.

        Browsers tell them once the microphone is allowed; some tell none.
        """
        return await self._transport.media.list_devices("speaker")

    @property
    def selected_mic(self) -> MediaDevice | None:
        """The microphone in use, read from its track. Mirrors ``selectedMic``.

        While none is open, the one that would be; ``None`` while the browser tells none.
        """
        return self._transport.media.selected_device("mic")

    @property
    def selected_cam(self) -> MediaDevice | None:
        """The camera in use, as :attr:`selected_mic`. Mirrors ``selectedCam``."""
        return self._transport.media.selected_device("cam")

    @property
    def selected_speaker(self) -> MediaDevice | None:
        """Where the bot is heard, as :attr:`selected_mic`. Mirrors ``selectedSpeaker``."""
        return self._transport.media.selected_device("speaker")

    async def update_mic(self, id: str) -> None:
        """Use another microphone, at once if it is in use, and in later sessions. Mirrors ``updateMic()``.

        In a call the bot hears on without a new negotiation. Before, and after the person refused the microphone, it
        is remembered and nothing is opened.

        Args:
            id: of a device of :meth:`get_all_mics`.

        Raises:
            DeviceError: it cannot be used, also fired as ``deviceError``; the one before stays in use.
            UnsupportedFeatureError: the application sends a track of its own.
        """
        await self._transport.media.select_device("mic", id)

    async def update_cam(self, id: str) -> None:
        """Use another camera, as :meth:`update_mic`. Mirrors ``updateCam()``."""
        await self._transport.media.select_device("cam", id)

    async def update_speaker(self, id: str) -> None:
        """Hear the bot elsewhere, now and in later sessions. Mirrors ``updateSpeaker()``.

        Args:
            id: of a device of :meth:`get_all_speakers`.

        Raises:
            DeviceError: it cannot be used, also fired as ``deviceError``; the one before stays in use.
            UnsupportedFeatureError: this browser does not let pages choose, or the page plays the bot itself.
        """
        await self._transport.media.select_device("speaker", id)

    # Sending.

    async def enable_mic(self, enable: bool) -> None:
        """Open or unmute the microphone, or mute it. Mirrors ``enableMic()``.

        Before ``connect()`` it only says what is wanted. After the person denied the microphone, ``True`` asks again.

        Raises:
            DeviceError: it could not be opened; ``deviceError`` is fired as well, and the session goes on.
        """
        await self._transport.media.enable_mic(enable)

    @property
    def is_mic_enabled(self) -> bool:
        """Whether the microphone is open and not muted, read from its track. Mirrors ``isMicEnabled``."""
        return self._transport.media.is_mic_enabled

    async def enable_cam(self, enable: bool) -> None:
        """Open the camera, or release it, so that its light goes out. Mirrors ``enableCam()``.

        Otherwise as :meth:`enable_mic`.
        """
        await self._transport.media.enable_cam(enable)

    @property
    def is_cam_enabled(self) -> bool:
        """Whether the camera is open, read from its track. Mirrors ``isCamEnabled``."""
        return self._transport.media.is_cam_enabled

    async def enable_screen_share(self, enable: bool) -> None:
        """Ask the person which screen or window to share, or end it. Mirrors ``enableScreenShare()``.

        Call it from a click, as browsers demand. The person may end it too: ``screenTrackStopped`` tells.

        Raises:
            DeviceError: they refused, or it cannot be shared; ``deviceError`` and ``screenShareError`` are fired too.
            UnsupportedFeatureError: this browser cannot share screens.
        """
        await self._transport.media.enable_screen_share(enable)

    @property
    def is_sharing_screen(self) -> bool:
        """Whether the screen is shared, read from its track. Mirrors ``isSharingScreen``."""
        return self._transport.media.is_sharing_screen

    # What is sent and received.

    def tracks(self) -> Tracks:
        """The live tracks of both sides, as the browser's ``MediaStreamTrack`` objects. Mirrors ``tracks()``."""
        return self._transport.media.tracks()

    async def resume_bot_audio(self) -> None:
        """Play the bot's audio after ``botAudioBlocked``; call it from a click, as browsers demand.

        Raises:
            DeviceError: the browser cannot play it, for another reason.
        """
        await self._transport.media.resume_bot_audio()

    def show_video(self, element: Any, source: VideoSource = "bot") -> None:
        """Show a video in an element of the page, now and whenever it comes, in this and later sessions.

        Args:
            element: a ``<video>`` element, or a CSS selector that finds one.
            source: ``"bot"``, or ``"cam"`` or ``"screen"`` for what the person sends. An element shows one of them:
                the last that it was given.

        Raises:
            InvalidArgumentError: the selector finds no ``<video>`` element.
        """
        if source not in ("bot", "cam", "screen"):
            raise InvalidArgumentError(f"A video's source is 'bot', 'cam' or 'screen', not {source!r}.")
        self._transport.media.show_video(element, source)

    def local_audio(self, *, sample_rate: int = 16000, frame: float = 0.02) -> AudioStream:
        """What the microphone sends, as PCM: ``async for frame in client.local_audio()``.

        May be begun before ``connect()``, and goes on when the microphone is changed; it ends with the session.
        Whoever does not keep up loses the oldest: 32,768 samples are kept, two seconds at 16 kHz. The stream's
        ``dropped`` counts what was lost.

        Args:
            sample_rate: samples a second, 8,000 to 48,000. A browser that cannot convert (Firefox) gives its own
                rate: read ``frame.sample_rate``.
            frame: seconds in a frame, 0.01 to 0.2.

        Returns:
            A stream of :class:`AudioFrame` with one channel.

        Raises:
            InvalidArgumentError: a number is out of its bounds.
        """
        return self._transport.media.local_audio(**_format(sample_rate, frame))

    def remote_audio(self, *, sample_rate: int = 16000, frame: float = 0.02) -> AudioStream:
        """What the bot says, as :meth:`local_audio`."""
        return self._transport.media.remote_audio(**_format(sample_rate, frame))


def _format(sample_rate: int, frame: float) -> dict[str, Any]:
    if not isinstance(sample_rate, int) or not 8000 <= sample_rate <= 48000:
        raise InvalidArgumentError(f"sample_rate must be between 8000 and 48000; it is {sample_rate!r}.")
    if not 0.01 <= frame <= 0.2:
        raise InvalidArgumentError(f"frame must be between 0.01 and 0.2 seconds; it is {frame!r}.")
    return {"sample_rate": sample_rate, "frame": frame}
