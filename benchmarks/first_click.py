"""The time from connect() to bot-ready in the first call of a page, ours against the JavaScript client.

`python benchmarks/first_click.py` loads a page anew for each call, with nothing cached, and connects one client:
as soon as the page is ready, and when all has come that is loaded in idle time. It fails if a goal is missed.
"""

import contextlib
from collections import defaultdict

from bench import DIST
from connect import SETTLE_MS, connect
from figures import Figure, finish, options, paired
from local_bot import local_bot
from playwright.sync_api import Browser
from side_by_side import CLIENTS, browser_with_microphone, open_both

WHEN = {"at once": False, "after a while": True}
MOST = 1.0
ALL_HAS_COME = "() => performance.getEntriesByName('rtvi-web:later').length"

Times = dict[tuple[str, str], list[float]]


def first_call(browser: Browser, site: str, who: str, wait: bool) -> float:
    """Milliseconds of the first connection in a new page."""
    page = open_both(browser, site)
    with contextlib.closing(page.context):
        if wait:
            page.wait_for_function(ALL_HAS_COME)
            page.wait_for_timeout(SETTLE_MS)
        return connect(page, who, "webrtc", warm=False)


def measure(pairs: int) -> Times:
    """Times by (when, client). The clients take turns, and each comes first in every other pair."""
    times: Times = defaultdict(list)
    with local_bot(site=DIST) as bot, browser_with_microphone() as browser:
        for pair in range(-1, pairs):
            for when, wait in WHEN.items():
                for who in CLIENTS[:: -1 if pair % 2 else 1]:
                    milliseconds = first_call(browser, bot.address, who, wait)
                    if pair >= 0:  # the first one does the bot's late imports
                        times[when, who].append(milliseconds)
    return times


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--pairs", type=int, default=7)
    arguments = parser.parse_args()
    times = measure(arguments.pairs)
    figures = []
    for when in WHEN:
        figures += [Figure(f"first call of a page, {when}, {who}", times[when, who], "ms") for who in CLIENTS]
        ratios = paired(*(times[when, who] for who in CLIENTS))
        figures.append(Figure(f"first call of a page, {when}, ours ÷ theirs", ratios, most=MOST))
    finish(figures, arguments)


if __name__ == "__main__":
    main()
