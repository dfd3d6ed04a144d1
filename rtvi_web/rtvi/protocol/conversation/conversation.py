"""The conversation as turns of person and bot, put together from the events of a session.

Pure: what happens comes in by :meth:`Conversation.take`, and the time from a clock that is given.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Literal

from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT
from rtvi_web.rtvi.protocol.conversation.turn import CallRecord, Turn
from rtvi_web.rtvi.protocol.events import RTVIEvent

MAX_TURNS = 500
"""Turns that are kept; the oldest go first."""
MAX_WRITTEN = 100
"""Written texts that are kept, to know them again where the bot repeats them."""


class Conversation:
    """The turns so far, of all sessions of a client; bounded.

    Args:
        now: the time in seconds since 1970. It is asked only where a turn begins or ends: it costs as much as a word.
        cleared: called when all turns were forgotten.

    Attributes:
        turns: oldest first; read them, but do not change them.
        dropped: how many turns were forgotten, because there were more than 500.
    """

    def __init__(self, now: Callable[[], float], cleared: Callable[[], None] = lambda: None) -> None:
        self._now = now
        self._cleared = cleared
        self.turns: list[Turn] = []
        self.dropped = 0
        self._next_id = 1
        self._begin_session()

    def clear(self) -> None:
        """Forget all turns; ``conversationCleared`` tells of it. What is still said goes into new ones."""
        self.turns.clear()
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
        change = _CHANGES.get(event)
        changed = change(self, *args) if change else []
        return self._with_ended(changed) if self._ended else changed

    def wrote(self, text: str, *, is_told: bool = True) -> list[Turn]:
        """The person wrote something to the bot.

        Args:
            text: what they wrote.
            is_told: whether it is something that bots of today tell (older ones tell nothing).
        """
        if is_told and self._bot_tells_input:
            return []
        if is_told:
            self._written_here.append(text)
        return self._with_ended(self._write(text))

    def end_session(self) -> list[Turn]:
        """The session is over, and so are its turns."""
        for turn in self.turns[-2:]:
            if not turn.ended:
                self._end(turn)
        changed = self._with_ended([])
        self._begin_session()
        return changed

    @property
    def answer_is_over(self) -> bool:
        """Whether nothing is to be heard of what the model last answered: it is empty, in writing, or was said."""
        return self._answer_is_empty or self._open_turn("bot") is None

    def _begin_session(self) -> None:
        self._first_id = self._next_id  # what a session before has said is over, whatever this one's bot numbers alike
        self._generating = self._bot_speaks = self._user_speaks = self._answer_is_empty = False
        self._unheard_since: float | None = None  # when the person began to say what is not known yet
        self._bot_tells_input = self._bot_tells_output = self._bot_tells_interruptions = False
        self._written_here: deque[str] = deque(maxlen=MAX_WRITTEN)
        self._untold_calls: list[CallRecord] = []
        self._ended: list[Turn] = []

    # Turns.

    def _begin(self, role: Literal["user", "bot"]) -> Turn:
        """A new turn, which ends the others; but a bot that is busy goes on while the person says something."""
        for turn in self.turns[-2:]:
            if not turn.ended and not (role == "user" and turn.role == "bot" and self._is_busy(turn)):
                self._end(turn)
        return self._add(Turn(self._next_id, role, self._now()), len(self.turns))

    def _add(self, turn: Turn, place: int) -> Turn:
        self._next_id += 1
        self.turns.insert(place, turn)
        if len(self.turns) > MAX_TURNS:
            del self.turns[0]
            self.dropped += 1
        return turn

    def _end(self, turn: Turn) -> None:
        turn.ended_at = self._now()
        self._ended.append(turn)

    def _with_ended(self, changed: list[Turn]) -> list[Turn]:
        """The turns that have changed, and before them those that ended thereby."""
        if self._ended:
            changed = [*(turn for turn in self._ended if turn not in changed), *changed]
            self._ended = []
        return changed

    @property
    def _last(self) -> Turn | None:
        """The last turn of this session."""
        return self.turns[-1] if self.turns and self.turns[-1].id >= self._first_id else None

    def _open_turn(self, role: str) -> Turn | None:
        return next((turn for turn in reversed(self.turns[-2:]) if turn.role == role and not turn.ended), None)

    # The person.

    def _user_started_speaking(self) -> list[Turn]:
        self._user_speaks = True
        self._unheard_since = self._now()
        return []

    def _user_stopped_speaking(self) -> list[Turn]:
        self._user_speaks = False
        return []

    def _user_said(self, data: Any) -> list[Turn]:
        if self._bot_tells_input:
            return []
        return self._heard(data.text, final=data.final)

    def _user_input(self, data: Any) -> list[Turn]:
        self._bot_tells_input = True
        if data.input_type == "backchannel":
            return []  # the bot takes no notice of it
        if data.input_type != "chat":
            return self._heard(data.text, final=data.final)
        if data.text in self._written_here:  # said before this bot was known to tell it
            self._written_here.remove(data.text)
            return []
        return self._write(data.text)

    def _write(self, text: str) -> list[Turn]:
        turn = self._user_turn()
        turn.typed = True
        return self._say(turn, text)

    def _heard(self, text: str, *, final: bool) -> list[Turn]:
        answered = self._answered_turn()
        turn = answered or self._speaker_turn()
        if not final:
            turn.partial = text[:MAX_TEXT]
            return [turn]
        if answered is None:
            self._unheard_since = None
        turn.partial = ""
        return self._say(turn, text)

    def _say(self, turn: Turn, text: str) -> list[Turn]:
        turn.add_words(f" {text.strip()}")
        return [turn]

    def _user_turn(self) -> Turn:
        last = self._last
        return last if last and last.role == "user" and not last.ended else self._begin("user")

    def _speaker_turn(self) -> Turn:
        """The person's turn, which has begun a while ago when the first of its words are known."""
        before = self._last
        turn = self._user_turn()
        if turn is not before and self._unheard_since and (not before or before.started_at <= self._unheard_since):
            turn.started_at = self._unheard_since
        return turn

    def _answered_turn(self) -> Turn | None:
        """The person's turn that the bot is answering already, or has answered, where their words come that late.

        Models that hear and speak by themselves tell the words of the person when they have them.
        """
        bot = self._last
        if self._user_speaks or bot is None or bot.role != "bot":
            return None
        if self._unheard_since is None or self._unheard_since > bot.started_at:
            return None
        before = self.turns[-2] if len(self.turns) > 1 else None
        if before and before.role == "user":
            return before
        turn = Turn(self._next_id, "user", self._unheard_since, bot.started_at)
        return self._add(turn, len(self.turns) - 1)

    # The bot.

    def _bot_turn(self) -> Turn:
        if self.turns:  # Every word of the model comes here.
            last = self.turns[-1]
            if last.ended_at is None and last.role == "bot":
                return last
        return self._open_turn("bot") or self._begin("bot")

    def _turn_of(self, data: Any) -> Turn:
        """The bot's turn to which a message about a segment belongs."""
        for turn in reversed(self.turns[-3:]):
            if turn.id >= self._first_id and turn.output.knows(data):
                return turn
        return self._late_turn(is_shown=data.will_be_spoken is False)

    def _late_turn(self, *, is_shown: bool = False) -> Turn:
        """The bot's turn, also one that has ended, to which belongs what still comes in.

        It was interrupted, or what comes is only shown, which waits for nobody.
        """
        last = self._last
        if last and last.role == "bot" and last.ended and not self._generating and (last.interrupted or is_shown):
            return last
        return self._bot_turn()

    def _is_busy(self, turn: Turn) -> bool:
        return self._generating or self._bot_speaks or turn.waits_for_functions

    def _llm_started(self) -> list[Turn]:
        """The model begins to answer; a turn begins with what it says, which may be nothing."""
        self._generating = self._answer_is_empty = True
        for call in self._untold_calls:
            call.status = "done"  # as the model goes on
        self._untold_calls.clear()
        turn = self._open_turn("bot")
        if turn is None:
            return []
        if turn is self._last and turn.started_at >= (self._unheard_since or 0):
            turn.add_words(" ")  # what comes after a function call is another sentence
            return [turn]
        self._end(turn)
        return []

    def _llm_text(self, data: Any) -> list[Turn]:
        self._answer_is_empty = False
        turn = self._bot_turn() if self._generating else self._late_turn()
        turn.add_words(data.text)
        return [turn]

    def _llm_stopped(self) -> list[Turn]:
        self._generating = False
        turn = self._open_turn("bot")
        if turn and not self._is_busy(turn) and (turn.output.is_silent or (turn.spoken and not turn.is_unsaid)):
            self._end(turn)
        return []

    def _bot_output(self, data: Any) -> list[Turn]:
        self._bot_tells_output = True
        if data.output_type == "backchannel":
            return []  # an "mhm" while the person speaks: it is still their turn
        turn = self._turn_of(data)
        turn.output.add(data)
        if not turn.ended and not self._is_busy(turn) and turn.output.is_silent:
            self._end(turn)  # Nobody says when an answer in writing has ended: it has when the model has.
        return [turn]

    def _tts_text(self, data: Any) -> list[Turn]:
        if self._bot_tells_output:
            return []
        turn = self._late_turn()
        turn.add_voiced(f" {data.text.strip()}")
        return [turn]

    def _bot_started_speaking(self) -> list[Turn]:
        self._bot_speaks = True
        turn = self._last
        if turn and turn.role == "bot" and turn.ended and not turn.interrupted and turn.is_unsaid:
            turn.ended_at = None  # it only took a breath
            return [turn]
        return []

    def _bot_stopped_speaking(self) -> list[Turn]:
        self._bot_speaks = False
        turn = self._open_turn("bot")
        if turn is None:
            return []
        if self._user_speaks and not self._bot_tells_interruptions and (self._generating or turn.is_unsaid):
            return self._cut_off(turn)  # RTVI 0.x has no message for it
        if not self._is_busy(turn):  # else it pauses between sentences, or waits for a function
            self._end(turn)
        return []

    def _bot_interrupted(self) -> list[Turn]:
        self._bot_tells_interruptions = True
        return self._cut_off(self._open_turn("bot"))

    def _cut_off(self, turn: Turn | None) -> list[Turn]:
        self._generating = self._bot_speaks = False
        if turn:  # Today's bots say so even when they were silent.
            turn.interrupted = True
            turn.output.cut_off()
            self._end(turn)
        return []

    # Function calls.

    def _call_in_progress(self, data: Any) -> list[Turn]:
        self._untold_calls = [call for call in self._untold_calls if call.tool_call_id != data.tool_call_id]
        return self._call(data)[0]

    def _legacy_call(self, data: Any) -> list[Turn]:
        changed, call = self._call(data)
        if call:
            self._untold_calls.append(call)  # whose end no message tells
        return changed

    def _call(self, data: Any) -> tuple[list[Turn], CallRecord | None]:
        """The turn of a call, and its record if it is new: an old and a new message may tell of the same."""
        turn = self._bot_turn()
        known = len(turn.function_calls)
        call = turn.call_record(data.tool_call_id)
        if call is None:
            return [turn], None
        call.function_name = call.function_name or turn.copy_of(data.function_name)
        call.arguments = turn.copy_of(data.arguments) if call.arguments is None else call.arguments
        return [turn], call if len(turn.function_calls) > known else None

    def _call_stopped(self, data: Any) -> list[Turn]:
        for turn in reversed(self.turns):
            for call in turn.function_calls:
                if call.tool_call_id == data.tool_call_id:
                    call.status = "cancelled" if data.cancelled else "done"
                    call.result = turn.copy_of(data.result)
                    return [turn]
        return []


_Change = Callable[..., list[Turn]]
_CHANGES: Final[dict[str, _Change]] = {
    RTVIEvent.USER_STARTED_SPEAKING: Conversation._user_started_speaking,
    RTVIEvent.USER_STOPPED_SPEAKING: Conversation._user_stopped_speaking,
    RTVIEvent.USER_TRANSCRIPT: Conversation._user_said,
    RTVIEvent.USER_INPUT: Conversation._user_input,
    RTVIEvent.BOT_LLM_STARTED: Conversation._llm_started,
    RTVIEvent.BOT_LLM_TEXT: Conversation._llm_text,
    RTVIEvent.BOT_LLM_STOPPED: Conversation._llm_stopped,
    RTVIEvent.BOT_OUTPUT: Conversation._bot_output,
    RTVIEvent.BOT_TTS_TEXT: Conversation._tts_text,
    RTVIEvent.BOT_STARTED_SPEAKING: Conversation._bot_started_speaking,
    RTVIEvent.BOT_STOPPED_SPEAKING: Conversation._bot_stopped_speaking,
    RTVIEvent.BOT_INTERRUPTED: Conversation._bot_interrupted,
    RTVIEvent.LLM_FUNCTION_CALL: Conversation._legacy_call,
    RTVIEvent.LLM_FUNCTION_CALL_IN_PROGRESS: Conversation._call_in_progress,
    RTVIEvent.LLM_FUNCTION_CALL_STOPPED: Conversation._call_stopped,
}
"""What each event does to the conversation."""

OF_INTEREST: Final = tuple(_CHANGES)
"""The events that change a conversation."""
