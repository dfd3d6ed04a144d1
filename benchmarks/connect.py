"""The time from connect() to bot-ready, ours against the JavaScript client, with the same bot in the same page.

`python benchmarks/connect.py` starts the local bot and connects both clients in turn. For each way to connect it prints
the times and the pairs' ratios; it fails if a goal is missed. The JavaScript client uses its
WavMediaManager, because its default media manager needs its vendor's host. Each connection is made by a new client,
which also opens the devices; with --warm they are already open.
"""

from collections import defaultdict
from collections.abc import Mapping

from bench import DIST
from figures import Figure, finish, options, paired
from local_bot import local_bot
from playwright.sync_api import Page
from side_by_side import CLIENTS, side_by_side

WAYS = {
    "POST /start, then connect": "webrtc",
    "connect() alone": "/api/offer",
    "POST /start, WebSocket": "websocket",
}
MOST = {"webrtc": 0.85, "/api/offer": 0.85, "websocket": 1.0}
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


def figures(times: Times) -> list[Figure]:
    """Times and ratios of each way that was measured."""
    found = []
    for name in dict.fromkeys(name for name, _ in times):
        ours, theirs = (times[name, who] for who in CLIENTS)
        found += [Figure(f"{name}, {who}", times[name, who], "ms") for who in CLIENTS]
        found.append(Figure(f"{name}, ours ÷ theirs", paired(ours, theirs), most=MOST[WAYS[name]]))
    return found


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--way", choices=WAYS.values(), help="only this one")
    parser.add_argument("--warm", action="store_true", help="open the devices before")
    arguments = parser.parse_args()
    ways = {name: way for name, way in WAYS.items() if arguments.way in (None, way)}
    finish(figures(measure(ways, arguments.pairs, arguments.warm)), arguments)


if __name__ == "__main__":
    main()
