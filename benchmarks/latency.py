"""How long a person waits: from the click to the bot's first sound, and from the end of their words to its answer.

`python benchmarks/latency.py` clicks a button for each client in turn, lets the bot greet, speaks through Chromium's
microphone, and prints times and ratios; it fails if a goal is missed. The same AudioWorklet listens to the tracks of
both clients. Nearly all of the time is the bot's.
"""

import tempfile
from collections import defaultdict
from pathlib import Path

from bench import DIST
from figures import Figure, finish, options, paired
from local_bot import local_bot, speak
from playwright.sync_api import Page
from side_by_side import CLIENTS, side_by_side

SPOKEN = "tell me a joke"
LEAD_SILENCE = 8.0  # seconds, in which the bot greets
FIGURES = ("click to first sound", "end of speech to answer")
SETTLE_MS = 1000  # between two sessions, for the bot to end one

GREETED = "() => sounds.bot.length > 0"
ANSWERED = "() => sounds.mic.some(([_, end]) => end && sounds.bot.some(([begin]) => begin > end))"


def converse(page: Page, who: str) -> tuple[float, float]:
    """Milliseconds of both waits in one session."""
    page.click(f"#{who}")
    page.evaluate("() => begun")
    page.wait_for_function(GREETED)
    page.wait_for_function(ANSWERED, timeout=40_000)
    sounds, clicked = page.evaluate("() => [sounds, clicked]")
    page.evaluate("who => window[who].end()", who)
    page.wait_for_timeout(SETTLE_MS)
    answer, silence = next(
        (begin, end) for begin, _ in sounds["bot"] for _, end in reversed(sounds["mic"]) if end and begin > end
    )
    return sounds["bot"][0][0] - clicked, answer - silence


def measure(pairs: int) -> dict[tuple[str, str], list[float]]:
    """Milliseconds by (figure, client); the clients take turns."""
    waits: dict[tuple[str, str], list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "microphone.wav"
        speak([SPOKEN], wav, lead_silence=LEAD_SILENCE, gap=30.0)
        flags = (f"--use-file-for-fake-audio-capture={wav}", "--autoplay-policy=no-user-gesture-required")
        with local_bot(site=DIST) as bot, side_by_side(bot.address, "sound.js", flags=flags) as page:
            for _ in range(pairs):
                for who in CLIENTS:
                    for figure, wait in zip(FIGURES, converse(page, who), strict=True):
                        waits[figure, who].append(wait)
    return waits


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    arguments = parser.parse_args()
    waits = measure(arguments.pairs)
    figures = []
    for figure in FIGURES:
        figures += [Figure(f"{figure}, {who}", waits[figure, who], "ms") for who in CLIENTS]
        ratios = paired(*(waits[figure, who] for who in CLIENTS))
        figures.append(Figure(f"{figure}, ours ÷ theirs", ratios, most=1.0))
    finish(figures, arguments)


if __name__ == "__main__":
    main()
