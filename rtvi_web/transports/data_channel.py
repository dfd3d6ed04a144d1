"""A WebRTC connection whose data channel carries a session: what the links of both clients share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.player import Player
from rtvi_web.browser.rtc import Peer
from rtvi_web.core.media import TrackSource
from rtvi_web.errors import ConnectPhase, DisconnectedError, QueueFullError, RTVIError, TransportStartError

MOST_BUFFERED = 8_388_608
"""Bytes that may wait in the channel's buffer; Chromium would take twice as many, others any number."""


class DataChannelLink:
    """Opens once, carries frames and tracks, and ends once. It listens to its :class:`Peer`.

    A subclass negotiates, takes the frames (``on_text``), and decides what a change of the connection's state and the
    end of the channel mean (``on_state``, ``on_closed``).

    Args:
        label: the data channel's.
        media: what is offered, in this order: by the source of what is sent, a kind (``"audio"``, ``"video"``) and a
            direction (``"sendrecv"`` …).
        ice_servers: as in JavaScript: ``[{"urls": "stun:…"}]``.
        player: plays the audio that is received; ``None`` leaves that to the page.
        lost: called with the reason, at most once, when the link ends by itself after it was open.

    Raises:
        TransportStartError: the browser refuses the ICE servers.
        NotInBrowserError: there is no WebRTC here.
    """

    def __init__(
        self,
        *,
        label: str,
        media: Mapping[TrackSource, tuple[str, str]],
        ice_servers: Sequence[Mapping[str, Any]],
        player: Player | None,
        lost: Callable[[RTVIError], object],
    ) -> None:
        self._player = player
        self._lost = lost
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._over = False
        self._scope = _js.Scope()
        self._slots = {source: slot for slot, source in enumerate(media)}
        try:
            self._peer = Peer(self, ice_servers=ice_servers, label=label, media=list(media.values()))
        except _js.JsError as error:
            raise TransportStartError(f"The browser refused the ICE servers: {error}") from error
        self._scope.defer(self._peer.close)
        self._scope.listen(_js.api("window"), "pagehide", self._on_pagehide)

    @property
    def max_message_size(self) -> int:
        """Bytes that the other side takes in one message."""
        return self._peer.max_message_size

    @property
    def buffered(self) -> int:
        """Bytes that have not left yet."""
        return self._peer.buffered

    async def _take_answer(self, sdp: str, source: str = "The answer to the WebRTC offer") -> None:
        """Take the other side's answer.

        Raises:
            TransportStartError: the browser does not understand it; the message names the source.
        """
        try:
            await self._peer.answer(sdp)
        except _js.JsError as error:
            raise TransportStartError(
                f"{source} is not SDP that the browser understands: {error.message}", phase=ConnectPhase.OFFER
            ) from error

    async def send_track(self, source: TrackSource, track: Any) -> None:
        """Send another track from a source, ``None`` for none. Nothing happens once the link is over.

        Raises:
            DisconnectedError: the browser cannot send it.
        """
        if self._over:
            return
        try:
            await self._peer.send_track(self._slots[source], track)
        except _js.JsError as error:
            if not self._over:
                raise DisconnectedError(f"The track cannot be sent: {error.message}") from error

    def send(self, text: str) -> None:
        """Send a frame of text.

        Raises:
            DisconnectedError: the channel is not open.
            QueueFullError: too much waits in it already.
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
        """Wait until every frame has left, or the channel is closed."""
        await self._peer.sent()

    async def stats(self) -> list[dict[str, Any]]:
        """What the browser reports of the connection, one dict each (W3C webrtc-stats).

        Raises:
            DisconnectedError: the connection is closed.
        """
        try:
            return await self._peer.stats()
        except _js.JsError as error:
            raise DisconnectedError(f"The connection has no statistics: {error.message}") from error

    async def close(self) -> None:
        """Close everything; ``lost`` is not called any more."""
        self._over = True
        self._opened.cancel()
        self._scope.close()
        if self._player is not None:
            self._player.close()

    def _end(self, reason: str) -> None:
        """The link is over: whoever opens it gets an error, or ``lost`` is called; once."""
        if self._over:
            return
        self._over = True
        if self._opened.done():
            self._lost(DisconnectedError(reason))
        else:
            self._opened.set_exception(TransportStartError(reason))
            self._opened.exception()  # Mark it as seen: the task that opens the link may end before it awaits this.

    def _on_pagehide(self, _event: Any) -> None:
        # The server would take half a minute to notice that the page is gone.
        self._peer.close()
        self._end("The page was left.")

    # What the peer says: PeerListener. A subclass overrides what concerns it.

    def on_candidate(self, candidate: Mapping[str, Any]) -> None:
        """Ignored here: candidates may all go with the offer."""

    def on_state(self, state: str) -> None:
        raise NotImplementedError

    def on_open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def on_closed(self) -> None:
        raise NotImplementedError

    def on_text(self, text: str) -> None:
        raise NotImplementedError

    def on_track(self, track: Any) -> None:
        if track.kind == "audio" and self._player is not None:
            self._player.play(track)

    def on_track_started(self, track: Any) -> None:
        """Ignored here: a server may say by itself when it speaks."""

    def on_track_stopped(self, track: Any) -> None:
        """Ignored here, like :meth:`on_track_started`."""


def no_path(whom: str) -> str:
    """What to say when the connection could not be made, or failed."""
    return (
        f"No network path to the {whom} was found. A firewall may block UDP; a TURN server in ice_servers= goes "
        "round it."
    )
