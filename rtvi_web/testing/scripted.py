"""A scripted transport: a test lists what the bot does, step by step, and what the client must send.

It runs anywhere, CPython included, without a browser or a network::

    transport = ScriptedTransport(
        *handshake(),
        expect("send-text", {"content": "hello"}),
        say("bot-llm-text", {"text": "Hi!"}),
    )
    client = RTVIClient(transport=transport)
    await client.connect()
    client.send_text("hello")
    assert (await client.wait_for(RTVIEvent.BOT_LLM_TEXT)).text == "Hi!"
    transport.finish()
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from rtvi_web.core.masked_data import masked_data
from rtvi_web.core.media import BOT, MediaDevice, Participant
from rtvi_web.errors import ConnectPhase, RTVIError
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, Transport, TransportHost
from rtvi_web.testing.http import HttpAnswer, ScriptedHttp
from rtvi_web.testing.media import ScriptedMedia
from rtvi_web.testing.script import Expect, Leave, Lose, Say, ScriptError, Sound, Step, Wait

OF_WEBRTC = (ConnectPhase.OFFER, ConnectPhase.ICE, ConnectPhase.DATA_CHANNEL)
OF_OTHERS = (ConnectPhase.LINK, ConnectPhase.BOT)
"""The phases of a transport over WebRTC, and of others."""


class ScriptedTransport(ScriptedMedia, Transport):
    """Follows a script instead of a network.

    Args:
        steps: what happens once the client has connected, in order, through all its sessions.
        start: the answers of the start endpoint, one for each request.
        hangs_in: a phase of the transport that never ends: devices, offer, ice or data-channel; or link or bot, which
            other transports than WebRTC's have. (With an empty ``start`` the start endpoint does not answer; without a
            step for ``bot-ready`` the bot never gets ready.)
        fails_with: what ``connect()`` raises.
        microphone, camera, screen: ``"granted"`` or ``"denied"``; may be changed at any time.
        devices: the devices that can be chosen; may be changed at any time.
        max_message_size: bytes.

    Attributes:
        steps: what is still to happen; may be changed at any time.
        interruptions: how often the client has interrupted the bot's sound.
        http: the requests made, as ``http.requests``, and the answers still to come, as ``http.answers``.
        connect_requests: what ``connect()`` was called with, session by session.
        sent: every message the client sent, parsed.
        played: what the bot has let be heard.
    """

    def __init__(
        self,
        *steps: Step,
        start: Iterable[HttpAnswer] = (),
        hangs_in: ConnectPhase | None = None,
        fails_with: RTVIError | None = None,
        microphone: str = "granted",
        camera: str = "granted",
        screen: str = "granted",
        devices: Iterable[MediaDevice] = (),
        max_message_size: int = 65536,
    ) -> None:
        super().__init__(microphone=microphone, camera=camera, screen=screen, devices=devices)
        self.steps: list[Step] = list(steps)
        self._http = ScriptedHttp(start)
        self.hangs_in = hangs_in
        self.fails_with = fails_with
        self._max_message_size = max_message_size
        self.connect_requests: list[ConnectRequest] = []
        self.sent: list[dict[str, Any]] = []
        self.interruptions = 0
        self._error: ScriptError | None = None
        self.played: list[Sound] = []
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
        if self._error:
            raise self._error
        if self.steps:
            raise ScriptError(f"the script is not over; next: {self.steps[0]}")

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

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        self._attach_media(host.media, enable_mic=enable_mic, enable_cam=enable_cam)

    @property
    def media(self) -> ScriptedTransport:
        return self

    @property
    def http(self) -> ScriptedHttp:
        return self._http

    @property
    def max_message_size(self) -> int:
        return self._max_message_size

    async def open_devices(self, *, mic: bool = False) -> None:
        await self._reach(ConnectPhase.DEVICES)
        await super().open_devices(mic=mic)

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

    @property
    def resumable(self) -> bool:
        return True

    async def close(self) -> None:
        self._linked = False
        self._early.clear()
        if self._pause:
            self._pause.cancel()
            self._pause = None
        self._close_media()

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
