"""Who is in a session: the bot, and other people."""

from __future__ import annotations

from rtvi_web.core.emitter import Emitter
from rtvi_web.core.media import Participant
from rtvi_web.rtvi.protocol.events import RTVIEvent


class Participants:
    """Fires the events about participants: the bot's first, and for each who has joined one who leaves."""

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self._bot: Participant | None = None
        self._others: dict[str, Participant] = {}
        self._tells = False  # The bot is told first.

    def bot_joined(self, bot: Participant) -> None:
        """The bot is there, and so are those who have joined before."""
        self._bot = bot
        self._tells = True
        self._emitter.emit(RTVIEvent.PARTICIPANT_CONNECTED, bot)
        self._emitter.emit(RTVIEvent.BOT_CONNECTED, bot)
        for other in list(self._others.values()):
            if other is self._others.get(other.id):  # a handler may have ended the session
                self._emitter.emit(RTVIEvent.PARTICIPANT_CONNECTED, other)

    def bot_left(self, bot: Participant | None = None) -> None:
        """The bot has left.

        Args:
            bot: who it was, if it leaves before it has joined.
        """
        bot, self._bot = bot or self._bot, None
        if bot:
            self._emitter.emit(RTVIEvent.PARTICIPANT_LEFT, bot)
            self._emitter.emit(RTVIEvent.BOT_DISCONNECTED, bot)

    def joined(self, other: Participant) -> None:
        """Somebody other than the bot is there. Told once, and not before the bot."""
        if other.id not in self._others:
            self._others[other.id] = other
            if self._tells:
                self._emitter.emit(RTVIEvent.PARTICIPANT_CONNECTED, other)

    def left(self, other: Participant) -> None:
        """They have left."""
        known = self._others.pop(other.id, None)
        if known and self._tells:
            self._emitter.emit(RTVIEvent.PARTICIPANT_LEFT, known)

    def all_left(self) -> None:
        """The session is over."""
        for other in list(self._others.values()):
            self.left(other)
        self.bot_left()
