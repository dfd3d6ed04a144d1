"""The states of a session, and which may follow which."""

from __future__ import annotations

from enum import StrEnum


class TransportState(StrEnum):
    """Where the session stands. The values are those of the JavaScript client's ``TransportState``.

    ``reconnecting`` is ours: the link to the bot is lost, and being restored. The JavaScript client stays ``ready``.
    """

    DISCONNECTED = "disconnected"
    INITIALIZING = "initializing"
    INITIALIZED = "initialized"
    AUTHENTICATING = "authenticating"
    AUTHENTICATED = "authenticated"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    READY = "ready"
    RECONNECTING = "reconnecting"
    DISCONNECTING = "disconnecting"
    ERROR = "error"


_S = TransportState
_STARTING = frozenset({_S.INITIALIZING, _S.AUTHENTICATING, _S.CONNECTING})

TRANSITIONS: dict[TransportState, frozenset[TransportState]] = {
    _S.DISCONNECTED: _STARTING | {_S.ERROR},
    _S.INITIALIZING: frozenset({_S.INITIALIZED, _S.DISCONNECTING}),
    _S.INITIALIZED: frozenset({_S.AUTHENTICATING, _S.CONNECTING, _S.DISCONNECTING}),
    _S.AUTHENTICATING: frozenset({_S.AUTHENTICATED, _S.CONNECTING, _S.DISCONNECTING, _S.ERROR}),
    _S.AUTHENTICATED: frozenset({_S.AUTHENTICATING, _S.CONNECTING, _S.DISCONNECTING}),
    _S.CONNECTING: frozenset({_S.CONNECTED, _S.DISCONNECTING}),
    _S.CONNECTED: frozenset({_S.READY, _S.DISCONNECTING}),
    _S.READY: frozenset({_S.RECONNECTING, _S.DISCONNECTING}),
    _S.RECONNECTING: frozenset({_S.READY, _S.DISCONNECTING}),
    _S.DISCONNECTING: frozenset({_S.DISCONNECTED}),
    _S.ERROR: _STARTING | {_S.DISCONNECTING},
}
"""From each state, the states that may come next.

``error`` follows ``authenticating`` at once when the start endpoint refuses; every later failure passes through
``disconnecting`` and ``disconnected``, so that a page always sees the session close before it sees why.
"""

STARTABLE = frozenset({_S.DISCONNECTED, _S.ERROR})
"""The states in which there is no session and nothing is open."""

ESTABLISHED = frozenset({_S.READY, _S.RECONNECTING})
"""The states in which there is a bot to send messages to, though they may have to wait for the link."""

UNCONNECTED = frozenset({_S.INITIALIZING, _S.INITIALIZED, _S.AUTHENTICATED})
"""The states in which, while no ``connect()`` is running, devices are open ahead of it, and a bot may have been asked
for: it may begin here too."""


class StateMachine:
    """Holds one session's state and refuses what the table does not allow."""

    def __init__(self) -> None:
        self.state = TransportState.DISCONNECTED

    def move(self, to: TransportState) -> bool:
        """Go to a state; ``False`` when it is the present one.

        Raises:
            ValueError: the table has no such transition; the state is unchanged.
        """
        if to is self.state:
            return False
        if to not in TRANSITIONS[self.state]:
            raise ValueError(f"the session cannot go from {self.state.value!r} to {to.value!r}")
        self.state = to
        return True


class BotState(StrEnum):
    """What the bot is doing."""

    GONE = "gone"
    """There is no bot: no session, or it left."""
    CONNECTING = "connecting"
    """``connect()`` or ``start_bot()`` is running, or the bot was started, or the link is being restored."""
    LISTENING = "listening"
    THINKING = "thinking"
    """It has heard something and is about to answer, or waits for a function."""
    SPEAKING = "speaking"
    INTERRUPTED = "interrupted"
    """It was cut off; it listens."""
