"""Text from speech with pocketsphinx, whose wheel carries its English model.

That model cannot take free dictation, but it can take a grammar of the bot's few phrases.
"""

from collections.abc import Iterable

import numpy as np
import soxr
from pocketsphinx import Decoder

SAMPLE_RATE = 16_000
# The decoder wants to hear the silence that Pipecat cuts off around the speech.
_BEFORE = np.zeros(int(0.3 * SAMPLE_RATE), np.int16)
_AFTER = np.zeros(int(0.4 * SAMPLE_RATE), np.int16)


class Recognizer:
    """Recognises one of `phrases` (lower case, words of the English dictionary). For one thread only."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._decoder = Decoder(
            samprate=SAMPLE_RATE,
            beam=1e-80,
            wbeam=1e-60,
            pbeam=1e-80,
            bestpath=False,  # the lattice pass drops the last words of short phrases
            loglevel="FATAL",
        )
        grammar = f"#JSGF V1.0; grammar phrases; public <phrase> = {' | '.join(phrases)};"
        self._decoder.add_jsgf_string("phrases", grammar)
        self._decoder.activate_search("phrases")

    def transcribe(self, samples: np.ndarray, sample_rate: int) -> str:
        """The phrase spoken in mono int16 `samples`, or "" when none was understood."""
        speech = soxr.resample(samples, sample_rate, SAMPLE_RATE)
        self._decoder.start_utt()
        self._decoder.process_raw(np.concatenate([_BEFORE, speech, _AFTER]).tobytes(), full_utt=True)
        self._decoder.end_utt()
        hypothesis = self._decoder.hyp()
        return hypothesis.hypstr if hypothesis else ""
