"""A button for browsers that let a page play sound only after a click."""

from __future__ import annotations

from typing import Any

from rtvi_web.browser import dom
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.focus import focus_handed_on
from rtvi_web.ui.widget import MediaClient, Widget


def bot_audio(client: MediaClient, *, into: Any) -> Widget:
    """A button that plays the bot. It shows only while the browser's autoplay policy keeps the bot silent.

    The client plays the bot by itself; this is needed only if the browser refuses. Make it before ``connect()``, so
    that it sees the refusal. Made later, it first tries to play.

    Args:
        client: the client that plays the bot.
        into: a CSS selector or an element; the widget is added to it.

    Raises:
        InvalidArgumentError: ``into`` finds no element.
    """
    widget = Widget(client, into, "div", "bot-audio", role="alert")
    button = dom.make("button", "", "Tap to hear the bot", type="button")

    def blocked() -> None:
        widget.element.replaceChildren(dom.make("p", "", "The browser keeps the bot silent."), button)

    def clear() -> None:
        with focus_handed_on(widget.element):
            widget.element.replaceChildren()

    def clear_at_the_end(*_: Any) -> None:
        if not client.devices_open:
            clear()

    def play(*_: Any) -> None:
        clear()
        client.run(client.resume_bot_audio(), "playing the bot failed")

    widget.scope.listen(button, "click", play)
    widget.follow(blocked, RTVIEvent.BOT_AUDIO_BLOCKED)
    widget.follow(clear_at_the_end, RTVIEvent.DISCONNECTED, RTVIEvent.MEDIA_STATE_UPDATED)
    play()
    return widget
