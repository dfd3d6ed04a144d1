"""Realtime over WebRTC: events on a data channel, sound on tracks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rtvi_web.browser.player import Player
from rtvi_web.browser.rtc import DEFAULT_MESSAGE_SIZE
from rtvi_web.core.media import ParticipantTracks, Tracks
from rtvi_web.errors import DeviceError, DisconnectedError, InvalidArgumentError
from rtvi_web.realtime.transport import Played, RealtimeHost, RealtimeRequest, RealtimeTransport
from rtvi_web.transports.realtime.call import Call
from rtvi_web.transports.realtime.microphone import RealtimeMicrophone
from rtvi_web.transports.realtime.request import realtime_url, sendable_key

OPENAI_URL = "https://api.openai.com/v1/realtime/calls"


class RealtimeWebRTCTransport(RealtimeTransport):
    """Carries a realtime session over WebRTC. Without a microphone it only receives, and the session can be in writing.

    The offer is POSTed as it is (``application/sdp``), with the key as bearer: to OpenAI, or to the client's ``url``,
    which is ``…/v1/realtime`` or any address of a server of one's own that answers with SDP.

    Args:
        ice_servers: as in JavaScript, ``[{"urls": "stun:…"}]``; OpenAI needs none.
        microphone: a ``MediaStreamTrack`` of the page's own, to be sent in place of a microphone; it is never stopped.
        constraints: ``MediaTrackConstraints`` of the microphone, as in JavaScript.
    """

    def __init__(
        self,
        *,
        ice_servers: Sequence[Mapping[str, Any]] = (),
        microphone: Any = None,
        constraints: Mapping[str, Any] | None = None,
    ) -> None:
        self._ice_servers = ice_servers
        self._microphone = RealtimeMicrophone(constraints or {}, microphone, self._on_microphone_lost)
        self._player = Player(lambda: self._client.output_blocked())
        self._call: Call | None = None
        self._host: RealtimeHost | None = None

    def attach(self, host: RealtimeHost) -> None:
        if self._host is not None:
            raise InvalidArgumentError("This transport serves another client; give each client one of its own.")
        self._host = host

    @property
    def carries_tracks(self) -> bool:
        return True

    @property
    def max_message_size(self) -> int:
        return self._call.max_message_size if self._call else DEFAULT_MESSAGE_SIZE

    async def connect(self, request: RealtimeRequest) -> None:
        url, key = _url(request), sendable_key(request)
        call = self._call = Call(self._client, ice_servers=self._ice_servers, player=self._player)
        await call.open(url, key, self._microphone.track)

    async def close(self) -> None:
        call, self._call = self._call, None
        self._microphone.close()
        if call is not None:
            await call.close()

    def send(self, text: str) -> None:
        if self._call is None:
            raise DisconnectedError("There is no connection to send on.")
        self._call.send(text)

    async def open_microphone(self) -> None:
        await self._microphone.open()
        if self._call is not None:
            await self._call.send_track("mic", self._microphone.track)

    def mute(self, muted: bool) -> None:
        self._microphone.mute(muted)

    @property
    def is_muted(self) -> bool:
        return self._microphone.is_muted

    def _on_microphone_lost(self, error: DeviceError) -> None:
        # The track that ended goes on to send silence.
        self._client.microphone_lost(error)

    def play(self, pcm: bytes, *, item_id: str, content_index: int) -> None:
        """Never called: the track is played."""

    async def interrupt(self) -> Played | None:
        return None

    async def resume_output(self) -> None:
        await self._player.resume()

    def tracks(self) -> Tracks:
        received = self._call.received if self._call is not None else None
        return Tracks(ParticipantTracks(audio=self._microphone.track), ParticipantTracks(audio=received))

    @property
    def _client(self) -> RealtimeHost:
        if self._host is None:
            raise InvalidArgumentError("This transport serves no client yet: RealtimeClient(transport=…) attaches it.")
        return self._host


def _url(request: RealtimeRequest) -> str:
    """Where the offer goes; ``…/realtime`` is where the WebSocket would go, and its calls are below."""
    url = realtime_url(request, OPENAI_URL, "http")
    if url.pathname.endswith("/realtime"):
        url.pathname += "/calls"
    return str(url.href)
