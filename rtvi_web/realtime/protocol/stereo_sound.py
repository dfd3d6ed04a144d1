"""The sound of both sides on one line of time, for a recording. Pure: it is given the time."""

from __future__ import annotations

from array import array

from rtvi_web.realtime.protocol.audio import SAMPLE_BYTES, wav_header

SENT, PLAYED = "sent", "played"
"""The two sides: the left and the right channel."""
JITTER = 0.15
"""Seconds by which sound may come late without a gap, or early without being put after the other side's."""


class StereoSound:
    """What was sent, on the left, and what was played, on the right; silence between.

    A page may send sound faster than it is spoken. Then it still takes its time here, and what comes after it comes
    after it.

    Args:
        rate: samples a second.
        limit: seconds that are kept; the rest is dropped.
    """

    def __init__(self, rate: int, limit: float) -> None:
        self.rate = rate
        self._limit = int(limit * rate)
        self._sides = {SENT: _Side(rate), PLAYED: _Side(rate)}
        self._shift = 0  # samples by which this line of time is ahead of the clock

    def add(self, side: str, pcm: bytes, rate: int, time: float) -> bool:
        """Add sound to a side.

        Args:
            side: ``SENT`` or ``PLAYED``.
            pcm: 16-bit, mono.
            rate: its samples a second.
            time: seconds since the recording began, when it was sent, or had been played.

        Returns:
            Whether there is room for more.
        """
        this = self._sides[side]
        other = self._sides[PLAYED if side == SENT else SENT]
        data = this.converted(pcm, rate)
        now = round(time * self.rate) + self._shift
        begin = max(0, now if side == SENT else now - len(data) // SAMPLE_BYTES)
        jitter = int(JITTER * self.rate)
        if this.length and begin - this.length < jitter:
            begin = this.length  # it goes on
        elif other.length > now + jitter:
            begin = max(this.length, other.length)
            self._shift += begin - (now if side == SENT else now - len(data) // SAMPLE_BYTES)
        this.put(data, begin, self._limit)
        return this.length < self._limit

    @property
    def seconds(self) -> float:
        """How long it is."""
        return max(side.length for side in self._sides.values()) / self.rate

    def wav(self) -> bytes:
        """All of it, as a WAV file of two channels."""
        length = max(side.length for side in self._sides.values())
        both = array("h", bytes(length * 2 * SAMPLE_BYTES))
        for channel, side in enumerate(self._sides.values()):
            samples = array("h", bytes(side.pcm))
            both[channel : 2 * len(samples) : 2] = samples
        return wav_header(length * 2 * SAMPLE_BYTES, self.rate, channels=2) + both.tobytes()


class _Side:
    """The sound of one side from the beginning, at one rate."""

    def __init__(self, rate: int) -> None:
        self.pcm = bytearray()
        self._rate = rate
        self._resampler: LinearResampler | None = None

    @property
    def length(self) -> int:
        return len(self.pcm) // SAMPLE_BYTES

    def put(self, data: bytes, begin: int, limit: int) -> None:
        """Put samples at this place, after silence."""
        self.pcm += bytes(SAMPLE_BYTES * max(0, min(begin, limit) - self.length))
        self.pcm += data[: SAMPLE_BYTES * max(0, limit - self.length)]

    def converted(self, pcm: bytes, rate: int) -> bytes:
        if rate == self._rate:
            return pcm
        if self._resampler is None or self._resampler.given != rate:
            self._resampler = LinearResampler(rate, self._rate)
        return self._resampler.convert(pcm)


class LinearResampler:
    """Converts PCM piece by piece. Good for speech of a lower rate; no filter keeps higher tones from folding back.

    Args:
        given: samples a second of what comes.
        wanted: samples a second of what is returned.
    """

    def __init__(self, given: int, wanted: int) -> None:
        self.given = given
        self._wanted = wanted
        self._last = 0
        self._position = wanted  # of the next sample, after the last one that came, in parts of a sample

    def convert(self, pcm: bytes) -> bytes:
        """The next samples."""
        samples = array("h", [self._last])
        samples.frombytes(pcm)
        converted = array("h")
        end = (len(samples) - 1) * self._wanted
        for position in range(self._position, end + 1, self.given):
            index, part = divmod(position, self._wanted)
            sample = samples[index]
            if part:
                sample += (samples[index + 1] - sample) * part // self._wanted
            converted.append(sample)
            self._position = position + self.given
        self._position -= end
        self._last = samples[-1]
        return converted.tobytes()
