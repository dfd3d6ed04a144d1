"""The device and media members of a client."""

from __future__ import annotations

from typing import Any

from rtvi_web.core.media import Media, MediaDevice, VideoSource
from rtvi_web.core.media_members import MediaMembers
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.rtvi.members.base import ClientBase


class Devices(ClientBase, MediaMembers):
    """Microphone, camera, speaker and screen; the transport's ``media`` do the work."""

    @property
    def _media(self) -> Media:
        return self._transport.media

    async def init_devices(self) -> None:
        """Open the devices ahead of ``connect()``, which then uses them. Mirrors ``initDevices()``.

        Opens the microphone unless ``enable_mic=False``, and the camera with ``enable_cam=True``, if they are not open
        already. Fires ``available…Updated`` and ``micUpdated``, ``camUpdated``, ``speakerUpdated``; from then on
        devices that are plugged in and out are noticed. A device that is denied or missing fires ``deviceError``, and
        this does not raise. ``disconnect()`` releases the devices.

        Raises:
            DisconnectedError: ``disconnect()`` was called meanwhile.
            NotInBrowserError: there are no devices here: CPython, or a web worker.
        """
        await self._connection.init_devices()

    # Which devices there are, and which are used.

    async def get_all_cams(self) -> list[MediaDevice]:
        """The cameras, as :meth:`get_all_mics`. Mirrors ``getAllCams()``."""
        return await self._media.list_devices("cam")

    @property
    def selected_cam(self) -> MediaDevice | None:
        """The camera in use, as :attr:`selected_mic`. Mirrors ``selectedCam``."""
        return self._media.selected_device("cam")

    async def update_cam(self, id: str) -> None:
        """Use another camera, as :meth:`update_mic`. Mirrors ``updateCam()``."""
        await self._media.select_device("cam", id)

    # Sending.

    async def enable_cam(self, enable: bool) -> None:
        """Open the camera, or release it, so that its light goes out. Mirrors ``enableCam()``.

        Otherwise as :meth:`enable_mic`.

        Raises:
            UnsupportedFeatureError: the transport carries no camera, which is not opened then.
        """
        await self._media.enable_cam(enable)

    @property
    def is_cam_enabled(self) -> bool:
        """Whether the camera is open, read from its track. Mirrors ``isCamEnabled``."""
        return self._media.is_cam_enabled

    async def enable_screen_share(self, enable: bool) -> None:
        """Let the person choose a screen or window to share, or stop sharing. Mirrors ``enableScreenShare()``.

        Call it from a click, as browsers demand. The person may stop too: ``screenTrackStopped`` fires.

        Raises:
            DeviceError: they refused, or it cannot be shared; ``deviceError`` and ``screenShareError`` fire too.
            UnsupportedFeatureError: the transport carries no screen, or this browser cannot share screens.
            DisconnectedError: ``disconnect()`` is running.
        """
        if enable:
            self._connection.check_not_disconnecting()
        await self._media.enable_screen_share(enable)

    @property
    def screen_share_obstacle(self) -> str:
        """Why no screen can be shared here, in words for the person; empty if one can be.

        Browsers on phones share none, and some transports carry none.
        """
        return self._media.screen_share_obstacle

    @property
    def is_sharing_screen(self) -> bool:
        """Whether the screen is shared, read from its track. Mirrors ``isSharingScreen``."""
        return self._media.is_sharing_screen

    # What is sent and received.

    def show_video(self, element: Any, source: VideoSource = "bot") -> None:
        """Show a video in an element of the page whenever there is one, in this and later sessions.

        Args:
            element: a ``<video>`` element, or a CSS selector that finds one.
            source: ``"bot"``, or ``"cam"`` or ``"screen"`` for what the person sends. An element shows one source,
                the last that it was given.

        Raises:
            InvalidArgumentError: the selector finds no ``<video>`` element.
        """
        if source not in ("bot", "cam", "screen"):
            raise InvalidArgumentError(f"A video's source is 'bot', 'cam' or 'screen', not {source!r}.")
        self._media.show_video(element, source)
