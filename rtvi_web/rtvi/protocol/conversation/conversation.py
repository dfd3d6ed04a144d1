"""The conversation as turns of person and bot, put together from the events of a session.

Pure: what happens comes in by :meth:`Conversation.take`, and the time from a clock that is given.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from rtvi_web.rtvi.protocol.conversation.bot import Bot
from rtvi_web.rtvi.protocol.conversation.person import Person
from rtvi_web.rtvi.protocol.conversation.turn import Turn
from rtvi_web.rtvi.protocol.conversation.turns import Turns
from rtvi_web.rtvi.protocol.events import RTVIEvent

_Change = Callable[..., list[Turn]]


class Conversation:
    """The turns so far, of all sessions of a client; bounded.

    Args:
        now: the time in seconds since 1970.
        cleared: called when all turns were forgotten.
    """

    def __init__(self, now: Callable[[], float], cleared: Callable[[], None] = lambda: None) -> None:
        self._cleared = cleared
        self._turns = Turns(now, lambda turn: self._bot.is_busy(turn) if turn.role == "bot" else bool(turn.partial))
        self._begin_session()

    @property
    def turns(self) -> list[Turn]:
        """The turns, oldest first; read them, but do not change them."""
        return self._turns.all

    @property
    def dropped(self) -> int:
        """How many turns were forgotten, because there were more than 500."""
        return self._turns.dropped

    def clear(self) -> None:
        """Forget all turns, and emit ``conversationCleared``. What is said from then on goes into new ones."""
        self.turns.clear()
        self._bot.forget()
        self._cleared()

    def to_dict(self) -> dict[str, Any]:
        """All that is known, as JSON can say it: ``{"turns": […], "dropped": …}``, fields as in :class:`Turn`."""
        return {"turns": [turn.to_dict() for turn in self.turns], "dropped": self.dropped}

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def take(self, event: str, args: tuple[Any, ...]) -> list[Turn]:
        """Take an event.

        Args:
            event: what happened.
            args: what its handlers get.

        Returns:
            The turns that it changed.
        """
        change = self._changes.get(event)
        changed = change(*args) if change else []
        return self._turns.with_ended(changed) if self._turns.ended else changed

    def wrote(self, text: str, *, is_reported: bool = True) -> list[Turn]:
        """The person wrote something to the bot.

        Args:
            text: what they wrote.
            is_reported: whether today's bots report it (older ones report nothing).
        """
        return self._turns.with_ended(self._person.wrote(text, is_reported=is_reported))

    def rest(self) -> list[Turn]:
        """The bot has been silent for long enough: end an answer that it no longer works on."""
        return self._turns.with_ended(self._bot.rest())

    def end_session(self) -> list[Turn]:
        """The session is over, and so are its turns and its function calls."""
        changed = []
        for turn in reversed(list(self._turns.of_session())):
            calls = [call for call in turn.function_calls if call.status == "in-progress"]
            for call in calls:
                call.status = "cancelled"
            if calls and turn.ended:
                changed.append(turn)
            elif not turn.ended:
                self._turns.end(turn)
        changed = self._turns.with_ended(changed)
        self._begin_session()
        return changed

    @property
    def answer_is_over(self) -> bool:
        """Whether nothing of the model's last answer is still to be spoken: it is empty, only shown, or was spoken."""
        return self._bot.answer_is_over

    @property
    def words_wait(self) -> bool:
        """Whether the last message about the person's words had new ones that the bot has yet to answer."""
        return self._person.waits

    def _begin_session(self) -> None:
        """Begin anew. Each session has its own sides, since a bot may number alike what another bot has said."""
        self._turns.begin_session()
        person = self._person = Person(self._turns, lambda turn: self._bot.is_answering(turn))
        bot = self._bot = Bot(self._turns, person)
        self._changes: dict[str, _Change] = {
            RTVIEvent.USER_STARTED_SPEAKING: person.started_speaking,
            RTVIEvent.USER_STOPPED_SPEAKING: person.stopped_speaking,
            RTVIEvent.USER_TRANSCRIPT: person.said,
            RTVIEvent.USER_INPUT: person.input,
            RTVIEvent.BOT_LLM_STARTED: bot.llm_started,
            RTVIEvent.BOT_LLM_TEXT: bot.llm_text,
            RTVIEvent.BOT_LLM_STOPPED: bot.llm_stopped,
            RTVIEvent.BOT_OUTPUT: bot.output,
            RTVIEvent.BOT_TTS_TEXT: bot.tts_text,
            RTVIEvent.BOT_STARTED_SPEAKING: bot.started_speaking,
            RTVIEvent.BOT_STOPPED_SPEAKING: bot.stopped_speaking,
            RTVIEvent.BOT_INTERRUPTED: bot.interrupted,
            RTVIEvent.LLM_FUNCTION_CALL: bot.legacy_call,
            RTVIEvent.LLM_FUNCTION_CALL_IN_PROGRESS: bot.call_in_progress,
            RTVIEvent.LLM_FUNCTION_CALL_STOPPED: bot.call_stopped,
        }
