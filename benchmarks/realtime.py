"""What long sound costs the main thread: RealtimeClient against npm `openai-realtime-api`, in one Chromium run.

`python benchmarks/realtime.py` prints milliseconds and ratios (ours divided by theirs), and fails if a goal is missed.
Sound is appended in chunks of 20 ms with server VAD, and received in deltas of 100 ms; ours also plays it. The
server is a stand-in in the page that costs nothing. Each figure is the best of two runs. Their time is quadratic, so
their longest run is extrapolated from the shorter ones (`--full` measures it).

Memory is Python's heap, which never shrinks, and what Chromium reports for JavaScript after a garbage collection.
"""

import contextlib
import sys
from collections.abc import Iterator

from bench import BUILD, DIST, PAGES, fresh_profile, npm_packages, serve, site
from figures import Figure, finish, options
from playwright.sync_api import Page, sync_playwright

SECONDS = (30, 60, 120)
OURS_ALSO = 600
TASKS = ("append", "receive")
RUNS = 2  # of each client; the better one counts
TARGET_RATIO = 0.1  # at 120 s
LINEAR = 1.5  # times as long as the proportional time, at most, from 120 to 600 s
MINUTES = 10
FLAT = 1.1  # times the memory after the first minute, at most
LAST = (("ours", SECONDS[-1]), ("theirs", SECONDS[-1]), ("ours", OURS_ALSO))

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


def figures(times: Times, memory: Memory) -> list[Figure]:
    """Times, and how they and the memory grow."""
    found = []
    longest = SECONDS[-1]
    for task in TASKS:
        for seconds in (*SECONDS, OURS_ALSO):
            for who in ("ours", "theirs"):
                if (who, task, seconds) in times:
                    found.append(Figure(f"{task} {seconds} s of sound, {who}", [times[who, task, seconds]], "ms"))
        ours, theirs, longer = (times[key, task, at] for key, at in LAST)
        found.append(Figure(f"{task} {longest} s of sound, ours ÷ theirs", [ours / theirs], most=TARGET_RATIO))
        growth = longer / ours / (OURS_ALSO / longest)
        found.append(Figure(f"{task} {OURS_ALSO} s, times the proportional time", [growth], most=LINEAR))
    for heap, sizes in memory.items():
        found.append(Figure(f"memory of {heap}, after minute 1", [sizes[0]], "MB"))
        found.append(Figure(f"memory of {heap}, after minute {MINUTES} ÷ 1", [sizes[-1] / sizes[0]], most=FLAT))
    return found


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--full", action="store_true", help="measure theirs at the longest too: a minute or more")
    arguments = parser.parse_args()
    with server() as url, sync_playwright() as playwright, fresh_profile(playwright) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: print(f"page: {error}", file=sys.stderr))
        page.goto(f"{url}realtime.html")
        page.locator("body[data-ready]").wait_for(state="attached")
        times = measure(page, arguments.full)
        memory = measure_memory(page)
    finish(figures(times, memory), arguments)


if __name__ == "__main__":
    main()
