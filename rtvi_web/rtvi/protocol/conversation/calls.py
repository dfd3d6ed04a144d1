"""The records of a turn's function calls."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from rtvi_web.rtvi.protocol.conversation.bounded_text import CharBudget

MAX_CALLS = 100
"""Function calls of a turn that are kept."""


@dataclass
class CallRecord:
    """A function call of the bot's model.

    Attributes:
        tool_call_id: names the call; empty for models that give their calls no id.
        function_name, arguments, result: present if the bot reports them. With those of the turn's other calls they
            take no more than 100,000 characters as JSON; what does not fit is ``None``, and so are NaN and infinity.
        status: ``"in-progress"``, ``"done"`` or ``"cancelled"``.
    """

    tool_call_id: str
    function_name: str | None = None
    arguments: dict[str, Any] | None = None
    status: Literal["in-progress", "done", "cancelled"] = "in-progress"
    result: Any = None


@dataclass
class TurnCalls:
    """The records of a turn, bounded."""

    records: list[CallRecord] = field(default_factory=list)
    budget: CharBudget = field(default_factory=CharBudget)

    def new(self, tool_call_id: str) -> CallRecord | None:
        """A new record; ``None`` if there is no room for it."""
        if len(self.records) == MAX_CALLS or not self.budget.takes(len(tool_call_id)):
            return None
        self.records.append(CallRecord(tool_call_id))
        return self.records[-1]

    def copy_of(self, value: Any) -> Any:
        """A copy of a value as JSON; ``None`` if there is no room for it."""
        text = json.dumps(value, default=str)
        if not self.budget.takes(len(text)):
            return None
        return json.loads(text, parse_constant=lambda _: None)  # noqa: TID251 - the text is our own
