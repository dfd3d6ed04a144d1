"""One turn of a conversation, and what is kept of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rtvi_web.rtvi.protocol.conversation.bot_output import BotOutput, as_written, woven
from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT, CharBudget, TextBuffer

MAX_CALLS = 100
"""Function calls of a turn that are kept."""


@dataclass
class CallRecord:
    """A function call of the bot's model.

    Attributes:
        tool_call_id: names the call.
        function_name, arguments, result: there when the bot reports them, and together with those of the turn's other
            calls take no more than 100,000 characters as JSON, which knows no NaN: that is ``None``, too.
        status: ``"in-progress"``, ``"done"`` or ``"cancelled"``.
    """

    tool_call_id: str
    function_name: str | None = None
    arguments: dict[str, Any] | None = None
    status: Literal["in-progress", "done", "cancelled"] = "in-progress"
    result: Any = None


@dataclass(eq=False)
class Turn:
    """What one side said before the other spoke.

    Attributes:
        id: counts the turns of a conversation.
        role: ``"user"`` or ``"bot"``.
        started_at, ended_at: seconds since 1970; ``ended_at`` is ``None`` while the turn goes on.
        partial: words of the person that may still change; of a turn that has ended, those that never became final.
        interrupted: whether the bot was cut off; ``spoken`` is what was heard, as far as the bot tells.
        typed: whether the person wrote it.
        function_calls: what the bot's model called meanwhile.
        output: of a bot that tells it (RTVI 1.x and later), what it has said, is saying, will say, and shows.
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
        self.output = BotOutput()
        self._words = TextBuffer()  # of the person, or of the bot's model
        self._voiced = TextBuffer()
        self._room_for_calls = CharBudget()

    @property
    def text(self) -> str:
        """What was said, or written, and is final. Of a bot also what it is still going to say."""
        # From whatever the bot tells, which differs from version to version.
        words = str(self._words)
        told = woven(words, self.output.segments) if words else self.output.text or str(self._voiced)
        return told[:MAX_TEXT]

    @property
    def spoken(self) -> str:
        """How much of the text the bot has said aloud so far."""
        said = f"{self.output.said} {self.output.saying}".strip() or str(self._voiced)
        return as_written(said, self.text)[:MAX_TEXT]

    def add_words(self, piece: str) -> None:
        """Append what the person said, or what the bot's model wrote."""
        self._words.add(piece)

    def add_voiced(self, piece: str) -> None:
        """Append what the bot's voice has said, of a bot that reports no output."""
        self._voiced.add(piece)

    @property
    def is_unsaid(self) -> bool:
        """Whether the bot has not said all of it aloud."""
        return len("".join(self.spoken.split())) < len("".join(self.text.split()))

    @property
    def waits_for_functions(self) -> bool:
        """Whether a function call is in progress."""
        return any(call.status == "in-progress" for call in self.function_calls)

    def call_record(self, tool_call_id: str) -> CallRecord | None:
        """The record of a function call; a new one, unless there is no room for it."""
        for call in self.function_calls:
            if call.tool_call_id == tool_call_id:
                return call
        if len(self.function_calls) == MAX_CALLS or not self._room_for_calls.takes(len(tool_call_id)):
            return None
        self.function_calls.append(CallRecord(tool_call_id))
        return self.function_calls[-1]

    def copy_of(self, value: Any) -> Any:
        """What is kept of a value that a call brings: a copy, as JSON can say it, or ``None`` without room for it."""
        text = json.dumps(value, default=str)
        return json.loads(text, parse_constant=_none) if self._room_for_calls.takes(len(text)) else None

    @property
    def ended(self) -> bool:
        """Whether nothing will be added."""
        return self.ended_at is not None

    def to_dict(self) -> dict[str, Any]:
        """All that is known, as JSON can say it."""
        return {**asdict(self), "text": self.text, "spoken": self.spoken}


def _none(_constant: str) -> None:
    """What JSON knows instead of NaN and infinity."""
