"""How busy the main thread of a page is. It needs Linux, whose kernel counts the CPU time of each thread."""

import sys
import time
from pathlib import Path

from playwright.sync_api import Browser, Page


def main_thread_share(browser: Browser, page: Page, seconds: float) -> float:
    """The share of so many seconds, from now on, in which the page's main thread uses a processor.

    Nothing is traced, which would itself take a part of that time, and other processes do not count. The page is taken
    for the one that has used the most CPU time so far: loading Pyodide takes a lot.
    """
    if not sys.platform.startswith("linux"):
        sys.exit("The CPU time of a thread is measured on Linux only.")
    processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process for process in processes if process["type"] == "renderer"]
    pid = max(renderers, key=lambda process: process["cpuTime"])["id"]
    counter = Path(f"/proc/{pid}/task/{pid}/schedstat")  # nanoseconds on a processor, and more
    before, began = int(counter.read_text().split()[0]), time.monotonic()
    page.wait_for_timeout(seconds * 1000)
    used = int(counter.read_text().split()[0]) - before
    return used / 1e9 / (time.monotonic() - began)
