"""The state of the session."""

from __future__ import annotations

from typing import Any, Final

from rtvi_web.ui.session_state import BOT_LEFT, BOT_READY, CHANGES, state_of
from rtvi_web.ui.widget import SessionClient, Widget

_WORDS: Final = {
    "disconnected": "Not connected",
    "initializing": "Opening the devices…",
    "initialized": "Devices are open",
    "authenticating": "Asking for the bot…",
    "authenticated": "The bot was started",
    "ready": "Waiting for the bot…",
    BOT_READY: "Connected",
    BOT_LEFT: "The bot has left",
    "reconnecting": "Reconnecting…",
    "disconnecting": "Hanging up…",
    "error": "Could not connect",
}


def connection_badge(client: SessionClient, *, into: Any) -> Widget:
    """The state of the session in words, with a coloured dot. Screen readers announce each change.

    The attribute ``data-state`` is the client's state; ``bot-ready`` once the bot is ready (with RealtimeClient, once
    the server has taken the configuration); ``bot-left`` if the session goes on after the bot has left.

    Args:
        client: the client whose session it shows.
        into: a CSS selector or an element; the widget is added to it.

    Raises:
        InvalidArgumentError: ``into`` finds no element.
    """
    badge = Widget(client, into, "p", "badge", role="status")

    def show(*_: Any) -> None:
        state = state_of(client)
        badge.element.setAttribute("data-state", state)
        badge.element.textContent = _WORDS.get(state, "Connecting…")

    badge.follow(show, *CHANGES)
    show()
    return badge
