"""A speaker for PCM (16-bit, little-endian) that counts what it plays."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from rtvi_web.browser import _js
from rtvi_web.browser.analysis import resume_after_interruptions
from rtvi_web.browser.worklet import PCM_MODULE, add_module
from rtvi_web.errors import UnsupportedFeatureError

logger = logging.getLogger(__name__)

RECENT_ITEMS = 32
"""How many recent items are remembered. More sound of theirs may come after an interruption, and is dropped."""
LULL = 0.2
"""Seconds of silence after which the bot is taken to have stopped speaking; before, the next piece may just be late."""
REPORT_INTERVAL = 0.1
"""Seconds of sound between two reports of what was played. The last one counts if the audio thread does not answer."""
MOST = 1800.0
"""Seconds of sound that may wait. A server that sends more is not kept up with."""
PATIENCE = 0.5
"""Seconds that the audio thread has to answer, and a context to start."""


class PlayedItem(NamedTuple):
    """How many samples of a part of an item were played, with those that the device has already taken."""

    item: str
    part: int
    samples: int


class PcmPlayer:
    """Plays PCM piece by piece, and knows how much of it was heard.

    Args:
        rate: samples a second; the context runs at this rate, and the browser converts. The attribute ``rate`` may be
            changed: what is played then is converted in the worklet.
        buffer: seconds of sound that are gathered before it begins, and again after it has run out. For sound that
            comes as it is spoken, not always in time; what comes while the browser refuses to play is then dropped.
        speaking: called with ``True`` when sound begins, and with ``False`` after a silence of ``lull``.
        blocked: called when the browser's autoplay policy refuses; :meth:`resume` from a click then plays.
        lull: seconds.
        report: seconds of sound between two reports of what was played.
    """

    def __init__(
        self,
        *,
        rate: int,
        speaking: Callable[[bool], object],
        blocked: Callable[[], object],
        lull: float = LULL,
        buffer: float = 0.0,
        report: float = REPORT_INTERVAL,
    ) -> None:
        self.rate = rate
        self.underruns = 0
        """How often sound came too late, so that there was a gap; counted only with a buffer."""
        self.delay: float | None = None
        """Seconds of sound that waited when it was last reported; ``None`` before anything was played."""
        self._lull = lull
        self._buffer = buffer
        self._report = report
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
        self._recorded: Callable[[bytes], object] | None = None
        self._all_recorded: asyncio.Future[None] | None = None
        # Made here: if a click led to this call, the browser lets the context play.
        self.context = _js.construct("AudioContext", {"sampleRate": rate})
        self._scope.defer(lambda: _js.begin(self.context, "close"))
        resume_after_interruptions(self.context, self._scope)
        self._gain = self.context.createGain()
        self._gain.connect(self.context.destination)
        self._output = self.context.createMediaStreamDestination()
        self.track = self._output.stream.getAudioTracks()[0]
        """The sound that is played, as a track that can be measured or drawn; the volume does not change it."""

    @property
    def volume(self) -> float:
        """How loud it plays, 0 to 1."""
        return float(self._gain.gain.value)

    @volume.setter
    def volume(self, volume: float) -> None:
        self._gain.gain.value = volume

    def take(self, source: Any) -> None:
        """Take messages from a ``MessagePort`` too, see ``worklets/pcm.js``. It must be open."""
        self._node.port.postMessage(_js.plain({"source": source}), _js.plain([source]))

    async def open(self) -> None:
        """Get ready to play. What :meth:`play` got before is played then.

        Raises:
            UnsupportedFeatureError: the page has no AudioWorklet, or may not load its module.
        """
        await add_module(self.context, PCM_MODULE)
        if self.context.state == "closed":
            return
        options = {"lull": self._lull, "report": self._report, "buffer": self._buffer, "most": MOST}
        node = self._node = _js.construct(
            "AudioWorkletNode",
            self.context,
            "rtvi-web-player",
            {"numberOfInputs": 0, "outputChannelCount": [2], "processorOptions": options},
        )
        self._scope.listen(node.port, "message", lambda event: self._on_message(event.data))
        node.port.start()
        node.connect(self._gain)
        node.connect(self._output)
        self._scope.defer(node.disconnect)
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            node.port.postMessage(message)

    def play(self, pcm: bytes, item: str, part: int, *, rate: int | None = None, channels: int = 1) -> None:
        """Play this after everything given before, unless its item was interrupted.

        Args:
            pcm: whole samples of all channels, interleaved.
            item, part: what the sound is counted for.
            rate: samples a second of each channel; by default the attribute ``rate``.
            channels: how many; the first two are heard.
        """
        if not pcm or item in self._dropped or (self._buffer and self._is_blocked):
            return
        if item not in self._recent:
            self._recent.append(item)
        sound = _js.construct("Int16Array", _js.uint8_array(pcm).buffer)
        self._post({"play": sound, "item": item, "part": part, "rate": rate or self.rate, "channels": channels})
        if self.context.state != "running" and self._starting is None and not self._is_blocked:
            self._starting = asyncio.ensure_future(self._start())

    async def interrupt(self) -> PlayedItem | None:
        """Stop playing, and drop the sound that still comes for items so far.

        Returns:
            What was playing; ``None`` if nothing was.
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

    def pause(self, paused: bool) -> None:
        """Hold what plays and what still comes, or go on where it stopped. An interruption drops it as usual."""
        self._post({"pause": paused})

    def record(self, recorded: Callable[[bytes], object]) -> None:
        """Give what is played from now on, as PCM of :attr:`recorded_rate`, whatever the volume."""
        self._recorded = recorded
        self._post({"record": True})

    @property
    def recorded_rate(self) -> int:
        """Samples a second of what :meth:`record` gives."""
        return int(self.context.sampleRate)

    async def stop_recording(self) -> None:
        """Give the rest of what was played, and nothing more."""
        if self._recorded is None:
            return
        self._post({"record": False})
        self._all_recorded = asyncio.get_running_loop().create_future()
        with contextlib.suppress(TimeoutError):  # The context is suspended.
            async with asyncio.timeout(PATIENCE):
                await self._all_recorded
        self._recorded = self._all_recorded = None

    async def resume(self) -> None:
        """Play after ``blocked()``; call it from a click."""
        self._is_blocked = False
        await _js.call(self.context, "resume")

    async def use_sink(self, id: str) -> None:
        """Play on another speaker; an empty id means the system's default.

        Raises:
            UnsupportedFeatureError: this browser does not let pages choose.
            JsError: there is no such speaker, or it is not allowed.
        """
        require_sinks()
        await _js.call(self.context, "setSinkId", id)

    def close(self) -> None:
        """Stop for good, and release the audio hardware."""
        if self._starting is not None:
            self._starting.cancel()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_result(None)
        self._end_recording()
        self._waiting.clear()
        self._scope.close()

    async def _start(self) -> None:
        """Start the context, or report that the browser refuses."""
        try:
            async with asyncio.timeout(PATIENCE):
                await _js.call(self.context, "resume")
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

    def _end_recording(self) -> None:
        if self._all_recorded is not None and not self._all_recorded.done():
            self._all_recorded.set_result(None)

    def _on_message(self, message: Any) -> None:
        if hasattr(message, "interrupted"):
            answer = self._answers.get(message.interrupted)
            if answer is not None and not answer.done():
                answer.set_result(_played(_js.or_none(message.playing)))
        elif hasattr(message, "recorded"):
            if self._recorded is not None and message.recorded.length:
                self._recorded(message.recorded.to_bytes())
            if message.last:
                self._end_recording()
        elif hasattr(message, "speaking"):
            self._is_speaking = bool(message.speaking)
            self._speaking(self._is_speaking)
        elif hasattr(message, "underrun"):
            self.underruns += 1
        elif hasattr(message, "dropped"):
            logger.warning("sound is dropped: %g s of it wait to be played already", MOST)
        else:
            self._last, self.delay = _played(message), float(message.waiting)


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
