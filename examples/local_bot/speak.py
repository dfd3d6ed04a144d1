"""Speak phrases into a WAV that Chromium can take for a microphone (--use-file-for-fake-audio-capture).

python speak.py mic.wav "hello" "make the page green"
"""

import argparse
import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from synthesis import synthesize

SAMPLE_RATE = 48_000  # Hz; Chromium's own, so that it doesn't resample
WORDS_PER_MINUTE = 130


def speak(phrases: Sequence[str], path: Path, lead_silence: float = 5.0, gap: float = 3.0) -> None:
    """Write a mono 16-bit WAV.

    Args:
        phrases: what to say, in this order.
        path: the file to write.
        lead_silence: seconds before the first phrase; the microphone opens before the bot is ready.
        gap: seconds after each phrase. Chromium plays the file in a loop.
    """
    parts = [_silence(lead_silence)]
    for phrase in phrases:
        parts += [synthesize(phrase, SAMPLE_RATE, WORDS_PER_MINUTE), _silence(gap)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(np.concatenate(parts).tobytes())


def _silence(seconds: float) -> np.ndarray:
    return np.zeros(int(seconds * SAMPLE_RATE), np.int16)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", type=Path)
    parser.add_argument("phrases", nargs="+", metavar="PHRASE")
    parser.add_argument("--lead-silence", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--gap", type=float, default=3.0, metavar="SECONDS")
    options = parser.parse_args()
    speak(options.phrases, options.path, options.lead_silence, options.gap)


if __name__ == "__main__":
    main()
