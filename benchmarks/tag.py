"""What the tag adds to a page before a click: `python benchmarks/tag.py`.

The page is opened by turns with and without the tag, each time in a fresh profile. Printed are the bytes that the tag
brings, as they travel, and by how much the time of the page's main thread grows (Chromium's TaskDuration): the least
time with the tag less the least time without, so that other work of this machine counts as little as possible.
"""

import contextlib

from bench import DIST
from browser import FLAGS, chromium_path
from figures import Figure, finish, options
from playwright.sync_api import Browser, sync_playwright
from serve import serve

MOST_BYTES = 10_000
MOST_MILLISECONDS = 20
TEXT = "<p>" + "A page of some length. " * 40 + "</p>"
PAGE = f'<!doctype html><html lang="en"><title>A page</title><link rel="icon" href="data:,"><h1>A page</h1>{TEXT * 20}'
TAG = '<script type="module" src="rtvi-bot.js" data-bot="/start"></script>'


def opened(browser: Browser, site: str, body: str) -> tuple[float, int]:
    """Milliseconds of the main thread until a page has settled, and the bytes that its files took."""
    with contextlib.closing(browser.new_context()) as context:
        page = context.new_page()
        page.route(f"{site}page.html", lambda route: route.fulfill(content_type="text/html", body=body))
        metrics = context.new_cdp_session(page)
        metrics.send("Performance.enable")
        page.goto(f"{site}page.html", wait_until="networkidle")
        page.evaluate("new Promise(settled => requestAnimationFrame(() => requestAnimationFrame(settled)))")
        measured = {each["name"]: each["value"] for each in metrics.send("Performance.getMetrics")["metrics"]}
        sizes = "performance.getEntriesByType('resource').reduce((sum, each) => sum + each.encodedBodySize, 0)"
        return 1000 * measured["TaskDuration"], page.evaluate(sizes)


def added(browser: Browser, site: str, tag: str, rounds: int) -> tuple[int, float]:
    """The bytes that a tag brings to a page of `site` before a click, and the milliseconds of the main thread."""
    bare, tagged = [], []
    for _ in range(rounds):
        bare.append(opened(browser, site, PAGE))
        tagged.append(opened(browser, site, PAGE + tag))
    return max(size for _, size in tagged), min(time for time, _ in tagged) - min(time for time, _ in bare)


def main() -> None:
    parser = options(__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    arguments = parser.parse_args()
    with serve(DIST) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(FLAGS))
        with contextlib.closing(browser):
            size, milliseconds = added(browser, site, TAG, arguments.rounds)
    figures = [
        Figure("the tag before a click", [size], "bytes", most=MOST_BYTES),
        Figure("the main thread's time for it", [milliseconds], "ms", most=MOST_MILLISECONDS),
    ]
    finish(figures, arguments)


if __name__ == "__main__":
    main()
