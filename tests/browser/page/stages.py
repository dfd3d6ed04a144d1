"""The stages of transports in a page, for the contract suite."""

import asyncio
import collections
import contextlib
import re

import js
from edge import ice_becomes, replaced
from loopback import Bot, energy, own_peer

from rtvi_web import ConnectPhase, DisconnectReason, Reconnect
from rtvi_web.testing import contract
from rtvi_web.transports import SmallWebRTCTransport

DEAF_TO_OPEN = "function (type, ...rest) { if (type !== 'open') original.call(this, type, ...rest) }"
"""A channel whose opening is never heard of: in a loopback it always opens."""


class Server(Bot):
    """A bot whose server can refuse, be cut off, and stall in each phase."""

    def __init__(self):
        super().__init__()
        self.reachable = asyncio.Event()
        self.reachable.set()
        self.refuses = False
        self.stalls = None
        self.has_given_up = False

    async def _answer(self, method, path, body):
        await self.reachable.wait()
        if method == "POST" and self.refuses:
            self.refuses = False
            return {"status": 403, "body": {"detail": "The server is full."}}
        if self.has_given_up and (method == "PATCH" or body["pc_id"]):
            return {"status": 404, "body": {"detail": "Peer connection not found"}}
        self.has_given_up = False
        answer = await super()._answer(method, path, body)
        if method == "POST" and self.stalls is ConnectPhase.ICE:
            answer["body"]["sdp"] = re.sub("a=candidate:.*\r\n", "", answer["body"]["sdp"])
        return answer


class SmallWebRTCStage(contract.Stage):
    """A peer in the same page, reached over real HTTP and a WebRTC loopback."""

    phases = (ConnectPhase.OFFER, ConnectPhase.ICE, ConnectPhase.DATA_CHANNEL)
    words = {  # noqa: RUF012 - as the type says
        ConnectPhase.OFFER: "did not answer the WebRTC offer",
        ConnectPhase.ICE: "no network path",
        ConnectPhase.DATA_CHANNEL: "data channel",
    }
    reasons = (DisconnectReason.CLOSED,)
    every_turn = 12

    def __init__(self):
        self.bot = Server()
        self._deaf = contextlib.ExitStack()

    async def start(self):
        await self.bot.__aenter__()

    async def stop(self):
        self._deaf.close()
        await self.bot.__aexit__()

    def make_transport(self):
        return SmallWebRTCTransport(webrtc_url=self.bot.url, reconnect=Reconnect(budget=3.0), remember_devices=False)

    async def say(self, text):
        await self.bot.met.wait()
        self.bot.send(text)

    async def heard(self):
        while (text := await self.bot.frames.get()).startswith('{"type": "signalling"'):
            pass
        return text

    async def leave(self):
        self.bot.signal("peerLeft")

    async def stall(self, phase):
        self.bot.stalls = phase
        self._deaf.close()
        if phase is ConnectPhase.DATA_CHANNEL:
            self._deaf.enter_context(replaced("RTCDataChannel.prototype", "addEventListener", DEAF_TO_OPEN))
        if phase is ConnectPhase.OFFER:
            self.bot.reachable.clear()
        else:
            self.bot.reachable.set()

    async def refuse(self):
        self.bot.refuses = True

    async def cut(self):
        """A loopback is never cut, so the browser's words are put into its mouth."""
        self.bot.reachable.clear()
        ice_becomes(own_peer(), "disconnected")

    async def heal(self):
        self.bot.reachable.set()
        if own_peer().signalingState != "closed":
            ice_becomes(own_peer(), "connected")

    async def end(self, reason):
        self.bot.has_given_up = True
        self.bot.channel.close()

    async def deny_microphone(self):
        await js.allow("")

    async def allow_microphone(self):
        await js.allow("microphone")

    async def bot_hears(self, sound):
        """Sound has energy, and silence has none."""
        before = await energy(self.bot.connection.getReceivers()[0])
        while True:
            await asyncio.sleep(1.2)  # Chromium's microphone beeps once a second.
            now = await energy(self.bot.connection.getReceivers()[0])
            if (now - before > 1e-6) is sound:
                return
            before = now

    async def bot_sounds(self):
        self.bot.speaks = True

    def left_open(self):
        left = collections.Counter(map(str, js.leftOpen()))
        bot = self.bot.connection
        left["a peer connection"] -= bot is not None and bot.signalingState != "closed"
        left["an AudioContext"] -= self.bot.track is not None
        return list(left.elements())
