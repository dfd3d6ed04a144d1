"""The conversation as turns of person and bot, put together from the events of a session.

Pure: what happens comes in by :meth:`Conversation.take`, with the time at which it happened.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from rtvi_web.protocol.bot_output import BotOutput
from rtvi_web.protocol.events import RTVIEvent

MAX_TURNS = 500
"""Turns that are kept; the oldest go first."""
MAX_TEXT = 100_000
"""Characters of a turn's text that are kept."""
MAX_CALLS = 100
"""Function calls of a turn that are kept."""


@dataclass
class CallRecord:
    """A function call of the bot's model.

    Attributes:
        tool_call_id: names the call.
        function_name, arguments, result: there when the bot reports them.
        status: ``"in-progress"``, ``"done"`` or ``"cancelled"``.
    """

    tool_call_id: str
    function_name: str | None = None
    arguments: dict[str, Any] | None = None
    status: Literal["in-progress", "done", "cancelled"] = "in-progress"
    result: Any = None


class Words:
    """Text that comes in hundreds of pieces; they are put together when it is read, and bounded."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._room = MAX_TEXT

    def add(self, piece: str) -> None:
        """Append a piece, as far as there is room."""
        if self._room > 0:
            self._pieces.append(piece[: self._room])
            self._room -= len(piece)

    def __str__(self) -> str:
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0].strip()


@dataclass
class Turn:
    """What one side said before the other spoke.

    Attributes:
        id: counts the turns of a conversation.
        role: ``"user"`` or ``"bot"``.
        started_at, ended_at: seconds since 1970; ``ended_at`` is ``None`` while the turn goes on.
        partial: words of the person that may still change.
        interrupted: whether the bot was cut off; ``spoken`` is what was heard, as far as the bot tells.
        typed: whether the person wrote it.
        function_calls: what the bot's model called meanwhile.
    """

    id: int
    role: Literal["user", "bot"]
    started_at: float
    ended_at: float | None = None
    partial: str = ""
    interrupted: bool = False
    typed: bool = False
    function_calls: list[CallRecord] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._words = Words()  # of the person, or of the bot's model
        self._voiced = Words()
        self._output = BotOutput()
        self._has_output = False

    @property
    def text(self) -> str:
        """What was said, or written, and is final. Of a bot also what it is still going to say."""
        # From whatever the bot tells, which differs from version to version.
        return (str(self._words) or self._output.text or str(self._voiced))[:MAX_TEXT]

    @property
    def spoken(self) -> str:
        """How much of the text the bot has said aloud so far."""
        said = f"{self._output.said} {self._output.saying}".strip() if self._has_output else str(self._voiced)
        return said[:MAX_TEXT]

    @property
    def ended(self) -> bool:
        """Whether nothing will be added."""
        return self.ended_at is not None

    def to_dict(self) -> dict[str, Any]:
        """All that is known, as JSON can say it."""
        return {**asdict(self), "text": self.text, "spoken": self.spoken}


class Conversation:
    """The turns so far, of all sessions of a client; bounded.

    Attributes:
        turns: oldest first; read them, but do not change them.
        dropped: how many turns were forgotten, because there were more than 500.
    """

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.dropped = 0
        self._next_id = 1
        self._begin_session()

    def clear(self) -> None:
        """Forget all turns."""
        self.turns.clear()

    def to_dict(self) -> dict[str, Any]:
        """All that is known, as JSON can say it: ``{"turns": […], "dropped": …}``, fields as in :class:`Turn`."""
        return {"turns": [turn.to_dict() for turn in self.turns], "dropped": self.dropped}

    def to_json(self) -> str:
        """:meth:`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, default=str)

    def take(self, event: str, args: tuple[Any, ...], at: float) -> list[Turn]:
        """Take an event.

        Args:
            event: what happened.
            args: what its handlers get.
            at: when, in seconds since 1970.

        Returns:
            The turns that it changed.
        """
        change = _CHANGES.get(event)
        return change(self, at, *args) if change else []

    def wrote(self, text: str, at: float) -> list[Turn]:
        """The person wrote something to the bot. (Bots of today tell so too, older ones don't.)"""
        if self._bot_tells_input:
            return []
        turn = self._turn("user", at)
        turn.typed = True
        self._written_here.append(text)
        return self._say(turn, text)

    def end_session(self, at: float) -> list[Turn]:
        """The session is over, and so are its turns."""
        changed = [turn for turn in self.turns if not turn.ended]
        for turn in changed:
            turn.ended_at, turn.partial = at, ""
        self._begin_session()
        return changed

    def _begin_session(self) -> None:
        self._generating = self._user_speaks = False
        self._bot_tells_input = self._bot_tells_output = False
        self._written_here: list[str] = []

    # Turns.

    def _turn(self, role: Literal["user", "bot"], at: float) -> Turn:
        """The turn of one side that goes on, or a new one, which ends the other's."""
        last = self.turns[-1] if self.turns else None
        if last and last.ended_at is None and last.role == role:
            return last
        for turn in self.turns[-2:]:
            turn.ended_at = turn.ended_at or at
        turn = Turn(self._next_id, role, at)
        self._next_id += 1
        self.turns.append(turn)
        if len(self.turns) > MAX_TURNS:
            del self.turns[0]
            self.dropped += 1
        turn._has_output = self._bot_tells_output
        return turn

    def _open_turn(self, role: str) -> Turn | None:
        return next((turn for turn in reversed(self.turns[-2:]) if turn.role == role and not turn.ended), None)

    def _cut_off(self) -> Turn | None:
        """The bot's turn that was just interrupted: what still comes in belongs to it, and is no turn of its own."""
        last = self.turns[-1] if self.turns else None
        return last if last and last.role == "bot" and last.interrupted and not self._generating else None

    # The person.

    def _user_started_speaking(self, at: float) -> list[Turn]:
        self._user_speaks = True
        return []

    def _user_stopped_speaking(self, at: float) -> list[Turn]:
        self._user_speaks = False
        return []

    def _user_said(self, at: float, data: Any) -> list[Turn]:
        if self._bot_tells_input:
            return []
        return self._heard(at, data.text, final=data.final)

    def _user_input(self, at: float, data: Any) -> list[Turn]:
        self._bot_tells_input = True
        if data.input_type == "backchannel":
            return []  # the bot takes no notice of it
        if data.input_type == "chat":
            if data.text in self._written_here:  # said before this bot was known to tell it
                self._written_here.remove(data.text)
                return []
            self._turn("user", at).typed = True
        return self._heard(at, data.text, final=data.final)

    def _heard(self, at: float, text: str, *, final: bool) -> list[Turn]:
        turn = self._turn("user", at)
        if final:
            turn.partial = ""
            return self._say(turn, text)
        turn.partial = text[:MAX_TEXT]
        return [turn]

    def _say(self, turn: Turn, text: str) -> list[Turn]:
        turn._words.add(f" {text.strip()}")
        return [turn]

    # The bot.

    def _llm_started(self, at: float) -> list[Turn]:
        self._generating = True
        return [self._turn("bot", at)]

    def _llm_text(self, at: float, data: Any) -> list[Turn]:
        turn = self._turn("bot", at)
        turn._words.add(data.text)
        return [turn]

    def _llm_stopped(self, at: float) -> list[Turn]:
        self._generating = False
        if turn := self._open_turn("bot"):
            turn._words.add(" ")  # what comes after a function call is another sentence
        return []

    def _bot_output(self, at: float, data: Any) -> list[Turn]:
        turn = self._cut_off() or self._turn("bot", at)
        self._bot_tells_output = turn._has_output = True
        turn._output.add(data)
        return [turn]

    def _tts_text(self, at: float, data: Any) -> list[Turn]:
        turn = self._cut_off() or self._turn("bot", at)
        turn._voiced.add(f" {data.text.strip()}")
        return [turn]

    def _bot_started_speaking(self, at: float) -> list[Turn]:
        return [self._turn("bot", at)]

    def _bot_stopped_speaking(self, at: float) -> list[Turn]:
        turn = self._open_turn("bot")
        if turn is None:
            return []
        if self._user_speaks and self._generating:
            return self._bot_interrupted(at)  # RTVI 0.x has no message for it
        if self._generating or self._calls(turn):
            return []  # it pauses between sentences, or waits for a function
        turn.ended_at = at
        return [turn]

    def _bot_interrupted(self, at: float) -> list[Turn]:
        turn = self._open_turn("bot")
        if turn is None:
            return []  # today's bots say so even when they were silent
        turn.interrupted, turn.ended_at = True, at
        self._generating = False
        return [turn]

    # Function calls.

    def _calls(self, turn: Turn) -> list[CallRecord]:
        return [call for call in turn.function_calls if call.status == "in-progress"]

    def _call_in_progress(self, at: float, data: Any) -> list[Turn]:
        turn = self._turn("bot", at)
        known = {call.tool_call_id for call in turn.function_calls}  # an old and a new message may tell of the same
        if data.tool_call_id not in known and len(known) < MAX_CALLS:
            turn.function_calls.append(CallRecord(data.tool_call_id, data.function_name, data.arguments))
        return [turn]

    def _call_stopped(self, at: float, data: Any) -> list[Turn]:
        for turn in reversed(self.turns):
            for call in turn.function_calls:
                if call.tool_call_id == data.tool_call_id:
                    call.status = "cancelled" if data.cancelled else "done"
                    call.result = data.result
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
    RTVIEvent.LLM_FUNCTION_CALL: Conversation._call_in_progress,
    RTVIEvent.LLM_FUNCTION_CALL_IN_PROGRESS: Conversation._call_in_progress,
    RTVIEvent.LLM_FUNCTION_CALL_STOPPED: Conversation._call_stopped,
}
"""What each event does to the conversation."""

OF_INTEREST: Final = tuple(_CHANGES)
"""The events that change a conversation."""
