"""Who takes part, and which media tracks they send."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class MediaStreamTrack(Protocol):
    """The browser's ``MediaStreamTrack``, of which the core reads no more than this (MDN: MediaStreamTrack)."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def enabled(self) -> bool: ...
    @property
    def readyState(self) -> str: ...


class Participant(NamedTuple):
    """Someone in the session. Mirrors ``Participant``."""

    id: str
    name: str
    local: bool


class ParticipantTracks(NamedTuple):
    """One participant's tracks; ``None`` where there is none."""

    audio: MediaStreamTrack | None = None
    video: MediaStreamTrack | None = None


class Tracks(NamedTuple):
    """All tracks of the session. Mirrors ``Tracks``."""

    local: ParticipantTracks = ParticipantTracks()
    bot: ParticipantTracks = ParticipantTracks()
