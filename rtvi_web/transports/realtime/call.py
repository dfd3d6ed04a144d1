"""One WebRTC call with a realtime server, from the offer to its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rtvi_web.browser.fetch import fetch
from rtvi_web.browser.player import Player
from rtvi_web.core.http import parse_json
from rtvi_web.core.masking import masked_url
from rtvi_web.core.media import TrackSource
from rtvi_web.errors import ConnectPhase, DisconnectReason, HttpError, RTVIError, TransportStartError
from rtvi_web.realtime.protocol.server_errors import server_error
from rtvi_web.realtime.transport import RealtimeHost
from rtvi_web.transports.data_channel import DataChannelLink, no_path

CHANNEL = "oai-events"
GRACE = 5.0
"""Seconds in which a connection that the browser calls ``"disconnected"`` may recover by itself."""
GATHERING = 1.0
"""Seconds to wait for ICE candidates before the offer is sent with those found so far."""
MAX_REASON = 500
"""Characters of a server's refusal that an error repeats."""


class Call(DataChannelLink):
    """Negotiates with one POST, carries events, and plays the answers.

    Args:
        host: is called when something happens.
        ice_servers: as in JavaScript.
        player: plays the answers; ``None`` leaves that to the page.
        received: called with the track of the answers, as soon as there is one.
        grace: seconds in which a connection that the browser calls ``"disconnected"`` may heal by itself.

    Raises:
        TransportStartError: the browser refuses the ICE servers.
        NotInBrowserError: WebRTC does not exist here.
    """

    def __init__(
        self,
        host: RealtimeHost,
        *,
        ice_servers: Sequence[Mapping[str, Any]],
        player: Player | None,
        received: Callable[[Any], object],
        grace: float = GRACE,
    ) -> None:
        # Sends and receives even without a microphone, so that opening one later needs no new negotiation.
        media: dict[TrackSource, tuple[str, str]] = {"mic": ("audio", "sendrecv")}
        super().__init__(label=CHANNEL, media=media, ice_servers=ice_servers, player=player, lost=host.lost)
        self._host = host
        self._on_received = received
        self._patience = grace
        self._grace: asyncio.TimerHandle | None = None
        self.received: Any = None
        """The track of the answers; ``None`` until the server has answered."""

    async def open(self, url: str, headers: Mapping[str, str], microphone: Any) -> None:
        """Connect; returns when the data channel is open.

        Args:
            url: where the offer goes.
            headers: go with it, such as the one that authorises it.
            microphone: the track to send, or ``None``.

        Raises:
            TransportStartError: it could not be established; the message has the server's words for a refusal.
        """
        self._host.enter(ConnectPhase.OFFER)
        await self.send_track("mic", microphone)
        await self._peer.offer()
        answer = await _exchange(url, headers, await self._peer.gathered(GATHERING))
        self._host.enter(ConnectPhase.ICE)
        await self._take_answer(answer, f"POST {masked_url(url)}: the answer to the WebRTC offer")
        await self._opened

    def use_player(self, player: Player | None) -> None:
        """Play the answers with this player from now on; with ``None``, no longer."""
        self._player = player
        if player is not None and self.received is not None:
            player.play(self.received)

    async def close(self) -> None:
        self._stop_grace()
        await super().close()

    def _end(self, message: str, reason: DisconnectReason = DisconnectReason.LOST) -> None:
        self._stop_grace()
        super()._end(message, reason)

    def _stop_grace(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    # What the peer calls: PeerListener.

    def on_state(self, state: str) -> None:
        self._stop_grace()
        if state == "connected" and not self._opened.done():
            self._host.enter(ConnectPhase.DATA_CHANNEL)
        elif state == "disconnected":
            lost = f"The network path to the server was lost, and did not come back within {self._patience:g} s."
            self._grace = asyncio.get_running_loop().call_later(self._patience, self._end, lost)
        elif state in ("failed", "closed"):
            was_open = self._opened.done()
            self._end("The network path to the server was lost for good." if was_open else no_path("server"))

    def on_closed(self) -> None:
        self._end("The server closed the data channel.", DisconnectReason.CLOSED)

    def on_text(self, text: str) -> None:
        self._host.receive(text)

    def on_bytes(self, data: bytes) -> None:
        self._host.receive(data)

    def on_track(self, track: Any) -> None:
        self.received = track
        super().on_track(track)
        self._on_received(track)


async def _exchange(url: str, headers: Mapping[str, str], sdp: str) -> str:
    """Send an offer; return the SDP of the answer."""
    headers = {"Content-Type": "application/sdp", **headers}
    failure: RTVIError
    try:
        status, text, _ = await fetch("POST", url, headers=headers, body=sdp)
    except HttpError as error:
        # A browser that rejects a header quotes it, and with it the key: so the cause is not chained.
        failure = _failed(f"The WebRTC offer failed: {error.message}")
    else:
        if 200 <= status < 300:
            return text
        failure = _failed(
            f"POST {masked_url(url)}: the WebRTC offer was refused with {status}: {_reason(text)}", status
        )
    raise failure


def _reason(text: str) -> str:
    """Why a server refused: what its JSON says, else its text."""
    answer = parse_json(text)
    said = server_error(answer).message if isinstance(answer, dict) else ""
    return (said or text)[:MAX_REASON] or "(no text)"


def _failed(message: str, status: int | None = None) -> TransportStartError:
    return TransportStartError(message, status=status, phase=ConnectPhase.OFFER)
