"""Which of the recogniser's messages about a person's words are news."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from rtvi_web.rtvi.protocol.conversation.spelling import words

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import TranscriptData, UserInputData

_REMEMBERED = 50
"""Final texts that are remembered, and persons whose last one is."""


class Hearing:
    """Tells repeated and late messages from new ones.

    A final text is a repetition if text, timestamp and person are those of an earlier one; without a timestamp, only if
    nothing else was said in between. An interim text is late if the final one that it became is there already.
    """

    def __init__(self) -> None:
        self._finals: deque[tuple[str, str, str]] = deque(maxlen=_REMEMBERED)
        self._last: dict[str, tuple[str, str]] = {}  # each person's last final text and its timestamp
        self._goes_on = False

    def begin(self) -> None:
        """Somebody begins to speak, the person or the bot: what follows is new, even in the same words."""
        self._goes_on = False

    def is_news(self, data: TranscriptData | UserInputData) -> bool:
        """Whether a message says something new."""
        user = data.user_id or ""
        if not data.final:
            return not self._is_late(data.text, data.timestamp, user)
        if self.is_repeated(data):
            return False
        self._last.pop(user, None)
        self._last[user] = data.text, data.timestamp
        if len(self._last) > _REMEMBERED:
            del self._last[next(iter(self._last))]
        self._goes_on = True
        return True

    def is_repeated(self, data: TranscriptData | UserInputData) -> bool:
        """Whether a final message came before. It is remembered."""
        final = data.text, data.timestamp, data.user_id or ""
        if final in self._finals if data.timestamp else self._goes_on and self._finals and self._finals[-1] == final:
            return True
        self._finals.append(final)
        return False

    def _is_late(self, text: str, timestamp: str, user: str) -> bool:
        final, final_timestamp = self._last.get(user, ("", ""))
        if timestamp and final_timestamp and timestamp < final_timestamp:
            return True
        is_same_time = timestamp != "" and timestamp == final_timestamp
        return (self._goes_on or is_same_time) and _letters(final).startswith(_letters(text))


def _letters(text: str) -> str:
    """What a text has in common with its other spellings; its last word may be unfinished."""
    return " ".join(word.key for word in words(text))
