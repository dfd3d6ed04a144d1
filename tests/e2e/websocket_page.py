"""What the tests of WebSocketTransport in a page share: Python for the page, and what it has heard."""

from __future__ import annotations

import base64
import contextlib
import json
import random
import select
import socket
import threading
import time
import urllib.request
from array import array
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any, NamedTuple

from in_page import InPagePython
from local_bot import LocalBot

PERMISSIONS = ["microphone", "local-network-access"]
"""Of the page, which the test answers: a browser does not know that it is of this machine."""
RATE = 16_000
MOMENT = 0.02
"""Seconds over which loudness is measured."""

PREPARE = """
import base64, time
from array import array
from rtvi_web.transports import WebSocketTransport

WEBSOCKET = {"base_url": ".", "endpoints": {"connect": "/start"}, "request_data": {"transport": "websocket"}}

def new_client(**options):
    usual = {"transport": WebSocketTransport(), "params": WEBSOCKET, "enable_mic": False, "timeout": PATIENCE}
    return RTVIClient(**usual | options)

class Ear:
    '''Records what the bot plays, and knows when it was loud. Its clock is the sound's: a busy page reads it late.'''

    def __init__(self, client):
        self.pcm = bytearray()
        self.frames = 0
        self.loud = []  # the numbers of the frames that are
        self._begun = float("inf")
        self._task = asyncio.ensure_future(self._listen(client))

    async def _listen(self, client):
        async for frame in client.remote_audio(sample_rate=16_000, frame=0.02):
            self.pcm += frame.data
            self.frames += 1
            self._begun = min(self._begun, time.time() - self.frames * 0.02)
            if max(map(abs, array("h", frame.data))) > 500:
                self.loud.append(self.frames)

    def last_loud(self):
        '''When the bot was last heard.'''
        return self._begun + self.loud[-1] * 0.02

    async def until_loud(self, seconds):
        '''Until that much sound of the bot was heard, from now on.'''
        before = len(self.loud)
        async with asyncio.timeout(PATIENCE):
            while len(self.loud) < before + 50 * seconds:
                await asyncio.sleep(0.02)

    async def until_silent(self, seconds):
        '''Until nothing was heard for so long, from now on.'''
        since = self.frames
        async with asyncio.timeout(2 * PATIENCE):
            while self.frames - max([since, *self.loud[-1:]]) < 50 * seconds:
                await asyncio.sleep(0.02)

    def forget(self):
        self.pcm.clear()

    def recorded(self):
        return base64.b64encode(self.pcm).decode()

    def close(self):
        self._task.cancel()

async def greeted(client):
    '''Connects, and hears the greeting out.'''
    ended = asyncio.ensure_future(client.wait_for(RTVIEvent.BOT_STOPPED_SPEAKING, timeout=PATIENCE))
    await asyncio.sleep(0)
    ready = await client.connect()
    await ended
    return ready
"""


def prepared(page: InPagePython) -> InPagePython:
    page.run(PREPARE)
    return page


class Heard(NamedTuple):
    """Sound without the silence around it: its length in seconds, its loudness by moments, and its mean pitch."""

    seconds: float
    loudness: list[float]
    crossings: float


def heard(samples: Sequence[int], rate: int = RATE) -> Heard:
    size = round(MOMENT * rate)
    moments = [samples[start : start + size] for start in range(0, len(samples) - size, size)]
    loudness = [(sum(sample * sample for sample in moment) / size) ** 0.5 for moment in moments]
    loud = [index for index, value in enumerate(loudness) if value > 300]
    if not loud:
        return Heard(0.0, [], 0.0)
    first, last = loud[0], loud[-1] + 1
    sound = samples[first * size : last * size]
    low = _below_a_kilohertz(sound, rate)
    crossings = sum((before < 0) != (now < 0) for before, now in pairwise(low))
    seconds = len(sound) / rate
    return Heard(seconds, loudness[first:last], crossings / seconds)


def _below_a_kilohertz(sound: Sequence[int], rate: int) -> list[int]:
    """The mean of each millisecond, of which a rate of 16 kHz has the same as one of 24 kHz."""
    sums = list(accumulate(sound, initial=0))
    return [late - early for early, late in zip(sums, sums[rate // 1000 :], strict=False)]


def recorded(encoded: str) -> Heard:
    """What an ``Ear`` in the page has recorded."""
    return heard(array("h", base64.b64decode(encoded)))


def spoken(bot: LocalBot, text: str) -> Heard:
    """What the bot's voice makes of a text, straight from the speech server."""
    request = urllib.request.Request(
        bot.servers[1].health.replace("/health", "/v1/audio/speech"),
        json.dumps({"input": text, "response_format": "pcm", "model": "local", "voice": "local"}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return heard(array("h", answer.read()), 24_000)


def likeness(one: Heard, other: Heard) -> float:
    """How alike two sounds are in the course of their loudness: 1 for the same, near 0 for others."""
    return max(_correlation(one.loudness, other.loudness, shift) for shift in range(-3, 4))


def _correlation(one: list[float], other: list[float], shift: int) -> float:
    pairs = list(zip(one[max(shift, 0) :], other[max(-shift, 0) :], strict=False))
    means: Any = [sum(values) / len(pairs) for values in zip(*pairs, strict=True)]
    a, b = ([value - mean for value in values] for values, mean in zip(zip(*pairs, strict=True), means, strict=True))
    product = sum(x * y for x, y in zip(a, b, strict=True))
    return float(product / (sum(x * x for x in a) * sum(y * y for y in b)) ** 0.5)


class Between:
    """Another address of a server on this machine. Each piece of the server's bytes comes late, and ``cut()`` ends all.

    Args:
        port: the server's.
        late: the least and the most that a piece is late, in seconds.
    """

    def __init__(self, port: int, late: tuple[float, float] = (0.0, 0.0)) -> None:
        self._port = port
        self._late = late
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Break every connection off."""
        while self._open:
            with contextlib.suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                page, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._port))
                self._open += [page, server]
                threading.Thread(target=self._carry, args=(page, server), daemon=True).start()

    def _carry(self, page: socket.socket, server: socket.socket) -> None:
        late: list[tuple[float, bytes]] = []
        with contextlib.suppress(OSError), page, server:
            while True:
                wait = max(late[0][0] - time.monotonic(), 0) if late else None
                ready, _, _ = select.select([page, server], [], [], wait)
                for source in ready:
                    if not (data := source.recv(65536)):
                        return
                    if source is page:
                        server.sendall(data)
                    else:
                        due = time.monotonic() + random.uniform(*self._late)
                        late.append((max([due, *(at for at, _ in late[-1:])]), data))
                while late and late[0][0] <= time.monotonic():
                    page.sendall(late.pop(0)[1])


def port_of(bot: LocalBot) -> int:
    return int(bot.address.rsplit(":")[-1].strip("/"))
