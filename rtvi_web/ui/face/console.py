"""The whole face of a bot, composed of the other widgets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, Literal

from rtvi_web.browser import dom
from rtvi_web.browser.worklet import available
from rtvi_web.core.media import DeviceName
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.ui.bot_audio import bot_audio
from rtvi_web.ui.buttons import mic_switch
from rtvi_web.ui.connection_badge import connection_badge
from rtvi_web.ui.device_select import device_select
from rtvi_web.ui.face.composer import composer
from rtvi_web.ui.face.problem_card import problem_card
from rtvi_web.ui.face.problems import Problem
from rtvi_web.ui.face.realtime_settings import realtime_settings
from rtvi_web.ui.face.start_button import start_button
from rtvi_web.ui.face.transport_badge import transport_badge
from rtvi_web.ui.level_meter import level_meter
from rtvi_web.ui.session_state import is_realtime
from rtvi_web.ui.transcript import transcript
from rtvi_web.ui.voice_visualizer import voice_visualizer
from rtvi_web.ui.widget import SessionClient, Widget

Layout = Literal["inline", "panel", "full"]
MicMode = Literal["on", "push", "off"]
_EMPTY: Final = {
    "on": "Press Start and say hello, or type it.",
    "push": "Press Start. Then hold the button while you speak, or type.",
    "off": "Press Start and type a message.",
}
_SILENT: Final = Problem(
    "There is no sound here: write, and read the answers.",
    "Sound over a WebSocket needs an AudioWorklet.",
    "Browsers have it on pages with https, and on localhost.",
    is_failure=False,
)
LAYOUTS: Final = ("inline", "panel", "full")
MIC_MODES: Final = ("on", "push", "off")


def console(
    client: SessionClient,
    *,
    into: Any,
    layout: Layout = "inline",
    title: str = "Talk to the bot",
    mic: MicMode = "on",
    files: bool = True,
    start: Callable[[], Awaitable[object]] | None = None,
) -> Widget:
    """Everything that a person needs to talk to a bot: start and stop, conversation, composer, devices, problems.

    ::

        from rtvi_web import RTVIClient, ui
        from rtvi_web.transports import SmallWebRTCTransport

        client = RTVIClient(transport=SmallWebRTCTransport(webrtc_url="/api/offer"))
        ui.console(client, into="main")

    It is composed of the other widgets, which work alone as well. It is in the page's colours, light or dark, follows
    its direction of writing, fits into 320 pixels, and can be used with keys and with a screen reader. That of a
    RealtimeClient has :func:`realtime_settings`, and is for text alone where sound over a WebSocket is not possible.

    Args:
        client: an RTVIClient or a RealtimeClient, not connected yet or in a session.
        into: a CSS selector or an element, also one inside a shadow root; the console is added to it.
        layout: ``"inline"`` is as wide as its place, ``"panel"`` fills its place, ``"full"`` fills the window.
        title: the heading.
        mic: ``"on"`` is an open microphone with a button to mute it, ``"push"`` one that is held to talk
            (:func:`push_to_talk`), ``"off"`` none. For the last, give the client ``enable_mic=False``
            (RealtimeClient: ``microphone=False``), so that it does not ask for one.
        files: whether files can be sent.
        start: starts the session in place of ``client.connect()``.

    Raises:
        InvalidArgumentError: ``into`` finds no element, or ``layout`` or ``mic`` is another word.
    """
    if layout not in LAYOUTS:
        raise InvalidArgumentError(f"layout must be 'inline', 'panel' or 'full', not {layout!r}.")
    if mic not in MIC_MODES:
        raise InvalidArgumentError(f"mic must be 'on', 'push' or 'off', not {mic!r}.")
    carries = client.transport.media.carries
    return _Console(client, into, layout, title, mic if "mic" in carries else "off", files=files, start=start)


def _has_no_sound(client: Any) -> bool:
    """Whether a RealtimeClient can only write here, and if so, have it do that."""
    if not is_realtime(client) or client.transport.carries_tracks or available():
        return False
    client.sound = False
    client.update_config({"output_modalities": ["text"]})
    return True


class _Console(Widget):
    """The parts in their places. They are closed with the console."""

    def __init__(
        self,
        client: SessionClient,
        into: Any,
        layout: str,
        title: str,
        mic: MicMode,
        *,
        files: bool,
        start: Callable[[], Awaitable[object]] | None,
    ) -> None:
        super().__init__(client, into, "section", "console", aria_label=title, data_layout=layout)
        self._session = client
        self._silent = _has_no_sound(client)
        self._mic: MicMode = "off" if self._silent else mic
        try:
            self._compose(title, files=files, start=start)
        except BaseException:
            self.close()
            raise

    def _compose(self, title: str, *, files: bool, start: Callable[[], Awaitable[object]] | None) -> None:
        head = self._place("head", dom.make("h2", "", title))
        self._add(connection_badge, head)
        self._add(transport_badge, head)
        self._add(voice_visualizer, head)
        problems = self._place("problems")
        card = self._add(problem_card, problems, start=start)
        if self._silent:
            card.tell(_SILENT)
        self._add(bot_audio, problems)
        self._add(transcript, self._place("talk"), empty=_EMPTY[self._mic])
        controls = self._place("controls")
        self._add(start_button, controls, start=start, failed=card.show)
        if self._mic == "on":
            self._add(mic_switch, controls)
        if self._mic != "off":
            self._add(level_meter, controls)
        self._add(composer, self.element, files=files, push_to_talk=self._mic == "push")
        self._add_settings()

    def _add_settings(self) -> None:
        """The choice of devices, and what a RealtimeClient asks of its server."""
        place = dom.make("div", "rtvi-settings")
        self.element.append(dom.make("details", "rtvi-more", dom.make("summary", "", "Settings"), place))
        if is_realtime(self._session):
            self._add(realtime_settings, place)
        devices: list[DeviceName] = ["mic"] if self._mic != "off" else []
        if "speaker" in self._session.transport.media.carries and not self._silent:
            devices.append("speaker")
        for device in devices:
            self._add(device_select, place, device)

    def _add(self, make: Callable[..., Any], into: Any, *args: Any, **options: Any) -> Any:
        part = make(self._session, *args, into=into, **options)
        self.scope.defer(part.close)
        return part

    def _place(self, kind: str, *content: Any) -> Any:
        place = dom.make("div", f"rtvi-{kind}", *content)
        self.element.append(place)
        return place
