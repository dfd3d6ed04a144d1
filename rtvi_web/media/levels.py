"""How loud both sides are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from rtvi_web.browser.analysis import LevelMeter
from rtvi_web.core.media import MediaListener, Participant
from rtvi_web.errors import InvalidArgumentError


class Levels:
    """Tells a listener how loud each participant is, from time to time.

    Only what the listener wants to know is measured: without it, no audio node runs.

    Args:
        interval: seconds between two levels, and over which each is measured.
        sounds: who is to be heard at this moment, each with their track, or with ``None`` while they are silent.

    Raises:
        InvalidArgumentError: the interval is not between 0.02 and 10.
    """

    def __init__(self, interval: float, sounds: Callable[[], Iterable[tuple[Participant, Any]]]) -> None:
        if not 0.02 <= interval <= 10:
            raise InvalidArgumentError(f"level_interval must be 0.02 to 10 seconds; it is {interval!r}.")
        self._interval = interval
        self._sounds = sounds

    async def tell(self, listener: MediaListener) -> None:
        """Go on until the task is cancelled."""
        meter = LevelMeter(self._interval)
        measured: set[str] = set()
        try:
            while True:
                await asyncio.sleep(self._interval)
                wanted = [(who, track) for who, track in self._sounds() if track is not None]
                wanted = [sound for sound in wanted if listener.wants_level(sound[0])]
                for id in measured - {who.id for who, _ in wanted}:
                    meter.drop(id)
                measured = {who.id for who, _ in wanted}
                for who, track in wanted:
                    listener.level(who, meter.level(who.id, track))
        finally:
            meter.close()
