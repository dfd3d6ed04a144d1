"""PCM in plain Python. Chunks are not joined until they are read, so appending stays cheap in long conversations.

All of it is 16-bit signed little-endian, mono, at ``SAMPLE_RATE`` unless the session has a format of another rate.
"""

from __future__ import annotations

import binascii
import sys
from array import array
from collections import deque
from collections.abc import Iterable
from typing import Any

from rtvi_web.errors import InvalidArgumentError

SAMPLE_RATE = 24_000
"""Samples per second of PCM, if a session names no other format."""
MAX_CHUNK = SAMPLE_RATE * 2 // 10
"""Bytes of one chunk of the microphone's sound at most: 100 ms. For speech, 20 to 40 ms is usual."""
SAMPLE_BYTES = 2
_PCM_FORMATS = ("h", "<h", "B", "<B", "b", "<b", "c", "<c")  # of a buffer: 16-bit integers, or bytes


def float_to_pcm16(samples: Iterable[float]) -> bytes:
    """PCM from samples between -1 and 1. Others are clamped, NaN becomes 0. Mirrors ``floatTo16BitPCM()``."""
    pcm = array("h", [_to_int16(sample) for sample in samples])
    if sys.byteorder == "big":
        pcm.byteswap()
    return pcm.tobytes()


def _to_int16(sample: float) -> int:
    if sample != sample:
        return 0
    clamped = max(-1.0, min(1.0, sample))
    return int(clamped * (0x8000 if clamped < 0 else 0x7FFF))


def to_pcm(sound: Any) -> bytes:
    """PCM from any kind of sound.

    Args:
        sound: bytes-like PCM, ``array("h")``, ``array("f")`` or another buffer of floats from -1 to 1, or a JavaScript
            ``ArrayBuffer``, ``Int16Array`` or ``Float32Array``.

    Raises:
        InvalidArgumentError: it is something else, such as 32-bit integers, or it has half a sample too much.
    """
    try:
        # A typed array of JavaScript has no Python buffer; to_memoryview() copies it.
        view = sound.to_memoryview() if hasattr(sound, "to_memoryview") else memoryview(sound)
    except TypeError:
        raise InvalidArgumentError(
            f"Sound must be bytes of 16-bit PCM or an array of samples; it is {type(sound)}."
        ) from None
    if view.format in ("f", "d", "<f", "<d"):
        return float_to_pcm16(view.tolist())
    if view.format not in _PCM_FORMATS:
        raise InvalidArgumentError(
            f"Sound must be 16-bit integers or floats; these samples have the format {view.format!r}."
        )
    pcm = view.tobytes()
    if len(pcm) % SAMPLE_BYTES:
        raise InvalidArgumentError(f"PCM of 16 bits has an even number of bytes; this has {len(pcm):,}.")
    return pcm


def to_base64(pcm: bytes) -> str:
    """Mirrors ``arrayBufferToBase64()``."""
    return binascii.b2a_base64(pcm, newline=False).decode("ascii")


def from_base64(text: Any) -> bytes:
    """Mirrors ``base64ToArrayBuffer()``; empty if it is not base64."""
    try:
        return binascii.a2b_base64(text)
    except (TypeError, ValueError):
        return b""


def milliseconds(samples: int, rate: int = SAMPLE_RATE) -> int:
    """How long samples last, in whole milliseconds, rounded down: the server refuses fractions."""
    return samples * 1000 // rate


def samples(milliseconds: float, rate: int = SAMPLE_RATE) -> int:
    """How many samples there are in this time."""
    return int(milliseconds * rate // 1000)


def wav_header(size: int, rate: int, *, channels: int) -> bytes:
    """What a WAV file begins with, before ``size`` bytes of PCM."""
    frame = channels * SAMPLE_BYTES
    fields = ((16, 4), (1, 2), (channels, 2), (rate, 4), (rate * frame, 4), (frame, 2), (8 * SAMPLE_BYTES, 2))
    form = b"".join(value.to_bytes(width, "little") for value, width in fields)
    sizes = (size + 36).to_bytes(4, "little"), size.to_bytes(4, "little")
    return b"RIFF" + sizes[0] + b"WAVEfmt " + form + b"data" + sizes[1]


class AudioClip:
    """The sound of one item.

    ``len(clip)`` is the number of samples that are kept, ``bytes(clip)`` their PCM.

    Attributes:
        received: how many samples arrived, kept or not.
        rate: samples a second.
    """

    def __init__(self, pcm: bytes = b"", rate: int = SAMPLE_RATE) -> None:
        self.rate = rate
        self._chunks: deque[bytes] = deque()
        self._kept = 0
        self._half = b""
        self._closed = False
        self.received = 0
        if pcm:
            self.append(pcm)

    def append(self, data: bytes) -> bytes:
        """Add a chunk; return its whole samples. Half a sample waits for its other half in the next chunk."""
        data = self._half + data if self._half else data
        whole = len(data) - len(data) % SAMPLE_BYTES
        self._half, pcm = data[whole:], data[:whole]
        if pcm and not self._closed:
            self._chunks.append(pcm)
            self._kept += len(pcm)
            self.received += len(pcm) // SAMPLE_BYTES
        return pcm

    def truncate(self, count: int) -> None:
        """Keep the first ``count`` samples that were received, and ignore all that follow."""
        self._closed = True
        surplus = max(0, self.received - max(0, count)) * SAMPLE_BYTES
        self.received = min(self.received, max(0, count))
        while surplus and self._chunks:
            last = self._chunks.pop()
            rest = last[: max(0, len(last) - surplus)]
            if rest:
                self._chunks.append(rest)
            self._kept -= len(last) - len(rest)
            surplus -= len(last) - len(rest)

    def forget_oldest(self) -> int:
        """Drop the oldest chunk; return how many bytes it had, 0 if there was none."""
        if not self._chunks:
            return 0
        dropped = len(self._chunks.popleft())
        self._kept -= dropped
        return dropped

    def wav(self) -> bytes:
        """The samples kept, as a WAV file."""
        return wav_header(self._kept, self.rate, channels=1) + bytes(self)

    def __len__(self) -> int:
        return self._kept // SAMPLE_BYTES

    def __bool__(self) -> bool:
        return self._kept > 0

    def __bytes__(self) -> bytes:
        return b"".join(self._chunks)

    def __repr__(self) -> str:
        return f"<AudioClip of {len(self) / self.rate:.2f} s>"


class Retention:
    """Limits how much sound a conversation keeps: the oldest chunks are dropped first.

    Args:
        limit: seconds in all; ``None`` keeps everything, 0 nothing.
    """

    def __init__(self, limit: float | None) -> None:
        self._limit = limit
        self._order: deque[tuple[AudioClip, float]] = deque()
        self._kept = 0.0

    def added(self, clip: AudioClip, size: int) -> None:
        """``size`` bytes were appended to a clip: drop the oldest chunks beyond the limit."""
        if self._limit is None or not size:
            return
        seconds = size / SAMPLE_BYTES / clip.rate
        self._order.append((clip, seconds))
        self._kept += seconds
        while self._order and self._kept > self._limit + 1e-6:  # sums of fractions are not exact
            oldest, seconds = self._order.popleft()
            self._kept -= seconds
            oldest.forget_oldest()

    def clear(self) -> None:
        self._order.clear()
        self._kept = 0.0


class InputAudio:
    """The person's sound since the session began: its last part, and its length.

    The server counts times (``audio_start_ms``) from the first sample that was appended.

    Args:
        limit: seconds that are kept at most.

    Attributes:
        rate: samples a second.
    """

    def __init__(self, limit: float) -> None:
        self._seconds = limit
        self.total = 0
        """Samples appended in this session."""
        self.reset()

    def change_rate(self, rate: int) -> None:
        """What is appended from now on has another rate: drop the sound, not the time that has passed."""
        passed = self.total * rate // self.rate
        self.reset(rate)
        self.total = passed

    def reset(self, rate: int = SAMPLE_RATE) -> None:
        """A new session begins."""
        self.rate = rate
        self._limit = int(self._seconds * rate) * SAMPLE_BYTES
        self._chunks: deque[bytes] = deque()
        self._kept = 0
        self.total = 0
        self.given = False
        """Whether the page itself appended sound that the server has not taken since."""
        self._uncommitted = 0
        self._commits = 0  # those of the client that the server has not answered

    def append(self, pcm: bytes) -> None:
        """Add sound that was sent to the server; drop what is older than the limit."""
        self._chunks.append(pcm)
        self._kept += len(pcm)
        self.total += len(pcm) // SAMPLE_BYTES
        self._uncommitted += len(pcm)
        while self._kept > self._limit and self._chunks:
            self._kept -= len(self._chunks.popleft())

    @property
    def uncommitted(self) -> int:
        """Samples appended since the last :meth:`commit` or :meth:`clear`."""
        return self._uncommitted // SAMPLE_BYTES

    def commit(self) -> AudioClip:
        """The server makes an item of what was appended: return its sound, as far as it is kept, and start over."""
        self._commits += 1
        joined = bytes(self)
        clip = AudioClip(joined[max(0, len(joined) - self._uncommitted) :], self.rate)
        self.clear()
        return clip

    def committed(self) -> None:
        """The server has committed: after :meth:`commit`, or by itself.

        In the second case the sound is kept: :meth:`slice` cuts the item's from it.
        """
        if self._commits:
            self._commits -= 1
        else:
            self._uncommitted = 0
            self.given = False

    def taken(self) -> None:
        """The server hears speech in the sound, and will commit it by itself."""
        self.given = False

    def clear(self) -> None:
        """Drop the sound; its length still counts."""
        self._chunks.clear()
        self._kept = self._uncommitted = 0
        self.given = False

    def slice(self, start: int, end: int) -> AudioClip:
        """The samples from ``start`` to ``end``, counted from the session's beginning, as far as they are kept."""
        begin = self.total * SAMPLE_BYTES - self._kept  # the first byte that is kept
        first = max(0, start * SAMPLE_BYTES - begin)
        last = max(first, end * SAMPLE_BYTES - begin)
        return AudioClip(bytes(self)[first:last], self.rate)

    def __len__(self) -> int:
        return self._kept // SAMPLE_BYTES

    def __bytes__(self) -> bytes:
        return b"".join(self._chunks)

    def __repr__(self) -> str:
        return f"<InputAudio of {len(self) / self.rate:.2f} s>"
