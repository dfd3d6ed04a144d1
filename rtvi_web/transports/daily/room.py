"""Who is in a Daily room besides the page, and which of them is the bot. Without a clock of its own."""

from __future__ import annotations

from typing import NamedTuple

from rtvi_web.browser.daily import Person
from rtvi_web.core.foreign_json import read_json

SILENT_BOT = 3.0
"""Seconds after which a participant who sends no sound may be the bot: some bots have no voice."""
_FROM_BOTS = ("bot-", "user-")
"""How the types of messages begin that bots send, and clients never do."""
_NO_BOTS = ("remote-media-player", "sip-dial-in", "sip-dial-out", "pstn-dial-in", "pstn-dial-out")


class _Present(NamedTuple):
    person: Person
    since: float


class Room:
    """Everybody in the room but the page.

    The bot is the participant that the server has named. If it names none, the bot is the first of these that exists:
    the participant who has sent a bot's RTVI message, the first one who is heard, the first one who has been there for
    :data:`SILENT_BOT` seconds. Telephones and media players are never the bot.

    Args:
        named: the bot's session id or its name, if the server has told it.
    """

    def __init__(self, named: str | None) -> None:
        self._named = named
        self._present: dict[str, _Present] = {}
        self._speaks_rtvi: str | None = None

    @property
    def people(self) -> list[Person]:
        """All of them, in the order in which they came."""
        return [present.person for present in self._present.values()]

    def find(self, id: str) -> Person | None:
        """A participant by their id."""
        present = self._present.get(id)
        return present.person if present else None

    def update(self, person: Person, now: float) -> Person | None:
        """A participant has come or changed. Returns what they were before."""
        present = self._present.get(person.id)
        before = present.person if present else None
        if before is not None:  # A track that is the same stays the same object.
            same = {kind: old for kind, old in before.tracks.items() if person.tracks.get(kind) == old}
            person = person._replace(tracks={**person.tracks, **same})
        self._present[person.id] = _Present(person, present.since if present else now)
        return before

    def remove(self, id: str) -> Person | None:
        """A participant has left. Returns them, if they were there."""
        before = self._present.pop(id, None)
        return before.person if before else None

    def said(self, id: str, text: str) -> None:
        """A participant has sent a message."""
        if self._speaks_rtvi is None and _is_from_a_bot(text):
            self._speaks_rtvi = id

    def bot(self, now: float) -> Person | None:
        """The bot; ``None`` while it cannot be told."""
        if self._named is not None:
            return next((person for person in self.people if self._named in (person.id, person.name)), None)
        if self._speaks_rtvi is not None and (speaker := self.find(self._speaks_rtvi)):
            return speaker
        heard = (present.person for present in self._candidates if "audio" in present.person.tracks)
        silent = (present.person for present in self._candidates if present.since + SILENT_BOT <= now)
        return next(heard, None) or next(silent, None)

    def wait(self, now: float) -> float | None:
        """Seconds after which there may be a bot although nothing has changed; ``None``: never."""
        if self._named is not None or not self._candidates:
            return None
        return max(0.0, min(present.since for present in self._candidates) + SILENT_BOT - now)

    @property
    def _candidates(self) -> list[_Present]:
        return [present for present in self._present.values() if present.person.kind not in _NO_BOTS]

    @property
    def stalled(self) -> str:
        """What is wrong if no bot is found, as the end of a sentence."""
        if self._named is None:
            return "no bot has joined the Daily room"
        others = ", ".join(repr(person.name or person.id) for person in self.people)
        where = f"which has {others} in it" if others else "which is empty"
        return f"the bot {self._named!r} has not joined the Daily room, {where}"


def _is_from_a_bot(text: str) -> bool:
    """Whether this is an RTVI message that only bots send."""
    try:
        message = read_json(text)
    except ValueError:
        return False
    if not isinstance(message, dict) or message.get("label") != "rtvi-ai":
        return False
    return str(message.get("type")).startswith(_FROM_BOTS)
