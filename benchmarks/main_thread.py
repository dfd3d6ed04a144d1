"""How busy the main thread of a page is."""

import json

from playwright.sync_api import Browser, Page

CATEGORIES = "disabled-by-default-devtools.timeline,devtools.timeline,toplevel,__metadata"


def main_thread_share(browser: Browser, page: Page, seconds: float) -> float:
    """The share of so many seconds, from now on, in which the page's main thread uses a processor.

    It is CPU time, of the browser's own tracing (`thread_ticks`, `tdur`): other processes do not count.
    """
    browser.start_tracing(page=page, categories=CATEGORIES.split(","))
    page.wait_for_timeout(seconds * 1000)
    events = json.loads(browser.stop_tracing())["traceEvents"]
    mains = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        event
        for event in events
        if event["ph"] == "X"
        and event["name"] == "ThreadControllerImpl::RunTask"
        and (event["pid"], event["tid"]) in mains
    ]
    busy: float = sum(task.get("tdur", 0) for task in tasks)  # microseconds
    return busy / 1e6 / seconds
