"""The time from connect() to bot-ready, ours against the JavaScript client, with the same bot in the same page.

`python benchmarks/connect.py` starts the local bot and connects both clients in turn. For each way to connect it prints
the medians and the median of the pairs' ratios; it fails if a target is missed. The JavaScript client uses its
WavMediaManager, because its default media manager needs its vendor's host. Each connection is made by a new client,
which also opens the devices; with --warm they are already open.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping
from statistics import median

from bench import DIST
from local_bot import local_bot
from playwright.sync_api import Page
from side_by_side import CLIENTS, side_by_side

WAYS = {
    "POST /start, then connect": "webrtc",
    "connect() alone": "/api/offer",
    "POST /start, WebSocket": "websocket",
}
MAX_RATIO = 1.0
SETTLE_MS = 700  # between two connections, for the bot to end its session

Times = dict[tuple[str, str], list[float]]


def connect(page: Page, who: str, way: str, warm: bool) -> float:
    """Milliseconds of one connection."""
    milliseconds = page.evaluate("([who, way, warm]) => window[who].connect(way, warm)", [who, way, warm])
    end(page, who)
    return float(milliseconds)


def end(page: Page, who: str) -> None:
    """End a session, and wait until the bot has ended it."""
    page.evaluate("who => window[who].end()", who)
    page.wait_for_timeout(SETTLE_MS)


def measure(ways: Mapping[str, str], pairs: int, warm: bool) -> Times:
    """Times by (way, client). The clients take turns, and each comes first in every other pair."""
    times: Times = defaultdict(list)
    with local_bot(site=DIST) as bot, side_by_side(bot.address) as page:
        for name, way in ways.items():
            for pair in range(-1, pairs):
                for who in CLIENTS[:: -1 if pair % 2 else 1]:
                    milliseconds = connect(page, who, way, warm)
                    if pair >= 0:  # the first one does the late imports, here and in the bot
                        times[name, who].append(milliseconds)
    return times


def report(times: Times) -> list[str]:
    """Prints the table; returns the targets missed."""
    missed = []
    print(f"{'way':<27} {'n':>3} {'ours ms':>8} {'range':>11} {'theirs ms':>9} {'range':>11} {'ratio':>6}")
    for name in dict.fromkeys(name for name, _ in times):
        ours, theirs = (times[name, who] for who in CLIENTS)
        ratio = median(our / their for our, their in zip(ours, theirs, strict=True))
        spreads = [f"{min(values):.0f}-{max(values):.0f}" for values in (ours, theirs)]
        print(
            f"{name:<27} {len(ours):>3} {median(ours):>8.0f} {spreads[0]:>11} {median(theirs):>9.0f} {spreads[1]:>11} "
            f"{ratio:>6.2f}"
        )
        if ratio > MAX_RATIO:
            missed.append(f"{name}: {ratio:.2f} of theirs, at most {MAX_RATIO} wanted")
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--way", choices=WAYS.values(), help="only this one")
    parser.add_argument("--warm", action="store_true", help="open the devices before")
    arguments = parser.parse_args()
    ways = {name: way for name, way in WAYS.items() if arguments.way in (None, way)}
    missed = report(measure(ways, arguments.pairs, arguments.warm))
    sys.exit("Missed: " + "; ".join(missed) if missed else 0)


if __name__ == "__main__":
    main()
