"""WebSocketTransport: Pipecat's protobuf frames over a WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rtvi_web.browser._js import JsError
from rtvi_web.browser.pcm_player import PcmPlayer
from rtvi_web.browser.relay import Relay
from rtvi_web.browser.worklet_recorder import TrackWorklet
from rtvi_web.core.checks import check_number
from rtvi_web.core.http import HttpClient
from rtvi_web.core.media import BOT, Participant, ParticipantTracks, TrackSource
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DisconnectedError, InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.media.page_media import PageMedia
from rtvi_web.media.pcm_output import PcmOutput
from rtvi_web.rtvi.protocol.link.reconnect import Reconnect
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, Transport, TransportHost
from rtvi_web.transports.http import PageHttp
from rtvi_web.transports.options import check_reconnect, check_texts
from rtvi_web.transports.websocket import frames

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence
    from rtvi_web.rtvi.protocol.link.stats import LinkStats
    from rtvi_web.transports.websocket.session import WebSocketSession

MAX_MESSAGE_SIZE = (16 << 20) - 64
"""Bytes of a message that fit into the 16 MiB which Pipecat's servers (uvicorn) take, with the frame around them."""
CHUNKS = 50
"""Frames of the microphone's sound in a second."""
BUFFER = 0.16
"""Seconds of sound before it is played. Pipecat sends 40 ms at a time, which come up to 100 ms late."""
HELD = 10 * CHUNKS
"""Frames of the microphone's sound that are kept until the bot is ready: ten seconds."""
REPORT = 0.5
"""Seconds of sound between two reports of how much waits to be played, for the statistics."""
SLOWEST, FASTEST = 8000, 96_000
DEFAULT_RECONNECT = Reconnect()


class WebSocketTransport(Transport):
    """Connects to a Pipecat bot over a WebSocket, with protobuf frames. Mirrors ``WebSocketTransport``.

    It carries the microphone and plays the bot; there is no camera and no screen. While the microphone is muted,
    silence is sent, so that the bot notices that the person has stopped speaking. What is said before the bot is ready,
    ten seconds of it at most, is sent when it is. A session cannot be resumed: a silent
    link may heal, and with ``Reconnect(fresh_start=True)`` a lost one leads to a new bot.

    Args:
        ws_url: where to connect, such as ``"wss://example.com/ws"``. The start endpoint's answer, or ``connect()``, may
            name another (``ws_url`` or ``wsUrl``) and a ``token``. Mirrors ``wsUrl``.
        recorder_sample_rate: samples a second that the bot is sent, 8,000 to 96,000. It must be what the bot's pipeline
            takes (``audio_in_sample_rate``), because servers do not convert it. Mirrors ``recorderSampleRate``.
        player_sample_rate: samples a second at which the bot is played, 8,000 to 96,000. Each piece of its sound has a
            rate of its own, from which it is converted. Mirrors ``playerSampleRate``.
        playback_buffer: seconds by which the bot is played later than it could be, so that sound that comes unevenly
            has no gaps; 0 to 2.
        max_message_size: bytes that the server takes in one message.
        reconnect: how long a link that is silent may heal, and whether a lost one leads to a new bot; ``None`` ends the
            session at once.
        remember_devices: whether chosen devices are kept in the local storage for later page loads.
        audio_constraints: constraints of the microphone, as in JavaScript (MDN: MediaTrackConstraints).
        audio_track: a ``MediaStreamTrack`` of the application, sent instead of a microphone's. It is never stopped.
        release_mic_when_muted: whether to close the microphone while it is muted, so that its light goes out.
        level_interval: seconds over which a level is measured, and between two ``localAudioLevel`` events.
        keep_awake: whether the screen stays on from the bot's first sound on, so that no phone locks itself in a call.

    Raises:
        InvalidArgumentError: an argument is not as described here.
    """

    def __init__(
        self,
        ws_url: str | None = None,
        *,
        recorder_sample_rate: int = 16_000,
        player_sample_rate: int = 48_000,
        playback_buffer: float = BUFFER,
        max_message_size: int = MAX_MESSAGE_SIZE,
        reconnect: Reconnect | None = DEFAULT_RECONNECT,
        remember_devices: bool = True,
        audio_constraints: Mapping[str, Any] | None = None,
        audio_track: Any = None,
        release_mic_when_muted: bool = False,
        level_interval: float = 0.1,
        keep_awake: bool = True,
    ) -> None:
        for name, rate in (("recorder_sample_rate", recorder_sample_rate), ("player_sample_rate", player_sample_rate)):
            check_number(name, rate, SLOWEST, FASTEST, "samples a second", whole=True)
        check_number("playback_buffer", playback_buffer, 0, 2, "seconds")
        check_number("max_message_size", max_message_size, 1, math.inf, "bytes", whole=True)
        check_texts(ws_url=ws_url)
        check_reconnect(reconnect)
        self._ws_url = ws_url
        self._player_rate = player_sample_rate
        self._buffer = playback_buffer
        self._max_message_size = max_message_size
        self._reconnect = reconnect
        self._output = PcmOutput()
        self._media = PageMedia(
            carries={"mic", "speaker"},
            output=self._output,
            remember_devices=remember_devices,
            audio_constraints=audio_constraints,
            audio_track=audio_track,
            release_mic_when_muted=release_mic_when_muted,
            level_interval=level_interval,
            keep_awake=keep_awake,
        )
        self._relay = Relay(held=HELD, most=4 * recorder_sample_rate, slowest=frames.SLOWEST, fastest=frames.FASTEST)
        self._recorder = self._make_recorder(recorder_sample_rate)
        self._http: HttpClient = PageHttp()
        self._host: TransportHost | None = None
        self._session: WebSocketSession | None = None
        self._evidence: LinkEvidence | None = None
        self._track: Any = None
        self._interruptions = 0
        self._opened: PcmPlayer | None = None
        self._tasks = Tasks()

    def _make_recorder(self, rate: int) -> TrackWorklet:
        chunk = rate // CHUNKS
        head, tail = frames.around_sound(2 * chunk, rate)
        return TrackWorklet({"rate": rate, "chunk": chunk, "head": head, "tail": tail}, self._relay.speak)

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        self._media.attach(host.media, self, enable_mic=enable_mic, enable_cam=enable_cam)
        self._host = host

    @property
    def media(self) -> PageMedia:
        return self._media

    @property
    def http(self) -> HttpClient:
        return self._http

    @property
    def max_message_size(self) -> int:
        return self._max_message_size

    # The session.

    def starting(self) -> None:
        self._evidence = None
        asyncio.get_running_loop().call_soon(_session_type)  # While the browser asks the person for permission.
        with contextlib.suppress(JsError):  # connect() tries again, and tells.
            self._make_player()  # If a click led to this call, the browser lets it play.
            self._recorder.prepare()
            self._relay.prepare()

    def _make_player(self) -> PcmPlayer:
        if self._output.player is None and self._host is not None:
            self._output.player = PcmPlayer(
                rate=self._player_rate,
                speaking=lambda _: None,
                blocked=self._host.media.playback_blocked,
                buffer=self._buffer,
                report=REPORT,
            )
        if self._output.player is None:
            raise InvalidArgumentError("This transport serves no client yet: give it to one, as transport=….")
        return self._output.player

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self._make_player()
        session = self._session = _session_type()(
            ws_url=self._ws_url, reconnect=self._reconnect, output=self, relay=self._relay
        )
        recording = asyncio.ensure_future(self._record())
        try:
            await asyncio.gather(recording, session.connect(request, receiver))
        finally:
            recording.cancel()  # What fails first must not leave it to open a device's context later.
        return BOT

    def _open_player(self) -> None:
        """Let the player begin. That keeps a machine busy for a moment, so it waits until there may be sound."""
        player = self._output.player
        if player is not None and player is not self._opened:
            self._opened = player
            self._tasks.run(self._open(player), "the bot cannot be heard")

    async def _open(self, player: PcmPlayer) -> None:
        try:
            await self._output.open(player)
        except UnsupportedFeatureError:
            self._output.close()  # It would keep all sound that comes.
            raise
        self._relay.play(player)

    async def _record(self) -> None:
        await self._relay.open()
        await self._recorder.listen(self._media.tracks().local.audio)

    def _track_is(self, track: Any) -> None:
        before, self._track = self._track, track
        if track is not before:
            self._media.bot_track_changed(BOT, before, track)

    def bot_ready(self) -> None:
        if self._session is not None:
            self._session.bot_ready()
            self._relay.release()
            self._open_player()

    def interrupted(self) -> None:
        if self._session is not None:
            self._session.interrupted()

    async def close(self) -> None:
        session, self._session = self._session, None
        self._tasks.cancel()
        if session is not None:
            self._evidence = session.evidence
            await session.close()
        self._relay.close()
        await self._media.close()
        self._recorder.close()
        self._track_is(None)
        await self._tasks.close()

    def send(self, text: str) -> None:
        if self._session is None:
            raise DisconnectedError("There is no connection to send on.")
        self._session.send(text)

    async def stats(self) -> LinkStats:
        if self._session is None:
            raise DisconnectedError("There is no connection.")
        return await self._session.stats()

    async def examine(self) -> LinkEvidence:
        if self._session is not None:
            return await self._session.examine()
        return self._evidence or await super().examine()

    # The bot's sound: SoundOutput.

    @property
    def delay(self) -> float | None:
        return self._output.player.delay if self._output.player is not None else None

    @property
    def underruns(self) -> int | None:
        return self._output.player.underruns if self._output.player is not None else None

    def begin(self) -> None:
        if self._track is not None:
            self.silence()
            self._track_is(None)
        self._track_is(self._make_player().track)

    def play(self, pcm: bytes, sample_rate: int, channels: int) -> None:
        self._open_player()
        if self._output.player is not None:
            self._output.player.play(pcm, str(self._interruptions), 0, rate=sample_rate, channels=channels)

    def silence(self) -> None:
        self._interruptions += 1
        if self._output.player is not None:
            self._tasks.run(self._output.player.interrupt(), "the bot could not be interrupted")

    # What the media call: MediaLink.

    @property
    def bot(self) -> Participant:
        return BOT

    @property
    def bot_tracks(self) -> ParticipantTracks:
        return ParticipantTracks(audio=self._track)

    async def send_track(self, source: TrackSource, track: Any) -> None:
        if self._session is not None:
            await self._recorder.listen(track)

    def send_status(self, source: TrackSource, enabled: bool) -> None:
        """The bot is not told: a muted microphone sends silence."""


def _session_type() -> type[WebSocketSession]:
    """The class of sessions, imported with the first session: a page need not wait for it at its boot."""
    from rtvi_web.transports.websocket.session import WebSocketSession

    return WebSocketSession
