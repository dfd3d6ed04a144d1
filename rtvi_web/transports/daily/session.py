"""One session of a DailyTransport: the page's stay in a room with a bot."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

from rtvi_web.browser._js import JsError
from rtvi_web.browser.daily import MESSAGE_LIMIT, TRACKS, DailyCall, Person
from rtvi_web.core.media import BOT, Participant, ParticipantTracks, TrackSource
from rtvi_web.errors import (
    ConnectPhase,
    DisconnectedError,
    DisconnectReason,
    MessageTooLargeError,
    RTVIError,
    TransportStartError,
)
from rtvi_web.media.page_media import PageMedia
from rtvi_web.rtvi.protocol.link.diagnosis import LinkEvidence
from rtvi_web.rtvi.protocol.link.reconnect import LinkLoss
from rtvi_web.rtvi.protocol.link.recovery import MOMENT
from rtvi_web.rtvi.transport import SessionReceiver
from rtvi_web.transports.daily.address import RoomAddress
from rtvi_web.transports.daily.ends import LOBBY, ended, not_joined
from rtvi_web.transports.daily.room import Room

logger = logging.getLogger(__name__)


class DailySession:
    """Joins a room, finds the bot in it, and carries messages and tracks. It is the ``CallListener`` of its call.

    Args:
        call: a call object of daily-js.
        ours: whether that is destroyed at the end.
        media: the devices, and where the bot is heard and seen.
        receiver: is notified of what happens.
    """

    def __init__(self, call: Any, *, ours: bool, media: PageMedia, receiver: SessionReceiver) -> None:
        self._media = media
        self._receiver = receiver
        self._room = Room(None)
        self._bot: Participant | None = None
        self._changed = asyncio.Event()
        self._sent: dict[TrackSource, Any] = {}
        self._on: dict[TrackSource, bool] = {}
        self._interrupted: set[str] = set()
        self._failure: RTVIError | None = None
        self._is_open = False
        """Whether the room was joined and is not left."""
        self.message_size = MESSAGE_LIMIT
        self.expiry: float | None = None
        self.evidence = LinkEvidence(opened=False)
        self._call = DailyCall(self, call, ours=ours)

    # Its beginning and its end.

    async def connect(self, address: RoomAddress) -> Participant:
        """Join the room, and return the bot as soon as it is there.

        Raises:
            TransportStartError: the room cannot be joined.
        """
        self._room = Room(address.bot)
        self._receiver.enter(ConnectPhase.LINK, "the Daily room could not be joined")
        try:
            if not self._call.is_joined:
                await self._join(address)
            if self._call.is_in_lobby:
                raise not_joined(LOBBY, "")
            self._is_open = self.evidence.opened = True
            for person in self._call.people():
                self.on_person(person)
            await self._send_what_changed()
            self.message_size, self.expiry = await self._call.limits()
        except JsError as error:
            raise self._failure or not_joined("", error.message) from error
        bot = await self._find_bot()
        self._bot = Participant(bot.id, bot.name or BOT.name, local=False)
        self._announce()
        return self._bot

    async def _join(self, address: RoomAddress) -> None:
        local = self._media.tracks().local
        if local.audio is not None:
            await self._call.set_source("mic", local.audio)
        if local.video is not None:
            await self._call.set_source("cam", local.video)
        self._sent = {"mic": local.audio, "cam": local.video}
        mic, cam = self._media.is_mic_enabled, self._media.is_cam_enabled
        self._on = {"mic": mic, "cam": cam}
        await self._call.join(address.url, address.token, mic=mic, cam=cam)

    async def _send_what_changed(self) -> None:
        """Send the tracks that were opened while the room was being joined, and those that must follow the joining."""
        local = self._media.tracks().local
        tracks: dict[TrackSource, Any] = {"mic": local.audio, "cam": local.video, "screen": local.screen_video}
        for source, track in tracks.items():
            await self.send_track(source, track)
        self.send_status("mic", self._media.is_mic_enabled)
        self.send_status("cam", self._media.is_cam_enabled)

    async def _find_bot(self) -> Person:
        now = asyncio.get_running_loop().time
        while (bot := self._room.bot(now())) is None:
            self._receiver.enter(ConnectPhase.BOT, self._room.stalled)
            self._changed.clear()
            wait = self._room.wait(now())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if wait is None else max(wait, MOMENT)):
                    await self._changed.wait()
            if self._failure is not None:
                raise self._failure
        return bot

    async def close(self) -> None:
        """Leave the room."""
        self._is_open = False
        for person in self._room.people:
            self._room.remove(person.id)
            self._report_tracks(person, None)
        await self._call.close()

    # Who is there: CallListener.

    def on_person(self, person: Person) -> None:
        if person.local or not self._is_open:
            return
        before = self._room.update(person, asyncio.get_running_loop().time())
        if self._bot is None:
            self._changed.set()
            return
        if before is None and person.id != self._bot.id:
            self._receiver.participant_joined(self._participant(person))
        self._report_tracks(before, self._room.find(person.id))

    def on_person_left(self, id: str) -> None:
        person = self._room.remove(id)
        if self._bot is None:
            self._changed.set()
        elif person is not None:
            self._report_tracks(person, None)
            if id == self._bot.id:
                self._receiver.bot_left(self._bot)
            else:
                self._receiver.participant_left(self._participant(person))

    def _announce(self) -> None:
        """Report everybody who was there before the bot was known."""
        for person in self._room.people:
            if self._bot is not None and person.id != self._bot.id:
                self._receiver.participant_joined(self._participant(person))
            self._report_tracks(None, person)

    def _participant(self, person: Person) -> Participant:
        if self._bot is not None and person.id == self._bot.id:
            return self._bot
        return Participant(person.id, person.name, local=False)

    def _report_tracks(self, before: Person | None, now: Person | None) -> None:
        who = now or before
        if who is None or self._bot is None:
            return
        participant, is_bot = self._participant(who), who.id == self._bot.id
        for kind in TRACKS:
            old, new = (person.tracks.get(kind) if person else None for person in (before, now))
            if old is new:
                continue
            if is_bot and kind == "audio" and new is not None and self._media.player is not None:
                self._media.player.play(new)
            changed = self._media.bot_track_changed if is_bot else self._media.other_track_changed
            changed(participant, old, new, screen=kind == "screen")

    # What happens to the call: CallListener.

    def on_message(self, sender: str, text: str) -> None:
        if self._bot is not None and sender == self._bot.id:
            self._receiver.receive(text)
        elif self._bot is None:
            self._room.said(sender, text)
            self._changed.set()

    def on_network(self, path: str, *, is_up: bool) -> None:
        was_interrupted = bool(self._interrupted)
        (self._interrupted.discard if is_up else self._interrupted.add)(path)
        self.evidence.path_lost = bool(self._interrupted)
        if self._bot is None or was_interrupted == bool(self._interrupted):
            return
        if is_up:
            self._receiver.reconnected()
        else:
            self._receiver.reconnecting(0, LinkLoss.SILENT)

    def on_failed(self, type: str, message: str) -> None:
        self._end(not_joined(type, message) if self._bot is None else ended(type, message))

    def on_meeting_left(self) -> None:
        kind = TransportStartError if self._bot is None else DisconnectedError
        self._end(kind("Something else in the page has left the Daily room.", reason=DisconnectReason.CLOSED))

    def _end(self, error: RTVIError) -> None:
        self._is_open = False
        self.evidence.path_lost = True
        self._failure = self._failure or error
        self._changed.set()
        if self._bot is not None:
            self._receiver.lost(error)

    # What is sent.

    @property
    def bot(self) -> Participant:
        """The bot; a default while it is not known."""
        return self._bot or BOT

    @property
    def bot_tracks(self) -> ParticipantTracks:
        """What the bot sends at present."""
        person = self._room.find(self._bot.id) if self._bot else None
        tracks = person.tracks if person else {}
        return ParticipantTracks(tracks.get("audio"), tracks.get("video"), tracks.get("screen"))

    def send(self, text: str) -> None:
        """Send a message to the bot alone; see ``Transport.send``."""
        if self._bot is None or not self._is_open:
            raise DisconnectedError("There is no connection to send on.")
        try:
            self._call.send(text, self._bot.id)
        except JsError as error:
            if "too large" in error.message:  # JavaScript has written it longer than we: 1e+20 has 21 digits there.
                raise MessageTooLargeError(len(text.encode()), self.message_size) from error
            raise DisconnectedError(f"Daily did not take the message: {error.message}") from error

    async def send_track(self, source: TrackSource, track: Any) -> None:
        """See ``MediaLink``."""
        if not self._is_open or self._sent.get(source) is track:
            return
        self._sent[source] = track
        try:
            if source == "screen":
                await self._call.share_screen(track)
            elif track is not None:
                await self._call.set_source(source, track)
        except JsError as error:
            self._sent.pop(source, None)
            raise DisconnectedError(f"Daily did not take the track: {error.message}") from error

    def send_status(self, source: TrackSource, enabled: bool) -> None:
        """See ``MediaLink``. Nothing is switched on without a track of ours: Daily would open a device of its own."""
        if source == "screen" or not self._is_open or self._on.get(source) == enabled:
            return
        if enabled and self._sent.get(source) is None:
            return
        with contextlib.suppress(JsError):  # The call ends; it is about to be reported.
            self._call.turn(source, on=enabled)
            self._on[source] = enabled
