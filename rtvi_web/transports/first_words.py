"""What the person says before the bot is ready: kept, and sent as messages when it is."""

from __future__ import annotations

import asyncio
import base64
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from rtvi_web.browser.analysis import Recorder

SAMPLE_RATE = 16000
"""What Pipecat's speech services take."""
KEPT = 60
"""Seconds that are kept at most: the oldest go first."""
_CHUNK = 0.25
"""Seconds in a chunk."""
_SEAM = 0.03
"""Seconds that may be lost between the last batch and the live track."""
_ENVELOPE = 512
"""Bytes of a message that are no audio, and more."""


class FirstWords:
    """Records the microphone from ``connect()`` on, and sends it as ``raw-audio-batch`` once the bot is ready.

    The bot puts these batches and the live track into one queue. So the live track must not be sent before all
    batches have gone, and no moment of sound may be in both.

    Args:
        microphone: the track of this moment, or ``None``.
    """

    def __init__(self, microphone: Callable[[], Any]) -> None:
        self._microphone = microphone
        self._recorder: Recorder | None = None
        self._chunks: deque[bytes] = deque(maxlen=round(KEPT / _CHUNK))
        self._recording = asyncio.ensure_future(self._record())

    async def _record(self) -> None:
        while True:
            self.collect()
            await asyncio.sleep(_CHUNK)

    def collect(self, *, all: bool = False) -> None:
        """Take the chunks that are complete, or all that there is; call it when the microphone opens, or is another."""
        track = self._microphone()
        if track is None:
            return
        if self._recorder is None:
            self._recorder = Recorder(SAMPLE_RATE, track)
        self._recorder.listen(track)
        chunk = round(_CHUNK * self._recorder.sample_rate)
        while (available := self._recorder.available()) >= (1 if all else chunk):
            self._chunks.append(self._recorder.read(min(available, chunk)) or b"")

    async def send(
        self, send: Callable[[str, Any], None], max_message_size: int, sent: Callable[[], Awaitable[None]]
    ) -> None:
        """Send all that was said, up to this moment.

        Args:
            send: sends a message of a type with data.
            max_message_size: bytes that it may have.
            sent: waits until all messages have left.
        """
        self._recording.cancel()
        self.collect(all=True)
        while self._recorder and self._chunks:
            for batch in self._batches(max_message_size - _ENVELOPE):
                data = {"base64AudioBatch": batch, "sampleRate": self._recorder.sample_rate, "numChannels": 1}
                send("raw-audio-batch", data)
            await sent()
            if self._recorder.available() > _SEAM * self._recorder.sample_rate:
                self.collect(all=True)  # What was said while that was on its way.

    def _batches(self, size: int) -> list[list[str]]:
        """The chunks as base64, as many to a batch as it may have bytes."""
        batches: list[list[str]] = []
        room = 0
        while self._chunks:
            chunk = base64.b64encode(self._chunks.popleft()).decode()
            if len(chunk) + 4 > room:
                batches.append([])
                room = size
            batches[-1].append(chunk)
            room -= len(chunk) + 4
        return batches

    def close(self) -> None:
        """Forget everything."""
        self._recording.cancel()
        self._chunks.clear()
        if self._recorder is not None:
            self._recorder.close()
            self._recorder = None
