"""Where the session of either client stands, in one set of words."""

from __future__ import annotations

from typing import Any, Final

from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import BotState
from rtvi_web.ui.widget import SessionClient

BOT_READY: Final = "bot-ready"
BOT_LEFT: Final = "bot-left"
IDLE: Final = frozenset({"disconnected", "error", "initialized"})
"""The states in which a session may be started."""
RUNNING: Final = frozenset({BOT_READY, BOT_LEFT, "reconnecting"})
"""The states of a session that has begun."""
CHANGES: Final = (RTVIEvent.TRANSPORT_STATE_CHANGED, RTVIEvent.BOT_STATE_CHANGED)
"""The events at which the state may change."""


def is_realtime(client: Any) -> bool:
    """Whether a client is a RealtimeClient, which knows nothing of bots. Importing it would make every page slower."""
    return not hasattr(client, "bot_state")


def state_of(client: SessionClient) -> str:
    """The client's state; ``bot-ready`` or ``bot-left`` in place of ``ready`` once that is known."""
    state = client.state
    if state != "ready":
        return state
    bot_state: Any = getattr(client, "bot_state", None)  # RealtimeClient has none: its server is ready at once.
    return {BotState.CONNECTING: state, BotState.GONE: BOT_LEFT}.get(bot_state, BOT_READY)
