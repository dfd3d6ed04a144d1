"""The states of a session, and which may follow which."""

from __future__ import annotations

from enum import StrEnum


class TransportState(StrEnum):
    """Where the session stands. The values are those of the JavaScript client's ``TransportState``.

    ``reconnecting`` is an addition: the link to the bot is being restored. The JavaScript client stays ``ready`` then.
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
"""The states that may follow each state.

``error`` follows ``authenticating`` directly when the start endpoint refuses. Every later failure passes through
``disconnecting`` and ``disconnected``, so a page always sees the session close before it sees why.
"""

STARTABLE = frozenset({_S.DISCONNECTED, _S.ERROR})
"""The states without a session, in which nothing is open."""

ESTABLISHED = frozenset({_S.READY, _S.RECONNECTING})
"""The states in which messages can be sent to the bot; in ``reconnecting`` they wait for the link."""

IN_SESSION = ESTABLISHED | {_S.CONNECTED}
"""The states of a session with a bot."""

UNCONNECTED = frozenset({_S.INITIALIZING, _S.INITIALIZED, _S.AUTHENTICATED})
"""The states after ``init_devices()`` or ``start_bot()``, from which ``connect()`` may begin too."""


class StateMachine:
    """Holds one session's state and refuses what the table does not allow."""

    def __init__(self) -> None:
        self.state = TransportState.DISCONNECTED

    def move(self, to: TransportState) -> bool:
        """Go to a state. Returns ``False`` if it is the current one.

        Raises:
            ValueError: the table does not allow the transition; the state is unchanged.
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
