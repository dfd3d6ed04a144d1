"""The bot's voice, where the browser does not let a page play before it was clicked."""

from __future__ import annotations

from typing import Any

from rtvi_web.browser import dom
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.widget import MediaClient, Widget


def bot_audio(client: MediaClient, *, into: Any) -> Widget:
    """A button that lets the bot be heard; it shows only while the browser's autoplay policy keeps the bot silent.

    The client plays the bot by itself. Have this in the page before ``connect()``, and nobody misses what it says: made
    later, it tries to play what the browser may have blocked.

    Args:
        client: whose bot.
        into: a CSS selector or an element, to which it is added.

    Raises:
        InvalidArgumentError: there is no such element.
    """
    widget = Widget(client, into, "div", "bot-audio", role="alert")
    button = dom.make("button", "", "Tap to hear the bot", type="button")

    def blocked() -> None:
        widget.element.replaceChildren(dom.make("p", "", "The browser keeps the bot silent."), button)

    def clear() -> None:
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
