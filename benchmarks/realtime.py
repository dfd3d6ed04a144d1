"""What long sound costs the main thread: RealtimeClient against npm `openai-realtime-api`, in one Chromium run.

`python benchmarks/realtime.py` prints milliseconds and ratios (ours divided by theirs), and fails if a target is
missed. Sound is appended in chunks of 20 ms with server VAD, and received in deltas of 100 ms; ours also plays it. The
server is a stand-in in the page that costs nothing. Each figure is the best of two runs. Their time is quadratic, so
their longest run is extrapolated from the shorter ones (`--full` measures it).

Memory is Python's heap, which never shrinks, and what Chromium reports for JavaScript after a garbage collection.
"""

import argparse
import contextlib
import sys
from collections.abc import Iterator

from bench import BUILD, DIST, PAGES, fresh_profile, npm_packages, serve, site
from playwright.sync_api import Page, sync_playwright

SECONDS = (30, 60, 120)
OURS_ALSO = 600
TASKS = ("append", "receive")
RUNS = 2  # of each client; the better one counts
TARGET_RATIO = 0.1  # at 120 s
LINEAR = 1.5  # times as long as the proportional time, at most, from 120 to 600 s
MINUTES = 10
FLAT = 1.1  # times the memory after the first minute, at most

Times = dict[tuple[str, str, int], float]
Memory = dict[str, list[float]]


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Serves dist/ with the page under site/, and the npm package under theirs/."""
    npm = npm_packages(BUILD / "npm" / "openai-realtime-api")
    with serve(PAGES, "/site/", app=site(site(None, DIST, "/site/"), npm, "/theirs/")) as url:
        yield url


def measure(page: Page, full: bool) -> Times:
    """Milliseconds by (client, task, seconds of sound). Theirs at the longest is extrapolated unless `full`."""
    times: Times = {}
    for task in TASKS:
        for seconds in (*SECONDS, OURS_ALSO):
            times["ours", task, seconds] = best(page, f"pyodide.runPythonAsync('await {task}({seconds})')")
        for seconds in SECONDS if full else SECONDS[:-1]:
            times["theirs", task, seconds] = best(page, f"theirs.{task}({seconds})")
        if not full:
            short, long, wanted = SECONDS
            times["theirs", task, wanted] = quadratic(
                (short, times["theirs", task, short]), (long, times["theirs", task, long]), wanted
            )
    return times


def best(page: Page, task: str) -> float:
    times: list[float] = [page.evaluate(f"() => {task}") for _ in range(RUNS)]
    return min(times)


def measure_memory(page: Page) -> Memory:
    """Megabytes after each minute of one long session."""
    browser = page.context.new_cdp_session(page)
    memory: Memory = {"Python": [], "JavaScript": []}
    for _ in range(MINUTES):
        memory["Python"].append(page.evaluate("() => pyodide.runPythonAsync('await minute()')"))
        browser.send("HeapProfiler.collectGarbage")
        memory["JavaScript"].append(browser.send("Runtime.getHeapUsage")["usedSize"] / 1e6)
    return memory


def quadratic(first: tuple[int, float], second: tuple[int, float], at: int) -> float:
    """The value at `at` of a·x² + b·x through two points; b is at least 0."""
    (x1, y1), (x2, y2) = first, second
    a = (y2 / x2 - y1 / x1) / (x2 - x1)
    b = max(0.0, y1 / x1 - a * x1)
    return a * at**2 + b * at


def report(times: Times, memory: Memory, full: bool) -> list[str]:
    """Prints the table; returns the targets missed."""
    missed = []
    print(f"{'task':<8} {'seconds':>7} {'ours ms':>9} {'theirs ms':>10} {'ratio':>7}")
    for task in TASKS:
        for seconds in (*SECONDS, OURS_ALSO):
            ours, theirs = times["ours", task, seconds], times.get(("theirs", task, seconds))
            mark = "" if full or seconds != SECONDS[-1] else " (theirs extrapolated)"
            compared = f"{theirs:>10.0f} {ours / theirs:>7.3f}{mark}" if theirs else f"{'':>10} {'':>7}"
            print(f"{task:<8} {seconds:>7} {ours:>9.0f} {compared}".rstrip())
        longest = SECONDS[-1]
        ratio = times["ours", task, longest] / times["theirs", task, longest]
        if ratio > TARGET_RATIO:
            missed.append(f"{task} of {longest} s: {ratio:.2f} of theirs, at most {TARGET_RATIO} wanted")
        growth = times["ours", task, OURS_ALSO] / times["ours", task, longest] / (OURS_ALSO / longest)
        if growth > LINEAR:
            missed.append(f"{task}: {growth:.2f} times the proportional time at {OURS_ALSO} s, at most {LINEAR} wanted")
    for heap, sizes in memory.items():
        print(f"memory of {heap}, MB, minute by minute: " + " ".join(f"{size:.1f}" for size in sizes))
        if sizes[-1] > sizes[0] * FLAT:
            growth = sizes[-1] / sizes[0]
            missed.append(f"memory of {heap}: {growth:.2f} times that of the first minute, at most {FLAT} wanted")
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--full", action="store_true", help="measure theirs at the longest too: a minute or more")
    full = parser.parse_args().full
    with server() as url, sync_playwright() as playwright, fresh_profile(playwright) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: print(f"page: {error}", file=sys.stderr))
        page.goto(f"{url}realtime.html")
        page.locator("body[data-ready]").wait_for(state="attached")
        times = measure(page, full)
        memory = measure_memory(page)
    missed = report(times, memory, full)
    sys.exit("Missed: " + "; ".join(missed) if missed else 0)


if __name__ == "__main__":
    main()
