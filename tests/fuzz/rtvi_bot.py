"""A bot and its network for random episodes: what the scripted transport says is up to the episode's steps."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from sessions import STARTED, Transport, turns

from rtvi_web import LinkLoss, Reconnect, RTVIError
from rtvi_web.core.http import HttpResponse
from rtvi_web.core.media import BOT, MediaDevice, Participant
from rtvi_web.errors import DisconnectedError, HttpError, QueueFullError, TransportStartError
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver
from rtvi_web.testing.http import HttpAnswer
from rtvi_web.transports.reconnection import Reconnection

MICS = ["m1", "m2"]
STARTS: dict[str, list[HttpAnswer]] = {
    "ok": [STARTED],
    "refuses": [HttpResponse(503, '{"error": "no bot"}')],
    "nonsense": [HttpResponse(200, "<html>")],
    "unreachable": [HttpError("no network")],
    "hangs": [],
}


class PageEvents:
    """What the page tells of: nothing, until a step says so."""

    listener: Callable[[], object] | None = None

    def __call__(self, listener: Callable[[], object]) -> PageEvents:
        self.listener = listener
        return self

    def close(self) -> None:
        self.listener = None


class Bot(Transport):
    """A transport over a network that may be lost, which the real ``Reconnection`` restores.

    Attributes:
        receivers: those of all sessions, in their order; a fresh start has one of its own.
        heard: what the bots have heard: the number of the session, and the message.
        greeting: what a bot does about client-ready.
        answering: what it does about a request.
        server: what it says about a session whose link is lost.
        resuming, closing: how these go.
        is_linked: whether the link works; ``is_full``: whether it can take no more at present; ``is_closed``: whether
            it was closed for a fresh start, so that it cannot heal.
        has_left: whether the last bot has left.
        complaints: what the client should not have done.
    """

    def __init__(self, reconnect: Reconnect | None) -> None:
        super().__init__(devices=[MediaDevice(id, id, "audioinput") for id in MICS])
        self._reconnect = reconnect
        self._reconnection: Reconnection | None = None
        self.receivers: list[SessionReceiver] = []
        self.heard: list[tuple[int, dict[str, Any]]] = []
        self.page_events = PageEvents()
        self.is_full = False
        self._packets = 0
        self._connecting = False
        self.complaints: list[str] = []
        self.heal()

    def heal(self, *_: Any) -> None:
        super().heal()
        self.start("ok")
        self.greeting, self.answering, self.server, self.resuming, self.closing = "ready", "echo", "alive", "ok", "ok"
        self.microphone = self.camera = self.screen = "granted"
        self.is_linked, self.is_full, self.is_closed, self.has_left = False, False, False, False

    def start(self, kind: str) -> None:
        self.http.answers[:] = STARTS[kind] * 50

    # The Transport contract.

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self._reconnection = Reconnection(
            self._reconnect,
            self,
            clock=asyncio.get_running_loop().time,
            jitter=lambda: 0.5,
            page_events=self.page_events,
        )
        return await self._join(request, receiver)

    async def _join(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self.receivers.append(receiver)
        self.has_left = False
        self._connecting = True
        try:
            bot = await super().connect(request, receiver)
        except asyncio.CancelledError:
            await turns(3)  # to release what is half open
            raise
        finally:
            self._connecting = False
        self.is_linked, self.is_closed = True, False
        return bot

    def bot_ready(self) -> None:
        if self._reconnection:
            self._reconnection.begin()

    async def close(self) -> None:
        self.is_linked = False
        if self._reconnection:
            await self._reconnection.close()
        if self._connecting:
            self.complaints.append("close() was called while connect() was running")
        await super().close()
        if self.closing == "hangs":
            await asyncio.Event().wait()
        await turns(2)

    def send(self, text: str) -> None:
        if not self.is_linked:
            if self._reconnection and self._reconnection.restores:
                self._reconnection.lost(LinkLoss.CHANNEL_CLOSED)
            raise DisconnectedError("The channel is closed.")
        if self.is_full:
            raise QueueFullError("The channel is full.")
        message = json.loads(text)
        self.heard.append((len(self.receivers) - 1, message))
        asyncio.get_running_loop().call_soon(self._react, len(self.receivers) - 1, message)

    def _react(self, session: int, message: dict[str, Any]) -> None:
        say = partial(self.say, session, id=message["id"])
        if message["type"] == "client-ready":
            match self.greeting:
                case "ready":
                    say("bot-ready", {"version": "2.2.0"})
                case "late":
                    asyncio.get_running_loop().call_later(2, say, "bot-ready", {"version": "2.2.0"})
                case "fatal":
                    say("error", {"error": "no model", "fatal": True})
                case "leaves":
                    self.leave()
        elif message["type"] == "client-message":
            answer = {"t": "ask", "d": message["data"].get("d")}
            match self.answering:
                case "echo":
                    say("server-response", answer)
                case "twice":
                    say("server-response", answer)
                    say("server-response", {"t": "ask", "d": "second"})
                case "late":
                    asyncio.get_running_loop().call_later(3, say, "server-response", answer)
                case "refuses":
                    say("error-response", {"error": "no"})
        elif message["type"] == "disconnect-bot":
            self.leave()

    def say(self, session: int, type: str, data: Any, *, id: str | None = None) -> None:
        """The bot of a session says something, if its words can arrive."""
        if self.is_heard and session == len(self.receivers) - 1:
            message = {"label": "rtvi-ai", "type": type, "data": data, **({"id": id} if id else {})}
            self.receivers[session].receive(json.dumps(message))

    @property
    def is_heard(self) -> bool:
        """Whether the client can hear the last bot."""
        return self.is_linked and not self.has_left

    def leave(self) -> None:
        """The bot of the last session leaves."""
        if self.receivers:
            self.has_left = True
            if self._reconnection:
                self._reconnection.bot_left()
            self.receivers[-1].bot_left(BOT)

    # The network.

    def lose(self, loss: LinkLoss) -> None:
        if self.is_linked and self._reconnection:
            self.is_linked = False
            self._reconnection.lost(loss)

    def recover(self) -> None:
        """The link works again by itself."""
        if self._reconnection and not (self.is_linked or self.is_closed) and self.devices_open:
            self.is_linked = True
            self._reconnection.healed()

    # Restoring the link: Restorer.

    async def received_count(self) -> int:
        self._packets += self.is_linked
        return self._packets

    async def snapshot_stats(self, loss: LinkLoss) -> None:
        await turns(1)

    async def is_session_alive(self, lost: float) -> bool:
        await turns(2)
        if self.server == "hangs":
            await asyncio.Event().wait()
        if self.server == "unreachable":
            raise HttpError("no network")
        return self.server == "alive"

    async def resume(self) -> None:
        await turns(2)
        if self.resuming == "hangs":
            await asyncio.Event().wait()
        if self.resuming == "fails":
            raise TransportStartError("no route")
        self.is_linked = True

    async def start_again(self) -> None:
        self.is_linked, self.is_closed = False, True
        try:
            await self.receiver.start_again(self._join)
        except RTVIError:
            self.is_linked = False
            raise
