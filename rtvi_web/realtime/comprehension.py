"""Whether the server speaks the protocol at all: said once, if it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rtvi_web.realtime.protocol.wire import SERVER_EVENTS

UNDERSTOOD_WITHIN = 5.0
"""Seconds after connecting in which a server says something that is known."""
SHOWN = 200
"""Characters of a frame that an error shows."""


class Comprehension:
    """Watches what the server says first in a session.

    Args:
        complain: called with a message if the server says nothing that is known in time.
    """

    def __init__(self, complain: Callable[[str], object]) -> None:
        self._complain = complain
        self._timer: asyncio.TimerHandle | None = None
        self.begin()

    def begin(self) -> None:
        """A session begins."""
        self._first_frame: str | None = None
        self._understood = False

    def connected(self) -> None:
        """The link is up: the time counts from here."""
        self._timer = asyncio.get_running_loop().call_later(UNDERSTOOD_WITHIN, self._check)

    def end(self) -> None:
        """The session ends."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def frame(self, frame: str | bytes) -> None:
        """The server has sent a frame."""
        if self._first_frame is None:
            self._first_frame = beginning(frame)

    def event(self, type: str) -> None:
        """A frame was an event of this type."""
        self._understood = self._understood or type in SERVER_EVENTS

    def _check(self) -> None:
        if self._understood:
            return
        heard = "nothing" if self._first_frame is None else "nothing that is an event of the Realtime protocol"
        first = "" if self._first_frame is None else f" Its first frame begins: {self._first_frame}"
        self._complain(
            f"Within {UNDERSTOOD_WITHIN:g} s of connecting the server has sent {heard}. Check its address.{first}"
        )


def beginning(frame: str | bytes) -> str:
    """The beginning of a frame, to show it."""
    shown = frame[:SHOWN]
    return shown if isinstance(shown, str) else shown.decode(errors="backslashreplace")
