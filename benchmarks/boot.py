"""The time from navigation to a constructed RTVIClient, against a bare stock `loadPyodide` in the same run.

`python benchmarks/boot.py` prints times and ratios, and fails if a goal is missed. Cold is the first load of a
fresh profile; warm is every load from the fourth on. The same server serves the stock page in the same way.
"""

import contextlib
import sys
from collections import defaultdict

from bench import Load, StalledError, fresh_profile, open_page, servers
from figures import Figure, finish, options, paired
from playwright.sync_api import Playwright, sync_playwright

VARIANTS = {"stock": "stock/stock.html", "loadPyodide": "site/loadpyodide.html", "PyScript": "site/pyscript.html"}
OURS = ("loadPyodide", "PyScript")
NETWORKS = {"loopback": None, "20 Mbit/s": 20.0, "5 Mbit/s": 5.0}
LOADS = 5
ATTEMPTS = 3
FIRST_WARM = 3  # the fourth load: V8 has cached its compiled code by then
TEMPERATURES = ("cold", "warm")
MOST = {
    ("loopback", "loadPyodide", "cold"): 0.30,
    ("loopback", "loadPyodide", "warm"): 0.27,
    ("loopback", "PyScript", "cold"): 0.36,
    ("loopback", "PyScript", "warm"): 0.32,
    ("20 Mbit/s", "loadPyodide", "cold"): 0.65,
    ("5 Mbit/s", "loadPyodide", "cold"): 0.60,
}
MOST_MEGABYTES = 5.8

Loads = dict[tuple[str, str, str], list[Load]]


def measure(repetitions: int) -> Loads:
    """Loads by (network, variant, temperature)."""
    found: Loads = defaultdict(list)
    with servers() as url, sync_playwright() as playwright:
        for repetition in range(repetitions):
            for network, megabits in NETWORKS.items():
                for variant, loads in load_afresh(playwright, url, megabits).items():
                    found[network, variant, "cold"].append(loads[0])
                    found[network, variant, "warm"] += loads[FIRST_WARM:]
            print(f"  repetition {repetition + 1} of {repetitions} done", file=sys.stderr, flush=True)
    return found


def load_afresh(playwright: Playwright, url: str, megabits: float | None) -> dict[str, list[Load]]:
    """Several loads of each page, each page in a fresh profile; all are repeated if the throttle stalls one.

    The pages take turns: a slow moment of the machine then slows all of them, and no load finds the renderer process of
    the previous load, with its compiled code, still alive.
    """
    for _ in range(ATTEMPTS):
        with contextlib.suppress(StalledError), contextlib.ExitStack() as stack:
            contexts = {variant: stack.enter_context(fresh_profile(playwright)) for variant in VARIANTS}
            loads: dict[str, list[Load]] = {variant: [] for variant in VARIANTS}
            for _ in range(LOADS):
                for variant, page in VARIANTS.items():
                    loads[variant].append(open_page(contexts[variant], url + page, megabits))
            return loads
        print("  Chromium's throttle stalled; trying again", file=sys.stderr, flush=True)
    sys.exit(f"The pages were not ready in {ATTEMPTS} attempts")


def figures(loads: Loads) -> list[Figure]:
    """Times and ratios, wall and CPU, and what each page transfers when it is cold."""
    found = []
    for network in NETWORKS:
        for temperature in TEMPERATURES:
            stock_wall, stock_cpu = times(loads[network, "stock", temperature])
            for variant in VARIANTS:
                wall, cpu = times(loads[network, variant, temperature])
                name = f"boot, {network}, {temperature}, {variant}"
                found.append(Figure(name, wall, "ms", cpu=cpu))
                if variant in OURS:
                    ratios, most = paired(wall, stock_wall), MOST.get((network, variant, temperature))
                    found.append(Figure(f"{name} ÷ stock", ratios, most=most, cpu=paired(cpu, stock_cpu)))
    for variant in VARIANTS:
        megabytes = [load.transferred_bytes / 1e6 for load in loads["loopback", variant, "cold"]]
        most = MOST_MEGABYTES if variant in OURS else None
        found.append(Figure(f"bytes to ready, {variant}", megabytes, "MB", most=most))
    return found


def times(loads: list[Load]) -> tuple[list[float], list[float]]:
    """Milliseconds until ready, and of CPU time."""
    return [float(load.ready) for load in loads], [load.cpu for load in loads]


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--repetitions", type=int, default=7)
    arguments = parser.parse_args()
    finish(figures(measure(arguments.repetitions)), arguments)


if __name__ == "__main__":
    main()
