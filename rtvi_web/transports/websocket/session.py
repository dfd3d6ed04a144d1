"""One session of a WebSocketTransport: its link, and what happens when the link is lost."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace
from typing import Protocol

from rtvi_web.browser.relay import Relay
from rtvi_web.core.media import BOT, Participant
from rtvi_web.errors import ConnectPhase, DisconnectedError, DisconnectReason
from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss, Reconnect
from rtvi_web.rtvi.protocol.link.stats import LinkStats, Traffic
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver
from rtvi_web.transports.reconnection import Reconnection
from rtvi_web.transports.websocket.address import lost_data, socket_url
from rtvi_web.transports.websocket.closes import BROKEN, LEFT, why_closed
from rtvi_web.transports.websocket.frames import FASTEST, SLOWEST, AudioRawFrame
from rtvi_web.transports.websocket.link import Link

logger = logging.getLogger(__name__)

LOOK = 3.0
"""Seconds that ``examine()`` waits for a sign of life."""


class SoundOutput(Protocol):
    """Where the bot is heard."""

    @property
    def delay(self) -> float | None:
        """Seconds of sound that wait to be played, when last reported."""
        ...

    @property
    def underruns(self) -> int | None:
        """How often sound came too late."""
        ...

    def begin(self) -> None:
        """A bot is about to be heard, in place of another if there was one."""

    def play(self, pcm: bytes, sample_rate: int, channels: int) -> None:
        """Play this after everything given before."""

    def silence(self) -> None:
        """Drop what was given before."""


class WebSocketSession:
    """Owns the link to the bot, and a new one after a fresh start. It is the ``Restorer`` of its reconnection.

    Args:
        ws_url: the address, if the start endpoint names none.
        reconnect: how long a silent link may heal, and whether a lost one leads to a new bot.
        output: plays the bot.
        relay: carries the sound, as far as it can.
    """

    receiver: SessionReceiver

    def __init__(self, *, ws_url: str | None, reconnect: Reconnect | None, output: SoundOutput, relay: Relay) -> None:
        self._ws_url = ws_url
        self._reconnect = reconnect
        self._output = output
        self._relay = relay
        self._reconnection = Reconnection(reconnect, self, resumable=False, clock=time.time)
        self._link: Link | None = None
        self._traffic = Traffic(time.time(), 0, 0)
        self._has_interrupted = False
        self._is_odd = False
        self._has_told = False
        self.evidence = LinkEvidence(opened=False)
        """What is known about the last link."""

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        """Connect; see ``Transport.connect``."""
        self.receiver = receiver
        receiver.enter(ConnectPhase.LINK, "the WebSocket to the bot's server did not open")
        url = socket_url(self._ws_url, request)
        if (lost := lost_data(request)) and not self._has_told:
            self._has_told = True
            logger.warning(lost)
        self._traffic = Traffic(time.time(), 0, 0)
        self._has_interrupted = False
        self._output.begin()
        link = self._link = Link(self, self._relay)
        self.evidence = link.evidence
        await link.open(url)
        return BOT

    def bot_ready(self) -> None:
        """Watch the link from now on."""
        self._reconnection.begin()
        if self._link is not None:
            self._link.watch()

    async def close(self) -> None:
        """End the session and its link."""
        link, self._link = self._link, None
        if link is not None:
            link.close()
        await self._reconnection.close()

    def send(self, text: str) -> None:
        """Send a message; see ``Transport.send``."""
        if self._link is None:
            raise DisconnectedError("There is no connection to send on.")
        self._link.send(text)

    def interrupted(self) -> None:
        """The bot's messages say that it was interrupted, or that the person speaks.

        A server that says it with a frame has done so before, and goes on with sound that must be heard.
        """
        if not self._has_interrupted:
            self._output.silence()

    # What the link tells: LinkOwner.

    def on_text(self, text: str) -> None:
        self.receiver.receive(text)

    def on_audio(self, frame: AudioRawFrame) -> None:
        whole = 2 * frame.num_channels
        if SLOWEST <= frame.sample_rate <= FASTEST and whole and not len(frame.audio) % whole:
            self._output.play(frame.audio, frame.sample_rate, frame.num_channels)
        elif not self._is_odd:
            self._is_odd = True
            logger.warning(
                "the bot sends sound that cannot be played: %d bytes, %d channels, %d samples a second",
                len(frame.audio),
                frame.num_channels,
                frame.sample_rate,
            )

    def on_interruption(self) -> None:
        self._has_interrupted = True
        self._output.silence()

    def on_silenced(self) -> None:
        self._has_interrupted = True

    def on_alive(self, is_alive: bool) -> None:
        error = DisconnectedError("The bot's server does not answer any more.", reason=DisconnectReason.LOST)
        if is_alive:
            self._reconnection.healed()
        elif self._reconnect is None:
            self.receiver.lost(error)
        else:
            self._reconnection.lost(LinkLoss.SILENT, error)

    def on_closed(self, code: int, reason: str) -> None:
        if code == LEFT:
            self._reconnection.bot_left()
            self.receiver.bot_left(BOT)
        elif self._reconnect is not None and self._reconnect.fresh_start and self._reconnection.restores:
            loss = LinkLoss.FAILED if code == BROKEN else LinkLoss.CHANNEL_CLOSED
            self._reconnection.lost(loss, why_closed(code, reason))
        else:
            self.receiver.lost(why_closed(code, reason))

    # Restoring: Restorer.

    @property
    def is_linked(self) -> bool:
        return self._link is not None and self._link.is_open and self._link.liveness.is_alive

    async def received_count(self) -> int:
        if self._link is None or not self._link.is_open:
            raise DisconnectedError("There is no connection.")
        liveness = self._link.liveness
        liveness.ask()
        return liveness.heard if liveness.answers else time.monotonic_ns()  # quiet, which proves nothing

    async def snapshot_stats(self, loss: LinkLoss) -> None:
        """There is nothing to note: nothing is sent again."""

    async def is_session_alive(self, lost: float) -> bool:
        return False

    async def resume(self) -> None:
        raise DisconnectedError("A session over a WebSocket cannot be resumed.")

    async def start_again(self) -> None:
        if self._link is not None:
            self._link.close()
        await self.receiver.start_again(self.connect)

    # Statistics.

    async def stats(self) -> LinkStats:
        """See ``Transport.stats``."""
        link = self._link
        if link is None or not link.is_open:
            raise DisconnectedError("There is no connection.")
        await link.count()
        before, self._traffic = self._traffic, Traffic(time.time(), link.received, link.sent)
        seconds = self._traffic.at - before.at
        return LinkStats(
            round_trip_time=link.liveness.round_trip_time,
            bitrate_received=8 * (link.received - before.received) / seconds if seconds > 0 else None,
            bitrate_sent=8 * (link.sent - before.sent) / seconds if seconds > 0 else None,
            protocol="websocket",
            buffered=link.backlog,
            playback_delay=self._output.delay,
            underruns=self._output.underruns,
            traffic=self._traffic,
        )

    async def examine(self) -> LinkEvidence:
        """See ``Transport.examine``."""
        link = self._link
        if link is None or not link.is_open:
            return self.evidence
        before = link.liveness.heard
        link.liveness.ask()
        await asyncio.sleep(LOOK)
        heard = link.liveness.heard > before or (None if not link.liveness.answers else False)
        return replace(
            link.evidence,
            heard=heard,
            backlog=link.backlog,
            round_trip_time=link.liveness.round_trip_time,
            path_lost=not self.is_linked,
        )
