"""Follows a script in place of a network: what all scripted transports of RTVIClient share."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from rtvi_web.core.masked_data import masked_data
from rtvi_web.core.media import BOT, Participant
from rtvi_web.errors import ConnectPhase, RTVIError
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, Transport
from rtvi_web.testing.script import Expect, Leave, Lose, Say, ScriptError, Sound, Step, Wait

OF_WEBRTC = (ConnectPhase.OFFER, ConnectPhase.ICE, ConnectPhase.DATA_CHANNEL)
OF_OTHERS = (ConnectPhase.LINK, ConnectPhase.BOT)
"""The phases of a transport over WebRTC, and of others."""


class FollowsScript(Transport):
    """A transport whose bot is a script; see :class:`ScriptedTransport` for its attributes."""

    _receiver: SessionReceiver

    def __init__(
        self,
        steps: Iterable[Step],
        *,
        hangs_in: ConnectPhase | None = None,
        fails_with: RTVIError | None = None,
        max_message_size: int = 65536,
    ) -> None:
        self.steps: list[Step] = list(steps)
        self.hangs_in = hangs_in
        self.fails_with = fails_with
        self._max_message_size = max_message_size
        self.connect_requests: list[ConnectRequest] = []
        self.sent: list[dict[str, Any]] = []
        self.played: list[Sound] = []
        self.interruptions = 0
        self._error: ScriptError | None = None
        self._last_id: str | None = None
        self._ids: dict[str, str] = {}  # of the messages that came, by what the script calls them
        self._early: list[str] = []  # what the client sent while the bot had the floor
        self._pause: asyncio.TimerHandle | None = None
        self._linked = False

    def finish(self) -> None:
        """Check that the whole script has happened.

        Raises:
            ScriptError: the client did something else, or something is still expected.
        """
        if problem := self.problem():
            raise self._error or ScriptError(problem)

    def problem(self) -> str:
        """Why the whole script has not happened; empty if it has."""
        if self._error:
            return str(self._error)
        return f"the script is not over; next: {self.steps[0]}" if self.steps else ""

    @property
    def has_failed(self) -> bool:
        """Whether the client did something else than the script says."""
        return self._error is not None

    def go_on(self, *steps: Step) -> None:
        """Add steps. If the script was over, they happen now."""
        self.steps += steps
        if self._linked:
            self._go_on()

    def drop(self, cause: LinkLoss = LinkLoss.SILENT, *, attempt: int = 0) -> None:
        """Lose the link and begin to restore it; call it again with the number of each further attempt."""
        self._receiver.reconnecting(attempt, cause)

    async def restore(self, *, resumed: bool = True) -> None:
        """Restore the link; without ``resumed`` with a new bot, whose :func:`handshake` must come next."""
        if resumed:
            self._receiver.reconnected()
            await asyncio.sleep(0)  # The client sends what has waited.
        else:
            await self._receiver.start_again(self.connect)

    # The Transport contract.

    @property
    def max_message_size(self) -> int:
        return self._max_message_size

    @property
    def resumable(self) -> bool:
        return True

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self._receiver = receiver
        self.connect_requests.append(request)
        for phase in OF_OTHERS if self.hangs_in in OF_OTHERS else OF_WEBRTC:
            self._receiver.enter(phase)
            await self._reach(phase)
        if self.fails_with:
            raise self.fails_with
        self._linked = True
        self._go_on()
        return BOT

    def interrupted(self) -> None:
        self.interruptions += 1

    async def close(self) -> None:
        self._linked = False
        self._early.clear()
        if self._pause:
            self._pause.cancel()
            self._pause = None

    def send(self, text: str) -> None:
        self.sent.append(json.loads(text))
        if self.steps and not isinstance(self.steps[0], Expect):
            self._early.append(text)  # The bot goes on by itself, until it expects something.
            return
        self._take(text)
        self._go_on()

    # The script.

    async def _reach(self, phase: ConnectPhase) -> None:
        await asyncio.sleep(0)
        if phase is self.hangs_in:
            await asyncio.Event().wait()

    def _go_on(self) -> None:
        """Let the bot act, once the client has returned to the event loop."""
        asyncio.get_running_loop().call_soon(self._act)

    def _act(self) -> None:
        while self._linked and self.steps and not self._pause:
            if isinstance(self.steps[0], Expect):
                if not self._early:
                    return
                with contextlib.suppress(ScriptError):  # finish() raises it.
                    self._take(self._early.pop(0))
            else:
                self._do(self.steps.pop(0))
        if self._linked and self._early and not self.steps:
            with contextlib.suppress(ScriptError):
                self._take(self._early.pop(0))

    def _take(self, text: str) -> None:
        """Compare what the client sent with what is expected."""
        message = json.loads(text)
        step = self.steps[0] if self.steps else None
        if not isinstance(step, Expect) or step.type != message["type"] or not _matches(message["data"], step.data):
            self._error = ScriptError(f"expected {step or 'nothing more'}; the client sent {text}")
            raise self._error
        self.steps.pop(0)
        self._last_id = message["id"]
        self._ids[step.id] = message["id"]

    def _do(self, step: Step) -> None:
        match step:
            case Say(str() as text, _):
                self._receiver.receive(text)
            case Say(message, answers):
                id = self._ids.get(answers, answers) if isinstance(answers, str) else self._last_id
                self._receiver.receive(json.dumps({**message, "id": id} if answers else message))  # type: ignore[dict-item]
            case Wait(seconds):
                self._pause = asyncio.get_running_loop().call_later(seconds, self._wake)
            case Sound():
                self.played.append(step)
                self.play(step)
            case Leave():
                self._linked = False  # what follows belongs to the next session
                self._receiver.bot_left(BOT)
            case Lose(error):
                self._linked = False
                self._receiver.lost(error)

    def _wake(self) -> None:
        self._pause = None
        self._act()

    def play(self, sound: Sound) -> None:
        """Let the bot be heard. This transport has no sound; one that has some overrides it."""


def _matches(data: Any, wanted: Any) -> bool:
    """Whether data has what is wanted. What a recording has masked is compared masked."""
    return _contains(data, wanted) or _contains(masked_data(data), wanted)


def _contains(data: Any, wanted: Any) -> bool:
    """Whether data has what is wanted, at every depth of objects."""
    if not isinstance(wanted, Mapping):
        return bool(data == wanted)
    if not isinstance(data, dict):
        return not wanted
    return all(key in data and _contains(data[key], value) for key, value in wanted.items())
