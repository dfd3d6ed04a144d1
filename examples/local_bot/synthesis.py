"""Speech from text with espeak-ng, which the `espeakng-loader` package carries; no account, no download."""

import ctypes
from functools import cache
from typing import Any

import espeakng_loader
import numpy as np
import soxr

VOICE = "en-us+f3"  # of espeak-ng's English voices, the one that pocketsphinx understands best
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_RATE_PARAMETER = 1
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


def synthesize(text: str, sample_rate: int, words_per_minute: int = 150) -> np.ndarray:
    """Speak `text`: mono int16 samples at `sample_rate` Hz.

    espeak-ng keeps its state in globals: call this from one thread only.
    """
    espeak, native_rate = _espeak()
    espeak.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0)
    chunks: list[np.ndarray] = []

    def collect(samples: Any, count: int, _events: object) -> int:
        if samples and count:
            chunks.append(np.ctypeslib.as_array(samples, shape=(count,)).copy())
        return 0

    callback = _Callback(collect)  # which has to live until all is spoken
    espeak.espeak_SetSynthCallback(callback)
    data = text.encode()
    failure = espeak.espeak_Synth(data, len(data) + 1, 0, 0, 0, _CHARS_UTF8, None, None)
    if failure:
        raise RuntimeError(f"espeak-ng could not speak (error {failure})")
    espeak.espeak_Synchronize()
    speech = np.concatenate(chunks) if chunks else np.zeros(0, np.int16)
    resampled: np.ndarray = soxr.resample(speech, native_rate, sample_rate)
    return resampled


@cache
def _espeak() -> tuple[ctypes.CDLL, int]:
    """The library, initialised with its voice, and the rate in Hz at which it speaks."""
    espeak = ctypes.CDLL(espeakng_loader.get_library_path())
    espeak.espeak_Synth.argtypes = [
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    native_rate = espeak.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
    if native_rate <= 0:
        raise RuntimeError(f"espeak-ng does not start (error {native_rate})")
    if failure := espeak.espeak_SetVoiceByName(VOICE.encode()):
        raise RuntimeError(f"espeak-ng has no voice {VOICE} (error {failure})")
    return espeak, native_rate
