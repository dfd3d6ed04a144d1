"""Keeps what the person says before the bot is ready, and sends it as messages then."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from rtvi_web.browser._js import JsError
from rtvi_web.browser.recorder import Recorder
from rtvi_web.browser.ring_recorder import RingRecorder

logger = logging.getLogger(__name__)

SAMPLE_RATE = 16000
"""The rate that Pipecat's speech services take."""
KEPT = 60
"""Seconds of sound kept at most; the oldest is dropped first."""
_CHUNK = 0.02
"""Seconds in a chunk, as in a live track: a bot listens for speech frame by frame."""
_INTERVAL = 0.25
"""Seconds between two reads of the recorder."""
_BATCH = 5
"""Chunks in a message: a few kilobytes, which every data channel takes."""
_SPEED = 2
"""How much faster than real time the sound is sent. Not all at once: Pipecat's segmenting recognisers keep one second
of sound from before they notice speech. At five times real time, a busy bot noticed it after 0.2 s of sound and 0.2 s
of work: more than that second had passed, and the first words were lost."""

_BURST = 0.5
"""Seconds of sound sent at once, at most, to catch up after the page was busy: less than those recognisers keep."""
_PATIENCE = 5.0
"""When the recorded sound has left, sound that came meanwhile is sent for so many more seconds. A connection that
still lags then cannot keep up, and the live track takes over."""


class PreconnectBuffer:
    """Records the microphone from ``connect()`` on, and sends it as ``raw-audio-batch`` once the bot is ready.

    The bot puts these batches and the live track into one queue. So the live track must start after the last batch,
    and no sound may be in both.

    Args:
        microphone: gives the current track, or ``None``.
    """

    def __init__(self, microphone: Callable[[], Any]) -> None:
        self._microphone = microphone
        self._recorder: Recorder = RingRecorder(SAMPLE_RATE)
        self._failed = False
        self._chunks: deque[bytes] = deque(maxlen=round(KEPT / _CHUNK))
        self._recording = asyncio.ensure_future(self._record())

    async def _record(self) -> None:
        while True:
            await self.collect()
            await asyncio.sleep(_INTERVAL)

    async def collect(self) -> None:
        """Take the complete chunks. Call it when the microphone opens, and when it is another one."""
        track = self._microphone()
        if track is None or self._failed:
            return
        try:
            await self._recorder.listen(track)
        except JsError as error:  # No sound system, or too many contexts: the session does without.
            logger.warning("what is said before the bot is ready cannot be kept: %s", error)
            self._failed = True
            return
        chunk = round(_CHUNK * self._recorder.sample_rate)
        while data := self._recorder.read(chunk):
            self._chunks.append(data)

    async def send(self, send: Callable[[str, Any], None], sent: Callable[[], Awaitable[None]]) -> None:
        """Send everything that was said up to now.

        Args:
            send: sends a message of a type with data.
            sent: waits until all messages have left.
        """
        self._recording.cancel()
        now = asyncio.get_running_loop().time
        last = now()
        caught_up: float | None = None
        await self.collect()
        # Twice the time that it takes when nothing is busy.
        expected_end = last + _PATIENCE + 2 * len(self._chunks) * _CHUNK
        while True:
            present = now()
            most = _BURST if present < expected_end else KEPT  # So a page that is always busy catches up too.
            due = max(_BATCH, round(min((present - last) * _SPEED, most) / _CHUNK))
            last = present
            for start in range(0, min(due, len(self._chunks)), _BATCH):
                send("raw-audio-batch", self._batch(min(_BATCH, due - start)))
            await sent()
            caught_up = caught_up or (None if self._chunks else now())
            await self.collect()  # What was said in the meantime.
            if caught_up and (len(self._chunks) < _BATCH or now() > caught_up + _PATIENCE):
                break
            await asyncio.sleep(_BATCH * _CHUNK / _SPEED)
        while self._chunks:
            send("raw-audio-batch", self._batch(_BATCH))  # It leaves at once: nothing is queued before it.

    def _batch(self, count: int) -> dict[str, Any]:
        """The next chunks, in the form that Pipecat takes."""
        count = min(count, len(self._chunks))
        chunks = [base64.b64encode(self._chunks.popleft()).decode() for _ in range(count)]
        return {"base64AudioBatch": chunks, "sampleRate": self._recorder.sample_rate, "numChannels": 1}

    def close(self) -> None:
        """Forget everything."""
        self._recording.cancel()
        self._chunks.clear()
        self._recorder.close()
