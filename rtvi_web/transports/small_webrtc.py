"""The transport of Pipecat's SmallWebRTC: the page and the bot's server connect directly."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rtvi_web.browser.rtc import DEFAULT_MESSAGE_SIZE
from rtvi_web.errors import ConnectPhase, DisconnectedError, RTVIError
from rtvi_web.protocol.diagnosis import LinkEvidence
from rtvi_web.protocol.media import Participant, ParticipantTracks
from rtvi_web.protocol.recovery import SERVER_PATIENCE, LinkLoss, Reconnect
from rtvi_web.protocol.stats import LinkStats, Traffic, last_heard, signs_of_life, sound_sent, summarize
from rtvi_web.transport import ConnectRequest, HttpClient
from rtvi_web.transports.first_words import FirstWords
from rtvi_web.transports.http import PageHttp
from rtvi_web.transports.link import Link
from rtvi_web.transports.media_host import CAMERA, MICROPHONE, SCREEN
from rtvi_web.transports.page_media import PageMedia
from rtvi_web.transports.recently_sent import RecentlySent
from rtvi_web.transports.reconnection import Reconnection
from rtvi_web.transports.signalling import Signalling, ice_servers, offer_url

DEFAULT_RECONNECT = Reconnect()
LOOK = 3.0
"""Seconds for which a link is looked at: browsers ask the other side every 2.5 s."""
NO_BOT = Participant(id="bot", name="bot", local=False)


class SmallWebRTCTransport(PageMedia):
    """Connects to a Pipecat bot over WebRTC. Mirrors ``SmallWebRTCTransport``.

    It differs where the JavaScript one leaves work to the page: devices need no vendor's SDK, the bot's audio is
    played, the bot's tracks come with their participant and are in ``tracks().bot``, and a microphone that is denied
    or missing does not end the session.

    Args:
        webrtc_url: where the offer goes, such as ``"/api/offer"``; without it, where the start endpoint's answer
            says, else base URL + ``/api/offer``. Mirrors ``webrtcUrl``.
        ice_servers: as in JavaScript, ``[{"urls": "stun:…"}]``; without it, those of the start endpoint's answer.
            Mirrors ``iceServers``.
        audio_codec, video_codec: the codec to prefer, such as ``"opus/48000/2"`` or ``"VP8/90000"``; the bot takes
            another where it lacks that one. Mirrors ``audioCodec`` and ``videoCodec``, which allow no other.
        reconnect: how hard a lost link is restored; ``None`` ends the session with its link.
        play_bot_audio: whether the transport plays the bot's audio; ``False`` leaves that to the page
            (``tracks().bot.audio``).
        remember_devices: whether the choice of devices is kept in the local storage for later page loads.
        audio_constraints, video_constraints: what is asked of microphone and camera, as in JavaScript:
            ``{"echoCancellation": True, "noiseSuppression": False, "autoGainControl": True}`` (MDN:
            MediaTrackConstraints).
        audio_track, video_track: a ``MediaStreamTrack`` of the application's, to be sent in place of a device's. It
            is muted and unmuted, but never stopped.
        level_interval: seconds between two levels, and over which each is measured.
        buffer_until_ready: record the microphone from ``connect()`` on and send that to the bot once it is ready, so
            that no word is lost while it starts; the live microphone follows. At most a minute is kept.

    Raises:
        InvalidArgumentError: ``level_interval`` is not between 0.02 and 10.
    """

    def __init__(
        self,
        *,
        webrtc_url: str | None = None,
        ice_servers: Sequence[Mapping[str, Any]] | None = None,
        audio_codec: str | None = None,
        video_codec: str | None = None,
        reconnect: Reconnect | None = DEFAULT_RECONNECT,
        play_bot_audio: bool = True,
        remember_devices: bool = True,
        audio_constraints: Mapping[str, Any] | None = None,
        video_constraints: Mapping[str, Any] | None = None,
        audio_track: Any = None,
        video_track: Any = None,
        level_interval: float = 0.1,
        buffer_until_ready: bool = False,
    ) -> None:
        super().__init__(
            play_bot_audio=play_bot_audio,
            remember_devices=remember_devices,
            audio_constraints=audio_constraints,
            video_constraints=video_constraints,
            audio_track=audio_track,
            video_track=video_track,
            level_interval=level_interval,
        )
        self._webrtc_url = webrtc_url
        self._ice_servers = ice_servers
        self._buffers = buffer_until_ready
        self._first_words: FirstWords | None = None
        self._http: HttpClient = PageHttp()
        self._link: Link | None = None
        self._codecs = {"audio": audio_codec, "video": video_codec}
        self._reconnect = reconnect
        self._reconnection: Reconnection | None = None
        self._recently_sent = RecentlySent()
        self._evidence = LinkEvidence()

    @property
    def http(self) -> HttpClient:
        return self._http

    @property
    def max_message_size(self) -> int:
        return self._link.max_message_size if self._link else DEFAULT_MESSAGE_SIZE

    # The session.

    def starting(self) -> None:
        self._evidence = LinkEvidence()
        if self._buffers and self._first_words is None:
            self._first_words = FirstWords(lambda: self._mic.track)

    async def connect(self, request: ConnectRequest) -> Participant:
        self._client.enter(ConnectPhase.OFFER)
        self._signalling = Signalling(
            self.http,
            offer_url(self._webrtc_url, request),
            headers=request.headers,
            request_data=request.request_data,
        )
        self._servers = ice_servers(self._ice_servers, request.bundle)
        if self._reconnection is None:
            self._reconnection = Reconnection(self._reconnect, self, self._client)
        self._recently_sent = RecentlySent()
        self._link = link = self._make_link(self._reconnection)
        await self._open(link)
        return link.bot

    def _make_link(self, reconnection: Reconnection, bot: Participant | None = None) -> Link:
        self._traffic = Traffic(time.time(), 0, 0)
        link = Link(
            self._client,
            reconnection,
            self._signalling,
            ice_servers=self._servers,
            codecs={kind: codec for kind, codec in self._codecs.items() if codec is not None},
            player=self._player,
            tracks_changed=self.tracks_changed,
            bot=bot,
        )
        self._evidence = link.evidence
        return link

    async def _open(self, link: Link, replaces: Link | None = None) -> None:
        tracks = self._sent_tracks()
        await link.open(tracks, replaces)
        for slot, track in enumerate(self._sent_tracks()):
            if track is not tracks[slot]:  # A device was changed while the link was opened.
                await link.send_track(slot, track)
        enabled = {MICROPHONE: self.is_mic_enabled, CAMERA: self.is_cam_enabled, SCREEN: self.is_sharing_screen}
        for slot, sends in enabled.items():
            link.send_track_status(slot, sends)

    def _sent_tracks(self) -> list[Any]:
        held_back = self._first_words is not None
        return [None if held_back else self._mic.track, self._cam.track, self._screen.track]

    # Restoring the link: Restorer.

    @property
    def is_linked(self) -> bool:
        return self._link is not None and self._link.is_linked

    async def signs_of_life(self) -> int:
        return signs_of_life(await self._reports())

    async def _reports(self) -> list[dict[str, Any]]:
        if self._link is None:
            raise DisconnectedError("There is no connection.")
        return await self._link.stats()

    async def look_back(self) -> None:
        with contextlib.suppress(DisconnectedError):  # A connection that is closed tells nothing.
            self._recently_sent.heard(last_heard(await self._reports()))

    async def knows_session(self, lost: float) -> bool:
        known = await self._signalling.knows_connection()
        return lost < SERVER_PATIENCE if known is None else known

    async def resume(self) -> None:
        old = self._link
        if old is None or self._reconnection is None:
            raise DisconnectedError("There is no session to resume.")
        new = self._make_link(self._reconnection, old.bot)
        try:
            await self._open(new, replaces=old)
        except BaseException:
            await new.close()
            raise
        self._link = new
        for text in self._recently_sent.take():
            new.send(text)

    async def start_again(self) -> None:
        if self._link is not None:
            await self._link.close()
        try:
            await self._client.start_again(self.connect)
        except BaseException:
            if self._link is not None:
                await self._link.close()
            raise

    def bot_ready(self) -> None:
        if self._reconnection is not None:
            self._reconnection.begin()
        if self._first_words is not None and self._link is not None:
            self._run(self._send_first_words(self._first_words, self._link))

    async def _send_first_words(self, words: FirstWords, link: Link) -> None:
        with contextlib.suppress(RTVIError):  # A link that is lost takes them along; the live microphone goes on.
            await words.send(self._client.send, link.sent)
        words.close()
        self._first_words = None
        with contextlib.suppress(RTVIError):
            await self.send_track(MICROPHONE, self._mic.track)

    async def close(self) -> None:
        link, self._link = self._link, None
        reconnection, self._reconnection = self._reconnection, None
        words, self._first_words = self._first_words, None
        if words is not None:
            words.close()
        if reconnection is not None:
            await reconnection.close()
        await self.close_media()
        if link is not None:
            await link.close()

    def send(self, text: str) -> None:
        if self._link is None:
            raise DisconnectedError("There is no connection to send on.")
        try:
            self._link.send(text)
        except DisconnectedError:
            if self._reconnection is not None and self._reconnection.restores:
                self._reconnection.lost(LinkLoss.CHANNEL_CLOSED)  # The browser tells that a moment later.
            raise
        self._recently_sent.remember(text, time.time())

    # How the link does.

    async def stats(self) -> LinkStats:
        reports = await self._reports()
        stats = summarize(reports, self._traffic, buffered=self._link.buffered if self._link else 0)
        self._traffic = stats.traffic
        return stats

    async def examine(self) -> LinkEvidence:
        if self._link is None:
            return self._evidence
        evidence = replace(self._link.evidence, path_lost=self._link.evidence.channel_opened and not self.is_linked)
        with contextlib.suppress(DisconnectedError):  # It may end while it is looked at.
            before = await self._reports()
            await asyncio.sleep(LOOK)
            after = await self._reports()
            evidence.heard = signs_of_life(after) > signs_of_life(before)
            sound, sound_before = sound_sent(after), sound_sent(before)
            evidence.sound = sound - sound_before if sound is not None and sound_before is not None else None
        return evidence

    # What the devices send: PageMedia.

    @property
    def _bot(self) -> tuple[Participant, ParticipantTracks]:
        return (self._link.bot, self._link.bot_tracks) if self._link else (NO_BOT, ParticipantTracks())

    async def send_track(self, slot: int, track: Any) -> None:
        if slot == MICROPHONE and self._first_words is not None:
            self._first_words.collect()
        elif self._link is not None:
            await self._link.send_track(slot, track)

    def send_status(self, slot: int, enabled: bool) -> None:
        if self._link is not None:
            self._link.send_track_status(slot, enabled)
