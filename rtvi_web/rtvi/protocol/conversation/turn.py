"""One turn of a conversation."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rtvi_web.rtvi.protocol.conversation.bot_output import BotOutput
from rtvi_web.rtvi.protocol.conversation.bounded_text import MAX_TEXT, TextBuffer
from rtvi_web.rtvi.protocol.conversation.calls import CallRecord, TurnCalls
from rtvi_web.rtvi.protocol.conversation.spelling import joint


@dataclass(eq=False)
class Turn:
    """What one side said before the other spoke.

    Attributes:
        id: counts the turns of a conversation.
        role: ``"user"`` or ``"bot"``.
        started_at, ended_at: seconds since 1970; ``ended_at`` is ``None`` while the turn goes on.
        partial: words of the person that may still change; of a turn that has ended, those that never became final.
        interrupted: whether the bot was cut off; ``spoken`` is what was heard, as far as the bot reports it.
        typed: whether the person wrote it.
        function_calls: what the bot's model called meanwhile.
        user_id: who the person is, if the transport knows; empty otherwise.
        output: what the bot has said, is saying, will say, and shows.
    """

    id: int
    role: Literal["user", "bot"]
    started_at: float
    ended_at: float | None = None
    partial: str = ""
    interrupted: bool = False
    typed: bool = False
    function_calls: list[CallRecord] = field(default_factory=list)
    user_id: str = ""

    def __post_init__(self) -> None:
        self.output = BotOutput()
        self.calls = TurnCalls(self.function_calls)
        self._heard = TextBuffer()
        self._last_heard = ""

    @property
    def text(self) -> str:
        """What was said, or written, and is final. Of a bot also what it is still going to say."""
        return (str(self._heard) if self.role == "user" else self.output.text)[:MAX_TEXT]

    @property
    def spoken(self) -> str:
        """How much of the text the bot has said aloud so far: its beginning, without what is only shown."""
        return self.output.spoken[:MAX_TEXT]

    def hear(self, text: str) -> None:
        """Append what the person said or wrote."""
        text = text.strip()
        self._heard.add(joint(self._last_heard, text) + text)
        self._last_heard = text

    @property
    def waits_for_functions(self) -> bool:
        """Whether a function call is in progress."""
        return any(call.status == "in-progress" for call in self.function_calls)

    @property
    def ended(self) -> bool:
        """Whether nothing will be added."""
        return self.ended_at is not None

    def to_dict(self) -> dict[str, Any]:
        """All that is known, as JSON can say it."""
        return {**asdict(self), "text": self.text, "spoken": self.spoken}
