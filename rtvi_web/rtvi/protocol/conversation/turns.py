"""The list of turns: which go on, and which have ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from rtvi_web.rtvi.protocol.conversation.turn import Turn

MAX_TURNS = 500
"""Turns that are kept; the oldest go first."""
_RECENT = 4
"""Turns that may still change."""


class Turns:
    """The turns of a conversation.

    Args:
        now: the time in seconds since 1970. It is asked only when a turn begins or ends, since
            asking takes as long as handling a word.
        goes_on: whether a turn that has not ended goes on while the person begins another one.

    Attributes:
        all: oldest first.
        dropped: how many were forgotten.
        ended: which have ended since ``with_ended`` was called last.
    """

    def __init__(self, now: Callable[[], float], goes_on: Callable[[Turn], bool]) -> None:
        self.now = now
        self._goes_on = goes_on
        self.all: list[Turn] = []
        self.dropped = 0
        self.ended: list[Turn] = []
        self._next_id = self._first_id = 1

    def begin_session(self) -> None:
        """Turns so far belong to other sessions, even if this session's bot uses the same numbers again."""
        self._first_id = self._next_id

    def begin(self, role: Literal["user", "bot"]) -> Turn:
        """A new turn. It ends the others, except that a turn of the person leaves alone what goes on."""
        for turn in self.all[-_RECENT:]:
            if not turn.ended and not (role == "user" and self._goes_on(turn)):
                self.end(turn)
        return self._add(role, self.now(), len(self.all))

    def insert_before(self, later: Turn, started_at: float) -> Turn:
        """Insert a person's turn whose words became known only after the answer to it had begun."""
        turn = self._add("user", started_at, self.all.index(later))
        turn.ended_at = later.started_at
        return turn

    def _add(self, role: Literal["user", "bot"], started_at: float, place: int) -> Turn:
        turn = Turn(self._next_id, role, started_at)
        self._next_id += 1
        self.all.insert(place, turn)
        if len(self.all) > MAX_TURNS:
            del self.all[0]
            self.dropped += 1
        return turn

    def end(self, turn: Turn) -> None:
        """End a turn."""
        turn.ended_at = self.now()
        turn.output.fall_silent()
        self.ended.append(turn)

    def with_ended(self, changed: list[Turn]) -> list[Turn]:
        """The turns that have changed, and before them those that have ended since this was called last."""
        if self.ended:
            changed = [*(turn for turn in self.ended if turn not in changed), *changed]
            self.ended = []
        return changed

    def of_session(self) -> Iterator[Turn]:
        """The turns of this session, the newest first."""
        for turn in reversed(self.all):
            if turn.id >= self._first_id:
                yield turn

    def recent(self, role: str) -> list[Turn]:
        """The turns of one side in this session that may still change, the newest first."""
        first = self._first_id
        return [turn for turn in self.all[: -_RECENT - 1 : -1] if turn.role == role and turn.id >= first]

    @property
    def last(self) -> Turn | None:
        """The last turn of this session."""
        return self.all[-1] if self.all and self.all[-1].id >= self._first_id else None

    def before(self, turn: Turn) -> Turn | None:
        """The turn of this session before the last one."""
        before = self.all[-2] if len(self.all) > 1 and self.all[-1] is turn else None
        return before if before and before.id >= self._first_id else None

    def open_turn(self, role: str) -> Turn | None:
        """A turn of one side that has not ended."""
        return next((turn for turn in self.recent(role) if not turn.ended), None)
