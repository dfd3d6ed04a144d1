"""The transport of Pipecat's SmallWebRTC: the page and the bot's server connect directly."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from rtvi_web.browser.rtc import DEFAULT_MESSAGE_SIZE
from rtvi_web.errors import ConnectPhase, DisconnectedError, RTVIError
from rtvi_web.protocol.media import Participant, ParticipantTracks
from rtvi_web.transport import ConnectRequest, HttpClient
from rtvi_web.transports.first_words import FirstWords
from rtvi_web.transports.http import PageHttp
from rtvi_web.transports.link import Link
from rtvi_web.transports.media_host import CAMERA, MICROPHONE, SCREEN
from rtvi_web.transports.page_media import PageMedia
from rtvi_web.transports.signalling import Signalling, ice_servers, offer_url

NO_BOT = Participant(id="bot", name="bot", local=False)


class SmallWebRTCTransport(PageMedia):
    """Connects to a Pipecat bot over WebRTC. Mirrors ``SmallWebRTCTransport``.

    It differs where the JavaScript one leaves work to the page: devices need no vendor's SDK, the bot's audio is
    played, the bot's tracks come with their participant and are in ``tracks().bot``, and a microphone that is denied
    or missing does not end the session.

    Args:
        webrtc_url: where the offer goes, such as ``"/api/offer"``; without it, where the start endpoint's answer
            says, else base URL + ``/api/offer``. Mirrors ``webrtcUrl``.
        ice_servers: as in JavaScript, ``[{"urls": "stun:…"}]``; without it, those of the start endpoint's answer.
            Mirrors ``iceServers``.
        play_bot_audio: whether the transport plays the bot's audio; ``False`` leaves that to the page
            (``tracks().bot.audio``).
        remember_devices: whether the choice of devices is kept in the local storage for later page loads.
        audio_constraints, video_constraints: what is asked of microphone and camera, as in JavaScript:
            ``{"echoCancellation": True, "noiseSuppression": False, "autoGainControl": True}`` (MDN:
            MediaTrackConstraints).
        audio_track, video_track: a ``MediaStreamTrack`` of the application's, to be sent in place of a device's. It
            is muted and unmuted, but never stopped.
        level_interval: seconds between two levels, and over which each is measured.
        buffer_until_ready: record the microphone from ``connect()`` on and send that to the bot once it is ready, so
            that no word is lost while it starts; the live microphone follows. At most a minute is kept.

    Raises:
        InvalidArgumentError: ``level_interval`` is not between 0.02 and 10.
    """

    def __init__(
        self,
        *,
        webrtc_url: str | None = None,
        ice_servers: Sequence[Mapping[str, Any]] | None = None,
        play_bot_audio: bool = True,
        remember_devices: bool = True,
        audio_constraints: Mapping[str, Any] | None = None,
        video_constraints: Mapping[str, Any] | None = None,
        audio_track: Any = None,
        video_track: Any = None,
        level_interval: float = 0.1,
        buffer_until_ready: bool = False,
    ) -> None:
        super().__init__(
            play_bot_audio=play_bot_audio,
            remember_devices=remember_devices,
            audio_constraints=audio_constraints,
            video_constraints=video_constraints,
            audio_track=audio_track,
            video_track=video_track,
            level_interval=level_interval,
        )
        self._webrtc_url = webrtc_url
        self._ice_servers = ice_servers
        self._buffers = buffer_until_ready
        self._first_words: FirstWords | None = None
        self._http: HttpClient = PageHttp()
        self._link: Link | None = None

    @property
    def http(self) -> HttpClient:
        return self._http

    @property
    def max_message_size(self) -> int:
        return self._link.max_message_size if self._link else DEFAULT_MESSAGE_SIZE

    # The session.

    def starting(self) -> None:
        if self._buffers and self._first_words is None:
            self._first_words = FirstWords(lambda: self._mic.track)

    async def connect(self, request: ConnectRequest) -> Participant:
        self._client.enter(ConnectPhase.OFFER)
        signalling = Signalling(
            self.http,
            offer_url(self._webrtc_url, request),
            headers=request.headers,
            request_data=request.request_data,
        )
        self._link = link = Link(
            self._client,
            signalling,
            ice_servers=ice_servers(self._ice_servers, request.bundle),
            player=self._player,
            tracks_changed=self.tracks_changed,
        )
        held_back = self._first_words is not None
        await link.open([None if held_back else self._mic.track, self._cam.track, self._screen.track])
        enabled = {MICROPHONE: self.is_mic_enabled, CAMERA: self.is_cam_enabled, SCREEN: self.is_sharing_screen}
        for slot, sends in enabled.items():
            link.send_track_status(slot, sends)
        return link.bot

    def bot_ready(self) -> None:
        if self._first_words is not None and self._link is not None:
            self._run(self._send_first_words(self._first_words, self._link))

    async def _send_first_words(self, words: FirstWords, link: Link) -> None:
        # Where the session ends meanwhile, there is nobody to send to, and close() forgets the words.
        with contextlib.suppress(RTVIError):
            await words.send(self._client.send, self.max_message_size, link.sent)
            words.close()
            self._first_words = None
            await link.send_track(MICROPHONE, self._mic.track)

    async def close(self) -> None:
        link, self._link = self._link, None
        words, self._first_words = self._first_words, None
        if words is not None:
            words.close()
        await self.close_media()
        if link is not None:
            await link.close()

    def send(self, text: str) -> None:
        if self._link is None:
            raise DisconnectedError("There is no connection to send on.")
        self._link.send(text)

    # What the devices send: PageMedia.

    @property
    def _bot(self) -> tuple[Participant, ParticipantTracks]:
        return (self._link.bot, self._link.bot_tracks) if self._link else (NO_BOT, ParticipantTracks())

    async def send_track(self, slot: int, track: Any) -> None:
        if slot == MICROPHONE and self._first_words is not None:
            self._first_words.collect()
        elif self._link is not None:
            await self._link.send_track(slot, track)

    def send_status(self, slot: int, enabled: bool) -> None:
        if self._link is not None:
            self._link.send_track_status(slot, enabled)
