"""The transport of Pipecat's SmallWebRTC: the page and the bot's server connect directly."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from rtvi_web.browser.audio import measure
from rtvi_web.browser.media import Microphone
from rtvi_web.browser.rtc import DEFAULT_MESSAGE_SIZE
from rtvi_web.errors import ConnectPhase, DeviceError, DisconnectedError, InvalidArgumentError
from rtvi_web.protocol.events import RTVIEvent
from rtvi_web.protocol.media import Participant, ParticipantTracks, Tracks
from rtvi_web.transport import ConnectRequest, HttpClient, Transport, TransportHost
from rtvi_web.transports.http import PageHttp
from rtvi_web.transports.link import CAMERA, MICROPHONE, Link
from rtvi_web.transports.signalling import Signalling, ice_servers, offer_url

LOCAL = Participant(id="local", name="local", local=True)
"""The person at this end, in ``trackStarted`` and ``trackStopped``."""


class SmallWebRTCTransport(Transport):
    """Connects to a Pipecat bot over WebRTC. Mirrors ``SmallWebRTCTransport``.

    It differs where the JavaScript one leaves work to the page: the bot's audio is played, the bot's tracks come with
    their participant and are in ``tracks().bot``, and a microphone that is denied or missing does not end the session.

    Args:
        webrtc_url: where the offer goes, such as ``"/api/offer"``; without it, where the start endpoint's answer
            says, else base URL + ``/api/offer``. Mirrors ``webrtcUrl``.
        ice_servers: as in JavaScript, ``[{"urls": "stun:…"}]``; without it, those of the start endpoint's answer.
            Mirrors ``iceServers``.
        play_bot_audio: whether the transport plays the bot's audio; ``False`` leaves that to the page
            (``tracks().bot.audio``).
    """

    def __init__(
        self,
        *,
        webrtc_url: str | None = None,
        ice_servers: Sequence[Mapping[str, Any]] | None = None,
        play_bot_audio: bool = True,
    ) -> None:
        self._webrtc_url = webrtc_url
        self._ice_servers = ice_servers
        self._play_bot_audio = play_bot_audio
        self._http: HttpClient = PageHttp()
        self._host: TransportHost | None = None
        self._microphone = Microphone(self._on_microphone_ended)
        self._mic_wanted = False
        self._in_use = False
        self._heard: Any = None
        self._meter: asyncio.Task[None] | None = None
        self._link: Link | None = None

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        if self._host is not None:
            raise InvalidArgumentError("This transport serves another client; give each client one of its own.")
        self._host = host
        self._mic_wanted = enable_mic
        self._cam_wanted = enable_cam

    @property
    def http(self) -> HttpClient:
        return self._http

    @property
    def max_message_size(self) -> int:
        return self._link.max_message_size if self._link else DEFAULT_MESSAGE_SIZE

    # The session.

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
            play_audio=self._play_bot_audio,
        )
        await link.open(self._microphone.track)
        link.send_track_status(MICROPHONE, self.is_mic_enabled)
        link.send_track_status(CAMERA, False)
        return link.bot

    async def close(self) -> None:
        self._in_use = False
        link, self._link = self._link, None
        meter, self._meter = self._meter, None
        self._microphone.close()
        self._tell_microphone()
        if meter is not None:
            meter.cancel()
        if link is not None:
            await link.close()
        if meter is not None:
            await asyncio.wait({meter})

    def send(self, text: str) -> None:
        if self._link is None:
            raise DisconnectedError("There is no connection to send on.")
        self._link.send(text)

    # Devices and media.

    async def open_devices(self) -> None:
        self._in_use = True
        if self._mic_wanted:
            try:
                await self._open_microphone()
            except DeviceError:
                return  # It was reported; the session goes on without.

    async def enable_mic(self, enable: bool) -> None:
        self._mic_wanted = enable
        if enable and self._in_use:
            await self._open_microphone()
        else:
            self._microphone.mute()
            self._tell_microphone()

    @property
    def is_mic_enabled(self) -> bool:
        return self._microphone.enabled

    def tracks(self) -> Tracks:
        bot = self._link.bot_tracks if self._link else ParticipantTracks()
        return Tracks(ParticipantTracks(audio=self._microphone.track), bot)

    async def resume_bot_audio(self) -> None:
        if self._link is not None:
            await self._link.resume_audio()

    async def _open_microphone(self) -> None:
        try:
            await self._microphone.open()
        except DeviceError as error:
            self._client.fire(RTVIEvent.DEVICE_ERROR, error)
            raise
        if not self._mic_wanted:  # It was muted while the browser asked for permission.
            self._microphone.mute()
        if self._meter is None:
            self._meter = asyncio.ensure_future(
                measure(
                    self._microphone.track,
                    lambda: self._client.listens(RTVIEvent.LOCAL_AUDIO_LEVEL),
                    lambda level: self._client.fire(RTVIEvent.LOCAL_AUDIO_LEVEL, level),
                )
            )
        if self._link is not None:
            await self._link.send_audio(self._microphone.track)
        self._tell_microphone()

    def _on_microphone_ended(self) -> None:
        if self._meter is not None:
            self._meter.cancel()
            self._meter = None
        self._tell_microphone()
        message = "The microphone is gone: it was unplugged, or its permission was withdrawn."
        self._client.fire(RTVIEvent.DEVICE_ERROR, DeviceError(message, devices=("mic",), type="not-found"))

    def _tell_microphone(self) -> None:
        """Tell the bot and the page what the microphone does, where that has changed."""
        track = self._microphone.track if self._microphone.enabled else None
        if track is self._heard:
            return
        before, self._heard = self._heard, track
        if self._link is not None:
            self._link.send_track_status(MICROPHONE, track is not None)
        if before is not None:
            self._client.fire(RTVIEvent.TRACK_STOPPED, before, LOCAL)
        if track is not None:
            self._client.fire(RTVIEvent.TRACK_STARTED, track, LOCAL)

    @property
    def _client(self) -> TransportHost:
        if self._host is None:
            raise InvalidArgumentError("This transport serves no client yet: RTVIClient(transport=…) attaches it.")
        return self._host
