"""Who has the floor."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

REST = 1.0
"""Seconds in which the server begins to answer the person's speech, or does what it was sent."""
_STARTED = "input_audio_buffer.speech_started"
_ENDED = ("input_audio_buffer.speech_stopped", "input_audio_buffer.committed")
_SENT = (
    "conversation.item.create",
    "conversation.item.delete",
    "conversation.item.truncate",
    "input_audio_buffer.commit",
)


class SpeakingEvent(NamedTuple):
    """The assistant becomes audible, or falls silent: ``"conversation.speaking"``."""

    type: str
    speaking: bool


class Floor:
    """Whether the person or the model speaks, or is about to.

    Attributes:
        model_speaks: whether an answer is audible.
        person_speaks: whether the server has heard speech begin, and not yet heard it end.
    """

    def __init__(self) -> None:
        self.model_speaks = False
        self.person_speaks = False
        self._rests_until = 0.0

    def server_event(self, type: str) -> None:
        """Note what the server hears."""
        if type == _STARTED:
            self.person_speaks = True
        elif type in _ENDED:
            self.person_speaks = False
            self._rest()

    def client_event(self, type: str) -> None:
        """Note what the server is sent."""
        if type in _SENT:
            self._rest()

    def _rest(self) -> None:
        self._rests_until = asyncio.get_running_loop().time() + REST

    @property
    def is_free(self) -> bool:
        """Whether neither side speaks, and the server has done what it was sent."""
        is_rest = asyncio.get_running_loop().time() < self._rests_until
        return not (self.model_speaks or self.person_speaks or is_rest)
