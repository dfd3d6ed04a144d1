"""Realtime over a WebSocket: events and sound in one stream of text."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from rtvi_web.browser.pcm import PcmPlayer, PcmRecorder
from rtvi_web.browser.websocket import TextSocket, WebSocketClosedError
from rtvi_web.core.media import ParticipantTracks, Tracks
from rtvi_web.errors import DeviceError, DisconnectedError, InvalidArgumentError, TransportStartError
from rtvi_web.realtime.protocol.audio import SAMPLE_RATE
from rtvi_web.realtime.transport import MAX_BACKLOG, Played, RealtimeHost, RealtimeRequest, RealtimeTransport
from rtvi_web.transports.realtime.microphone import RealtimeMicrophone
from rtvi_web.transports.realtime.request import realtime_url, sendable_key

OPENAI_URL = "wss://api.openai.com/v1/realtime"
MAX_MESSAGE_SIZE = 15 << 20
"""Bytes; what OpenAI takes in one ``input_audio_buffer.append``."""
CHUNK_SAMPLES = SAMPLE_RATE // 25
"""40 ms of the microphone in each chunk."""
PROTOCOL = "realtime"
KEY_PROTOCOL = "openai-insecure-api-key."
"""Before the key: a browser can send no header with a WebSocket. The name is OpenAI's."""


class RealtimeWebSocketTransport(RealtimeTransport):
    """Carries a realtime session over a WebSocket; sound is PCM, recorded and played in the page.

    Args:
        microphone: a ``MediaStreamTrack`` of the page's own, to be heard in place of a microphone; it is never stopped.
        constraints: ``MediaTrackConstraints`` of the microphone, as in JavaScript.
    """

    def __init__(self, *, microphone: Any = None, constraints: Mapping[str, Any] | None = None) -> None:
        self._microphone = RealtimeMicrophone(constraints or {}, microphone, self._on_microphone_lost)
        self._recorder = PcmRecorder(rate=SAMPLE_RATE, chunk=CHUNK_SAMPLES, heard=self._on_heard)
        self._recording: Any = None
        self._player: PcmPlayer | None = None
        self._socket: TextSocket | None = None
        self._host: RealtimeHost | None = None

    def attach(self, host: RealtimeHost) -> None:
        if self._host is not None:
            raise InvalidArgumentError("This transport serves another client; give each client one of its own.")
        self._host = host

    @property
    def carries_tracks(self) -> bool:
        return False

    @property
    def max_message_size(self) -> int:
        return MAX_MESSAGE_SIZE

    # The session.

    async def connect(self, request: RealtimeRequest) -> None:
        host = self._client
        player = self._player = PcmPlayer(rate=SAMPLE_RATE, speaking=host.speaking, blocked=host.output_blocked)
        socket = self._socket = TextSocket(received=host.receive, closed=self._on_closed)
        await asyncio.gather(player.open(), _open(socket, request))

    async def close(self) -> None:
        socket, self._socket = self._socket, None
        player, self._player = self._player, None
        self._stop_recording()
        self._microphone.close()
        if socket is not None:
            socket.close()
        if player is not None:
            player.close()

    def send(self, text: str) -> None:
        if self._socket is None or not self._socket.is_open:
            raise DisconnectedError("The WebSocket is not open.")
        self._socket.send(text)

    def _on_closed(self, error: WebSocketClosedError) -> None:
        self._client.lost(DisconnectedError(f"The WebSocket was closed with {error}."))

    # The microphone.

    async def open_microphone(self) -> None:
        await self._microphone.open()
        track = self._microphone.track
        if track is not self._recording:
            self._recording = track
            try:
                await self._recorder.open(track)
            except BaseException:  # cancelled too: the next attempt begins anew
                self._stop_recording()
                raise

    def mute(self, muted: bool) -> None:
        self._microphone.mute(muted)

    @property
    def is_muted(self) -> bool:
        return self._microphone.is_muted

    def _on_heard(self, pcm: bytes) -> None:
        if not self.is_muted and (self._socket is None or self._socket.backlog < MAX_BACKLOG):
            self._client.microphone(pcm)

    def _on_microphone_lost(self, error: DeviceError) -> None:
        self._stop_recording()
        self._client.microphone_lost(error)

    def _stop_recording(self) -> None:
        self._recorder.close()
        self._recording = None

    # The speaker.

    def play(self, pcm: bytes, *, item_id: str, content_index: int) -> None:
        if self._player is not None:
            self._player.play(pcm, item_id, content_index)

    async def interrupt(self) -> Played | None:
        playing = await self._player.interrupt() if self._player is not None else None
        return Played(*playing) if playing else None

    async def resume_output(self) -> None:
        if self._player is not None:
            await self._player.resume()

    def tracks(self) -> Tracks:
        bot = ParticipantTracks(audio=self._player.track) if self._player is not None else ParticipantTracks()
        return Tracks(ParticipantTracks(audio=self._microphone.track), bot)

    @property
    def _client(self) -> RealtimeHost:
        if self._host is None:
            raise InvalidArgumentError("This transport serves no client yet: RealtimeClient(transport=…) attaches it.")
        return self._host


async def _open(socket: TextSocket, request: RealtimeRequest) -> None:
    url, key = str(realtime_url(request, OPENAI_URL, "ws").href), sendable_key(request)
    try:
        await socket.open(url, [PROTOCOL, *([KEY_PROTOCOL + key] if key else [])])
    except WebSocketClosedError as error:
        raise _not_opened(url, error) from error


def _not_opened(url: str, error: WebSocketClosedError) -> TransportStartError:
    return TransportStartError(
        f"The WebSocket to {url} could not be opened ({error}). Browsers do not tell a page why: is the server "
        "running, is the key valid, and does the page's Content-Security-Policy allow the address (connect-src)?"
    )
