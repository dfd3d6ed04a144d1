"""A lost link: how it showed, and how hard to try to restore it. See ``recovery`` for what is done about it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class LinkLoss(StrEnum):
    """How a lost link showed."""

    SILENT = "silent"
    """Nothing comes from the bot's side any more; this may heal by itself."""
    FAILED = "failed"
    """The browser has given the network path up."""
    CHANNEL_CLOSED = "channel-closed"
    """The data channel is closed, though the bot has not said that it leaves."""


class Reconnect(NamedTuple):
    """How hard a transport tries to restore a lost link.

    Attributes:
        budget: seconds that all of it may take, from the moment at which the loss showed; the session ends then.
            The default is about as long as a Pipecat server keeps the session; ``None`` means no limit.
        fresh_start: whether a new bot may be asked for once the server has given the session up. It knows nothing of
            the conversation. Give such a session a budget that is longer than the server's half a minute.
    """

    budget: float | None = 30.0
    fresh_start: bool = False
