"""Bars that move with a voice."""

from __future__ import annotations

from typing import Any, Literal

from rtvi_web.browser import _js, dom
from rtvi_web.browser.spectrum import Spectrum
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.widget import MediaClient, Widget

_INTERVAL = 0.08
"""Seconds between two updates. The style sheet animates the bars for about as long."""


def voice_visualizer(
    client: MediaClient, of: Literal["bot", "mic"] = "bot", *, into: Any, bars: int = 7, label: str | None = None
) -> Widget:
    """Bars that move with a voice: low tones in the middle, high ones outside. Mirrors ``VoiceVisualizer``.

    The browser analyses the sound and animates the bars; Python sets their heights twelve times a second. Nothing runs
    while the bars are out of sight or there is no track. The attribute ``data-state`` is ``client.bot_state``; with
    RealtimeClient it is ``speaking``, ``listening`` or ``disconnected``.

    Args:
        client: the client whose audio it shows.
        of: ``"bot"`` or ``"mic"``.
        into: a CSS selector or an element; the widget is added to it.
        bars: how many bars, 1 to 32.
        label: the name for screen readers.

    Raises:
        InvalidArgumentError: ``into`` finds no element, ``of`` is another word, or ``bars`` is out of its bounds.
    """
    if of not in ("bot", "mic"):
        raise InvalidArgumentError(f"of must be 'bot' or 'mic', not {of!r}.")
    if not 1 <= bars <= 32:
        raise InvalidArgumentError(f"bars must be 1 to 32; it is {bars!r}.")
    label = label or {"bot": "Voice of the bot", "mic": "Your voice"}[of]
    widget = Widget(client, into, "div", "voice", role="img", aria_label=label)
    drawing = _Drawing(widget, bars)
    seen = False

    def follow(*_: Any) -> None:
        tracks = client.tracks()
        track = (tracks.bot if of == "bot" else tracks.local).audio
        drawing.listen(track if seen else None)

    def set_seen(is_seen: bool) -> None:
        nonlocal seen
        seen = is_seen
        follow()

    dom.watch_visibility(widget.scope, widget.element, set_seen)
    widget.follow(follow, RTVIEvent.TRACK_STARTED, RTVIEvent.TRACK_STOPPED, RTVIEvent.DISCONNECTED)
    _show_state(widget, client)
    return widget


def _show_state(widget: Widget, client: Any) -> None:
    """Keep ``data-state`` up to date, for either client."""

    def show(state: str) -> None:
        widget.element.setAttribute("data-state", state)

    if hasattr(client, "bot_state"):
        widget.follow(show, RTVIEvent.BOT_STATE_CHANGED)
        show(client.bot_state)
    else:
        widget.follow(lambda _: show("listening"), "client.connected")
        widget.follow(lambda event: show("speaking" if event.speaking else "listening"), "conversation.speaking")
        widget.follow(lambda _: show("disconnected"), "client.disconnected")
        show("listening" if client.is_connected() else "disconnected")


class _Drawing:
    """The bars of a widget, and the analyser that moves them."""

    def __init__(self, widget: Widget, bars: int) -> None:
        self._bars = [dom.make("div") for _ in range(bars)]
        widget.element.append(*self._bars)
        self._middle = bars // 2
        self._heights = [0.0] * bars
        self._spectrum: Spectrum | None = None
        self._timer: Any = None
        self._draw_again = widget.scope.function(self._draw)
        widget.scope.defer(lambda: self.listen(None))

    def listen(self, track: Any) -> None:
        """Move with this track; ``None`` stops the bars."""
        if self._spectrum is not None:
            if self._spectrum.track is track:
                return
            self._spectrum.close()
            self._spectrum = None
            _js.api("clearInterval")(self._timer)
        if track is not None:
            self._spectrum = Spectrum(track, self._middle + 1)
            self._timer = _js.api("setInterval")(self._draw_again, _INTERVAL * 1000)
        self._draw()

    def _draw(self) -> None:
        bands = self._spectrum.read() if self._spectrum else [0.0] * (self._middle + 1)
        for position, bar in enumerate(self._bars):
            height = round(20 * bands[abs(position - self._middle)]) / 20  # finer steps are invisible
            if height != self._heights[position]:
                self._heights[position] = height
                bar.style.setProperty("--rtvi-height", str(height))
