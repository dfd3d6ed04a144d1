"""A speaker for PCM (16-bit, little-endian, mono) that counts what it plays."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from rtvi_web.browser import _js
from rtvi_web.browser.worklet import PCM_MODULE, add_module
from rtvi_web.errors import UnsupportedFeatureError

RECENT_ITEMS = 32
"""Items of which more sound may still come: after an interruption it is dropped."""
LULL = 0.2
"""Seconds without sound after which the speaker has stopped speaking: the next piece may only be late."""
REPORT_INTERVAL = 0.1
"""Seconds between two counts that come unasked: the last is what is known of a speaker that does not answer."""
PATIENCE = 0.5
"""Seconds that the audio thread may take to answer, and a context to start."""


class PlayedItem(NamedTuple):
    """How many samples of a part of an item were played: those that the device had taken are heard to the end."""

    item: str
    part: int
    samples: int


class PcmPlayer:
    """Plays PCM piece after piece, and knows what was heard of it.

    Args:
        rate: samples a second; the context runs at it, and the browser converts.
        speaking: called when sound begins to leave the speaker, and when there has been none for :data:`LULL`.
        blocked: called when the browser's autoplay policy lets nothing be heard; :meth:`resume` from a click does.
    """

    def __init__(self, *, rate: int, speaking: Callable[[bool], object], blocked: Callable[[], object]) -> None:
        self._rate = rate
        self._speaking = speaking
        self._blocked = blocked
        self._scope = _js.Scope()
        self._node: Any = None
        self._waiting: list[Any] = []
        self._recent: deque[str] = deque(maxlen=RECENT_ITEMS)
        self._dropped: frozenset[str] = frozenset()
        self._last: PlayedItem | None = None
        self._is_speaking = False
        self._answers: dict[int, asyncio.Future[PlayedItem | None]] = {}
        self._interruptions = 0
        self._starting: asyncio.Task[None] | None = None
        self._is_blocked = False
        # Made here and now: if this is a click's doing, the browser lets it sound.
        self._context = _js.construct("AudioContext", {"sampleRate": rate})
        self._scope.defer(lambda: _js.begin(self._context, "close"))
        self._output = self._context.createMediaStreamDestination()
        self.track = self._output.stream.getAudioTracks()[0]
        """What is played, as a track to measure or to draw."""

    async def open(self) -> None:
        """Make it ready; what :meth:`play` was given until then is played then.

        Raises:
            UnsupportedFeatureError: there are no AudioWorklets here.
        """
        await add_module(self._context, PCM_MODULE)
        if self._context.state == "closed":
            return
        options = {"lull": round(LULL * self._rate), "report": round(REPORT_INTERVAL * self._rate)}
        node = self._node = _js.construct(
            "AudioWorkletNode",
            self._context,
            "rtvi-web-player",
            {"numberOfInputs": 0, "outputChannelCount": [1], "processorOptions": options},
        )
        self._scope.listen(node.port, "message", lambda event: self._on_message(event.data))
        node.port.start()
        node.connect(self._context.destination)
        node.connect(self._output)
        self._scope.defer(node.disconnect)
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            node.port.postMessage(message)

    def play(self, pcm: bytes, item: str, part: int) -> None:
        """Play this after all that was given before, unless its item was interrupted."""
        if not pcm or item in self._dropped:
            return
        if item not in self._recent:
            self._recent.append(item)
        samples = _js.construct("Uint8Array", len(pcm))
        samples.assign(pcm)
        self._post({"play": _js.construct("Int16Array", samples.buffer), "item": item, "part": part})
        if self._context.state != "running" and self._starting is None and not self._is_blocked:
            self._starting = asyncio.ensure_future(self._start())

    async def interrupt(self) -> PlayedItem | None:
        """Fall silent, and drop all that still comes for the items so far.

        Returns:
            What was playing; ``None`` when nothing was.
        """
        self._dropped = frozenset(self._recent)
        if self._node is None:
            self._waiting.clear()
            return None
        known = self._last if self._is_speaking else None
        self._interruptions += 1
        number = self._interruptions
        answer: asyncio.Future[PlayedItem | None] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._post({"interrupt": number})
        try:
            async with asyncio.timeout(PATIENCE):
                return await answer
        except TimeoutError:  # The context is suspended, or closed meanwhile.
            return known
        finally:
            del self._answers[number]

    async def resume(self) -> None:
        """Let it be heard after ``blocked()``; to be called from a click."""
        self._is_blocked = False
        await _js.call(self._context, "resume")

    async def use_sink(self, id: str) -> None:
        """Play on another speaker; an empty id means the system's default.

        Raises:
            UnsupportedFeatureError: this browser does not let pages choose.
            JsError: there is no such speaker, or it is not allowed.
        """
        require_sinks()
        await _js.call(self._context, "setSinkId", id)

    def close(self) -> None:
        """Fall silent, and let the audio hardware go. For good."""
        if self._starting is not None:
            self._starting.cancel()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result(None)
        self._waiting.clear()
        self._scope.close()

    async def _start(self) -> None:
        """Start a context that has not, or say that the browser does not let it."""
        try:
            async with asyncio.timeout(PATIENCE):
                await _js.call(self._context, "resume")
        except TimeoutError:
            self._is_blocked = True
            self._blocked()
        except _js.JsError:
            return  # It was closed.
        finally:
            self._starting = None

    def _post(self, message: dict[str, Any]) -> None:
        message = _js.plain(message)
        if self._node is None:
            self._waiting.append(message)
        else:
            self._node.port.postMessage(message)

    def _on_message(self, message: Any) -> None:
        if hasattr(message, "interrupted"):
            answer = self._answers.get(message.interrupted)
            if answer is not None and not answer.done():
                answer.set_result(_played(_js.or_none(message.playing)))
        elif hasattr(message, "speaking"):
            self._is_speaking = bool(message.speaking)
            self._speaking(self._is_speaking)
        else:
            self._last = _played(message)


def require_sinks() -> None:
    """Check that a page may choose the speaker of an ``AudioContext``.

    Raises:
        UnsupportedFeatureError: this browser does not let it.
    """
    if not hasattr(_js.api("AudioContext").prototype, "setSinkId"):
        message = "This browser does not let pages choose the speaker of a WebSocket session."
        raise UnsupportedFeatureError(message, feature="update_speaker")


def _played(message: Any) -> PlayedItem | None:
    return None if message is None else PlayedItem(str(message.item), int(message.part), int(message.samples))
