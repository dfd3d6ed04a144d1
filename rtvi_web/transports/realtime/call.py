"""One WebRTC call with a realtime server, from the offer to its end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.fetch import fetch
from rtvi_web.browser.player import Player
from rtvi_web.browser.rtc import Peer
from rtvi_web.errors import ConnectPhase, DisconnectedError, HttpError, RTVIError, TransportStartError
from rtvi_web.realtime.transport import RealtimeHost

CHANNEL = "oai-events"
GRACE = 5.0
"""Seconds in which a connection that the browser calls ``"disconnected"`` may heal by itself."""
GATHERING = 1.0
"""Seconds that the search for candidates may take before the offer is sent with those that there are."""
MAX_COMPLAINT = 500
"""Characters of a server's refusal that an error repeats."""


class Call:
    """Negotiates, carries events, plays the answers, and says once when it is over. It listens to its :class:`Peer`.

    Args:
        host: who hears what happens.
        ice_servers: as in JavaScript.

    Raises:
        TransportStartError: the browser refuses the ICE servers.
        NotInBrowserError: there is no WebRTC here.
    """

    def __init__(self, host: RealtimeHost, *, ice_servers: Sequence[Mapping[str, Any]]) -> None:
        self._host = host
        self._player = Player(host.output_blocked)
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._grace: asyncio.TimerHandle | None = None
        self._over = False
        self._scope = _js.Scope()
        self.heard: Any = None
        """The track of the answers, ``None`` before the server has answered."""
        try:
            # To send and to receive, even without a microphone: one that is opened later needs no new negotiation.
            self._peer = Peer(self, ice_servers=ice_servers, label=CHANNEL, media=[("audio", "sendrecv")])
        except _js.JsError as error:
            raise TransportStartError(f"The browser refused the ICE servers: {error}") from error
        self._scope.defer(self._peer.close)
        self._scope.listen(_js.api("window"), "pagehide", self._on_pagehide)

    @property
    def max_message_size(self) -> int:
        """Bytes that the server takes in one message."""
        return self._peer.max_message_size

    async def open(self, url: str, key: str | None, microphone: Any) -> None:
        """Connect; returns when the data channel is open.

        Args:
            url: where the offer goes.
            key: authorises it; ``None`` for a server that asks for none.
            microphone: the track to send, or ``None``.

        Raises:
            TransportStartError: it could not be established; a refusal is told in the server's words.
        """
        self._host.enter(ConnectPhase.OFFER)
        await self.send_audio(microphone)
        await self._peer.offer()
        answer = await _exchange(url, key, await self._peer.gathered(GATHERING))
        self._host.enter(ConnectPhase.ICE)
        try:
            await self._peer.answer(answer)
        except _js.JsError as error:
            raise TransportStartError(
                f"POST {url}: the answer to the WebRTC offer is no SDP that the browser understands: {error.message}",
                phase=ConnectPhase.OFFER,
            ) from error
        await self._opened

    async def send_audio(self, track: Any) -> None:
        """Send another track, or none.

        Raises:
            DisconnectedError: the connection is closed.
        """
        try:
            await self._peer.send_track(0, track)
        except _js.JsError as error:
            raise DisconnectedError(f"The microphone cannot be sent: {error.message}") from error

    def send(self, text: str) -> None:
        """Send a frame of text.

        Raises:
            DisconnectedError: the channel is not open, or it takes no more.
        """
        try:
            self._peer.send(text)
        except _js.JsError as error:
            raise DisconnectedError(f"The data channel cannot take the message: {error.message}") from error

    async def resume_output(self) -> None:
        """Play the answers, after the browser blocked them."""
        await self._player.resume()

    def close(self) -> None:
        """Close everything; nothing is reported any more."""
        self._over = True
        self._opened.cancel()
        self._heal()
        self._scope.close()
        self._player.close()

    def _lose(self, reason: str) -> None:
        """The call is over: ``open()`` fails, or the host hears of it; once."""
        if self._over:
            return
        self._over = True
        self._heal()
        if self._opened.done():
            self._host.lost(DisconnectedError(reason))
        else:
            self._opened.set_exception(TransportStartError(reason))
            self._opened.exception()  # open() may not come to await it: mark it as seen.

    def _heal(self) -> None:
        if self._grace is not None:
            self._grace.cancel()
            self._grace = None

    # What the peer says: PeerListener.

    def on_candidate(self, candidate: Mapping[str, Any]) -> None:
        """They went with the offer."""

    def on_state(self, state: str) -> None:
        self._heal()
        if state == "connected" and not self._opened.done():
            self._host.enter(ConnectPhase.DATA_CHANNEL)
        elif state == "disconnected":
            lost = f"The network path to the server was lost, and did not come back within {GRACE:g} s."
            self._grace = asyncio.get_running_loop().call_later(GRACE, self._lose, lost)
        elif state in ("failed", "closed"):
            self._lose("There is no network path to the server any more." if self._opened.done() else _NO_PATH)

    def on_open(self) -> None:
        if not self._opened.done():
            self._opened.set_result(None)

    def on_closed(self) -> None:
        self._lose("The server closed the data channel.")

    def on_text(self, text: str) -> None:
        self._host.receive(text)

    def on_track(self, track: Any) -> None:
        self.heard = track
        self._player.play(track)

    def on_track_started(self, track: Any) -> None:
        """The server's own events tell when it speaks."""

    def on_track_stopped(self, track: Any) -> None:
        """As above."""

    def _on_pagehide(self, _event: Any) -> None:
        # The server would take half a minute to notice that the page is gone.
        self._peer.close()
        self._lose("The page was left.")


_NO_PATH = (
    "No network path to the server was found. A firewall may block UDP; a TURN server in ice_servers= goes round it."
)


async def _exchange(url: str, key: str | None, sdp: str) -> str:
    """Send an offer; the SDP of the answer."""
    headers = {"Content-Type": "application/sdp", **({"Authorization": f"Bearer {key}"} if key else {})}
    failure: RTVIError
    try:
        status, text, _ = await fetch("POST", url, headers=headers, body=sdp)
    except HttpError as error:
        failure = _failed(f"The WebRTC offer failed: {error.message}")
        # A browser's complaint about a header quotes it, and with it the key: no cause is chained.
    else:
        if 200 <= status < 300:
            return text
        failure = _failed(f"POST {url}: the WebRTC offer was refused with {status}: {_complaint(text)}", status)
    raise failure


def _complaint(text: str) -> str:
    """What a server says about its refusal: ``error.message``, ``error`` or ``detail`` of its JSON, else its text."""
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    said: Any = None
    if isinstance(answer, dict):
        said = answer.get("error") or answer.get("detail")
        said = said.get("message") if isinstance(said, dict) else said
    return (said if isinstance(said, str) else text)[:MAX_COMPLAINT] or "(no text)"


def _failed(message: str, status: int | None = None) -> TransportStartError:
    return TransportStartError(message, status=status, phase=ConnectPhase.OFFER)
