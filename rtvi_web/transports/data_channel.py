"""A WebRTC connection whose data channel carries a session: what both clients' links share."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.player import Player
from rtvi_web.browser.rtc import Peer
from rtvi_web.core.media import TrackSource
from rtvi_web.errors import (
    ConnectPhase,
    DisconnectedError,
    DisconnectReason,
    QueueFullError,
    RTVIError,
    TransportStartError,
)

MOST_LINES = 250
"""Lines of one kind, such as candidates, in a media section that the browser is given. With thousands, Chromium would
block the page for up to a minute."""

MOST_SDP = 100_000
"""Characters of an answer that the browser is given; bots send about 6,000. With more, Chromium would block the page:
its time grows with the square of the names in a BUNDLE line, for example."""

MOST_BUFFERED = 8_388_608
"""Bytes that may wait in the channel's buffer. Chromium takes twice as many, other browsers any number."""


class DataChannelLink:
    """Opens once, carries messages and tracks, and ends once. It listens to its :class:`Peer`.

    A subclass negotiates, takes messages (``on_text``), and decides what a change of the connection's state and the end
    of the channel mean (``on_state``, ``on_closed``).

    Args:
        label: the data channel's label.
        media: what to offer, in this order: source → kind (``"audio"``, ``"video"``) and direction (``"sendrecv"`` …).
        ice_servers: as in JavaScript: ``[{"urls": "stun:…"}]``.
        player: plays the received audio; ``None`` leaves that to the page.
        lost: called with the reason, at most once, when the open link ends by itself.
        peer: a connection that :func:`make_peer` has made for the same media, ahead of time.

    Raises:
        TransportStartError: the browser refuses the ICE servers.
        NotInBrowserError: WebRTC does not exist here.
    """

    def __init__(
        self,
        *,
        label: str,
        media: Mapping[TrackSource, tuple[str, str]],
        ice_servers: Sequence[Mapping[str, Any]],
        player: Player | None,
        lost: Callable[[RTVIError], object],
        peer: Peer | None = None,
    ) -> None:
        self._player = player
        self._lost = lost
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._over = False
        self._scope = _js.Scope()
        self._slots = {source: slot for slot, source in enumerate(media)}
        self._peer = peer or make_peer(label, media, ice_servers)
        self._scope.defer(self._peer.close)
        self._peer.listener = self
        try:
            self._peer.use_servers(ice_servers)
        except _js.JsError as error:
            self._scope.close()
            raise _refused(error) from error
        self._scope.listen(_js.api("window"), "pagehide", self._on_pagehide)

    @property
    def max_message_size(self) -> int:
        """Bytes that one message may have."""
        return self._peer.max_message_size

    @property
    def buffered(self) -> int:
        """Bytes that have not left yet."""
        return self._peer.buffered

    async def _take_answer(self, sdp: str, source: str = "The answer to the WebRTC offer") -> None:
        """Take the other side's answer.

        Raises:
            TransportStartError: it is too long, or the browser does not understand it. The message names the source.
        """
        try:
            await self._peer.answer(without_excess(sdp))
        except ValueError as error:
            raise TransportStartError(f"{source} {error}", phase=ConnectPhase.OFFER) from None
        except _js.JsError as error:
            raise TransportStartError(
                f"{source} is not SDP that the browser understands: {error.message}", phase=ConnectPhase.OFFER
            ) from error

    async def send_track(self, source: TrackSource, track: Any) -> None:
        """Send another track from a source, or ``None`` to send nothing. Does nothing once the link is over.

        Raises:
            DisconnectedError: the browser cannot send the track.
        """
        if self._over:
            return
        try:
            await self._peer.send_track(self._slots[source], track)
        except _js.JsError as error:
            if not self._over:
                raise DisconnectedError(f"The track cannot be sent: {error.message}") from error

    def send(self, text: str) -> None:
        """Send a message.

        Raises:
            DisconnectedError: the channel is not open.
            QueueFullError: too many bytes wait in it already.
        """
        if self._peer.buffered > MOST_BUFFERED:
            raise QueueFullError(
                f"The data channel cannot keep up: {self._peer.buffered:,} bytes wait in it. The message was not sent."
            )
        try:
            self._peer.send(text)
        except _js.JsError as error:
            raise DisconnectedError(f"The data channel cannot take the message: {error.message}") from error

    async def sent(self) -> None:
        """Wait until every message has left, or the channel is closed."""
        await self._peer.sent()

    async def stats(self) -> list[dict[str, Any]]:
        """The browser's reports about the connection, as dicts (W3C webrtc-stats).

        Raises:
            DisconnectedError: the connection is closed.
        """
        try:
            return await self._peer.stats()
        except _js.JsError as error:
            raise DisconnectedError(f"The connection has no statistics: {error.message}") from error

    async def close(self) -> None:
        """Close everything. ``lost`` is not called after this."""
        self._over = True
        self._opened.cancel()
        self._scope.close()
        if self._player is not None:
            self._player.close()

    def _end(self, message: str, reason: DisconnectReason = DisconnectReason.LOST) -> None:
        """The link has ended: make opening it fail, or call ``lost``. Later calls do nothing."""
        if self._over:
            return
        self._over = True
        if self._opened.done():
            self._lost(DisconnectedError(message, reason=reason))
        else:
            self._opened.set_exception(TransportStartError(message, reason=reason))
            self._opened.exception()  # Mark it as seen: the task that opens the link may never await it.

    def _on_pagehide(self, _event: Any) -> None:
        # Tell the server, which would take half a minute to notice.
        self._peer.close()
        self._end("The page was left.", DisconnectReason.CLOSED)

    # PeerListener. A subclass overrides what it needs.

    def on_candidate(self, candidate: Mapping[str, Any]) -> None:
        """Ignored: candidates may all go with the offer."""

    def on_state(self, state: str) -> None:
        raise NotImplementedError

    def on_open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def on_closed(self) -> None:
        raise NotImplementedError

    def on_text(self, text: str) -> None:
        raise NotImplementedError

    def on_bytes(self, data: bytes) -> None:
        """Ignored: a bot sends text only."""

    def on_track(self, track: Any) -> None:
        if track.kind == "audio" and self._player is not None:
            self._player.play(track)

    def on_track_started(self, track: Any) -> None:
        """Ignored: a server may say itself when it speaks."""

    def on_track_stopped(self, track: Any) -> None:
        """Ignored, like :meth:`on_track_started`."""


def make_peer(
    label: str, media: Mapping[TrackSource, tuple[str, str]], ice_servers: Sequence[Mapping[str, Any]]
) -> Peer:
    """A connection for a :class:`DataChannelLink`; see there.

    Raises:
        TransportStartError: the browser refuses the ICE servers.
        NotInBrowserError: WebRTC does not exist here.
    """
    try:
        return Peer(ice_servers=ice_servers, label=label, media=list(media.values()))
    except _js.JsError as error:
        raise _refused(error) from error


def _refused(error: _js.JsError) -> TransportStartError:
    return TransportStartError(f"The browser refused the ICE servers: {error}")


def without_excess(sdp: str) -> str:
    """SDP with the first :data:`MOST_LINES` attributes of each kind in each media section.

    Raises:
        ValueError: that is longer than :data:`MOST_SDP`.
    """
    kept: list[str] = []
    counts: Counter[str] = Counter()
    for line in sdp.splitlines(keepends=True):
        if line.startswith("m="):
            counts.clear()
        if line.startswith("a="):
            kind = line.partition(":")[0]
            counts[kind] += 1
            if counts[kind] > MOST_LINES:
                continue
        kept.append(line)
    if (length := sum(map(len, kept))) > MOST_SDP:
        raise ValueError(f"is too long: {length:,} characters besides excess lines; {MOST_SDP:,} are allowed.")
    return "".join(kept)


def no_path(whom: str) -> str:
    """The error text for a connection that could not be made, or has failed."""
    return (
        f"No network path to the {whom} was found. A firewall may block UDP; a TURN server in ice_servers= goes "
        "round it."
    )
