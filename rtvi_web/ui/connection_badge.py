"""The state of the session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import BotState
from rtvi_web.ui.widget import Widget

if TYPE_CHECKING:
    from rtvi_web.rtvi.client import RTVIClient

BOT_READY: Final = "bot-ready"
BOT_LEFT: Final = "bot-left"
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


def connection_badge(client: RTVIClient, *, into: Any) -> Widget:
    """The state of the session in words, with a coloured dot. Screen readers announce each change.

    The attribute ``data-state`` is the client's state; ``bot-ready`` once the bot is ready; ``bot-left`` if the session
    goes on after the bot has left.

    Args:
        client: the client whose session it shows.
        into: a CSS selector or an element; the widget is added to it.

    Raises:
        InvalidArgumentError: ``into`` finds no element.
    """
    badge = Widget(client, into, "p", "badge", role="status")

    def show(*_: Any) -> None:
        state: str = client.state
        if state == "ready":
            state = {BotState.CONNECTING: state, BotState.GONE: BOT_LEFT}.get(client.bot_state, BOT_READY)
        badge.element.setAttribute("data-state", state)
        badge.element.textContent = _WORDS.get(state, "Connecting…")

    badge.follow(show, RTVIEvent.TRANSPORT_STATE_CHANGED, RTVIEvent.BOT_STATE_CHANGED)
    show()
    return badge
