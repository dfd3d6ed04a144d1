"""A recorder that loses nothing while the page is busy or in the background; it takes an AudioWorklet."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.analysis import resume_after_interruptions, track_source
from rtvi_web.browser.recorder import KEPT
from rtvi_web.browser.worklet import PCM_MODULE, add_module

UNHEARD = object()
"""In place of a track: nothing is recorded, not even silence."""


class TrackWorklet:
    """Has a worklet hear one track after another, or ``None``, which is silence.

    The context runs at the rate that the browser likes best, and the worklet converts: some browsers refuse to feed a
    microphone to a context of another rate.

    Args:
        options: of ``Recorder`` in ``worklets/pcm.js``.
        connect: called with the port of each worklet, and the scope in which it is used.
    """

    def __init__(self, options: Mapping[str, Any], connect: Callable[[Any, _js.Scope], object]) -> None:
        self._options = options
        self._connect = connect
        self._scope = _js.Scope()
        self._track: Any = UNHEARD
        self._prepared: asyncio.Task[tuple[Any, _js.Scope]] | None = None
        self._last = 0
        """The number of the last call of ``listen()`` or ``close()``, which decides what is recorded."""

    def prepare(self) -> None:
        """Make ready for the first track, which takes a while. Failures are raised by :meth:`listen`."""
        if self._prepared is None and self._track is UNHEARD:
            self._prepared = asyncio.ensure_future(_worklet_context())

    async def listen(self, track: Any) -> None:
        """Hear this track from now on.

        Raises:
            UnsupportedFeatureError: the page has no AudioWorklet, or may not load its module.
        """
        self._last = number = self._last + 1
        if track is self._track:
            return
        prepared, self._prepared = self._prepared, None
        context, scope = await (prepared or _worklet_context())
        if number != self._last:
            scope.close()
            return
        before, self._scope, self._track = self._scope, scope, track  # The previous track is heard until here.
        before.close()
        options = {"numberOfOutputs": 0, "channelCount": 1, "channelCountMode": "explicit"}
        node = _js.construct(
            "AudioWorkletNode", context, "rtvi-web-recorder", {**options, "processorOptions": dict(self._options)}
        )
        self._connect(node.port, scope)
        node.port.start()
        if track is not None:
            source = track_source(context, track)
            source.connect(node)
            scope.defer(source.disconnect)
        resume_after_interruptions(context, scope)
        if context.state == "suspended":  # Safari's contexts begin suspended.
            _js.begin(context, "resume")

    def close(self) -> None:
        """Hear nothing more."""
        self._last += 1
        self._track = UNHEARD
        self._scope.close()
        prepared, self._prepared = self._prepared, None
        if prepared is not None:
            prepared.cancel()
            prepared.add_done_callback(_drop)


async def _worklet_context() -> tuple[Any, _js.Scope]:
    """An ``AudioContext`` that has our worklets, and the scope that closes it."""
    context, scope = _js.construct("AudioContext"), _js.Scope()
    scope.defer(lambda: _js.begin(context, "close"))
    try:
        await add_module(context, PCM_MODULE)
    except BaseException:
        scope.close()
        raise
    return context, scope


def _drop(prepared: asyncio.Task[tuple[Any, _js.Scope]]) -> None:
    """Close a context that is not needed after all."""
    if not prepared.cancelled() and prepared.exception() is None:
        prepared.result()[1].close()


class WorkletRecorder(TrackWorklet):
    """A :class:`~rtvi_web.browser.recorder.Recorder`. It also records ``None``, which is silence.

    Args:
        sample_rate: samples a second.
        chunk: samples that the worklet hands over at once.
        heard: called when it has handed over a chunk.
    """

    def __init__(self, sample_rate: int, chunk: int, heard: Callable[[], object]) -> None:
        super().__init__({"rate": sample_rate, "chunk": chunk}, self._take)
        self.sample_rate = sample_rate
        self.dropped = 0
        self._heard = heard
        self._unread = bytearray()

    def _take(self, port: Any, scope: _js.Scope) -> None:
        scope.listen(port, "message", lambda event: self._on_chunk(event.data.to_bytes()))

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
        super().close()
        self._unread.clear()
