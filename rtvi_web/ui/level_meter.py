"""A bar that shows how loud the person or the bot is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

from rtvi_web.browser import dom
from rtvi_web.core.event import Event
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.widget import MediaClient, Widget, subscribe


class _Source(NamedTuple):
    label: str
    level: Event[*tuple[Any, ...]]


_SOURCES: Final = {
    "mic": _Source("Microphone level", RTVIEvent.LOCAL_AUDIO_LEVEL),
    "bot": _Source("Bot level", RTVIEvent.REMOTE_AUDIO_LEVEL),
}


def level_meter(
    client: MediaClient, of: Literal["mic", "bot"] = "mic", *, into: Any, label: str | None = None
) -> Widget:
    """A bar whose length is the loudness of the microphone or of the bot.

    Python runs once per level (the transport's ``level_interval``); the browser animates the bar in between. Nothing is
    measured while the bar is out of sight or no device is open.

    Args:
        client: the client whose audio it shows.
        of: ``"mic"`` or ``"bot"``.
        into: a CSS selector or an element; the widget is added to it.
        label: the name for screen readers.

    Raises:
        InvalidArgumentError: ``into`` finds no element, or ``of`` is another word.
    """
    source = _SOURCES.get(of)
    if source is None:
        raise InvalidArgumentError(f"of must be 'mic' or 'bot', not {of!r}.")
    meter = Widget(client, into, "div", "level", role="meter", aria_label=label or source.label, aria_valuenow="0")
    bar = dom.make("div")
    meter.element.append(bar)
    shown = 0
    unsubscribe: Callable[[], None] | None = None

    def show(level: float = 0.0, *_: Any) -> None:
        nonlocal shown
        percent = round(100 * min(1.0, level) ** 0.5)  # the root: loud speech is at a tenth of full scale
        if percent == shown:
            return
        bar.style.transform = f"scaleX({percent / 100})"
        if round(percent, -1) != round(shown, -1):
            meter.element.setAttribute("aria-valuenow", str(round(percent, -1)))
        shown = percent

    def seen(is_seen: bool) -> None:
        nonlocal unsubscribe
        if unsubscribe:
            unsubscribe()
        unsubscribe = subscribe(client, source.level, show) if is_seen else None

    meter.scope.defer(lambda: seen(False))
    dom.watch_visibility(meter.scope, meter.element, seen)
    meter.follow(lambda *_: show(), RTVIEvent.TRACK_STOPPED, RTVIEvent.DISCONNECTED)
    return meter
