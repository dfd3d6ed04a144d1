"""A recorder that loses nothing while the page is busy or in the background; it takes an AudioWorklet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.analysis import track_source
from rtvi_web.browser.recorder import KEPT
from rtvi_web.browser.worklet import PCM_MODULE, add_module

UNHEARD = object()
"""In place of a track: nothing is recorded, not even silence."""


class WorkletRecorder:
    """A :class:`~rtvi_web.browser.recorder.Recorder`. It also records ``None``, which is silence.

    The context runs at the rate that the browser likes best, and the worklet converts: some browsers refuse to feed a
    microphone to a context of another rate.

    Args:
        sample_rate: samples a second.
        chunk: samples that the worklet hands over at once.
        heard: called when it has handed over a chunk.
    """

    def __init__(self, sample_rate: int, chunk: int, heard: Callable[[], object]) -> None:
        self.sample_rate = sample_rate
        self.dropped = 0
        self._options = {"rate": sample_rate, "chunk": chunk}
        self._heard = heard
        self._scope = _js.Scope()
        self._track: Any = UNHEARD
        self._unread = bytearray()
        self._last = 0
        """The number of the last call of ``listen()`` or ``close()``, which decides what is recorded."""

    async def listen(self, track: Any) -> None:
        self._last = number = self._last + 1
        if track is self._track:
            return
        context, scope = _js.construct("AudioContext"), _js.Scope()
        scope.defer(lambda: _js.begin(context, "close"))
        try:
            await add_module(context, PCM_MODULE)
        except BaseException:
            scope.close()
            raise
        if number != self._last:
            scope.close()
            return
        before, self._scope, self._track = self._scope, scope, track  # The previous track is heard until here.
        before.close()
        options = {"numberOfOutputs": 0, "channelCount": 1, "channelCountMode": "explicit"}
        node = _js.construct(
            "AudioWorkletNode", context, "rtvi-web-recorder", {**options, "processorOptions": self._options}
        )
        scope.listen(node.port, "message", lambda event: self._on_chunk(event.data.to_bytes()))
        node.port.start()
        if track is not None:
            source = track_source(context, track)
            source.connect(node)
            scope.defer(source.disconnect)
        if context.state == "suspended":  # Safari's contexts begin suspended.
            _js.begin(context, "resume")

    def _on_chunk(self, chunk: bytes) -> None:
        self._unread += chunk
        if (excess := self.available() - KEPT) > 0:
            self.dropped += excess
            del self._unread[: 2 * excess]
        self._heard()

    def available(self) -> int:
        return len(self._unread) // 2

    def read(self, count: int) -> bytes | None:
        if self.available() < count:
            return None
        data = bytes(self._unread[: 2 * count])
        del self._unread[: 2 * count]
        return data

    def close(self) -> None:
        self._last += 1
        self._track = UNHEARD
        self._unread.clear()
        self._scope.close()
