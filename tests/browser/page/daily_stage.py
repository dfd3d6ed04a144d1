"""The stage of DailyTransport for the contract suite: the real daily-js, a call machine of ours, and a bot."""

import asyncio
import collections
import contextlib

import js
from daily_room import STARTED, daily_room, options
from watching import tone

from rtvi_web import ConnectPhase, DisconnectReason
from rtvi_web.browser import _js
from rtvi_web.browser.analysis import LevelMeter
from rtvi_web.core.foreign_json import read_json
from rtvi_web.testing import contract
from rtvi_web.transports import DailyTransport

BOT = "bot-1"
ENDS = {
    DisconnectReason.EJECTED: "ejected",
    DisconnectReason.EXPIRED: "exp-room",
    DisconnectReason.LOST: "connection-error",
}
GIVES_UP = 2.0
"""Seconds after which Daily ends a call whose network is interrupted. (Daily itself takes longer.)"""
QUIET = 1.2
"""Seconds; Chromium's microphone beeps once a second."""


class DailyStage(contract.Stage):
    """A room in the same page, with one bot, which comes when the server is asked for it."""

    phases = (ConnectPhase.LINK, ConnectPhase.BOT)
    words = {  # noqa: RUF012 - as the type says
        ConnectPhase.LINK: "the Daily room could not be joined",
        ConnectPhase.BOT: "has not joined the Daily room",
    }
    foreign_words = ("WebRTC", "WebSocket", "data channel")
    reasons = tuple(ENDS)
    every_turn = 10  # a call object for each

    async def start(self):
        self._opened = contextlib.AsyncExitStack()
        self._room = await self._opened.enter_async_context(daily_room(limit=100_000))
        self._scope = _js.Scope()
        self._opened.callback(self._scope.close)
        self._heard = asyncio.Queue()
        self._scope.listen(self._room, "sent", self._on_sent)
        self._stays_away = False
        self._voice = None
        self._giving_up = None

    async def stop(self):
        await self.heal()
        await self._opened.aclose()

    def make_transport(self):
        return DailyTransport(options(), remember_devices=False)

    @property
    def client_options(self):
        return {"custom_connect_handler": self._start_bot}

    async def _start_bot(self, _params, _timeout, _abort):
        if not (self._stays_away or self._room.others.has(BOT)):
            self._room.join(BOT, "Pipecat", _js.plain(self._tracks))
        return {**STARTED, "bot_id": BOT}

    @property
    def _tracks(self):
        return {"audio": self._voice} if self._voice else {}

    def _on_sent(self, event):
        assert event.detail.to == BOT
        self._heard.put_nowait(str(js.JSON.stringify(event.detail.data)))

    # The bot.

    async def say(self, text):
        try:
            message = read_json(text)
        except ValueError:
            message = None
        is_rtvi = isinstance(message, dict) and message.get("label") == "rtvi-ai"
        self._room.say(js.JSON.parse(text) if is_rtvi else text, BOT)

    async def heard(self):
        return await self._heard.get()

    async def leave(self):
        self._room.leave(BOT)

    # Other people.

    async def stranger_joins(self):
        self._room.join("ada", "Ada", _js.plain({}))

    async def stranger_leaves(self):
        self._room.leave("ada")

    async def stranger_says(self, text):
        await self.stranger_joins()
        self._room.say(js.JSON.parse(text), "ada")

    # What can happen to a session.

    async def stall(self, phase):
        self._room.open()
        self._stays_away = phase is ConnectPhase.BOT
        if phase is ConnectPhase.LINK:
            self._room.hold()
        elif phase is ConnectPhase.BOT and self._room.others.has(BOT):
            self._room.leave(BOT)

    async def refuse(self):
        self._room.refusal = _js.plain(["not-allowed", "You are not allowed to join this meeting"])

    async def cut(self):
        self._room.network("signaling", "interrupted")
        loop = asyncio.get_running_loop()
        self._giving_up = loop.call_later(GIVES_UP, self._room.fail, "connection-error", "The connection was lost")

    async def heal(self):
        if self._giving_up:
            self._giving_up.cancel()
        self._room.network("signaling", "connected")

    async def end(self, reason):
        self._room.fail(ENDS[reason], "The meeting is over")

    # The page and its devices.

    async def deny_microphone(self):
        await js.allow("")

    async def allow_microphone(self):
        await js.allow("microphone")

    async def bot_hears(self, sound):
        meter, track = LevelMeter(0.05), None
        loop = asyncio.get_running_loop()
        last = loop.time()
        try:
            while True:
                now = _js.or_none(self._room.mic)
                track = track if now == track else now
                if track is not None and meter.level("mic", track) > 1e-4:
                    if sound:
                        return
                    last = loop.time()
                if not sound and loop.time() > last + QUIET:
                    return
                await asyncio.sleep(0.02)
        finally:
            meter.close()

    async def bot_sounds(self):
        self._voice = await self._opened.enter_async_context(tone())

    def left_open(self):
        left = collections.Counter(map(str, js.leftOpen()))
        left["an AudioContext"] -= self._voice is not None
        left["a call of daily-js"] = len(self._room.calls)
        left["a room that was not left"] = bool(self._room.isJoined)
        return list(left.elements())
