"""The members for microphone, speaker and sound, which both clients have."""

from __future__ import annotations

from typing import Any

from rtvi_web.core.media import AudioStream, Media, MediaDevice, MediaState, Tracks
from rtvi_web.errors import InvalidArgumentError


class MediaMembers:
    """Microphone, speaker and sound of a client; the media of its transport do the work."""

    @property
    def _media(self) -> Media:
        raise NotImplementedError

    # Devices.

    @property
    def media_state(self) -> MediaState:
        """The state of microphone and camera, which is apart from the session's. Mirrors ``mediaState``.

        ``media_state.mic.status`` is ``uninitialized``, ``initializing``, ``granted`` or ``error``; with an error,
        ``.reason`` is its ``DeviceError.type``. ``media_state.mic.muted_by_system`` is true while the system mutes an
        open microphone. Each change fires ``mediaStateUpdated``.
        """
        return self._media.media_state

    @property
    def devices_open(self) -> bool:
        """Whether devices may be open: from ``init_devices()`` or ``connect()`` until the session ends."""
        return self._media.devices_open

    async def get_all_mics(self) -> list[MediaDevice]:
        """The microphones. Never prompts. Mirrors ``getAllMics()``.

        Empty until the person has allowed a microphone: until then, browsers give neither names nor ids.
        """
        return await self._media.list_devices("mic")

    async def get_all_speakers(self) -> list[MediaDevice]:
        """The speakers, as :meth:`get_all_mics`. Mirrors ``getAllSpeakers()``.

        Browsers list them once the microphone is allowed; some list none.
        """
        return await self._media.list_devices("speaker")

    @property
    def selected_mic(self) -> MediaDevice | None:
        """The microphone in use, read from its track. Mirrors ``selectedMic``.

        If none is open, the one that would be opened; ``None`` until the browser lists any.
        """
        return self._media.selected_device("mic")

    @property
    def selected_speaker(self) -> MediaDevice | None:
        """The speaker on which the bot is heard; otherwise as :attr:`selected_mic`. Mirrors ``selectedSpeaker``."""
        return self._media.selected_device("speaker")

    async def update_mic(self, id: str) -> None:
        """Use another microphone, now and in later sessions. Mirrors ``updateMic()``.

        During a call the bot hears the new one without renegotiation. Before a call, and after the person refused the
        microphone, the choice is remembered and nothing is opened.

        Args:
            id: of a device of :meth:`get_all_mics`.

        Raises:
            DeviceError: it cannot be used, also fired as ``deviceError``. The previous microphone stays in use.
            UnsupportedFeatureError: the application sends its own track.
        """
        await self._media.select_device("mic", id)

    async def update_speaker(self, id: str) -> None:
        """Use another speaker, now and in later sessions. Mirrors ``updateSpeaker()``.

        Args:
            id: of a device of :meth:`get_all_speakers`.

        Raises:
            DeviceError: it cannot be used, also fired as ``deviceError``. The previous speaker stays in use.
            UnsupportedFeatureError: this browser does not let pages choose, or the page plays the bot itself.
        """
        await self._media.select_device("speaker", id)

    async def enable_mic(self, enable: bool) -> None:
        """Open or unmute the microphone, or mute it. Mirrors ``enableMic()``.

        Before ``connect()`` it only remembers what is wanted. After the microphone was denied, ``True`` asks again.

        Raises:
            DeviceError: it could not be opened; ``deviceError`` is fired as well, and the session goes on.
            DisconnectedError: the session ended while it was being opened.
        """
        await self._media.enable_mic(enable)

    @property
    def is_mic_enabled(self) -> bool:
        """Whether the microphone is open and not muted, read from its track. Mirrors ``isMicEnabled``."""
        return self._media.is_mic_enabled

    # What is sent and received.

    def tracks(self) -> Tracks:
        """The live tracks of both sides, as the browser's ``MediaStreamTrack`` objects. Mirrors ``tracks()``."""
        return self._media.tracks()

    async def resume_bot_audio(self) -> None:
        """Play the bot's audio after ``botAudioBlocked``; browsers demand that a click calls this.

        Raises:
            DeviceError: the browser cannot play it, for a reason other than its autoplay policy.
        """
        await self._media.resume_bot_audio()

    def set_bot_volume(self, volume: float) -> None:
        """Play the bot at another volume, now and in later sessions. JavaScript's clients have no such method.

        On iPhones and iPads, pages cannot change the volume of a WebRTC session.

        Args:
            volume: 0 (silent) to 1 (as loud as it is sent).

        Raises:
            InvalidArgumentError: it is not a number from 0 to 1.
            UnsupportedFeatureError: the page plays the bot itself.
        """
        if isinstance(volume, bool) or not isinstance(volume, int | float) or not 0 <= volume <= 1:
            raise InvalidArgumentError(f"volume must be a number from 0 to 1; it is {volume!r}.")
        self._media.set_bot_volume(float(volume))

    @property
    def bot_volume(self) -> float:
        """The volume at which the bot is played, 0 to 1; see :meth:`set_bot_volume`."""
        return self._media.bot_volume

    def mute_bot(self, muted: bool = True) -> None:
        """Play the bot silently, or aloud again, now and in later sessions. JavaScript's clients have no such method.

        The bot speaks on, and what it says is still written: captions alone. :attr:`bot_volume` is kept. Unlike the
        volume, this also works on iPhones and iPads.

        Raises:
            UnsupportedFeatureError: the page plays the bot itself.
        """
        self._media.mute_bot(bool(muted))

    @property
    def is_bot_muted(self) -> bool:
        """Whether the bot is played silently; see :meth:`mute_bot`."""
        return self._media.is_bot_muted

    def local_audio(self, *, sample_rate: int = 16000, frame: float = 0.02) -> AudioStream:
        """What the microphone sends, as PCM: ``async for frame in client.local_audio()``.

        It may begin before ``connect()``, goes on when the microphone is changed, and ends with the session. 32,768
        samples are kept for a loop that is late (two seconds at 16 kHz). After that the oldest are lost, and counted
        in the stream's ``dropped``.

        Args:
            sample_rate: samples a second, 8,000 to 48,000. A browser that cannot convert (Firefox) uses its own
                rate: read ``frame.sample_rate``.
            frame: seconds in a frame, 0.01 to 0.2.

        Returns:
            A stream of :class:`AudioFrame` with one channel.

        Raises:
            InvalidArgumentError: a number is out of its bounds.
        """
        return self._media.local_audio(**_format(sample_rate, frame))

    def remote_audio(self, *, sample_rate: int = 16000, frame: float = 0.02) -> AudioStream:
        """What the bot says, as :meth:`local_audio`."""
        return self._media.remote_audio(**_format(sample_rate, frame))


def _format(sample_rate: int, frame: float) -> dict[str, Any]:
    if not isinstance(sample_rate, int) or not 8000 <= sample_rate <= 48000:
        raise InvalidArgumentError(f"sample_rate must be between 8000 and 48000; it is {sample_rate!r}.")
    if not 0.01 <= frame <= 0.2:
        raise InvalidArgumentError(f"frame must be between 0.01 and 0.2 seconds; it is {frame!r}.")
    return {"sample_rate": sample_rate, "frame": frame}
