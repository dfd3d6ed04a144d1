"""One WebRTC connection with one bot, from the offer to its end."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from rtvi_web.browser.player import Player
from rtvi_web.browser.rtc import Peer
from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.media import BOT, Participant, ParticipantTracks, TrackSource
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import ConnectPhase, DisconnectedError, DisconnectReason, RTVIError, UnsupportedFeatureError
from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence, candidate_types
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss
from rtvi_web.rtvi.transport import SessionReceiver
from rtvi_web.transports.data_channel import DataChannelLink, make_peer, no_path
from rtvi_web.transports.small_webrtc.signalling import Signalling, Trickle

logger = logging.getLogger(__name__)

_LABEL = "chat"
_NO_TRACKS: Mapping[TrackSource, Any] = MappingProxyType({})
_MEDIA: dict[TrackSource, tuple[str, str]] = {
    "mic": ("audio", "sendrecv"),
    "cam": ("video", "sendrecv"),
    "screen": ("video", "sendonly"),
}
"""What is offered, by source. Servers rely on this order."""


class LinkWatcher(Protocol):
    """Is notified when an open link is lost or heals."""

    def lost(self, loss: LinkLoss, why: DisconnectedError | None = None) -> None:
        """The link is lost, or has got worse; ``why`` says it in words of its own."""

    def healed(self) -> None:
        """The link works again."""

    def bot_left(self) -> None:
        """The bot has said that it leaves. The link must not be restored."""


class Link(DataChannelLink):
    """Negotiates with the bot's server, carries messages, plays the bot, and negotiates again when the bot asks for it.

    Args:
        receiver: is notified of what happens in the session.
        watcher: is notified when the link is lost or heals, once it is open.
        signalling: sends the offer.
        ice_servers: as in JavaScript.
        codecs: the codecs to prefer, by kind: ``{"audio": "opus/48000/2"}``.
        player: plays the bot's audio; ``None`` leaves that to the page.
        track_changed: called with the bot, its track before and its track now; ``None`` means no track.
        bot: the session's bot, if this link replaces another.
        peer: a connection that :func:`prepared_peer` has made with these codecs.

    Raises:
        TransportStartError: the browser refuses the ICE servers.
        UnsupportedFeatureError: the browser has no such codec.
        NotInBrowserError: WebRTC does not exist here.
    """

    def __init__(
        self,
        receiver: SessionReceiver,
        watcher: LinkWatcher,
        signalling: Signalling,
        *,
        ice_servers: Sequence[Mapping[str, Any]],
        codecs: Mapping[str, str],
        player: Player | None,
        track_changed: Callable[[Participant, Any, Any], object],
        bot: Participant | None = None,
        peer: Peer | None = None,
    ) -> None:
        peer = peer or prepared_peer(codecs, ice_servers)
        super().__init__(
            label=_LABEL, media=_MEDIA, ice_servers=ice_servers, player=player, lost=receiver.lost, peer=peer
        )
        self._receiver = receiver
        self._watcher = watcher
        self._known_bot = bot
        self.evidence = LinkEvidence(offered=True)
        self._signalling = signalling
        self._trickle = Trickle(signalling.send_candidates)
        self._track_changed = track_changed
        self._bot_tracks: dict[str, Any] = {}
        self._negotiating = asyncio.Lock()
        self._tasks = Tasks()

    @property
    def bot(self) -> Participant:
        """The bot; before its server has named it, a default."""
        return self._known_bot or BOT

    @property
    def is_linked(self) -> bool:
        """Whether messages and media pass, as far as the browser knows."""
        return not self._over and self._peer.is_open and self._peer.ice_state in ("connected", "completed")

    @property
    def bot_tracks(self) -> ParticipantTracks:
        """What the bot sends at present."""
        return ParticipantTracks(self._bot_tracks.get("audio"), self._bot_tracks.get("video"))

    async def open(self, tracks: Mapping[TrackSource, Any], replaces: Link | None = None) -> None:
        """Connect; returns when the data channel is open.

        Args:
            tracks: the tracks to send, by source; ``None`` sends nothing.
            replaces: the session's link that this one replaces. It is closed once the answer has come, not before: the
                server ends a session when its only connection closes.

        Raises:
            TransportStartError: the link could not be established.
        """
        await self._negotiate(replaces, tracks)
        await self._opened

    async def _negotiate(self, replaces: Link | None = None, tracks: Mapping[TrackSource, Any] = _NO_TRACKS) -> None:
        async with self._negotiating:
            # Which tracks are sent is not in the offer: they are put in meanwhile.
            offer, _ = await asyncio.gather(self._peer.offer(), self._send_tracks(tracks))
            answer = await self._signalling.offer(offer, restart=replaces is not None)
            if self._known_bot is None and self._signalling.pc_id is not None:
                self._known_bot = Participant(id=self._signalling.pc_id, name="bot", local=False)
            if replaces is not None:
                await replaces.close()
            if not self._opened.done():
                self._receiver.enter(ConnectPhase.ICE)
                self._run(self._trickle.run, "sending candidates")  # ICE may succeed before the bot has them.
            self.evidence.remote_candidates = candidate_types(answer)
            await self._take_answer(answer)

    async def _send_tracks(self, tracks: Mapping[TrackSource, Any]) -> None:
        for source, track in tracks.items():
            if track is not None:
                await self.send_track(source, track)

    def send_track_status(self, source: TrackSource, enabled: bool) -> None:
        """Tell the bot whether one of our tracks is on, which it cannot see. Does nothing while not connected."""
        if self._peer.is_open:
            message = {"type": "trackStatus", "receiver_index": self._slots[source], "enabled": enabled}
            self.send(json.dumps({"type": "signalling", "message": message}))

    async def close(self) -> None:
        """Close everything. Only the end of the bot's tracks is still reported."""
        self._tasks.cancel()  # Candidates on their way would reach a server that knows of no connection any more.
        await super().close()
        for track in list(self._bot_tracks.values()):
            self.on_track_stopped(track)
        await self._tasks.close()

    def _run(self, work: Callable[[], Awaitable[None]], what: str) -> None:
        """Run a task of the link. A failure is logged, and the link goes on."""

        async def logged() -> None:
            try:
                await work()
            except RTVIError as error:
                logger.warning("%s failed: %s", what, error)

        self._tasks.run(logged(), f"{what} failed")

    def _lose(self, loss: LinkLoss, reason: str) -> None:
        """The link is lost: make ``open()`` fail, or notify the watcher."""
        closed = loss is LinkLoss.CHANNEL_CLOSED
        if self._over or not self._opened.done():
            self._end(reason, DisconnectReason.CLOSED if closed else DisconnectReason.LOST)
        else:
            self._watcher.lost(loss, DisconnectedError(reason, reason=DisconnectReason.CLOSED) if closed else None)

    # What the peer says: PeerListener.

    def on_candidate(self, candidate: Mapping[str, Any]) -> None:
        self.evidence.local_candidates |= candidate_types(str(candidate["candidate"]))
        self._trickle.add(candidate)

    def on_state(self, state: str) -> None:
        self.evidence.path_found = self.evidence.path_found or state == "connected"
        if state in ("failed", "closed"):
            self._lose(LinkLoss.FAILED, no_path("bot"))
        elif not self._opened.done():
            if state == "connected":
                self._receiver.enter(ConnectPhase.DATA_CHANNEL)
        elif "disconnected" in (state, self._peer.ice_state):
            self._lose(LinkLoss.SILENT, no_path("bot"))
        elif self.is_linked:
            self._watcher.healed()

    def on_open(self) -> None:
        self.evidence.channel_opened = True
        super().on_open()

    def on_closed(self) -> None:
        self._lose(LinkLoss.CHANNEL_CLOSED, "The bot closed the data channel.")

    def on_text(self, text: str) -> None:
        message = _signalling_message(text) if '"signalling"' in text else None  # Most messages are not: skip the call.
        if message is None:
            self._receiver.receive(text)
        elif message.get("type") == "renegotiate":
            self._run(self._negotiate, "renegotiating")
        elif message.get("type") == "peerLeft":
            if not self._over:
                self._over = True
                self._watcher.bot_left()
                self._receiver.bot_left(self.bot)
        else:
            logger.warning("unknown signalling message: %.200s", text)

    def on_track_started(self, track: Any) -> None:
        self._bot_tracks[track.kind] = track
        self._track_changed(self.bot, None, track)

    def on_track_stopped(self, track: Any) -> None:
        if self._bot_tracks.pop(track.kind, None) is not None:
            self._track_changed(self.bot, track, None)


def prepared_peer(codecs: Mapping[str, str], ice_servers: Sequence[Mapping[str, Any]]) -> Peer:
    """A connection for a :class:`Link`, ahead of time.

    Raises:
        TransportStartError: the browser refuses the ICE servers.
        UnsupportedFeatureError: the browser has no such codec.
        NotInBrowserError: WebRTC does not exist here.
    """
    peer = make_peer(_LABEL, _MEDIA, ice_servers)
    for kind, codec in codecs.items():
        try:
            peer.prefer_codec(kind, codec)
        except LookupError as error:
            peer.close()
            raise UnsupportedFeatureError(str(error), feature=codec) from None
    return peer


def _signalling_message(text: str) -> dict[str, Any] | None:
    """The message in a signalling frame, which belongs to the transport; ``None`` for any other frame."""
    try:
        frame = read_json(text)
    except ValueError:
        return None
    if not isinstance(frame, dict) or frame.get("type") != "signalling":
        return None
    message = frame.get("message")
    return message if isinstance(message, dict) else {}
