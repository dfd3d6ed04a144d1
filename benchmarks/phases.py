"""Where the time from connect() to bot-ready goes, ours beside the JavaScript client's.

`python benchmarks/phases.py` connects both clients in turn, as benchmarks/connect.py does, and prints when each asked
the browser for what: milliseconds since connect() was called, the median of all pairs. `>` is a call, `.` its end.
"""

import argparse
from collections import defaultdict
from statistics import median

from bench import DIST
from connect import WAYS, end
from local_bot import local_bot
from playwright.sync_api import Page
from side_by_side import CLIENTS, side_by_side

CONNECT = """async ([who, way, warm]) => {
  marks.clear();
  const took = await window[who].connect(way, warm);
  const began = performance.now() - took;
  return [...marks, ["connect() returns", began + took]].map(([what, at]) => [what, at - began]);
}"""

Marks = dict[str, dict[str, list[float]]]
"""Milliseconds by client and mark."""


def measure(page: Page, way: str, pairs: int, warm: bool) -> Marks:
    marks: Marks = {who: defaultdict(list) for who in CLIENTS}
    for pair in range(-1, pairs):
        for who in CLIENTS[:: -1 if pair % 2 else 1]:
            found = page.evaluate(CONNECT, [who, way, warm])
            end(page, who)
            for what, at in found if pair >= 0 else ():
                marks[who][what].append(at)
    return marks


def report(marks: Marks) -> None:
    """Prints both clients' marks in the order of ours; then those that only the other has."""
    ours, theirs = (
        {what: median(times) for what, times in marks[who].items() if 2 * len(times) >= len(marks[who]["bot-ready"])}
        for who in CLIENTS
    )
    for what in sorted(ours | theirs, key=lambda what: ours.get(what, theirs.get(what, 0.0))):
        columns = [f"{times[what]:>8.0f}" if what in times else " " * 8 for times in (ours, theirs)]
        print(f"  {what:<24}{''.join(columns)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--way", choices=WAYS.values(), help="only this one")
    parser.add_argument("--warm", action="store_true", help="open the devices before")
    arguments = parser.parse_args()
    with local_bot(site=DIST) as bot, side_by_side(bot.address, "marks.js") as page:
        for name, way in WAYS.items():
            if arguments.way not in (None, way):
                continue
            print(f"{name + ', ms':<26}{''.join(f'{who:>8}' for who in CLIENTS)}")
            report(measure(page, way, arguments.pairs, arguments.warm))


if __name__ == "__main__":
    main()
