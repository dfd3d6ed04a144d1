"""What a minute of sound in both directions costs the page's main thread, by a bot that says back what it hears.

`python benchmarks/sound_cost.py` has the page do nothing, and hold a session over each transport with a real Pipecat
server, in which the microphone and the bot never fall silent. It prints the shares of the time in which the main thread
uses a processor. Sound over a WebSocket is carried there, by a script of ours: more than 1 % above the idle page fails.
The browser carries that of WebRTC.
"""

import sys

from echoes import TRANSPORTS, page_beside_echo_bot, python, session
from figures import Figure, finish, options
from main_thread import main_thread_share
from playwright.sync_api import Browser, Page

MOST = 1.0  # percent
SETTLING_MS = 3000


def share(browser: Browser, page: Page, transport: str, seconds: float) -> float:
    """The share in a session; exits if the sound did not pass in both directions."""
    with session(page, transport):
        page.wait_for_timeout(SETTLING_MS)
        python(page, "await client.stats()")
        found = main_thread_share(browser, page, seconds)
        sent, received = python(page, "stats = await client.stats()\n[stats.bitrate_sent, stats.bitrate_received]")
    least = 200_000 if transport == "WebSocketTransport" else 15_000  # PCM of 16 kHz, and Opus
    if min(sent, received) < least:
        sys.exit(f"{transport}: {sent:.0f} bit/s were sent and {received:.0f} received: the result means nothing.")
    return found


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args()
    with page_beside_echo_bot(loud=10.0, silent=0.0) as (browser, page):
        idle = main_thread_share(browser, page, arguments.seconds)
        costs = [share(browser, page, transport, arguments.seconds) - idle for transport in TRANSPORTS]
    figures = [Figure("main thread of an idle page", [100 * idle], "%")]
    for transport, cost in zip(TRANSPORTS, costs, strict=True):
        most = MOST if transport == "WebSocketTransport" else None
        figures.append(Figure(f"what sound costs, {transport}", [100 * cost], "%", most=most))
    finish(figures, arguments)


if __name__ == "__main__":
    main()
