"""The stage of WebSocketTransport, for the contract suite: a room of the WebSocket server."""

import asyncio
import collections
import json
import os

import js
from loopback import event, until

from rtvi_web import ConnectPhase, DisconnectReason, Reconnect
from rtvi_web.browser import _js
from rtvi_web.testing import contract
from rtvi_web.transports import WebSocketTransport

CODES = {DisconnectReason.CLOSED: 1011, DisconnectReason.REFUSED: 1008}


class WebSocketStage(contract.Stage):
    """A bot behind a real WebSocket, which this page plays over another one."""

    phases = (ConnectPhase.LINK,)
    words = {ConnectPhase.LINK: "the WebSocket"}  # noqa: RUF012 - as the type says
    foreign_words = ("offer", "ICE", "data channel", "WebRTC")
    reasons = tuple(CODES)
    patience = 30.0

    def __init__(self, port):
        self._url = f"ws://127.0.0.1:{port}/rooms/{os.urandom(4).hex()}"
        self._scope = _js.Scope()
        self._texts = asyncio.Queue()
        self._loud = collections.deque(maxlen=60)
        self._open = 0
        self._is_cut = False

    async def start(self):
        self._control = _js.construct("WebSocket", f"{self._url}/bot")
        self._scope.defer(self._control.close)
        self._scope.listen(self._control, "message", lambda message: self._on_told(json.loads(message.data)))
        await event(self._control, "open")

    async def stop(self):
        self._scope.close()

    def _on_told(self, told):
        if "heard" in told:
            self._texts.put_nowait(told["heard"])
        elif "open" in told:
            self._open = told["open"]
        else:
            self._loud.append(told["loud"])

    def _tell(self, **what):
        self._control.send(json.dumps(what))

    def make_transport(self):
        return WebSocketTransport(self._url, reconnect=Reconnect(budget=3.0), remember_devices=False)

    async def say(self, text):
        self._tell(say=text)

    async def heard(self):
        return await self._texts.get()

    async def leave(self):
        self._tell(close=1000)

    async def stall(self, phase):
        self._tell(stall=phase is not None)

    async def refuse(self):
        self._tell(refuse=True)

    async def cut(self):
        self._is_cut = True
        self._tell(cut=True)

    async def heal(self):
        self._is_cut = False
        self._tell(cut=False)

    async def end(self, reason):
        self._tell(close=CODES[reason])

    async def deny_microphone(self):
        await js.allow("")

    async def allow_microphone(self):
        await js.allow("microphone")

    async def bot_hears(self, sound):
        """For more than a second: Chromium's microphone beeps once in each."""
        self._loud.clear()
        await until(lambda: len(self._loud) == 60 and any(self._loud) is sound)

    async def bot_sounds(self):
        self._tell(sound=True)

    def left_open(self):
        """A server that is cut off does not see what is closed."""
        return [*map(str, js.leftOpen()), *["a WebSocket"] * (0 if self._is_cut else self._open)]
