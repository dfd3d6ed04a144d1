"""Notices that the person speaks while their microphone is muted."""

from __future__ import annotations

import asyncio
from collections import deque

from rtvi_web.browser.analysis import LevelMeter
from rtvi_web.core.media import MediaListener
from rtvi_web.media.input_device import InputDevice

_INTERVAL = 0.1
"""Seconds between two measurements, and over which each is made."""
_IDLE = 0.5
"""Seconds between two looks whether the microphone is muted: each takes the page's main thread some time."""
_LOUD = 0.02
"""The level of a person who speaks softly; the noise of a room is below it."""
_SPOKEN, _WITHIN = 3, 10
"""How many measurements must be loud, out of how many. A pressed key is not speech."""
_PAUSE = 5.0
"""Seconds between two reports, at least."""


async def report_muted_speech(microphone: InputDevice, listener: MediaListener) -> None:
    """Go on until the task is cancelled. Nothing is measured unless the listener wants to know.

    A muted track is silent, so an enabled clone of it is measured. It is never sent, and exists only while the
    microphone is muted and the listener wants to know.
    """
    meter, now = LevelMeter(_INTERVAL), asyncio.get_running_loop().time
    loud: deque[bool] = deque(maxlen=_WITHIN)
    silent_until, pause = 0.0, _IDLE
    try:
        while True:
            if pause == _IDLE:
                await listener.until_muted_speech_wanted()
            await asyncio.sleep(pause)
            track = microphone.monitor() if listener.wants_muted_speech() else None
            if track is None:
                microphone.stop_monitor()
                meter.close()
                loud.clear()
                pause = _IDLE
                continue
            pause = _INTERVAL
            loud.append(meter.level(microphone.kind.name, track) >= _LOUD)
            if sum(loud) >= _SPOKEN and now() >= silent_until:
                silent_until = now() + _PAUSE
                loud.clear()
                listener.muted_speech()
    finally:
        microphone.stop_monitor()
        meter.close()
