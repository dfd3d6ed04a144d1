"""Realtime over WebRTC: events on a data channel, sound on tracks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rtvi_web.browser.rtc import DEFAULT_MESSAGE_SIZE
from rtvi_web.core.media import BOT, Participant, ParticipantTracks, TrackSource
from rtvi_web.errors import DisconnectedError, InvalidArgumentError, RTVIError, UnsupportedFeatureError
from rtvi_web.media.page_media import PageMedia
from rtvi_web.realtime.protocol.stereo_sound import PLAYED, SENT
from rtvi_web.realtime.transport import Played, RealtimeHost, RealtimeRequest, RealtimeTransport, SpareLink
from rtvi_web.transports.realtime.call import Call
from rtvi_web.transports.realtime.link_check import LinkCheck
from rtvi_web.transports.realtime.request import address_of, headers_of, url_of
from rtvi_web.transports.realtime.spare import SpareHost
from rtvi_web.transports.realtime.track_recording import TrackRecording
from rtvi_web.transports.signs_of_life import received_count


class RealtimeWebRTCTransport(RealtimeTransport):
    """Carries a realtime session over WebRTC. It works without a microphone too, for sessions in writing.

    The offer is POSTed as ``application/sdp``, with the key as bearer token: to the address of the client's dialect, or
    to its ``url``, which is used as it is: it must answer with SDP.

    Args:
        ice_servers: as in JavaScript, ``[{"urls": "stun:…"}]``; OpenAI needs none.
        microphone: the page's own ``MediaStreamTrack``, sent instead of a microphone; it is never stopped.
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
        ice_servers: Sequence[Mapping[str, Any]] = (),
        microphone: Any = None,
        constraints: Mapping[str, Any] | None = None,
        remember_devices: bool = True,
        level_interval: float = 0.1,
        keep_awake: bool = True,
    ) -> None:
        self._ice_servers = ice_servers
        self._media = PageMedia(
            carries={"mic", "speaker"},
            remember_devices=remember_devices,
            audio_constraints=constraints,
            audio_track=microphone,
            level_interval=level_interval,
            keep_awake=keep_awake,
        )
        self._call: Call | None = None
        self._sends_microphone = False
        self._recording: TrackRecording | None = None
        self._host: RealtimeHost | None = None
        self._check: LinkCheck | None = None

    def attach(self, host: RealtimeHost) -> None:
        self._media.attach(host.media, self)
        self._host = host

    @property
    def media(self) -> PageMedia:
        return self._media

    @property
    def carries_tracks(self) -> bool:
        return True

    @property
    def max_message_size(self) -> int:
        return self._call.max_message_size if self._call else DEFAULT_MESSAGE_SIZE

    # The session.

    async def connect(self, request: RealtimeRequest) -> None:
        if self._host is None:
            raise InvalidArgumentError("This transport has no client yet: give it to RealtimeClient(transport=…).")
        address = address_of(request, webrtc=True)
        url, headers = str(url_of(address, "http").href), headers_of(address)
        call = self._call = Call(
            self._host,
            ice_servers=self._ice_servers,
            player=self._media.player,
            received=self._on_received,
        )
        self._sends_microphone = not request.holds_microphone
        await call.open(url, headers, self._media.tracks().local.audio if self._sends_microphone else None)
        self._check_link(call, self._host.lost)

    def _check_link(self, call: Call, lost: Callable[[RTVIError], object]) -> None:
        """Check this call from now on, and no other. Browsers ask for signs of life by themselves."""
        self._stop_checking()

        async def received() -> int:
            return received_count(await call.stats())

        self._check = LinkCheck(received, lambda: True, lost)
        self._check.begin()

    def _stop_checking(self) -> None:
        check, self._check = self._check, None
        if check is not None:
            check.close()

    def _on_received(self, track: Any) -> None:
        if self._call is not None and self._call.received is track:  # not that of a spare one
            self._media.bot_track_changed(BOT, None, track)

    async def open_spare(
        self,
        request: RealtimeRequest,
        received: Callable[[str | bytes], object],
        lost: Callable[[RTVIError], object],
    ) -> SpareLink:
        if self._host is None:
            raise InvalidArgumentError("This transport has no client yet: give it to RealtimeClient(transport=…).")
        address = address_of(request, webrtc=True)
        url, headers = str(url_of(address, "http").href), headers_of(address)
        host = SpareHost(self._host, received, lost)
        call = Call(host, ice_servers=self._ice_servers, player=None, received=self._on_received)
        try:
            await call.open(url, headers, None)
        except BaseException:
            await call.close()
            raise

        async def take_over(switched: Callable[[], object]) -> None:
            before, self._call = self._call, call
            host.take_over()
            switched()
            self._check_link(call, host.lost)
            await self._follow(before, call)

        return SpareLink(call.send, take_over, call.close)

    async def _follow(self, before: Call | None, call: Call) -> None:
        """Hear and send over another call than before."""
        if before is not None:
            before.use_player(None)
        call.use_player(self._media.player)
        self._media.bot_track_changed(BOT, before.received if before else None, call.received)
        await self.send_track("mic", self._media.tracks().local.audio)
        if self._recording is not None and call.received is not None:
            await self._recording.listen(PLAYED, call.received)
        if before is not None:
            await before.close()

    async def start_microphone(self) -> None:
        self._sends_microphone = True
        await self.send_track("mic", self._media.tracks().local.audio)

    async def close(self) -> None:
        call, self._call = self._call, None
        self._stop_checking()
        await self.stop_recording()
        await self._media.close()
        if call is not None:
            await call.close()
            if call.received is not None:
                self._media.bot_track_changed(BOT, call.received, None)

    def send(self, text: str) -> None:
        if self._call is None:
            raise DisconnectedError("There is no connection.")
        self._call.send(text)

    def play(self, pcm: bytes, *, item_id: str, content_index: int) -> None:
        """Never called: the browser plays the track."""

    async def interrupt(self) -> Played | None:
        return None

    def pause(self, paused: bool) -> None:
        raise UnsupportedFeatureError(
            "Over WebRTC an answer cannot be held: the server sends it as it is spoken, and takes what it has sent as "
            "heard. Use interrupt(), or mute() and mute_bot(); over a WebSocket, pause() works.",
            feature="pause",
        )

    async def record(self) -> None:
        if self._host is None or self._call is None:
            return
        recording = self._recording = TrackRecording(self._host.recorded)
        try:
            await recording.listen(PLAYED, self._call.received)
            await recording.listen(SENT, self._media.tracks().local.audio)
        except BaseException:
            await self.stop_recording()
            raise

    async def stop_recording(self) -> None:
        recording, self._recording = self._recording, None
        if recording is not None:
            recording.close()

    # What the media call: MediaLink.

    @property
    def bot(self) -> Participant:
        return BOT

    @property
    def bot_tracks(self) -> ParticipantTracks:
        return ParticipantTracks(audio=self._call.received if self._call is not None else None)

    async def send_track(self, source: TrackSource, track: Any) -> None:
        if self._call is not None and self._sends_microphone:
            await self._call.send_track(source, track)
            if self._recording is not None:
                await self._recording.listen(SENT, track)

    def send_status(self, source: TrackSource, enabled: bool) -> None:
        """Nothing to send: the server hears silence."""
