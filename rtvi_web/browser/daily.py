"""Calls of daily-js, Daily's library for browsers, which the page has loaded.

daily-js lives in the page, and its call machine reports what happens in the room. Most promises of a call settle only
when the call machine answers, and never once the call is destroyed: ``close()`` ends what waits for them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, Protocol

from rtvi_web.browser import _js
from rtvi_web.core.tasks import cancelling

logger = logging.getLogger(__name__)

GLOBALS: Final = ("Daily", "DailyIframe")
"""The names under which daily-js is found in a page."""
LEAVE_WITHIN: Final = 2.0
"""Seconds that a call machine has to leave its room."""
MESSAGE_LIMIT: Final = 4096
"""Characters in a message, unless the call machine says otherwise."""
METHODS: Final = (
    *("accessState", "destroy", "join", "leave", "meetingState", "off", "on", "participants", "room"),
    *("sendAppMessage", "setInputDevicesAsync", "setLocalAudio", "setLocalVideo", "startScreenShare"),
    "stopScreenShare",
)
"""What is used of a call object."""

PersonTrack = Literal["audio", "video", "screen"]
TRACKS: dict[PersonTrack, str] = {"audio": "audio", "video": "video", "screen": "screenVideo"}
"""The tracks of a person, and what daily-js calls them."""
_SOURCES = {"mic": "audioSource", "cam": "videoSource"}
_SWITCHES = {"mic": "setLocalAudio", "cam": "setLocalVideo"}


class Person(NamedTuple):
    """A participant.

    Attributes:
        id: their ``session_id``.
        name: their ``user_name``; may be empty.
        local: whether they are the person in front of the page.
        kind: their ``participantType``, such as ``"sip-dial-in"``; empty for those who came with daily-js or a bot.
        tracks: those that are playable now.
    """

    id: str
    name: str
    local: bool
    kind: str
    tracks: Mapping[PersonTrack, Any]


class RoomLimits(NamedTuple):
    """What the room allows: messages of so many characters, and its end in seconds since 1970, if it has one."""

    message_size: int
    expiry: float | None


class CallListener(Protocol):
    """Hears what happens to a :class:`DailyCall`, until ``close()``."""

    def on_person(self, person: Person) -> None:
        """A participant has joined, or sends other tracks than before."""

    def on_person_left(self, id: str) -> None:
        """A participant has left."""

    def on_message(self, sender: str, text: str) -> None:
        """A participant has sent a message: its text, or its JSON."""

    def on_network(self, path: str, *, is_up: bool) -> None:
        """A way to Daily (``"signaling"``, ``"sfu"``, ``"peer-to-peer"``) is interrupted, or connected again."""

    def on_failed(self, type: str, message: str) -> None:
        """The call is over: a type of ``DailyFatalErrorType``, or empty, and what Daily says about it."""

    def on_meeting_left(self) -> None:
        """The call is over: something else in the page has left the room."""


def find_library() -> Any:
    """The page's daily-js; ``None`` if it has none.

    Raises:
        NotInBrowserError: this is not a page.
    """
    window = _js.api("window")
    return next((found for name in GLOBALS if (found := _js.or_none(getattr(window, name, None))) is not None), None)


def version(library: Any) -> str:
    """The version of daily-js."""
    return str(library.version()) if hasattr(library, "version") else "?"


def create(library: Any, options: Mapping[str, Any]) -> Any:
    """A call object with factory options.

    Raises:
        JsError: daily-js refuses an option, or has a call already and is not allowed to have several.
    """
    with _js.guarded():
        return library.createCallObject(_js.plain({"allowMultipleCallInstances": True, **options}))


def lacks(call: Any) -> list[str]:
    """The methods that a call object lacks."""
    return [name for name in METHODS if not hasattr(call, name)]


class DailyCall:
    """One stay in a room.

    Args:
        listener: hears what happens.
        call: the call object.
        ours: whether it is destroyed at the end.
    """

    def __init__(self, listener: CallListener, call: Any, *, ours: bool) -> None:
        self._call = call
        self._ours = ours
        self._scope = _js.Scope()
        self._listener = listener
        self._asked: set[asyncio.Task[Any]] = set()
        self._is_over = False
        for event in ("participant-joined", "participant-updated", "track-started", "track-stopped"):
            self._on(event, self._on_person)
        self._on("participant-left", lambda event: listener.on_person_left(str(event.participant.session_id)))
        self._on("app-message", self._on_message)
        self._on("network-connection", self._on_network)
        self._on("error", self._on_error)
        self._on("nonfatal-error", lambda event: logger.warning("Daily: %s (%s)", event.errorMsg, event.type))
        self._on("left-meeting", lambda _: listener.on_meeting_left())

    def _on(self, event: str, handler: Any) -> None:
        function = self._scope.function(handler)
        self._call.on(event, function)
        self._scope.defer(lambda: self._call.off(event, function))

    # Joining and leaving.

    @property
    def is_joined(self) -> bool:
        """Whether the page is in a room."""
        return str(self._call.meetingState()) == "joined-meeting"

    @property
    def is_in_lobby(self) -> bool:
        """Whether the person waits until a host lets them in."""
        access = self._call.accessState().access
        return str(getattr(access, "level", access)) == "lobby"

    async def join(self, url: str, token: str | None, *, mic: bool, cam: bool) -> None:
        """Join a room, with the sources that were set.

        Args:
            url, token: of the room; no token for a public one.
            mic, cam: whether to send at once.

        Raises:
            JsError: this failed. ``on_failed()`` has been called with the reason, if Daily gave one.
        """
        properties = {"url": url, "startAudioOff": not mic, "startVideoOff": not cam}
        await self._ask("join", {**properties, **({"token": token} if token else {})})

    def people(self) -> list[Person]:
        """All who are in the room."""
        return [_person(person) for person in _js.api("Object").values(self._call.participants())]

    async def limits(self) -> RoomLimits:
        """What the room allows; only after joining.

        Raises:
            JsError: daily-js does not tell.
        """
        room = await self._ask("room")
        ends = [_get(room, "config", "exp"), _get(room, "tokenConfig", "exp")]
        size = _get(self._call, "_maxAppMessageSize") or _get(room, "domainConfig", "max_app_message_size")
        known = [float(end) for end in ends if isinstance(end, int | float) and end]
        return RoomLimits(int(size) if isinstance(size, int | float) else MESSAGE_LIMIT, min(known, default=None))

    async def close(self) -> None:
        """Leave, and stop reporting. What is still asked fails."""
        self._scope.close()
        self._is_over = True
        for task in tuple(self._asked):
            task.cancel()
        try:
            async with asyncio.timeout(LEAVE_WITHIN):
                await _js.call(self._call, "leave")
                if self._ours:
                    await _js.call(self._call, "destroy")
        except TimeoutError:
            logger.warning("Daily's call machine did not leave the room within %g s", LEAVE_WITHIN)
        except _js.JsError as error:
            logger.debug("Daily's room could not be left: %s", error)

    async def _ask(self, method: str, *args: Any) -> Any:
        task = asyncio.ensure_future(_js.call(self._call, method, *args))
        self._asked.add(task)
        try:
            return await task
        except asyncio.CancelledError:
            if self._is_over and not cancelling():
                raise _js.JsError("AbortError", "The room was left.") from None
            raise
        finally:
            self._asked.discard(task)

    # Sending.

    def send(self, text: str, receiver: str) -> None:
        """Send JSON to one participant.

        Raises:
            JsError: the page is in no room, or the message is too large.
        """
        with _js.guarded():
            self._call.sendAppMessage(_js.api("JSON").parse(text), receiver)

    async def set_source(self, source: Literal["mic", "cam"], track: Any) -> None:
        """Send this track when microphone or camera are on. May be called before joining.

        Raises:
            JsError: daily-js does not take it.
        """
        await self._ask("setInputDevicesAsync", {_SOURCES[source]: track})

    def turn(self, source: Literal["mic", "cam"], *, on: bool) -> None:
        """Switch the microphone or the camera, whose source must be set: Daily would open a device otherwise.

        Raises:
            JsError: this is not possible now.
        """
        with _js.guarded():
            getattr(self._call, _SWITCHES[source])(on)

    async def share_screen(self, track: Any) -> None:
        """Share this screen; ``None`` ends it.

        Raises:
            JsError: this is not possible now.
        """
        if track is None:
            await self._ask("stopScreenShare")
        else:
            await self._ask("startScreenShare", {"mediaStream": _js.construct("MediaStream", [track])})

    # What daily-js reports.

    def _on_person(self, event: Any) -> None:
        if _js.or_none(event.participant) is not None:  # None: they have left, and this is one of their tracks.
            self._listener.on_person(_person(event.participant))

    def _on_message(self, event: Any) -> None:
        text = event.data
        if not isinstance(text, str):
            try:
                with _js.guarded():
                    text = _js.api("JSON").stringify(event.data)
            except _js.JsError as error:  # an object that contains itself
                logger.warning("a message in the Daily room is not JSON: %s", error)
                return
        if isinstance(text, str):
            self._listener.on_message(str(event.fromId), text)

    def _on_network(self, event: Any) -> None:
        self._listener.on_network(str(event.type), is_up=str(event.event) == "connected")

    def _on_error(self, event: Any) -> None:
        self._listener.on_failed(str(_get(event, "error", "type") or ""), str(_get(event, "errorMsg") or ""))


def _person(participant: Any) -> Person:
    tracks: dict[PersonTrack, Any] = {}
    for kind, name in TRACKS.items():
        state = _get(participant, "tracks", name)
        if _get(state, "state") == "playable" and (track := _get(state, "track")) is not None:
            tracks[kind] = track
    return Person(
        id=str(participant.session_id),
        name=str(_get(participant, "user_name") or ""),
        local=bool(participant.local),
        kind=str(_get(participant, "participantType") or ""),
        tracks=tracks,
    )


def _get(value: Any, *names: str) -> Any:
    """An attribute of an attribute …; ``None`` where one is missing."""
    for name in names:
        value = _js.or_none(getattr(value, name, None))
    return value
