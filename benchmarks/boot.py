"""The time from navigation to a constructed RTVIClient, against a bare stock `loadPyodide` in the same run.

`python benchmarks/boot.py` prints medians and ratios, and fails if a target is missed. Cold is the first load of a
fresh profile; warm is every load from the fourth on. The same server serves the stock page in the same way.
"""

import argparse
import contextlib
import sys
from collections import defaultdict
from statistics import median

from bench import Load, StalledError, fresh_profile, open_page, servers
from playwright.sync_api import Playwright, sync_playwright

VARIANTS = {"stock": "stock/stock.html", "loadPyodide": "site/loadpyodide.html", "PyScript": "site/pyscript.html"}
OURS = ("loadPyodide", "PyScript")
NETWORKS = {"loopback": None, "20 Mbit/s": 20.0, "5 Mbit/s": 5.0}
LOADS = 5
ATTEMPTS = 3
FIRST_WARM = 3  # the fourth load: V8 has cached its compiled code by then
TEMPERATURES = ("cold", "warm")
TARGET_RATIO = {
    ("loopback", "loadPyodide", "cold"): 0.30,
    ("loopback", "loadPyodide", "warm"): 0.27,
    ("loopback", "PyScript", "cold"): 0.36,
    ("loopback", "PyScript", "warm"): 0.32,
    ("20 Mbit/s", "loadPyodide", "cold"): 0.65,
    ("5 Mbit/s", "loadPyodide", "cold"): 0.60,
}
TARGET_BYTES = 5_800_000

Times = dict[tuple[str, str, str], list[float]]


def measure(repetitions: int) -> tuple[Times, dict[str, int]]:
    """Times by (network, variant, temperature), and the bytes that each variant transfers when cold."""
    times: Times = defaultdict(list)
    transferred: dict[str, int] = {}
    with servers() as url, sync_playwright() as playwright:
        for repetition in range(repetitions):
            for network, megabits in NETWORKS.items():
                for variant, loads in load_afresh(playwright, url, megabits).items():
                    milliseconds = [float(load.ready) for load in loads]
                    times[network, variant, "cold"].append(milliseconds[0])
                    times[network, variant, "warm"] += milliseconds[FIRST_WARM:]
                    transferred[variant] = loads[0].transferred_bytes
            print(f"  repetition {repetition + 1} of {repetitions} done", file=sys.stderr, flush=True)
    return times, transferred


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


def report(times: Times, transferred: dict[str, int]) -> list[str]:
    """Prints the table; returns the targets missed."""
    missed = []
    print(f"{'network':<10} {'load':<5} {'page':<12} {'median ms':>9} {'range':>12} {'ratio':>6}")
    for network in NETWORKS:
        for temperature in TEMPERATURES:
            stock = median(times[network, "stock", temperature])
            for variant in VARIANTS:
                values = times[network, variant, temperature]
                ratio = median(values) / stock
                spread = f"{min(values):.0f}-{max(values):.0f}"
                print(f"{network:<10} {temperature:<5} {variant:<12} {median(values):>9.0f} {spread:>12} {ratio:>6.2f}")
                target = TARGET_RATIO.get((network, variant, temperature))
                if target and ratio > target:
                    missed.append(f"{network}, {variant}, {temperature}: {ratio:.2f} of stock, at most {target} wanted")
    for variant, size in transferred.items():
        print(f"transferred, cold: {variant} {size / 1e6:.2f} MB")
        if variant in OURS and size > TARGET_BYTES:
            missed.append(f"{variant} transfers {size / 1e6:.2f} MB, at most {TARGET_BYTES / 1e6:.1f} MB wanted")
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=5)
    missed = report(*measure(parser.parse_args().repetitions))
    sys.exit("Missed: " + "; ".join(missed) if missed else 0)


if __name__ == "__main__":
    main()
