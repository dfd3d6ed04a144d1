"""Plays random episodes of both clients on a virtual clock, and shortens those that fail.

`python tests/fuzz/run.py` plays 300 of each client; `--episodes 10000` plays more. `python tests/fuzz/run.py rtvi
--seed 7` plays one again, and `--steps FILE` the steps of a file, as a failure prints them.
"""

import argparse
import json
import logging
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"
sys.path[:0] = [str(ROOT), str(UNIT), str(UNIT / "realtime")]

from episode import Kind, fault_of, shortened, told  # noqa: E402
from realtime_steps import REALTIME  # noqa: E402
from rtvi_steps import RTVI  # noqa: E402
from world import Step  # noqa: E402

KINDS = {kind.name: kind for kind in (RTVI, REALTIME)}


def play(kind: Kind, seed: int | str, steps: list[Step]) -> bool:
    """Play one episode; tell and shorten it if it fails."""
    fault = fault_of(kind, steps)
    if fault is None:
        return True
    short = shortened(kind, steps)
    print(told(kind, seed, short, fault_of(kind, short) or fault), "\n", flush=True)
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("client", nargs="*", choices=[[], *KINDS], help="the clients; both if none is named")
    parser.add_argument("--episodes", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play the episode of this seed only")
    parser.add_argument("--steps", type=Path, help="play the steps of this file")
    options = parser.parse_args()
    logging.disable()
    failed = 0
    for name in options.client or KINDS:
        kind, begun = KINDS[name], time.monotonic()
        if options.steps:
            failed += not play(kind, str(options.steps), json.loads(options.steps.read_text()))
            continue
        last = options.first + options.episodes
        seeds = range(options.first, last) if options.seed is None else [options.seed]
        broken = sum(not play(kind, seed, kind.episode(seed)) for seed in seeds)
        print(f"{name}: {len(seeds)} episodes, {broken} failed, {time.monotonic() - begun:.0f} s", flush=True)
        failed += broken
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
