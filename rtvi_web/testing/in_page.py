"""The scripted bot of a page that is tested: it takes the place of the page's transport, and does as the test says.

Nothing in the package imports this module. The fixture ``rtvi_page`` has the browser of the test run it, before the
page's own Python (:mod:`rtvi_web.testing.stand_in`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import wraps
from typing import Any

from rtvi_web.browser.pcm_player import PcmPlayer
from rtvi_web.core.http import HttpResponse
from rtvi_web.core.media import BOT, Carried, Participant, ParticipantTracks, TrackSource
from rtvi_web.core.tasks import Tasks
from rtvi_web.media.page_media import PageMedia
from rtvi_web.media.pcm_output import PcmOutput
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.members.recording import MessageRecording
from rtvi_web.rtvi.transport import ConnectRequest, SessionReceiver, Transport, TransportHost
from rtvi_web.testing.following import FollowsScript
from rtvi_web.testing.http import HttpAnswer, ScriptedHttp
from rtvi_web.testing.script import Sound, Step
from rtvi_web.testing.steps_json import read_steps

RATE = 48_000
"""Samples a second of the player; it converts what it plays."""


class _Http(ScriptedHttp):
    """Answers from a list, and after that ``{}`` with 200."""

    async def stream(self, method: str, url: str, **options: Any) -> HttpResponse:
        if not self.answers:
            self.answers.append(HttpResponse(200, "{}"))
        return await super().stream(method, url, **options)


class PageBot(FollowsScript):
    """A scripted bot with the devices and the sound of the page.

    Args:
        steps: see :class:`ScriptedTransport`.
        carries: what the page's own transport carries.
        start: the answers of the start endpoint; after them, and without any, it is ``{}``.
    """

    def __init__(self, steps: Iterable[Step], carries: frozenset[Carried], start: Iterable[HttpAnswer] = ()) -> None:
        super().__init__(steps)
        self._output = PcmOutput()
        self._media = PageMedia(carries=carries, output=self._output)
        self._http = _Http(start)
        self._tasks = Tasks()
        self._track: Any = None
        self._host: TransportHost | None = None

    def attach(self, host: TransportHost, *, enable_mic: bool, enable_cam: bool = False) -> None:
        self._host = host
        self._media.attach(host.media, self, enable_mic=enable_mic, enable_cam=enable_cam)

    @property
    def media(self) -> PageMedia:
        return self._media

    @property
    def http(self) -> ScriptedHttp:
        return self._http

    def starting(self) -> None:
        self._make_player()  # If a click led to this call, the browser lets it play.

    async def connect(self, request: ConnectRequest, receiver: SessionReceiver) -> Participant:
        player = self._make_player()
        await self._output.open(player)
        self._track_is(player.track)
        return await super().connect(request, receiver)

    async def close(self) -> None:
        await super().close()
        await self._tasks.close()
        await self._media.close()
        self._track_is(None)

    def play(self, sound: Sound) -> None:
        self._make_player().play(sound.pcm, str(self.interruptions), 0, rate=sound.rate, channels=sound.channels)

    def interrupted(self) -> None:
        super().interrupted()  # What is played from now on has another number.
        if self._output.player is not None:
            self._tasks.run(self._output.player.interrupt(), "the bot could not be interrupted")

    def _make_player(self) -> PcmPlayer:
        if self._output.player is None:
            assert self._host is not None, "a client attaches its transport first"
            blocked = self._host.media.playback_blocked
            self._output.player = PcmPlayer(rate=RATE, speaking=lambda _: None, blocked=blocked)
        return self._output.player

    def _track_is(self, track: Any) -> None:
        before, self._track = self._track, track
        if track is not before:
            self._media.bot_track_changed(BOT, before, track)

    # What the media call: MediaLink.

    bot = BOT

    @property
    def bot_tracks(self) -> ParticipantTracks:
        return ParticipantTracks(audio=self._track)

    async def send_track(self, source: TrackSource, track: Any) -> None:
        """The script does not listen."""

    def send_status(self, source: TrackSource, enabled: bool) -> None:
        """Nor does it know who is muted."""


def stand_in_for(transport: Transport, steps: Iterable[Step], start: Iterable[HttpAnswer] = ()) -> PageBot:
    """A scripted bot under the name of a transport, whose widgets show what they show in production."""
    kind = type(type(transport).__name__, (PageBot,), {})
    bot: PageBot = kind(steps, transport.media.carries, start)
    return bot


_bots: list[PageBot] = []
_recordings: list[MessageRecording] = []


def take_over(client_type: type[RTVIClient], options: dict[str, Any]) -> None:
    """Record every client that the page makes, and give it a scripted bot in place of its transport.

    Args:
        client_type: ``RTVIClient``.
        options: of the test: ``steps``, or ``None`` for the page's own transport; ``start``, as status and text.
    """
    make: Any = client_type.__init__

    @wraps(make)
    def make_with_bot(client: RTVIClient, *args: Any, **given: Any) -> None:
        transport = given.get("transport")
        if options["steps"] is not None and isinstance(transport, Transport):
            answers = [HttpResponse(status, text) for status, text in options["start"]]
            bot = given["transport"] = stand_in_for(transport, read_steps(options["steps"]), answers)
            _bots.append(bot)
        make(client, *args, **given)
        _recordings.append(client.record())

    client_type.__init__ = make_with_bot  # type: ignore[assignment]


def command(text: str) -> str:
    """Do what the test says, and answer with how things are; both are JSON."""
    said = json.loads(text)
    number = said["bot"]
    bot = _bots[number] if number < len(_bots) else None
    if bot and "steps" in said:
        bot.go_on(*read_steps(said["steps"]))
    return json.dumps(
        {
            "clients": len(_recordings),
            "there": bot is not None,
            "sent": bot.sent if bot else [],
            "requests": [list(request) for request in bot.http.requests] if bot else [],
            "problem": bot.problem() if bot else "the page has made no client",
            "failed": bot.has_failed if bot else False,
            "recording": _recordings[number].text() if said.get("recording") and number < len(_recordings) else "",
        }
    )
