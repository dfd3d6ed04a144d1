"""Buttons for what the person sends: microphone, camera, screen."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from rtvi_web.browser import dom
from rtvi_web.core.media import CAM, MIC, DeviceKind, DeviceState, DeviceStatus
from rtvi_web.errors import DeviceError, UnsupportedFeatureError
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.widget import MediaClient, Widget

if TYPE_CHECKING:
    from rtvi_web.rtvi.client import RTVIClient


def mic_button(client: MediaClient, *, into: Any) -> Widget:
    """Mutes and unmutes the microphone. Where it cannot be used, says why, with a button to ask for it again.

    It can be pressed while the devices are open: from ``init_devices()`` or ``connect()`` on.

    Args:
        client: whose microphone.
        into: a CSS selector or an element, to which it is added.

    Raises:
        InvalidArgumentError: there is no such element.
    """
    switch = _Switch(client, into, "Mute", lambda: client.is_mic_enabled, client.enable_mic, pressed_when=False)
    switch.complain_about(MIC, lambda: client.media_state.mic)
    return switch


def cam_button(client: RTVIClient, *, into: Any) -> Widget:
    """Opens and releases the camera; otherwise as :func:`mic_button`."""
    switch = _Switch(client, into, "Camera", lambda: client.is_cam_enabled, client.enable_cam)
    switch.complain_about(CAM, lambda: client.media_state.cam)
    return switch


def screen_button(client: RTVIClient, *, into: Any) -> Widget:
    """Asks the person for a screen or window to share, and ends it; otherwise as :func:`mic_button`."""
    return _Switch(client, into, "Share screen", lambda: client.is_sharing_screen, client.enable_screen_share)


class _Switch(Widget):
    """A button that stays pressed, and reads its state from the client at every change.

    Args:
        text: what it says, pressed or not.
        is_on: whether it sends.
        turn: makes it send or not.
        pressed_when: what of ``is_on`` the button shows as pressed.
    """

    def __init__(
        self,
        client: MediaClient,
        into: Any,
        text: str,
        is_on: Callable[[], bool],
        turn: Callable[[bool], Awaitable[None]],
        *,
        pressed_when: bool = True,
    ) -> None:
        super().__init__(client, into, "div", "switch")
        self._is_on = is_on
        self._turn = turn
        self._pressed_when = pressed_when
        self._state: Callable[[], DeviceState] = DeviceState
        self._complains = False
        self._complaint_text = ""
        self._button = dom.make("button", "", text, type="button")
        self._complaint = dom.make("div", "rtvi-complaint", role="alert")
        self.element.append(self._button, self._complaint)
        self.scope.listen(self._button, "click", self._press)
        changes = (
            RTVIEvent.TRANSPORT_STATE_CHANGED,
            RTVIEvent.MEDIA_STATE_UPDATED,
            RTVIEvent.TRACK_STARTED,
            RTVIEvent.TRACK_STOPPED,
            RTVIEvent.SCREEN_TRACK_STARTED,
            RTVIEvent.SCREEN_TRACK_STOPPED,
        )
        self.follow(self._show, *changes)
        self._show()

    def complain_about(self, kind: DeviceKind, state: Callable[[], DeviceState]) -> None:
        """Show the error that the device's state tells, once it was asked for in vain."""

        def failed(error: DeviceError) -> None:
            self._complains |= kind.name in error.devices
            self._show()

        self._state = state
        self._text = dom.make("p")
        self._ask = dom.make("button", "", f"Ask for the {kind.noun} again", type="button")
        self.scope.listen(self._ask, "click", self._press)
        self.follow(failed, RTVIEvent.DEVICE_ERROR)
        self._show()

    def _show(self, *_: Any) -> None:
        open, state = self._client.devices_open, self._state()
        asking = state.status is DeviceStatus.INITIALIZING
        # A forbidden device is only worth a complaint once it was asked for. The complaint stays while it is asked for
        # again, and with it the focus of its button.
        self._complains = self._complains and open and (asking or state.status is DeviceStatus.ERROR)
        # While it is asked for, there is nothing to switch; after it failed, the button below asks for it again.
        self._button.disabled = not open or self._complains or asking
        pressed = open and not self._complains and self._is_on() is self._pressed_when
        self._button.setAttribute("aria-pressed", "true" if pressed else "false")
        if not (self._complains and asking):
            self._complain(state if self._complains else None)

    def _complain(self, state: DeviceState | None) -> None:
        text = str(state.error) if state else ""
        if text == self._complaint_text:  # what is there is not told again, and keeps the focus
            return
        self._complaint_text = text
        if state is None:
            was_focused = self._ask.matches(":focus")
            self._complaint.replaceChildren()
            if was_focused:
                self._button.focus()
        else:
            self._text.textContent = text
            useless = state.reason == "undefined-mediadevices"
            self._complaint.replaceChildren(self._text, *([] if useless else [self._ask]))

    def _press(self, _event: Any) -> None:
        self._client.run(self._switch(), "switching a device failed")

    async def _switch(self) -> None:
        try:
            await self._turn(not self._is_on())
        except (DeviceError, UnsupportedFeatureError):
            return  # The events told it, and media_state tells it.
        finally:
            self._show()
