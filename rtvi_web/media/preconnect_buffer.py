"""What the person says before the bot is ready: kept, and sent as messages when it is."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from rtvi_web.browser._js import JsError
from rtvi_web.browser.recorder import make_recorder

logger = logging.getLogger(__name__)

SAMPLE_RATE = 16000
"""What Pipecat's speech services take."""
KEPT = 60
"""Seconds that are kept at most: the oldest go first."""
_CHUNK = 0.02
"""Seconds in a chunk: as in a live track, since a bot listens for speech frame by frame."""
_INTERVAL = 0.25
"""Seconds between two looks at what was recorded."""
_BATCH = 5
"""Chunks in a message, which is some kilobytes then: less than any data channel takes."""
_SPEED = 2
"""How much faster than it was said it is sent. At once would be too much: Pipecat's segmenting recognisers keep one
second from before they know of speech, and what passes until a busy bot has noticed it (0.2 s of sound and 0.2 s of
work, seen at five times the speed) is lost to them."""

_BURST = 0.5
"""Seconds of sound that a page which was busy sends at once to catch up: less than those recognisers keep."""
_PATIENCE = 5.0
"""Seconds for which what was said during the last wait is sent too, once all before has left. A connection that takes
longer than that to hand over a moment's sound cannot keep up, and the live track is better than none."""


class PreconnectBuffer:
    """Records the microphone from ``connect()`` on, and sends it as ``raw-audio-batch`` once the bot is ready.

    The bot puts these batches and the live track into one queue. So the live track must not be sent before all
    batches have gone, and no moment of sound may be in both.

    Args:
        microphone: the track of this moment, or ``None``.
    """

    def __init__(self, microphone: Callable[[], Any]) -> None:
        self._microphone = microphone
        self._recorder = make_recorder(SAMPLE_RATE)
        self._deaf = False
        self._chunks: deque[bytes] = deque(maxlen=round(KEPT / _CHUNK))
        self._recording = asyncio.ensure_future(self._record())

    async def _record(self) -> None:
        while True:
            await self.collect()
            await asyncio.sleep(_INTERVAL)

    async def collect(self) -> None:
        """Take the chunks that are complete; call it when the microphone opens, or is another."""
        track = self._microphone()
        if track is None or self._deaf:
            return
        try:
            await self._recorder.listen(track)
        except JsError as error:  # No sound system, or too many contexts: the session does without.
            logger.warning("what is said before the bot is ready cannot be kept: %s", error)
            self._deaf = True
            return
        chunk = round(_CHUNK * self._recorder.sample_rate)
        while data := self._recorder.read(chunk):
            self._chunks.append(data)

    async def send(self, send: Callable[[str, Any], None], sent: Callable[[], Awaitable[None]]) -> None:
        """Send all that was said, up to this moment.

        Args:
            send: sends a message of a type with data.
            sent: waits until all messages have left.
        """
        self._recording.cancel()
        now = asyncio.get_running_loop().time
        last = now()
        caught_up: float | None = None
        await self.collect()
        unhurried = last + _PATIENCE + 2 * len(self._chunks) * _CHUNK  # Twice what it takes where nothing is busy.
        while True:
            present = now()
            most = _BURST if present < unhurried else KEPT  # A page that is always busy catches up all the same.
            due = max(_BATCH, round(min((present - last) * _SPEED, most) / _CHUNK))
            last = present
            for start in range(0, min(due, len(self._chunks)), _BATCH):
                send("raw-audio-batch", self._batch(min(_BATCH, due - start)))
            await sent()
            caught_up = caught_up or (None if self._chunks else now())
            await self.collect()  # What was said meanwhile.
            if caught_up and (len(self._chunks) < _BATCH or now() > caught_up + _PATIENCE):
                break
            await asyncio.sleep(_BATCH * _CHUNK / _SPEED)
        while self._chunks:
            send("raw-audio-batch", self._batch(_BATCH))  # It leaves at once: nothing is before it.

    def _batch(self, count: int) -> dict[str, Any]:
        """The next chunks, as Pipecat takes them."""
        count = min(count, len(self._chunks))
        chunks = [base64.b64encode(self._chunks.popleft()).decode() for _ in range(count)]
        return {"base64AudioBatch": chunks, "sampleRate": self._recorder.sample_rate, "numChannels": 1}

    def close(self) -> None:
        """Forget everything."""
        self._recording.cancel()
        self._chunks.clear()
        self._recorder.close()
