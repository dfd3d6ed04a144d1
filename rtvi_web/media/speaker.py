"""The speaker on which the bot is heard."""

from __future__ import annotations

from typing import Protocol

from rtvi_web.browser import _js
from rtvi_web.browser.device_errors import device_error
from rtvi_web.core.media import MediaDevice
from rtvi_web.errors import DeviceError, UnsupportedFeatureError
from rtvi_web.media.choices import Choice, Choices, default, find
from rtvi_web.media.host import MediaHost


class Output(Protocol):
    """Plays the bot, in all sessions of a transport."""

    @property
    def sink_id(self) -> str:
        """The id of the speaker in use; empty for the system's default."""
        ...

    @property
    def volume(self) -> float:
        """How loud it plays, 0 to 1; may be set."""
        ...

    @volume.setter
    def volume(self, volume: float, /) -> None: ...

    @property
    def muted(self) -> bool:
        """Whether it plays silently, whatever the volume; may be set."""
        ...

    @muted.setter
    def muted(self, muted: bool, /) -> None: ...

    async def use_sink(self, id: str) -> None:
        """Play on another speaker, now and later; an empty id means the system's default.

        Raises:
            UnsupportedFeatureError: this browser does not let pages choose.
            JsError: there is no such speaker, or it is not allowed.
        """

    async def resume(self) -> None:
        """Play after the browser's autoplay policy refused; call it from a click."""

    def close(self) -> None:
        """Stop playing. A later session may play again."""


class Speaker:
    """The choice of a speaker; the output keeps it from session to session.

    Args:
        output: plays the bot; ``None`` if the page does.
    """

    def __init__(self, host: MediaHost, choices: Choices, output: Output | None) -> None:
        self._host = host
        self._choices = choices
        self._output = output
        self._announced: MediaDevice | None = None
        self._reported_gone: Choice | None = None

    @property
    def selected(self) -> MediaDevice | None:
        """The speaker in use."""
        devices = self._host.devices("speaker")
        return find(devices, self._output.sink_id if self._output else "") or default(devices)

    async def select(self, id: str) -> None:
        """Use another speaker; see ``Media.select_device``."""
        await self._host.refresh()
        device = find(self._host.devices("speaker"), id)
        await self._use(id)
        self._choices.choose("speaker", Choice(id, device.label if device else ""))
        self.announce()

    async def reconcile(self) -> None:
        """Switch to the chosen speaker if it is there, and to the default if the speaker in use is gone."""
        devices = self._host.devices("speaker")
        chosen = self._choices.find("speaker", devices)
        used = self._output.sink_id if self._output else ""
        if chosen:
            self._reported_gone = None
        self._choices.learn("speaker", devices)
        try:
            if chosen and chosen.id != used:
                await self._use(chosen.id)
            elif used and devices and find(devices, used) is None:
                await self._use("")
        except (DeviceError, UnsupportedFeatureError):
            return  # It was reported, now or when the person chose it.
        finally:
            self.announce()
        if devices and chosen is None and self._output is not None:
            self._report_gone(self._choices.chosen("speaker"))

    async def _use(self, id: str) -> None:
        if self._output is None:
            message = "The page plays the bot itself (play_bot_audio=False), and chooses the speaker itself."
            raise UnsupportedFeatureError(message, feature="update_speaker")
        try:
            await self._output.use_sink(id)
        except _js.JsError as cause:
            error = device_error(cause, "speaker")
            self._host.listener.failed(error)
            raise error from cause

    def _report_gone(self, gone: Choice | None) -> None:
        """Report a missing speaker once, until it is back."""
        if gone is None or gone == self._reported_gone:
            return
        self._reported_gone, now = gone, self.selected
        message = f"{gone.label or 'The chosen speaker'} is gone; {now.label if now else 'the default'} is used."
        self._host.listener.failed(DeviceError(message, devices=("speaker",), type="not-found"))

    def announce(self) -> None:
        """Report the selected speaker if it has changed."""
        selected = self.selected
        if selected != self._announced:
            self._announced = selected
            self._host.listener.device_selected("speaker", selected)
