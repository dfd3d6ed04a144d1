"""One session of a SmallWebRTCTransport: its link, and how the link is restored."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rtvi_web.browser.player import Player
from rtvi_web.browser.rtc import Peer
from rtvi_web.core.http import HttpClient
from rtvi_web.core.media import Participant, TrackSource
from rtvi_web.errors import ConnectPhase, DisconnectedError
from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss, Reconnect
from rtvi_web.rtvi.protocol.link.recovery import SERVER_PATIENCE
from rtvi_web.rtvi.protocol.link.stats import LinkStats, Traffic, arrived_until, sound_sent, summarize
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver
from rtvi_web.transports.reconnection import Reconnection
from rtvi_web.transports.resend_buffer import ResendBuffer
from rtvi_web.transports.signs_of_life import RECEIVES_WITHIN, received_count
from rtvi_web.transports.small_webrtc.link import Link
from rtvi_web.transports.small_webrtc.offer import ice_servers, offer_request
from rtvi_web.transports.small_webrtc.signalling import Signalling

LOOK = 3.0
"""Seconds for which ``examine()`` listens. If nothing arrives, it goes on for as long as a live link may be silent."""


class SmallWebRTCSession:
    """Owns the link to the bot and replaces it when it is lost. It is the ``Restorer`` of its reconnection.

    Args:
        http: sends the requests to the server.
        webrtc_url, offer_url_template, servers, codecs, reconnect: what the transport was given.
        player: plays the bot's audio; ``None`` leaves that to the page.
        sent_tracks: returns the tracks to send, by source.
        sends: returns whether each source is on.
        track_changed: called with the bot, its track before and its track now.
        take_peer: returns a connection that was prepared for the first link, if there is one.
        clock: returns the time in seconds since 1970. The browser's statistics are compared with it.
    """

    def __init__(
        self,
        http: HttpClient,
        *,
        webrtc_url: str | None,
        offer_url_template: str | None,
        servers: Sequence[Mapping[str, Any]] | None,
        codecs: Mapping[str, str],
        reconnect: Reconnect | None,
        player: Player | None,
        sent_tracks: Callable[[], Mapping[TrackSource, Any]],
        sends: Callable[[], Mapping[TrackSource, bool]],
        track_changed: Callable[[Participant, Any, Any], object],
        take_peer: Callable[[], Peer | None],
        clock: Callable[[], float],
    ) -> None:
        self._http = http
        self._webrtc_url = webrtc_url
        self._offer_url_template = offer_url_template
        self._given_servers = servers
        self._codecs = codecs
        self._player = player
        self._sent_tracks = sent_tracks
        self._sends = sends
        self._track_changed = track_changed
        self._take_peer = take_peer
        self._clock = clock
        self._reconnection = Reconnection(reconnect, self, clock=clock)
        self._resend_buffer = ResendBuffer()
        self._link: Link | None = None
        self.evidence = LinkEvidence()
        """What is known about the last link."""

    @property
    def link(self) -> Link | None:
        """The present link; ``None`` before ``connect()`` and after ``close()``."""
        return self._link

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        """Connect; see ``Transport.connect``."""
        self.receiver = receiver
        receiver.enter(ConnectPhase.OFFER)
        self._signalling = Signalling(self._http, offer_request(self._webrtc_url, request, self._offer_url_template))
        self._servers = ice_servers(self._given_servers, request.bundle)
        self._resend_buffer = ResendBuffer()
        self._link = link = self._make_link()
        await self._open(link)
        return link.bot

    def _make_link(self, bot: Participant | None = None) -> Link:
        self._traffic = Traffic(self._clock(), 0, 0)
        link = Link(
            self.receiver,
            self._reconnection,
            self._signalling,
            ice_servers=self._servers,
            codecs=self._codecs,
            player=self._player,
            track_changed=self._track_changed,
            bot=bot,
            peer=self._take_peer(),
        )
        self.evidence = link.evidence
        return link

    async def _open(self, link: Link, replaces: Link | None = None) -> None:
        tracks = self._sent_tracks()
        await link.open(tracks, replaces)
        for source, track in self._sent_tracks().items():
            if track is not tracks[source]:  # A device has changed since the link began to open.
                await link.send_track(source, track)
        for source, sends in self._sends().items():
            link.send_track_status(source, sends)

    def bot_ready(self) -> None:
        """Watch the link from now on. What was sent so far has arrived: a bot must not be greeted twice."""
        self._resend_buffer = ResendBuffer()
        self._reconnection.begin()

    async def close(self) -> None:
        """End the session and its link."""
        link, self._link = self._link, None
        await self._reconnection.close()
        if link is not None:
            await link.close()

    def send(self, text: str) -> None:
        """Send a message; see ``Transport.send``."""
        if self._link is None:
            raise DisconnectedError("There is no connection to send on.")
        try:
            self._link.send(text)
        except DisconnectedError:
            if self._reconnection.restores:
                self._reconnection.lost(LinkLoss.CHANNEL_CLOSED)  # The browser reports it a moment later.
            raise
        self._resend_buffer.remember(text, self._clock())

    # Restoring the link: Restorer.

    @property
    def is_linked(self) -> bool:
        return self._link is not None and self._link.is_linked

    async def received_count(self) -> int:
        return received_count(await self._reports())

    async def _reports(self) -> list[dict[str, Any]]:
        if self._link is None:
            raise DisconnectedError("There is no connection.")
        return await self._link.stats()

    async def snapshot_stats(self, loss: LinkLoss) -> None:
        with contextlib.suppress(DisconnectedError):  # A closed connection has no statistics.
            reports = await self._reports()
            self._resend_buffer.arrived(arrived_until(reports, unanswered=loss is LinkLoss.SILENT))

    async def is_session_alive(self, lost: float) -> bool:
        known = await self._signalling.is_connection_known()
        return lost < SERVER_PATIENCE if known is None else known

    async def resume(self) -> None:
        old = self._link
        if old is None:
            raise DisconnectedError("There is no session to resume.")
        new = self._make_link(old.bot)
        try:
            await self._open(new, replaces=old)
        except BaseException:
            await new.close()
            raise
        self._link = new
        for text in self._resend_buffer.send_again(self._clock()):
            new.send(text)

    async def start_again(self) -> None:
        if self._link is not None:
            await self._link.close()
        try:
            await self.receiver.start_again(self.connect)
        except BaseException:
            if self._link is not None:
                await self._link.close()
            raise

    # Statistics.

    async def stats(self) -> LinkStats:
        """See ``Transport.stats``."""
        reports = await self._reports()
        stats = summarize(reports, self._traffic, buffered=self._link.buffered if self._link else 0)
        self._traffic = stats.traffic
        return stats

    async def examine(self) -> LinkEvidence:
        """See ``Transport.examine``."""
        if self._link is None:
            return self.evidence
        evidence = replace(self._link.evidence, path_lost=self._link.evidence.channel_opened and not self.is_linked)
        with contextlib.suppress(DisconnectedError):  # The link may close meanwhile.
            before = await self._reports()
            await asyncio.sleep(LOOK)
            after = await self._reports()
            if received_count(after) <= received_count(before):
                await asyncio.sleep(RECEIVES_WITHIN - LOOK)
                after = await self._reports()
            evidence.heard = received_count(after) > received_count(before)
            summary = summarize(after, self._traffic, buffered=self._link.buffered if self._link else 0)
            evidence.backlog, evidence.round_trip_time = summary.buffered, summary.round_trip_time
            sound, sound_before = sound_sent(after), sound_sent(before)
            evidence.sound = sound - sound_before if sound is not None and sound_before is not None else None
        return evidence
