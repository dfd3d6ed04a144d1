"""Buttons for what the person sends: microphone, camera and screen."""

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
    """A button that mutes and unmutes the microphone.

    It is enabled while the devices are open: from ``init_devices()`` or ``connect()`` on. If the microphone cannot be
    used, it shows the reason and a button that asks for the microphone again.

    Args:
        client: the client whose microphone it is.
        into: a CSS selector or an element; the widget is added to it.

    Raises:
        InvalidArgumentError: ``into`` finds no element.
    """
    switch = mic_switch(client, into=into)
    switch.show_failures_of(MIC, lambda: client.media_state.mic)
    return switch


def mic_switch(client: MediaClient, *, into: Any) -> Switch:
    """:func:`mic_button` without the reason why the microphone cannot be used: a problem card shows that."""
    return Switch(client, into, "Mute", lambda: client.is_mic_enabled, client.enable_mic, pressed_when=False)


def cam_button(client: RTVIClient, *, into: Any) -> Widget:
    """A button that opens and releases the camera. The rest is as in :func:`mic_button`."""
    switch = Switch(client, into, "Camera", lambda: client.is_cam_enabled, client.enable_cam)
    switch.show_failures_of(CAM, lambda: client.media_state.cam)
    return switch


def screen_button(client: RTVIClient, *, into: Any) -> Widget:
    """A button that asks for a screen or window to share, and stops sharing. The rest is as in :func:`mic_button`.

    Where no screen can be shared, as on phones, it is disabled and says why. A refusal is shown until the next try.
    """
    return ScreenSwitch(client, into)


class Switch(Widget):
    """A toggle button, which reads its state from the client at every change.

    Args:
        text: the label, which stays the same.
        is_on: whether the device sends.
        turn: makes the device send or not.
        pressed_when: the value of ``is_on()`` that is shown as pressed.
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
        self._failed = False
        self._notice_text = ""
        self._ask: Any = None
        self._button = dom.make("button", "", text, type="button")
        self._notice = dom.make("div", "rtvi-notice", role="alert")
        self.element.append(self._button, self._notice)
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

    def show_failures_of(self, kind: DeviceKind, state: Callable[[], DeviceState]) -> None:
        """Show the error of the device's state once a request for it has failed."""

        def failed(error: DeviceError) -> None:
            self._failed |= kind.name in error.devices
            self._show()

        self._state = state
        self._ask = dom.make("button", "", f"Ask for the {kind.noun} again", type="button")
        self.scope.listen(self._ask, "click", self._press)
        self.follow(failed, RTVIEvent.DEVICE_ERROR)
        self._show()

    def _show(self, *_: Any) -> None:
        open, state = self._client.devices_open, self._state()
        asking = state.status is DeviceStatus.INITIALIZING
        # A forbidden device is shown as a problem only after someone asked for it. The message stays while they ask
        # again, so that the button in it keeps the focus.
        self._failed = self._failed and open and (asking or state.status is DeviceStatus.ERROR)
        # While the browser asks, there is nothing to switch. After a failure, the button in the message asks again.
        self._button.disabled = not open or self._failed or asking
        pressed = open and not self._failed and self._is_on() is self._pressed_when
        self._button.setAttribute("aria-pressed", "true" if pressed else "false")
        if self._ask is not None and not (self._failed and asking):
            self._show_notice(state if self._failed else None)

    def _show_notice(self, state: DeviceState | None) -> None:
        if state is None:
            was_focused = self._ask.matches(":focus")
            self._say("")
            if was_focused:
                self._button.focus()
        else:
            useless = state.reason == "undefined-mediadevices"
            self._say(str(state.error), *([] if useless else [self._ask]))

    def _say(self, text: str, *buttons: Any) -> None:
        """Show a text and buttons beside the button. An empty text hides both."""
        if text == self._notice_text:  # left alone: screen readers do not repeat it, and its button keeps the focus
            return
        self._notice_text = text
        self._notice.replaceChildren(*([dom.make("p", "", text), *buttons] if text else []))

    def _press(self, _event: Any) -> None:
        self._client.run(self._switch(), "switching a device failed")

    async def _switch(self) -> None:
        try:
            await self._turn(not self._is_on())
        except (DeviceError, UnsupportedFeatureError):
            return  # The client has dispatched it, and media_state shows it.
        finally:
            self._show()


class ScreenSwitch(Switch):
    """The button of :func:`screen_button`. The text beside it says why no screen is shared."""

    def __init__(self, client: RTVIClient, into: Any) -> None:
        self._obstacle = client.screen_share_obstacle
        self._refusal = ""
        super().__init__(client, into, "Share screen", lambda: client.is_sharing_screen, client.enable_screen_share)
        self.follow(self._refused, RTVIEvent.DEVICE_ERROR)

    def _refused(self, error: DeviceError) -> None:
        if "screen" in error.devices:
            self._refusal = error.message
            self._show()

    def _show(self, *_: Any) -> None:
        super()._show()
        self._button.disabled |= bool(self._obstacle)
        self._say(self._obstacle or self._refusal)

    def _press(self, event: Any) -> None:
        self._refusal = ""
        self._show()
        super()._press(event)
