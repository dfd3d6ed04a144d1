"""Where a connection stands, and why the last one ended."""

from __future__ import annotations

from typing import Literal

from rtvi_web.errors import RTVIError
from rtvi_web.realtime.event_handlers import RealtimeEventHandler

StateName = Literal["disconnected", "initializing", "connecting", "connected", "ready", "disconnecting", "error"]
EVENT = "transportStateChanged"


class SessionState:
    """The state under RTVI's names. Each change is dispatched as RTVI's event, with the name.

    Attributes:
        name: the state.
        failure: why the last session, or the attempt to begin it, has ended; ``None`` if the page ended it.
    """

    def __init__(self, client: RealtimeEventHandler) -> None:
        self._client = client
        self.name: StateName = "disconnected"
        self.failure: RTVIError | None = None

    def begin(self) -> None:
        """An attempt begins."""
        self.failure = None
        self.move("initializing")

    def end(self) -> None:
        """The session, or the attempt, is about to end."""
        if self.name not in ("disconnected", "error"):
            self.move("disconnecting")

    def ended(self, failure: RTVIError | None, *, in_error: bool) -> None:
        """Everything is released.

        Args:
            failure: why, unless the page ended it.
            in_error: whether ``connect()`` has failed.
        """
        self.failure = failure or self.failure
        self.move("error" if in_error else "disconnected")

    def move(self, name: StateName) -> None:
        if name != self.name:
            self.name = name
            self._client.dispatch(EVENT, name)
