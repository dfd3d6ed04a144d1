"""The function calls of a session's turns, as its messages report them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from rtvi_web.core.seen import Seen
from rtvi_web.rtvi.protocol.conversation.calls import MAX_CALLS, CallRecord
from rtvi_web.rtvi.protocol.conversation.turn import Turn

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import FunctionCallData, FunctionCallStoppedData


class CallBook:
    """Finds the record of each message about a call, in the turns of a session."""

    def __init__(self) -> None:
        self._stopped = Seen()  # since the model began its answer
        self._without_end: deque[CallRecord] = deque(maxlen=MAX_CALLS)  # legacy calls: no message reports their end

    def answer_begins(self) -> None:
        """The model begins an answer: it has the results of legacy calls, and may number its calls anew."""
        for record in self._without_end:
            record.status = "done"
        self._without_end.clear()
        self._stopped.clear()

    def find(self, turns: Iterable[Turn], tool_call_id: str) -> tuple[Turn, CallRecord] | None:
        """The record that another message about a call has made."""
        for turn, record in self._records(turns):
            if tool_call_id and record.tool_call_id == tool_call_id:
                return (turn, record) if record.status == "in-progress" or tool_call_id in self._stopped else None
        return None

    def begin(self, turn: Turn, record: CallRecord | None, data: FunctionCallData, *, is_legacy: bool) -> None:
        """A message says that a call is in progress."""
        new = record or turn.calls.new(data.tool_call_id)
        if new is None:
            return
        new.function_name = new.function_name or turn.calls.copy_of(data.function_name)
        new.arguments = turn.calls.copy_of(data.arguments) if new.arguments is None else new.arguments
        if not is_legacy:
            self._without_end = deque((each for each in self._without_end if each is not new), MAX_CALLS)
        elif record is None:
            self._without_end.append(new)

    def stopped(self, turns: Iterable[Turn], data: FunctionCallStoppedData) -> tuple[Turn, CallRecord] | None:
        """The record of a call that has stopped; ``None`` for an unknown call."""
        if data.tool_call_id:
            return self.find(turns, data.tool_call_id)
        oldest = None  # without ids, the first call to begin is the most likely to end
        for turn, record in self._records(turns):
            names = {record.function_name, data.function_name} - {None}
            if not record.tool_call_id and record.status == "in-progress" and len(names) <= 1:
                oldest = turn, record
        return oldest

    def end(self, turn: Turn, record: CallRecord | None, data: FunctionCallStoppedData) -> None:
        """Write down how a call has ended; it may be the first message about it."""
        if data.tool_call_id:
            self._stopped.add(data.tool_call_id)
        record = record or turn.calls.new(data.tool_call_id)
        if record is None:
            return
        record.function_name = record.function_name or turn.calls.copy_of(data.function_name)
        if record.status == "in-progress":
            record.status = "cancelled" if data.cancelled else "done"
            record.result = turn.calls.copy_of(data.result)

    @staticmethod
    def _records(turns: Iterable[Turn]) -> Iterator[tuple[Turn, CallRecord]]:
        """All records, the newest first; the turns are in that order."""
        for turn in turns:
            for record in reversed(turn.function_calls):
                yield turn, record
