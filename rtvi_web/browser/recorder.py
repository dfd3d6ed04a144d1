"""Reads tracks as PCM: 16-bit, little-endian, mono.

There are two recorders, because neither does the other's work:

* :class:`~rtvi_web.browser.worklet_recorder.WorkletRecorder` hands over each chunk when it is complete, even in a page
  in the background, whose timers run once a second or less often. But the module of an AudioWorklet must be a file
  beside the page or a Blob, and a strict Content-Security-Policy forbids Blobs.
* :class:`~rtvi_web.browser.ring_recorder.RingRecorder` works from a plain wheel under any policy. But someone must read
  it from time to time: it keeps the last 32,768 samples.
"""

from __future__ import annotations

from typing import Any, Protocol

KEPT = 32768
"""Samples that a recorder keeps for its reader; when there are more, the oldest are dropped."""


class Recorder(Protocol):
    """Listens to one track after another; the samples of all of them are one stream."""

    @property
    def sample_rate(self) -> int:
        """Samples a second; known for sure after the first :meth:`listen`."""
        ...

    @property
    def dropped(self) -> int:
        """Samples that were not read in time."""
        ...

    async def listen(self, track: Any) -> None:
        """Record this track from now on, in place of the previous one. Nothing happens if it is the same.

        Raises:
            UnsupportedFeatureError: the page has no AudioWorklet, or may not load its module.
            JsError: there is no sound system, or the page has too many audio contexts.
        """

    def available(self) -> int:
        """How many samples can be read."""
        ...

    def read(self, count: int) -> bytes | None:
        """The next samples; ``None`` while there are fewer."""
        ...

    def close(self) -> None:
        """Stop recording, drop what was not read, and release the audio hardware. :meth:`listen` works again."""
