"""Formats of sound: what a server calls them, and PCM of 16 bits from and to each. Pure."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.protocol.audio import SAMPLE_BYTES, SAMPLE_RATE

RATES = (8_000, 16_000, 24_000, 48_000)
"""Samples a second of PCM that can be recorded and played."""
G711_RATE = 8_000
_BIAS = 0x84
_CLIP = 8_158


class SoundFormat(NamedTuple):
    """How one side sends sound.

    Attributes:
        type: ``"audio/pcm"``, ``"audio/pcmu"`` (G.711 µ-law) or ``"audio/pcma"`` (G.711 A-law).
        rate: samples a second.
    """

    type: str = "audio/pcm"
    rate: int = SAMPLE_RATE

    @property
    def sample_bytes(self) -> int:
        """Bytes of one sample."""
        return SAMPLE_BYTES if self.type == "audio/pcm" else 1

    def encode(self, pcm: bytes) -> bytes:
        """PCM of 16 bits in this format."""
        to_byte = _ENCODERS.get(self.type)
        return bytes(map(to_byte, _samples(pcm))) if to_byte else pcm

    def decode(self, data: bytes) -> bytes:
        """Sound of this format as PCM of 16 bits."""
        from_byte = _DECODERS.get(self.type)
        if from_byte is None:
            return data
        samples = array("h", map(from_byte, data))
        if sys.byteorder == "big":
            samples.byteswap()
        return samples.tobytes()


def sound_format(given: Any) -> SoundFormat:
    """The format that a configuration in GA form names.

    Raises:
        InvalidArgumentError: it can be neither recorded nor played.
    """
    type, rate = (given.get("type"), given.get("rate")) if isinstance(given, Mapping) else (None, None)
    if type == "audio/pcm" and (rate or SAMPLE_RATE) in RATES:
        return SoundFormat("audio/pcm", rate or SAMPLE_RATE)
    if type in ("audio/pcmu", "audio/pcma") and rate in (None, G711_RATE):
        return SoundFormat(type, G711_RATE)
    rates = ", ".join(map(str, RATES))
    raise InvalidArgumentError(
        f"The format {given!r} cannot be used: it must be audio/pcm with a rate of {rates}, audio/pcmu, or audio/pcma."
    )


def _samples(pcm: bytes) -> array[int]:
    samples = array("h", pcm)
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


@cache
def _to_ulaw(sample: int) -> int:
    sample >>= 2  # µ-law has 14 bits
    magnitude = min(abs(sample), _CLIP) + (_BIAS >> 2)
    exponent = magnitude.bit_length() - 6
    mantissa = (magnitude >> (exponent + 1)) & 0x0F
    return ~((0x80 if sample < 0 else 0) | exponent << 4 | mantissa) & 0xFF


@cache
def _from_ulaw(byte: int) -> int:
    byte = ~byte & 0xFF
    magnitude = (((byte & 0x0F) << 3) + _BIAS << ((byte & 0x70) >> 4)) - _BIAS
    return -magnitude if byte & 0x80 else magnitude


@cache
def _to_alaw(sample: int) -> int:
    magnitude = sample if sample >= 0 else -sample - 1
    exponent = max(0, magnitude.bit_length() - 8)
    mantissa = (magnitude >> (exponent + 3 if exponent else 4)) & 0x0F
    return (exponent << 4 | mantissa) ^ (0xD5 if sample >= 0 else 0x55)


@cache
def _from_alaw(byte: int) -> int:
    byte ^= 0x55
    exponent, magnitude = (byte & 0x70) >> 4, ((byte & 0x0F) << 4) + 8
    if exponent:
        magnitude = magnitude + 0x100 << exponent - 1
    return magnitude if byte & 0x80 else -magnitude


_ENCODERS = {"audio/pcmu": _to_ulaw, "audio/pcma": _to_alaw}
_DECODERS = {"audio/pcmu": _from_ulaw, "audio/pcma": _from_alaw}
