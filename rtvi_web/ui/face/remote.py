"""A client that is told what to do in words, and tells what happens, for what is around the page's Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rtvi_web.errors import DeviceError, RTVIError
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.face.problems import explain
from rtvi_web.ui.session_state import IDLE, state_of

if TYPE_CHECKING:
    from rtvi_web.rtvi.client import RTVIClient
    from rtvi_web.rtvi.protocol.conversation.turn import Turn

Tell = Callable[[str, dict[str, str]], None]


class Remote:
    """Obeys ``start``, ``stop`` and ``send``; tells ``state``, ``transcript`` and ``problem``.

    Args:
        client: whose session it is.
        tell: gets each name, and its texts.
    """

    def __init__(self, client: RTVIClient, tell: Tell) -> None:
        self._client = client
        self._tell = tell
        self._told: set[int] = set()  # the turns that were told
        self._state = ""
        self._unsubscribe = [
            client.on(RTVIEvent.TRANSPORT_STATE_CHANGED, self._tell_change),
            client.on(RTVIEvent.BOT_STATE_CHANGED, self._tell_change),
            client.on(RTVIEvent.CONVERSATION_UPDATED, self._tell_turn),
            client.on(RTVIEvent.DEVICE_ERROR, self.tell_problem),
        ]

    def obey(self, name: str, value: str = "") -> None:
        """Do what is said; anything else is left alone."""
        match name:
            case "start":
                self._client.run(self._start(), "starting the session failed")
            case "stop":
                self._client.run(self._client.disconnect(), "stopping the session failed")
            case "send":
                self._send(value)

    def close(self) -> None:
        """Follow the client no more."""
        while self._unsubscribe:
            self._unsubscribe.pop()()

    def tell_state(self) -> None:
        """Tell the present state, even if it was told."""
        self._state = state_of(self._client)
        self._tell("state", {"state": self._state})

    def tell_problem(self, error: RTVIError | DeviceError) -> None:
        problem = explain(error)
        self._tell("problem", {"what": problem.what, "why": problem.why, "advice": problem.advice})

    async def _start(self) -> None:
        if state_of(self._client) not in IDLE:
            return
        try:
            await self._client.connect()
        except RTVIError as error:
            if error is not self._client.failure:
                self.tell_problem(error)

    def _send(self, text: str) -> None:
        try:
            self._client.send_text(text)
        except RTVIError as error:
            self.tell_problem(error)

    def _tell_change(self, *_: Any) -> None:
        if state_of(self._client) == self._state:
            return
        self.tell_state()
        if self._state in ("disconnected", "error") and self._client.failure:
            self.tell_problem(self._client.failure)

    def _tell_turn(self, turn: Turn) -> None:
        if turn.ended and turn.text and turn.id not in self._told:
            self._told.add(turn.id)
            self._tell("transcript", {"role": turn.role, "text": turn.text})
