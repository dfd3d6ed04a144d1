"""How a link was lost, and how long to try to restore it. ``recovery`` has the steps."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class LinkLoss(StrEnum):
    """How a link was lost."""

    SILENT = "silent"
    """Nothing arrives from the bot's side; the link may heal by itself."""
    FAILED = "failed"
    """There is no network path to the bot's side any more."""
    CHANNEL_CLOSED = "channel-closed"
    """The bot's side closed the link (the data channel of WebRTC), and the bot did not say that it leaves."""


class Reconnect(NamedTuple):
    """How long a transport tries to restore a lost link, and whether it may start a new bot.

    Attributes:
        budget: seconds from the loss until the session ends. The default is about as long as a Pipecat server keeps
            the session; ``None`` means no limit.
        fresh_start: whether to ask for a new bot after the server has given up the session. The new bot does not know
            the conversation. Give such a session a budget of more than the server's 30 seconds.
    """

    budget: float | None = 30.0
    fresh_start: bool = False
