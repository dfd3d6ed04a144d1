"""The steps that restore a lost link. The caller gives the time and the random numbers.

The order keeps as much as possible: first the same connection may heal by itself; then a new connection continues the
same session, where the transport can; then, if the application allows it, a new session begins with a new bot.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss, Reconnect

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 2.0
"""Seconds between attempts: doubled each time, then shortened at random by up to half."""

LONGEST_WATCH = 60.0
"""Seconds; timers of a page have no infinity."""

RESUME_LIMIT, START_LIMIT = 8.0, 20.0
"""Seconds that one attempt may take."""

SERVER_PATIENCE = 25.0
"""Seconds after which a server that cannot be asked counts as having given up the session. Pipecat's do after 30."""

MOMENT = 0.01
"""Seconds; no step is shorter. Timers of a page fire up to 1 ms early, and Pyodide's event loop raises ``ValueError``
when the end of an ``asyncio.timeout()`` passes while it is being set."""

_NOT_RESUMABLE = "The session cannot be resumed."

PATIENCE = {LinkLoss.SILENT: 5.0, LinkLoss.FAILED: 0.0, LinkLoss.CHANNEL_CLOSED: 0.0}
"""Seconds in which the connection may heal by itself before a new one is tried."""


class Watch(NamedTuple):
    """Wait for the connection to heal, for at most this many seconds."""

    seconds: float


class Resume(NamedTuple):
    """Make a new connection for the same session, within this many seconds."""

    attempt: int
    seconds: float


class StartAgain(NamedTuple):
    """Begin a new session, within this many seconds."""

    attempt: int
    seconds: float


class GiveUp(NamedTuple):
    """End the session, and say why."""

    reason: str


Step: TypeAlias = Watch | Resume | StartAgain | GiveUp


class Recovery:
    """The steps after one loss. All times are seconds since the loss.

    Args:
        options: what the application wants.
        loss: how the link was lost.
        random: returns a number from 0 to 1, for the pauses.
        resumable: whether a new connection can continue the session.
    """

    def __init__(
        self, options: Reconnect, loss: LinkLoss, *, random: Callable[[], float], resumable: bool = True
    ) -> None:
        self._options = options
        self._random = random
        self._not_before = PATIENCE[loss]
        self._attempts = 0
        self._session_gone = not resumable
        self._problem = "No attempt succeeded in time." if resumable else _NOT_RESUMABLE
        self._final: str | None = None
        if not resumable and not options.fresh_start:
            self._final = _NOT_RESUMABLE
            self._not_before = math.inf if loss is LinkLoss.SILENT else 0.0  # Only healing can help.

    def next(self, elapsed: float) -> Step:
        """The next step, of at least :data:`MOMENT` seconds; attempts count from 1."""
        budget = math.inf if self._options.budget is None else self._options.budget
        left = budget - elapsed
        pause = self._not_before - elapsed
        if self._final is not None and pause < MOMENT:
            return GiveUp(self._final)
        if left < MOMENT:
            return GiveUp(f"The link could not be restored within {budget:g} s: {self._problem}")
        if pause >= MOMENT:
            return Watch(min(pause, left, LONGEST_WATCH))
        self._attempts += 1
        if self._session_gone:
            return StartAgain(self._attempts, min(START_LIMIT, left))
        return Resume(self._attempts, min(RESUME_LIMIT, left))

    def retry_now(self) -> None:
        """Make the next attempt at once, since something has changed, such as the network."""
        if self._final is None:
            self._not_before = 0.0

    def cannot_heal(self) -> None:
        """The link that was silent has failed or was closed: do not wait for it any longer."""
        self._not_before = 0.0

    def failed(self, elapsed: float, problem: str | None, status: int | None = None) -> None:
        """The last attempt failed.

        Args:
            elapsed: when it failed.
            problem: why, for the error that ends the session; ``None`` if it only took too long.
            status: the HTTP status, if a server answered. A request refused with 4xx is not repeated.
        """
        self._problem = problem = problem or self._problem
        if status is not None and 400 <= status < 500:
            if self._session_gone:
                self._final = problem
            else:
                self.session_gone(problem)
            return
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (self._attempts - 1))
        self._not_before = elapsed + pause * (0.5 + self._random() / 2)

    def session_gone(self, problem: str) -> None:
        """The server has given up the session, so it cannot be resumed."""
        self._session_gone = True
        self._not_before = 0.0
        if not self._options.fresh_start:
            self._final = problem
