"""SmallWebRTCTransport: the page and the bot's server connect directly over WebRTC."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rtvi_web.core.checks import check_bools
from rtvi_web.core.http import HttpClient
from rtvi_web.core.media import BOT, Participant, ParticipantTracks, TrackSource
from rtvi_web.core.tasks import Tasks
from rtvi_web.errors import DisconnectedError, RTVIError
from rtvi_web.media.page_media import PageMedia
from rtvi_web.rtvi.protocol.link.reconnect import Reconnect
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, Transport, TransportHost
from rtvi_web.transports.http import PageHttp
from rtvi_web.transports.options import check_reconnect, check_servers, check_texts
from rtvi_web.transports.small_webrtc.offer import check_template

if TYPE_CHECKING:
    from rtvi_web.browser.rtc import Peer
    from rtvi_web.media.preconnect_buffer import PreconnectBuffer
    from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence
    from rtvi_web.rtvi.protocol.link.stats import LinkStats
    from rtvi_web.transports.small_webrtc.link import Link
    from rtvi_web.transports.small_webrtc.session import SmallWebRTCSession

DEFAULT_RECONNECT = Reconnect()


class SmallWebRTCTransport(Transport):
    """Connects to a Pipecat bot over WebRTC. Mirrors ``SmallWebRTCTransport``.

    Unlike the JavaScript transport it manages the devices itself, plays the bot's audio, names the participant of the
    bot's tracks (also in ``tracks().bot``), and goes on without a microphone that is denied or missing.

    Args:
        webrtc_url: where the offer goes, such as ``"/api/offer"``. Without it the start endpoint's answer decides, else
            it is base URL + ``/api/offer``. Mirrors ``webrtcUrl``.
        offer_url_template: where the offer goes if the start endpoint's answer has a ``sessionId`` but no address, such
            as ``"/bots/:sessionId/offer"``. Without it: ``sessions/<sessionId>/api/offer`` beside the start endpoint.
            If that returns 404 or 405, base URL + ``/api/offer`` is tried. Mirrors ``offerUrlTemplate``.
        ice_servers: as in JavaScript, ``[{"urls": "stun:…"}]``. Without it, those of the start endpoint's answer.
            Mirrors ``iceServers``.
        audio_codec, video_codec: the codec to prefer, such as ``"opus/48000/2"`` or ``"VP8/90000"``. A bot that lacks
            it uses another. Mirrors ``audioCodec`` and ``videoCodec``, which allow no other codec.
        reconnect: how long a lost link is restored; ``None`` ends the session with its link.
        play_bot_audio: whether the transport plays the bot's audio; ``False`` leaves that to the page
            (``tracks().bot.audio``).
        remember_devices: whether chosen devices are kept in the local storage for later page loads.
        audio_constraints, video_constraints: constraints of microphone and camera, as in JavaScript:
            ``{"echoCancellation": True, "noiseSuppression": False, "autoGainControl": True}`` (MDN:
            MediaTrackConstraints).
        audio_track, video_track: a ``MediaStreamTrack`` of the application, sent instead of a device's. The transport
            mutes and unmutes it, but never stops it.
        release_mic_when_muted: whether to close the microphone while it is muted, so that its light goes out. Unmuting
            opens it again, without renegotiation, which takes a moment. ``speakingWhileMuted`` never fires then.
        level_interval: seconds over which a level is measured, and between two ``localAudioLevel`` events.
        keep_awake: whether the screen stays on from the bot's first sound on, so that no phone locks itself in a call.
        buffer_until_ready: whether to record the microphone from ``connect()`` on and send the recording once the bot
            is ready, so that no word is lost while it starts. The live microphone follows. At most a minute is kept.

    Raises:
        InvalidArgumentError: an argument is not as described here: ``level_interval`` is not between 0.02 and 10, a
            track is of the wrong kind, ``reconnect`` is not a :class:`Reconnect` with a positive budget,
            ``offer_url_template`` has no ``:sessionId`` …
    """

    def __init__(
        self,
        *,
        webrtc_url: str | None = None,
        offer_url_template: str | None = None,
        ice_servers: Sequence[Mapping[str, Any]] | None = None,
        audio_codec: str | None = None,
        video_codec: str | None = None,
        reconnect: Reconnect | None = DEFAULT_RECONNECT,
        play_bot_audio: bool = True,
        remember_devices: bool = True,
        audio_constraints: Mapping[str, Any] | None = None,
        video_constraints: Mapping[str, Any] | None = None,
        audio_track: Any = None,
        video_track: Any = None,
        release_mic_when_muted: bool = False,
        level_interval: float = 0.1,
        keep_awake: bool = True,
        buffer_until_ready: bool = False,
    ) -> None:
        self._media = PageMedia(
            play_bot_audio=play_bot_audio,
            remember_devices=remember_devices,
            audio_constraints=audio_constraints,
            video_constraints=video_constraints,
            audio_track=audio_track,
            video_track=video_track,
            release_mic_when_muted=release_mic_when_muted,
            level_interval=level_interval,
            keep_awake=keep_awake,
        )
        check_texts(webrtc_url=webrtc_url, audio_codec=audio_codec, video_codec=video_codec)
        check_template(offer_url_template)
        check_servers(ice_servers)
        check_reconnect(reconnect)
        check_bools(buffer_until_ready=buffer_until_ready)
        self._webrtc_url = webrtc_url
        self._offer_url_template = offer_url_template
        self._ice_servers = ice_servers
        codecs = (("audio", audio_codec), ("video", video_codec))
        self._codecs = {kind: codec for kind, codec in codecs if codec is not None}
        self._reconnect = reconnect
        self._buffers = buffer_until_ready
        self._preconnect_buffer: PreconnectBuffer | None = None
        self._http: HttpClient = PageHttp()
        self._session: SmallWebRTCSession | None = None
        self._evidence: LinkEvidence | None = None
        self._preparing: asyncio.Handle | None = None
        self._peer: Peer | None = None
        self._tasks = Tasks()

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        self._media.attach(host.media, self, enable_mic=enable_mic, enable_cam=enable_cam)

    @property
    def media(self) -> PageMedia:
        return self._media

    @property
    def http(self) -> HttpClient:
        return self._http

    @property
    def _link(self) -> Link | None:
        return self._session.link if self._session else None

    @property
    def resumable(self) -> bool:
        return True

    @property
    def max_message_size(self) -> int:
        if self._link is not None:
            return self._link.max_message_size
        from rtvi_web.browser.rtc import DEFAULT_MESSAGE_SIZE

        return DEFAULT_MESSAGE_SIZE

    # The session.

    def starting(self) -> None:
        self._evidence = None
        # While the browser asks the person for permission.
        self._preparing = asyncio.get_running_loop().call_soon(self._prepare)
        if self._buffers and self._preconnect_buffer is None:
            from rtvi_web.media.preconnect_buffer import PreconnectBuffer

            self._preconnect_buffer = PreconnectBuffer(lambda: self._media.tracks().local.audio)

    def _prepare(self) -> None:
        """Make the connection and its offer. What will be sent over it, and the ICE servers, may come later."""
        from rtvi_web.transports.small_webrtc.link import prepared_peer

        _session_type()
        if self._peer is None:
            with contextlib.suppress(RTVIError):  # connect() tries again, and tells.
                self._peer = prepared_peer(self._codecs, self._ice_servers or [])
                self._tasks.run(self._peer.prepare(), "the offer was not made ahead of time")

    def _take_peer(self) -> Peer | None:
        peer, self._peer = self._peer, None
        return peer

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        self._session = _session_type()(
            self.http,
            webrtc_url=self._webrtc_url,
            offer_url_template=self._offer_url_template,
            servers=self._ice_servers,
            codecs=self._codecs,
            reconnect=self._reconnect,
            player=self._media.player,
            sent_tracks=self._sent_tracks,
            sends=self._sends,
            track_changed=self._media.bot_track_changed,
            take_peer=self._take_peer,
            clock=time.time,
        )
        return await self._session.connect(request, receiver)

    def _sent_tracks(self) -> dict[TrackSource, Any]:
        local = self._media.tracks().local
        held_back = self._preconnect_buffer is not None
        return {"mic": None if held_back else local.audio, "cam": local.video, "screen": local.screen_video}

    def _sends(self) -> dict[TrackSource, bool]:
        media = self._media
        return {"mic": media.is_mic_enabled, "cam": media.is_cam_enabled, "screen": media.is_sharing_screen}

    def bot_ready(self) -> None:
        if self._session is None:
            return
        self._session.bot_ready()
        if self._preconnect_buffer is not None and self._link is not None:
            sending = self._send_preconnect_buffer(self._preconnect_buffer, self._session.receiver, self._link)
            self._tasks.run(sending, "what was said before the bot was ready was not sent")

    async def _send_preconnect_buffer(self, words: PreconnectBuffer, receiver: SessionReceiver, link: Link) -> None:
        with contextlib.suppress(RTVIError):  # They are lost with the link; the live microphone goes on.
            await words.send(receiver.send, link.sent)
        words.close()
        self._preconnect_buffer = None
        with contextlib.suppress(RTVIError):
            await self.send_track("mic", self._media.tracks().local.audio)

    async def close(self) -> None:
        session, self._session = self._session, None
        words, self._preconnect_buffer = self._preconnect_buffer, None
        if words is not None:
            words.close()
        if self._preparing is not None:
            self._preparing.cancel()
        if (peer := self._take_peer()) is not None:
            peer.close()
        await self._media.close()
        await self._tasks.close()
        if session is not None:
            self._evidence = session.evidence
            await session.close()

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

    # MediaLink, for the media.

    @property
    def bot(self) -> Participant:
        return self._link.bot if self._link else BOT

    @property
    def bot_tracks(self) -> ParticipantTracks:
        return self._link.bot_tracks if self._link else ParticipantTracks()

    async def send_track(self, source: TrackSource, track: Any) -> None:
        if source == "mic" and self._preconnect_buffer is not None:
            await self._preconnect_buffer.collect()
        elif self._link is not None:
            await self._link.send_track(source, track)

    def send_status(self, source: TrackSource, enabled: bool) -> None:
        if self._link is not None:
            self._link.send_track_status(source, enabled)


def _session_type() -> type[SmallWebRTCSession]:
    """The class of sessions, imported with the first session: a page need not wait for it at its boot."""
    from rtvi_web.transports.small_webrtc.session import SmallWebRTCSession

    return SmallWebRTCSession
