"""The person's side of a conversation: who said or wrote what, and when."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT
from rtvi_web.rtvi.protocol.conversation.hearing import Hearing
from rtvi_web.rtvi.protocol.conversation.turn import Turn
from rtvi_web.rtvi.protocol.conversation.turns import Turns

MAX_WRITTEN = 100
"""Written texts that are kept, to recognise them when the bot reports them."""


class Person:
    """Takes what is reported of the persons of one session; each method gives the turns that it changed.

    Args:
        turns: of the conversation.
        is_answering: whether the bot works on an answer in this turn.

    Attributes:
        speaks: whether somebody is speaking.
        unheard_since: when they began to say words that are not known yet; ``None`` if there are none.
        written_here: what was written to a bot that may report it later.
        waits: whether the last message had new words that the bot has yet to answer.
    """

    def __init__(self, turns: Turns, is_answering: Callable[[Turn], bool]) -> None:
        self._turns = turns
        self._is_answering = is_answering
        self.speaks = self.waits = False
        self.unheard_since: float | None = None
        self.written_here: deque[str] = deque(maxlen=MAX_WRITTEN)
        self._hearing = Hearing()
        self._reports_input = self._reports_voice_activity = False
        self._late_turn: Turn | None = None  # inserted before the answer to it

    def started_speaking(self) -> list[Turn]:
        """``user-started-speaking``."""
        self.speaks = self._reports_voice_activity = True
        self.unheard_since = self._turns.now()
        self._hearing.begin()
        return []

    def stopped_speaking(self) -> list[Turn]:
        """``user-stopped-speaking``."""
        self.speaks = False
        return []

    def is_answered(self) -> None:
        """The bot begins to answer. Words that are repeated after it are new, if a person has spoken since."""
        if not self._reports_voice_activity:
            self._hearing.begin()

    def said(self, data: Any) -> list[Turn]:
        """``user-transcription``, from bots that don't report all input."""
        self.waits = False
        return [] if self._reports_input else self._heard(data)

    def input(self, data: Any) -> list[Turn]:
        """``user-input``, which today's bots send for speech and for what was written."""
        self._reports_input, self.waits = True, False
        if data.input_type == "backchannel":
            return []  # the bot takes no notice of it
        if data.input_type != "chat":
            return self._heard(data)
        if data.timestamp and self._hearing.is_repeated(data):
            return []
        if data.text in self.written_here:  # known already, from this page
            self.written_here.remove(data.text)
            return []
        return self._write(data.text, data.user_id or "")

    def wrote(self, text: str, *, is_reported: bool) -> list[Turn]:
        """The person wrote something in this page."""
        if is_reported and self._reports_input:
            return []
        if is_reported:
            self.written_here.append(text)
        return self._write(text, "")

    def _write(self, text: str, user_id: str) -> list[Turn]:
        if not text.strip():
            return []
        turn = self._turn(user_id)
        turn.typed = True
        turn.hear(text)
        return [turn]

    def _heard(self, data: Any) -> list[Turn]:
        if not self._hearing.is_news(data):
            return []
        user_id = data.user_id or ""
        if not data.text.strip():
            return self._forget_partial(user_id) if data.final else []
        answered = self._answered_turn(user_id)
        turn = answered or self._speaker_turn(user_id)
        if data.final:
            if answered is None:
                self.unheard_since = None
            self.waits = answered is None
            turn.partial = ""
            turn.hear(data.text)
        elif turn.partial == data.text[:MAX_TEXT]:
            return []
        else:
            turn.partial = data.text[:MAX_TEXT]
        return [turn]

    def _forget_partial(self, user_id: str) -> list[Turn]:
        """Nothing was understood after all."""
        turn = self._turns.open_turn("user")
        if turn is None or not turn.partial or turn.user_id not in ("", user_id):
            return []
        turn.partial = ""
        return [turn]

    def _turn(self, user_id: str) -> Turn:
        """A person's turn that goes on, or a new one."""
        last = self._turns.last
        if last and last.role == "user":
            for turn in self._turns.recent("user"):
                if not turn.ended and _is_of(turn, user_id):
                    turn.user_id = turn.user_id or user_id
                    return turn
        turn = self._turns.begin("user")
        turn.user_id = user_id
        return turn

    def _speaker_turn(self, user_id: str) -> Turn:
        """A person's turn, which began before the first of its words is known."""
        before, since = self._turns.last, self.unheard_since
        turn = self._turn(user_id)
        is_new = turn is self._turns.last is not before
        if is_new and since and (not before or before.started_at <= since):
            turn.started_at = since
        return turn

    def _answered_turn(self, user_id: str) -> Turn | None:
        """The person's turn that the bot is answering already, or has answered, if their words come that late.

        Models that hear and speak by themselves report the person's words when they have them.
        """
        bot, since = self._turns.last, self.unheard_since
        if self.speaks or bot is None or bot.role != "bot":
            return None
        is_late = self._is_answering(bot) if since is None else since <= bot.started_at
        if not is_late:
            return None
        if unfinished := self._unfinished_turn(user_id):
            return unfinished
        # Without voice activity, the first words during an answer are what it answers.
        if since is None and self._reports_voice_activity:
            return None
        before = self._turns.before(bot)
        if before and before.role == "user":
            if since is None and before is not self._late_turn:
                return None
            if _is_of(before, user_id):
                return before
        turn = self._late_turn = self._turns.insert_before(bot, bot.started_at if since is None else since)
        turn.user_id = user_id
        return turn

    def _unfinished_turn(self, user_id: str) -> Turn | None:
        """The person's turn just before the answer, if its last words are not final yet."""
        for turn in islice(self._turns.of_session(), 1, None):
            if turn.role == "bot":
                break
            if turn.partial and _is_of(turn, user_id):
                return turn
        return None


def _is_of(turn: Turn, user_id: str) -> bool:
    """Whether a turn may be a person's; an empty id is anybody's."""
    return not user_id or turn.user_id in ("", user_id)
