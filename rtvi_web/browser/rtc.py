"""A peer connection with one data channel."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rtvi_web.browser import _js

DEFAULT_MESSAGE_SIZE = 65536
"""Bytes that every peer takes in one message (RFC 8841)."""


class PeerListener(Protocol):
    """Hears what happens to a :class:`Peer`."""

    def on_candidate(self, candidate: Mapping[str, Any]) -> None:
        """A local ICE candidate: ``candidate``, ``sdp_mid``, ``sdp_mline_index``."""

    def on_state(self, state: str) -> None:
        """``connectionState`` is now this: ``"connecting"``, ``"connected"``, ``"disconnected"`` or ``"failed"``.

        Called with the same state again if only ``iceConnectionState`` has changed.
        """

    def on_track(self, track: Any) -> None:
        """The other side will send a track."""

    def on_track_started(self, track: Any) -> None:
        """A track sends."""

    def on_track_stopped(self, track: Any) -> None:
        """A track has stopped sending."""

    def on_open(self) -> None:
        """The data channel is open."""

    def on_text(self, text: str) -> None:
        """A frame of text has arrived."""

    def on_bytes(self, data: bytes) -> None:
        """A binary frame has arrived."""

    def on_closed(self) -> None:
        """The other side closed the data channel, or it broke."""


class Peer:
    """An ``RTCPeerConnection`` that offers media and a data channel.

    Args:
        listener: hears what happens, until ``close()``. The attribute may be set later, before ``offer()``: nothing
            happens earlier.
        ice_servers: as in JavaScript: ``[{"urls": "stun:…"}]``.
        label: the data channel's.
        media: what is offered, in this order: kinds (``"audio"``, ``"video"``) and directions (``"sendrecv"`` …).

    Raises:
        NotInBrowserError: WebRTC does not exist here: CPython, or a web worker.
        JsError: the browser refuses an ICE server.
    """

    def __init__(
        self,
        listener: PeerListener | None = None,
        *,
        ice_servers: Sequence[Mapping[str, Any]],
        label: str,
        media: Sequence[tuple[str, str]],
    ) -> None:
        self._scope = _js.Scope()
        self.listener: Any = listener
        self._servers = [dict(server) for server in ice_servers]
        self._prepared: Any = None
        self._has_offered = False
        self._connection = _js.construct("RTCPeerConnection", {"iceServers": self._servers})
        self._scope.defer(self._connection.close)
        self._senders = [
            self._connection.addTransceiver(kind, _js.plain({"direction": direction})).sender
            for kind, direction in media
        ]
        self._channel = self._connection.createDataChannel(label, _js.plain({"ordered": True}))
        self._channel.binaryType = "arraybuffer"
        self._scope.defer(self._channel.close)
        self._listen()

    def _listen(self) -> None:
        listen = self._scope.listen
        listen(self._connection, "icecandidate", self._on_candidate)
        for change in ("connectionstatechange", "iceconnectionstatechange"):
            listen(self._connection, change, lambda _: self.listener.on_state(self.state))
        listen(self._connection, "track", lambda event: self._on_track(event.track))
        listen(self._channel, "open", lambda _: self.listener.on_open())
        listen(self._channel, "message", self._on_message)
        listen(self._channel, "close", lambda _: self.listener.on_closed())

    def _on_candidate(self, event: Any) -> None:
        candidate = _js.or_none(event.candidate)
        if candidate is not None:  # None: that was the last one.
            self.listener.on_candidate(
                {
                    "candidate": candidate.candidate,
                    "sdp_mid": _js.or_none(candidate.sdpMid),
                    "sdp_mline_index": _js.or_none(candidate.sdpMLineIndex),
                }
            )

    def _on_track(self, track: Any) -> None:
        listener, listen = self.listener, self._scope.listen
        listener.on_track(track)
        listen(track, "unmute", lambda _: listener.on_track_started(track))
        listen(track, "mute", lambda _: listener.on_track_stopped(track))
        listen(track, "ended", lambda _: listener.on_track_stopped(track))
        if not track.muted:
            listener.on_track_started(track)

    def _on_message(self, event: Any) -> None:
        data = event.data  # Read once: the text crosses over each time.
        if isinstance(data, str):
            self.listener.on_text(data)
        else:
            self.listener.on_bytes(data.to_bytes())

    @property
    def state(self) -> str:
        """``connectionState``."""
        return str(self._connection.connectionState)

    @property
    def ice_state(self) -> str:
        """``iceConnectionState``."""
        return str(self._connection.iceConnectionState)

    @property
    def is_open(self) -> bool:
        """Whether the data channel is open."""
        return bool(self._channel.readyState == "open")

    @property
    def buffered(self) -> int:
        """Bytes in the channel that have not left yet."""
        return int(self._channel.bufferedAmount)

    @property
    def max_message_size(self) -> int:
        """Bytes that a message may have at most."""
        sctp = _js.or_none(getattr(self._connection, "sctp", None))  # Some WebKits have none.
        size = sctp.maxMessageSize if sctp is not None else DEFAULT_MESSAGE_SIZE
        return int(min(size, 2**53))  # It may be infinite.

    def prefer_codec(self, kind: str, codec: str) -> None:
        """Offer a codec before the others of its kind.

        Args:
            kind: ``"audio"`` or ``"video"``.
            codec: its name, and if wanted its clock rate and channels, as in SDP: ``"opus/48000/2"``, ``"VP8"``.

        Raises:
            LookupError: the browser has no such codec; the message lists those that it has.
        """
        codecs = list(_js.api("RTCRtpReceiver").getCapabilities(kind).codecs)
        wanted = codec.lower().split("/")
        preferred = [known for known in codecs if _name(known).lower().split("/")[: len(wanted)] == wanted]
        if not preferred:
            names = ", ".join(sorted({_name(known) for known in codecs}))
            raise LookupError(f"This browser has no {kind} codec {codec!r}; it has {names}.")
        others = [known for known in codecs if known not in preferred]
        for transceiver in self._connection.getTransceivers():
            if transceiver.receiver.track.kind == kind:
                transceiver.setCodecPreferences(_js.plain([*preferred, *others]))

    def use_servers(self, ice_servers: Sequence[Mapping[str, Any]]) -> None:
        """Use other ICE servers; called before ``offer()``.

        Raises:
            JsError: the browser refuses one.
        """
        servers = [dict(server) for server in ice_servers]
        if servers != self._servers:
            self._servers = servers
            with _js.guarded():
                self._connection.setConfiguration(_js.plain({"iceServers": servers}))

    async def prepare(self) -> None:
        """Make the first offer already. Nothing is sent, and no server asked. If it fails, ``offer()`` will, too."""
        with contextlib.suppress(_js.JsError):
            prepared = await _js.call(self._connection, "createOffer")
            self._prepared = None if self._has_offered else prepared

    async def offer(self) -> str:
        """Make an offer, unless one is prepared, start the search for candidates, and return the offer's SDP."""
        prepared, self._prepared, self._has_offered = self._prepared, None, True
        # Without an argument, it makes the offer itself.
        await _js.call(self._connection, "setLocalDescription", *([] if prepared is None else [prepared]))
        return str(self._connection.localDescription.sdp)

    async def gathered(self, patience: float) -> str:
        """Wait for candidates, at most so many seconds, and return the SDP of the offer with those that were found."""
        scope, changed = _js.Scope(), asyncio.Event()
        scope.listen(self._connection, "icegatheringstatechange", lambda _: changed.set())
        try:
            async with asyncio.timeout(patience):
                while self._connection.iceGatheringState != "complete":
                    changed.clear()
                    await changed.wait()
        except TimeoutError:
            pass
        finally:
            scope.close()
        return str(self._connection.localDescription.sdp)

    async def answer(self, sdp: str) -> None:
        """Take the other side's answer.

        Raises:
            JsError: it is not SDP, or does not fit the offer.
        """
        await _js.call(self._connection, "setRemoteDescription", {"type": "answer", "sdp": sdp})

    async def send_track(self, slot: int, track: Any) -> None:
        """Send a track at a place of ``media`` (``None``: no track), without renegotiation."""
        await _js.call(self._senders[slot], "replaceTrack", _js.null if track is None else track)

    def send(self, text: str) -> None:
        """Send a frame of text.

        Raises:
            JsError: the channel is not open, or its buffer is full.
        """
        if not self.is_open:  # Firefox takes messages for a channel that is closing or closed, and drops them.
            raise _js.JsError("InvalidStateError", f"the data channel is {self._channel.readyState}")
        with _js.guarded():
            self._channel.send(text)

    async def stats(self) -> list[dict[str, Any]]:
        """What ``getStats()`` reports: one dict for each object (W3C webrtc-stats)."""
        report = await _js.call(self._connection, "getStats")
        return [report_.to_py() for report_ in report.values()]

    async def sent(self) -> None:
        """Wait until every frame has left, or the channel is closed."""
        scope, sent = _js.Scope(), asyncio.Event()
        for event in ("bufferedamountlow", "close"):
            scope.listen(self._channel, event, lambda _: sent.set())
        try:
            if self.is_open and self._channel.bufferedAmount:
                await sent.wait()
        finally:
            scope.close()

    def close(self) -> None:
        """Close the channel, which tells the other side, and then the connection."""
        self._scope.close()


def _name(codec: Any) -> str:
    """A codec's name in SDP, such as ``"opus/48000/2"``."""
    channels = getattr(codec, "channels", None)
    name = f"{str(codec.mimeType).partition('/')[2]}/{codec.clockRate}"
    return f"{name}/{channels}" if channels else name
