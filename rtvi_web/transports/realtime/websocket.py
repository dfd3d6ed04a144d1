"""Realtime over a WebSocket: events and sound as text frames."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Literal

from rtvi_web.browser import _js
from rtvi_web.browser.pcm_player import PcmPlayer
from rtvi_web.browser.recorder import Recorder
from rtvi_web.browser.websocket import Socket, WebSocketClosedError
from rtvi_web.browser.worklet_recorder import WorkletRecorder
from rtvi_web.core.media import BOT, Participant, ParticipantTracks, TrackSource
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DisconnectedError, DisconnectReason, InvalidArgumentError, RTVIError
from rtvi_web.media.page_media import PageMedia
from rtvi_web.media.pcm_output import PcmOutput
from rtvi_web.realtime.protocol.audio import SAMPLE_RATE
from rtvi_web.realtime.protocol.stereo_sound import PLAYED
from rtvi_web.realtime.transport import MAX_BACKLOG, Played, RealtimeHost, RealtimeRequest, RealtimeTransport, SpareLink
from rtvi_web.transports.realtime.link_check import LinkCheck
from rtvi_web.transports.realtime.protocols import Protocols, offered_protocols, shown_protocols
from rtvi_web.transports.realtime.request import address_of, url_of
from rtvi_web.transports.realtime.spare import SpareHost
from rtvi_web.transports.sockets import open_socket

MAX_MESSAGE_SIZE = 15 << 20
"""Bytes that OpenAI takes in one ``input_audio_buffer.append``."""
CHUNKS = 25
"""Chunks of the microphone's sound in a second."""


class RealtimeWebSocketTransport(RealtimeTransport):
    """Carries a realtime session over a WebSocket; sound is PCM, recorded and played in the page.

    Args:
        protocols: the subprotocols to offer: a list, ``None`` for none, or a function of the key that gives one of
            these. Browsers cannot add headers to a WebSocket, so servers take the key as a subprotocol; which, differs.
            By default (``"dialect"``) the client's dialect says them; OpenAI's are ``realtime`` and
            ``openai-insecure-api-key.<key>``.
        microphone: the page's own ``MediaStreamTrack``, heard instead of a microphone; it is never stopped.
        constraints: ``MediaTrackConstraints`` of the microphone, as in JavaScript.
        remember_devices: whether the choice of devices is kept in the local storage for later page loads.
        level_interval: seconds between two levels, and over which each is measured.
        keep_awake: whether the screen stays on from the bot's first sound on, so that no phone locks itself in a call.

    Raises:
        InvalidArgumentError: ``level_interval`` is not between 0.02 and 10, or ``microphone`` is not an audio track.
    """

    def __init__(
        self,
        *,
        protocols: Protocols | Literal["dialect"] = "dialect",
        microphone: Any = None,
        constraints: Mapping[str, Any] | None = None,
        remember_devices: bool = True,
        level_interval: float = 0.1,
        keep_awake: bool = True,
    ) -> None:
        self._protocols = protocols
        self._output = PcmOutput()
        self._media = PageMedia(
            carries={"mic", "speaker"},
            output=self._output,
            remember_devices=remember_devices,
            audio_constraints=constraints,
            audio_track=microphone,
            level_interval=level_interval,
            keep_awake=keep_awake,
        )
        self._tasks = Tasks()
        self._answer_rate = SAMPLE_RATE
        self._recorder = self._make_recorder(SAMPLE_RATE)
        self._is_heard = False
        self._socket: Socket | None = None
        self._host: RealtimeHost | None = None
        self._frames = 0
        self._in_session = _js.Scope()

    def attach(self, host: RealtimeHost) -> None:
        self._media.attach(host.media, self)
        self._host = host

    @property
    def media(self) -> PageMedia:
        return self._media

    @property
    def carries_tracks(self) -> bool:
        return False

    @property
    def max_message_size(self) -> int:
        return MAX_MESSAGE_SIZE

    # The session.

    def use_rates(self, *, microphone: int, answers: int) -> None:
        self._answer_rate = answers
        if self._output.player is not None:
            self._output.player.rate = answers
        if microphone != self._recorder.sample_rate:
            self._recorder.close()
            self._recorder = self._make_recorder(microphone)
            if (track := self._media.tracks().local.audio) is not None:
                self._tasks.run(self._recorder.listen(track), "the microphone could not be recorded")

    def _make_recorder(self, rate: int) -> Recorder:
        return WorkletRecorder(rate, rate // CHUNKS, self._on_heard)

    async def connect(self, request: RealtimeRequest) -> None:
        host = self._client
        socket = self._socket = Socket(received=self._counted(host.receive), closed=self._on_closed)
        self._in_session.listen(_js.api("window"), "pagehide", self._on_pagehide)
        await (self._open_with_sound(socket, request) if request.sound else self._open(socket, request))
        check = LinkCheck(self._received_count, host.ask, host.lost)
        self._in_session.defer(check.close)
        check.begin()

    def _counted(self, receive: Callable[[str | bytes], object]) -> Callable[[str | bytes], object]:
        def received(frame: str | bytes) -> None:
            self._frames += 1
            receive(frame)

        return received

    async def _received_count(self) -> int:
        return self._frames

    async def _open_with_sound(self, socket: Socket, request: RealtimeRequest) -> None:
        host = self._client
        player = PcmPlayer(rate=self._answer_rate, speaking=host.speaking, blocked=host.media.playback_blocked)
        self._output.player = player
        self._media.bot_track_changed(BOT, None, player.track)
        await asyncio.gather(self._output.open(player), self._open(socket, request))

    async def _open(self, socket: Socket, request: RealtimeRequest) -> None:
        url = url_of(address_of(request, webrtc=False), "ws")
        url.hash = ""  # a WebSocket takes none
        protocols = self._protocols_for(request)
        offered = offered_protocols(protocols, request.api_key)
        shown = shown_protocols(protocols, request.api_key)
        await open_socket(
            socket,
            str(url.href),
            offered,
            f"It offered {shown}. Browsers do not tell a page why. Check that the server runs, the key is valid, the "
            "server knows a subprotocol of these (protocols=), and the page's Content-Security-Policy allows the "
            "address (connect-src).",
        )

    def _protocols_for(self, request: RealtimeRequest) -> Protocols:
        if self._protocols == "dialect":
            return lambda key: address_of(request, webrtc=False, key=key).protocols
        return self._protocols

    async def open_spare(
        self,
        request: RealtimeRequest,
        received: Callable[[str | bytes], object],
        lost: Callable[[RTVIError], object],
    ) -> SpareLink:
        host = SpareHost(self._client, received, lost)
        socket = Socket(received=self._counted(host.receive), closed=lambda error: host.lost(_closed(error)))
        try:
            await self._open(socket, request)
        except BaseException:
            socket.close()
            raise

        async def take_over(switched: Callable[[], object]) -> None:
            before, self._socket = self._socket, socket
            host.take_over()
            switched()
            if before is not None:
                before.close()

        async def close() -> None:
            socket.close()

        return SpareLink(partial(_send, socket), take_over, close)

    async def close(self) -> None:
        socket, self._socket = self._socket, None
        track = self.bot_tracks.audio
        self._in_session.close()
        self._tasks.cancel()
        self._recorder.close()
        if socket is not None:
            socket.close()
        await self._media.close()
        if track is not None:
            self._media.bot_track_changed(BOT, track, None)

    def send(self, text: str) -> None:
        _send(self._socket, text)

    def _on_pagehide(self, _event: Any) -> None:
        # Tell the server, which might take minutes to notice.
        if self._socket is not None:
            self._socket.close()
        self._client.lost(DisconnectedError("The page was left.", reason=DisconnectReason.CLOSED))

    def _on_closed(self, error: WebSocketClosedError) -> None:
        self._client.lost(_closed(error))

    @property
    def _client(self) -> RealtimeHost:
        if self._host is None:
            raise InvalidArgumentError("This transport has no client yet: give it to RealtimeClient(transport=…).")
        return self._host

    # The speaker.

    def play(self, pcm: bytes, *, item_id: str, content_index: int) -> None:
        if self._output.player is not None:
            self._output.player.play(pcm, item_id, content_index)

    async def interrupt(self) -> Played | None:
        player = self._output.player
        playing = await player.interrupt() if player is not None else None
        return Played(*playing) if playing else None

    def pause(self, paused: bool) -> None:
        if self._output.player is not None:
            self._output.player.pause(paused)

    async def record(self) -> None:
        if (player := self._output.player) is not None:
            player.record(lambda pcm: self._client.recorded(PLAYED, pcm, player.recorded_rate))

    async def stop_recording(self) -> None:
        if self._output.player is not None:
            await self._output.player.stop_recording()

    # What the media call: MediaLink.

    @property
    def bot(self) -> Participant:
        return BOT

    @property
    def bot_tracks(self) -> ParticipantTracks:
        player = self._output.player
        return ParticipantTracks(audio=player.track if player is not None else None)

    async def send_track(self, source: TrackSource, track: Any) -> None:
        if track is None:
            self._recorder.close()
        else:
            await self._recorder.listen(track)

    def send_status(self, source: TrackSource, enabled: bool) -> None:
        self._is_heard = enabled

    def _on_heard(self) -> None:
        pcm = self._recorder.read(self._recorder.sample_rate // CHUNKS)
        if pcm and (self._socket is None or self._socket.backlog < MAX_BACKLOG):
            self._client.microphone(pcm if self._is_heard else bytes(len(pcm)), muted=not self._is_heard)


def _send(socket: Socket | None, text: str) -> None:
    if socket is None or not socket.is_open:
        raise DisconnectedError("The WebSocket is not open.")
    socket.send(text)


def _closed(error: WebSocketClosedError) -> DisconnectedError:
    return DisconnectedError(f"The WebSocket was closed with {error}.")
