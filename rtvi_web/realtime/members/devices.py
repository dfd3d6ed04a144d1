"""The members of a client that concern its microphone and speaker. Those of both clients are in MediaMembers."""

from __future__ import annotations

import contextlib

from rtvi_web.core.media import Media
from rtvi_web.core.media_members import MediaMembers
from rtvi_web.errors import DeviceError, DisconnectedError
from rtvi_web.realtime.members.base import Members


class DeviceMembers(Members, MediaMembers):
    """What a client does with microphone, speaker and sound."""

    @property
    def _media(self) -> Media:
        return self._transport.media

    async def init_devices(self) -> None:
        """Open the microphone, if ``connect()`` hasn't: before, in, or without a session.

        It is opened muted after ``mute()``, and with ``microphone=False`` too. From then on devices that are plugged in
        and out are noticed, and levels are measured. ``disconnect()`` releases the devices.

        Raises:
            DeviceError: it was denied, or there is none; ``deviceError`` is dispatched as well.
            DisconnectedError: ``disconnect()`` was called meanwhile.
            NotInBrowserError: there are no devices here: CPython, or a web worker.
        """
        await self._api.init_devices()

    async def open_microphone(self) -> None:
        """The first name of :meth:`init_devices`."""
        await self.init_devices()

    def mute(self, muted: bool = True) -> None:
        """``enable_mic(not muted)``, which takes effect before this returns.

        If unmuting has to open the microphone, that goes on as a task; ``deviceError`` is dispatched if it fails.
        """
        self._media.want_mic(not muted)
        if not muted and self.devices_open and not self.is_mic_enabled:
            self._tasks.run(self._open_to_unmute(), "the microphone could not be opened")

    async def _open_to_unmute(self) -> None:
        with contextlib.suppress(DeviceError, DisconnectedError):  # The first was dispatched as deviceError.
            await self.enable_mic(True)

    @property
    def is_muted(self) -> bool:
        """Whether the microphone is muted, or would be if it were open."""
        return self._media.mic_wanted is False

    async def resume_output(self) -> None:
        """The first name of :meth:`resume_bot_audio`; its event is ``output_audio.blocked``."""
        await self.resume_bot_audio()
