"""How long sound takes from the person's mouth to their ear, by a bot that says back what it hears.

`python benchmarks/mouth_to_ear.py` holds a session over each transport with a real Pipecat server on this machine. The
microphone makes half a second of sound again and again. One AudioWorklet hears the microphone's track and the bot's, as
it goes to the speaker; a wait is the time between the beginnings of a sound in both. So it has the page's recorder and
encoder, the server's pipeline, which says 40 ms at a time, and the jitter buffer: `playback_buffer` of a WebSocket, the
browser's own for WebRTC. It has no network and no speaker. It prints both, their p95, and their ratio.
"""

import sys
from statistics import median, quantiles

from echoes import TRANSPORTS, page_beside_echo_bot, python, session
from figures import Figure, finish, options
from playwright.sync_api import Page

LOUD, SILENT = 0.5, 0.8
SETTLING_MS = 3000
LONGEST = 1.2
"""Seconds. A sound that has not come back by then is missing."""


def waits(page: Page, transport: str, seconds: float) -> list[float]:
    """Milliseconds that each sound took."""
    with session(page, transport):
        page.wait_for_timeout(SETTLING_MS)
        python(page, "await js.listen(client.tracks().local.audio, client.tracks().bot.audio)")
        page.wait_for_timeout(seconds * 1000)
        mic, bot = page.evaluate("() => [ears.mic, ears.bot]")
        page.evaluate("() => ears.close()")
    found = [next((end - begin for end in bot if begin < end < begin + LONGEST), None) for begin in mic]
    complete = [wait for begin, wait in zip(mic, found, strict=True) if begin < mic[0] + seconds - 2 * LONGEST]
    if None in complete:
        sys.exit(f"{transport}: {complete.count(None)} of {len(complete)} sounds did not come back.")
    return [1000 * wait for wait in complete if wait is not None]


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of each session")
    arguments = parser.parse_args()
    with page_beside_echo_bot(loud=LOUD, silent=SILENT) as (_, page):
        times = {transport: waits(page, transport, arguments.seconds) for transport in TRANSPORTS}
    figures = []
    for transport, found in times.items():
        figures.append(Figure(f"mouth to ear, {transport}", found, "ms"))
        figures.append(Figure(f"mouth to ear, {transport}, p95", [p95(found)], "ms"))
    websocket, webrtc = times.values()
    figures.append(Figure("mouth to ear, WebSocket ÷ WebRTC", [median(websocket) / median(webrtc)]))
    finish(figures, arguments)


def p95(times: list[float]) -> float:
    return quantiles(times, n=20, method="inclusive")[18]


if __name__ == "__main__":
    main()
