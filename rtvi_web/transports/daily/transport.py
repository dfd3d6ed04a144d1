"""DailyTransport: the page and the bot meet in one of Daily's rooms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rtvi_web.browser._js import JsError
from rtvi_web.browser.daily import MESSAGE_LIMIT, create, find_library, lacks, version
from rtvi_web.core.checks import checked_mapping
from rtvi_web.core.http import HttpClient
from rtvi_web.core.masking import described, quoted
from rtvi_web.core.media import BOT, EVERYTHING, Participant, ParticipantTracks, TrackSource
from rtvi_web.errors import DisconnectedError, InvalidArgumentError, TransportStartError
from rtvi_web.media.page_media import PageMedia
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, Transport, TransportHost
from rtvi_web.transports.daily.address import room_address
from rtvi_web.transports.http import PageHttp

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence
    from rtvi_web.transports.daily.session import DailySession

_MISSING = (
    "DailyTransport needs daily-js, which this page has not loaded. Put <script "
    'src="https://unpkg.com/@daily-co/daily-js"></script>, or a copy of yours, before the page\'s Python, or give '
    "DailyTransport(call_object=…)."
)


class DailyTransport(Transport):
    """Meets the bot in a Daily room, over the page's own daily-js. Mirrors ``DailyTransport``.

    The page loads daily-js, which is found as ``Daily`` or ``DailyIframe``. The room and its token are in the start
    endpoint's answer (``room_url`` and ``token``, ``dailyRoom`` and ``dailyToken`` …), in what ``connect()`` gets, or
    in the options. Unlike the JavaScript transport it opens the devices itself, so that they are chosen, followed and
    released as in every other session, and it plays the bot.

    The bot is whom the answer names (``bot_name`` or ``bot_id``), else the first in the room who is heard, else the
    first who has been there for three seconds. Only the bot gets what the client sends, and only its messages are
    taken. Other people's tracks come with ``trackStarted``; the page plays them if it wants to.

    Args:
        options: daily-js' factory options, in camelCase as in Daily's documentation, such as
            ``{"userName": "Ada", "dailyConfig": {"avoidEval": True}}``. ``audioSource`` and ``videoSource`` are a
            ``MediaStreamTrack``, a device's id, or ``False`` to send no such track. ``startAudioOff`` and
            ``startVideoOff`` have no effect: the client's ``enable_mic`` and ``enable_cam`` decide.
        call_object: a call object of yours instead of one for each session. The transport joins and leaves, but does
            not destroy it. The options are yours then, too.
        play_bot_audio, remember_devices, audio_constraints, video_constraints, release_mic_when_muted, level_interval,
            keep_awake: as in :class:`SmallWebRTCTransport`.
        audio_track, video_track: the same as ``audioSource`` and ``videoSource``, whatever is in the options.

    Raises:
        InvalidArgumentError: an argument is not as described here: the options are not a mapping, or given with a call
            object; ``level_interval`` is not between 0.02 and 10; a track is of the wrong kind …
    """

    def __init__(
        self,
        options: Mapping[str, Any] | None = None,
        *,
        call_object: Any = None,
        play_bot_audio: bool = True,
        remember_devices: bool = True,
        audio_constraints: Mapping[str, Any] | None = None,
        video_constraints: Mapping[str, Any] | None = None,
        audio_track: Any = None,
        video_track: Any = None,
        release_mic_when_muted: bool = False,
        level_interval: float = 0.1,
        keep_awake: bool = True,
    ) -> None:
        if not isinstance(options, Mapping | None):
            raise InvalidArgumentError(f"options must be a dict of daily-js' factory options; it is {quoted(options)}.")
        if options and call_object is not None:
            raise InvalidArgumentError("Give options or a call_object, not both: a call object has options already.")
        if call_object is not None and not hasattr(call_object, "leave"):
            raise InvalidArgumentError(
                f"call_object must be a call object of daily-js; it is {described(call_object)}."
            )
        self._options = dict(options or {})
        audio = _Source.of(self._options.pop("audioSource", None), "audioSource")
        video = _Source.of(self._options.pop("videoSource", None), "videoSource")
        self._media = PageMedia(
            carries=EVERYTHING - ({"mic"} if audio.is_off else set()) - ({"cam"} if video.is_off else set()),
            play_bot_audio=play_bot_audio,
            remember_devices=remember_devices,
            audio_constraints={**checked_mapping("audio_constraints", audio_constraints), **audio.constraints},
            video_constraints={**checked_mapping("video_constraints", video_constraints), **video.constraints},
            audio_track=audio.track if audio_track is None else audio_track,
            video_track=video.track if video_track is None else video_track,
            release_mic_when_muted=release_mic_when_muted,
            level_interval=level_interval,
            keep_awake=keep_awake,
        )
        self._call_object = call_object
        self._http: HttpClient = PageHttp()
        self._session: DailySession | None = None
        self._evidence: LinkEvidence | None = None

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        self._media.attach(host.media, self, enable_mic=enable_mic, enable_cam=enable_cam)

    @property
    def media(self) -> PageMedia:
        return self._media

    @property
    def http(self) -> HttpClient:
        return self._http

    @property
    def max_message_size(self) -> int:
        return self._session.message_size if self._session else MESSAGE_LIMIT

    @property
    def expiry(self) -> float | None:
        return self._session.expiry if self._session else None

    # The session.

    def starting(self) -> None:
        self._evidence = None
        self._check_library()  # Before a server is asked for a bot.

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        from rtvi_web.transports.daily.session import DailySession

        address = room_address(request.bundle, self._options)
        library = self._check_library()
        call = self._call_object
        if call is None:
            try:
                call = create(library, self._options)
            except JsError as error:
                raise TransportStartError(f"daily-js refuses DailyTransport's options: {error.message}") from error
            self._check(call, version(library))
        self._session = DailySession(call, ours=self._call_object is None, media=self._media, receiver=receiver)
        return await self._session.connect(address)

    def _check_library(self) -> Any:
        """The page's daily-js, if it is needed.

        Raises:
            TransportStartError: it is missing, or too old.
        """
        if self._call_object is not None:
            self._check(self._call_object, "?")
            return None
        library = find_library()
        if library is None:
            raise TransportStartError(_MISSING)
        if not hasattr(library, "createCallObject"):
            raise _too_old(version(library), "createCallObject")
        return library

    def _check(self, call: Any, version: str) -> None:
        if missing := lacks(call):
            raise _too_old(version, ", ".join(missing))

    async def close(self) -> None:
        session, self._session = self._session, None
        await self._media.close()
        if session is not None:
            self._evidence = session.evidence
            await session.close()

    def send(self, text: str) -> None:
        if self._session is None:
            raise DisconnectedError("There is no connection to send on.")
        self._session.send(text)

    async def examine(self) -> LinkEvidence:
        if self._session is not None:
            return self._session.evidence
        return self._evidence or await super().examine()

    # MediaLink, for the media.

    @property
    def bot(self) -> Participant:
        return self._session.bot if self._session else BOT

    @property
    def bot_tracks(self) -> ParticipantTracks:
        return self._session.bot_tracks if self._session else ParticipantTracks()

    async def send_track(self, source: TrackSource, track: Any) -> None:
        if self._session is not None:
            await self._session.send_track(source, track)

    def send_status(self, source: TrackSource, enabled: bool) -> None:
        if self._session is not None:
            self._session.send_status(source, enabled)


class _Source:
    """What ``audioSource`` or ``videoSource`` of the options mean for the media."""

    def __init__(
        self, *, track: Any = None, constraints: Mapping[str, Any] | None = None, is_off: bool = False
    ) -> None:
        self.track = track
        self.constraints = constraints or {}
        self.is_off = is_off

    @classmethod
    def of(cls, given: Any, name: str) -> _Source:
        if given is None or isinstance(given, bool):
            return cls(is_off=given is False)
        if isinstance(given, str):
            return cls(constraints={"deviceId": {"exact": given}})
        if not hasattr(given, "kind"):
            raise InvalidArgumentError(f"{name} is a MediaStreamTrack, a device's id or a bool, not {quoted(given)}.")
        return cls(track=given)


def _too_old(version: str, missing: str) -> TransportStartError:
    return TransportStartError(
        f"The page's daily-js (version {version}) is too old: it has no {missing}. Load its newest version."
    )
