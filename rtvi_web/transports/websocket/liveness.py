"""Notices that a link is dead although neither end has closed it: a server that hangs, a cable that is cut.

Browsers tell a page nothing of this for minutes. Two things do: bytes that do not leave, and a server that does not
answer. A bot may have nothing to say, so the server is asked when it has been quiet for a while. There is no message
for that; but a Pipecat server says about each type that it does not know that it does not know it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from rtvi_web.core.foreign_json import read_json

TICK = 0.5
"""Seconds between two looks."""
QUIET = 6.0
"""Seconds of silence after which the server is asked."""
ANSWERS_WITHIN = 6.0
"""Seconds in which a live server says something, if only the answer."""
ANSWER_TAKES = 2.0
"""Seconds after which a server that says other things does not answer questions at all. What comes earlier may have
been on its way when the server died."""
DRAINS_WITHIN = 10.0
"""Seconds in which at least one of the bytes that wait leaves."""

_ID = "rtvi-web-ping-"


class Liveness:
    """Watches one link until it is closed.

    Args:
        send: sends a text to the server; may raise if the link is not open.
        backlog: returns how many bytes wait to be sent.
        changed: called with ``False`` when the link is found dead, and with ``True`` when it lives after all.
        unseen: returns how many bytes have come without a call of :meth:`on_message`.
    """

    def __init__(
        self,
        send: Callable[[str], object],
        backlog: Callable[[], int],
        changed: Callable[[bool], object],
        unseen: Callable[[], int] = lambda: 0,
    ) -> None:
        self.is_alive = True
        self.heard = 0
        """Messages from the server so far."""
        self.round_trip_time: float | None = None
        """Seconds from the last question to its answer; ``None`` before the first."""
        self._send = send
        self._backlog = backlog
        self._changed = changed
        self._unseen, self._seen = unseen, 0
        self._last_heard = self._last_left = now()
        self._waited = 0
        self._asked: float | None = None
        self._answers: bool | None = None
        self._number = 0

    async def watch(self) -> None:
        """Look at the link again and again, until the task is cancelled."""
        self.ask()
        while True:
            before = now()
            await asyncio.sleep(TICK)
            if now() - before > 4 * TICK:  # The page was asleep. What has come meanwhile may be about to be told.
                await asyncio.sleep(TICK)
            self._look()

    def ask(self) -> None:
        """Ask the server for a sign of life, unless it was asked already, or never answers."""
        if self._asked is not None or self._answers is False:
            return
        self._number += 1
        self._asked = now()
        self._send(json.dumps({"label": "rtvi-ai", "type": "ping", "id": f"{_ID}{self._number}", "data": {}}))

    def on_message(self, text: str = "") -> bool:
        """Something has come from the server. Returns whether it was only an answer to :meth:`ask`."""
        self.heard += 1
        self._last_heard = now()
        is_answer = _ID in text and self._is_answer(text)
        if not self.is_alive and not self._is_stuck:
            self._set_alive(True)
        return is_answer

    @property
    def answers(self) -> bool:
        """Whether the server answers. One that does not may be alive and quiet."""
        return self._answers is not False

    def _is_answer(self, text: str) -> bool:
        try:
            message = read_json(text)
        except ValueError:
            return False
        if not isinstance(message, dict) or not str(message.get("id", "")).startswith(_ID):
            return False
        if self._asked is not None and message["id"] == f"{_ID}{self._number}":
            self._answers = True
            self.round_trip_time = now() - self._asked
            self._asked = None
        return True

    @property
    def _is_stuck(self) -> bool:
        return now() - self._last_left > DRAINS_WITHIN

    def _look(self) -> None:
        if (unseen := self._unseen()) != self._seen:
            self._seen = unseen
            self.on_message()
        waits = self._backlog()
        if not waits or waits < self._waited:
            self._last_left = now()
        self._waited = waits
        if self._asked is not None and now() - self._asked > ANSWERS_WITHIN and self._has_passed_over(self._asked):
            self._answers, self._asked = self._answers or False, None
        elif now() - self._last_heard > QUIET:
            self.ask()
        is_dumb = self._asked is not None and now() - max(self._asked, self._last_heard) > ANSWERS_WITHIN
        if self.is_alive and (is_dumb or self._is_stuck):
            self._set_alive(False)
        elif not self.is_alive and not is_dumb and not self._is_stuck:
            self._set_alive(True)

    def _has_passed_over(self, asked: float) -> bool:
        """Whether the server has said other things when it would have answered."""
        return self._last_heard - asked > ANSWER_TAKES

    def _set_alive(self, is_alive: bool) -> None:
        self.is_alive = is_alive
        self._changed(is_alive)


def now() -> float:
    """The time of the event loop, in seconds."""
    return asyncio.get_running_loop().time()
