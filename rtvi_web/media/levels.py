"""How loud the person and the bot are."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from rtvi_web.browser.analysis import LevelMeter
from rtvi_web.core.checks import check_number
from rtvi_web.core.media import MediaListener, Participant

IDLE = 0.2
"""Seconds between two looks whether there is what is wanted: the participant may not send sound yet."""


class Levels:
    """Reports regularly how loud each participant is.

    Only those levels are measured that the listener wants; without any, no audio node runs.

    Args:
        interval: seconds between two levels; each is measured over this time.
        sounds: gives each participant with their current track, or with ``None``.

    Raises:
        InvalidArgumentError: the interval is not between 0.02 and 10.
    """

    def __init__(self, interval: float, sounds: Callable[[], Iterable[tuple[Participant, Any]]]) -> None:
        check_number("level_interval", interval, 0.02, 10, "seconds")
        self._interval = interval
        self._sounds = sounds

    async def report(self, listener: MediaListener) -> None:
        """Measure and report until the task is cancelled."""
        meter = LevelMeter(self._interval)
        measured: set[str] = set()
        try:
            while True:
                if not measured:
                    await listener.until_level_wanted()
                await asyncio.sleep(self._interval if measured else max(self._interval, IDLE))
                wanted = [(who, track) for who, track in self._sounds() if track is not None]
                wanted = [sound for sound in wanted if listener.wants_level(sound[0])]
                for id in measured - {who.id for who, _ in wanted}:
                    meter.drop(id)
                measured = {who.id for who, _ in wanted}
                for who, track in wanted:
                    listener.level(who, meter.level(who.id, track))
        finally:
            meter.close()
