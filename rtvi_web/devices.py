"""The device and media members of a client."""

from __future__ import annotations

from rtvi_web.protocol.media import Tracks
from rtvi_web.transport import Transport


class Devices:
    """What a client does with microphone and speaker; the transport does the work."""

    _transport: Transport

    async def enable_mic(self, enable: bool) -> None:
        """Open or unmute the microphone, or mute it. Mirrors ``enableMic()``.

        Before ``connect()`` it only says what is wanted. After the person denied the microphone, ``True`` asks again.

        Raises:
            DeviceError: it could not be opened; ``deviceError`` is fired as well, and the session goes on.
        """
        await self._transport.enable_mic(enable)

    @property
    def is_mic_enabled(self) -> bool:
        """Whether the microphone is open and not muted, read from its track. Mirrors ``isMicEnabled``."""
        return self._transport.is_mic_enabled

    def tracks(self) -> Tracks:
        """The live tracks of both sides, as the browser's ``MediaStreamTrack`` objects. Mirrors ``tracks()``."""
        return self._transport.tracks()

    async def resume_bot_audio(self) -> None:
        """Play the bot's audio after ``botAudioBlocked``; call it from a click, as browsers demand."""
        await self._transport.resume_bot_audio()
