"""What the benchmarks share: a server for the site, for stock Pyodide and for the measured pages; loads in Chromium."""

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import BrowserContext, Playwright, TimeoutError

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "build"))

from browser import FLAGS, chromium_path  # noqa: E402
from compress import with_siblings  # noqa: E402
from downloads import npm_packages  # noqa: E402
from paths import BUILD, DIST  # noqa: E402
from serve import serve, site  # noqa: E402

__all__ = ["BUILD", "DIST", "PAGES", "fresh_profile", "npm_packages", "serve", "site"]  # those of build/ too

PAGES = ROOT / "benchmarks" / "pages"
TIMEOUT_MS = 30_000
SETTLING = 2.0
"""Seconds that a browser takes to set up a new profile, which costs half a second of CPU time before any page."""


class StalledError(Exception):
    """Chromium's throttle has stalled a load: its sockets are full, and it goes on only when unthrottled."""


@dataclass(frozen=True)
class Load:
    """One load of a page, until its Python set `<body data-ready>`.

    Attributes:
        ready: the value that it set.
        cpu: milliseconds of the main thread's CPU time.
    """

    ready: str
    transferred_bytes: int
    cpu: float


@contextlib.contextmanager
def servers() -> Iterator[str]:
    """Serves dist/ with the pages under site/, and the untouched npm package with its page under stock/."""
    if not DIST.is_dir():
        sys.exit("dist/ does not exist: run `make site` first")
    with tempfile.TemporaryDirectory() as scratch:
        stock = Path(scratch) / "stock"
        _copy_stock(stock)
        shutil.copy(PAGES / "stock.html", stock)
        with serve(PAGES, "/site/", app=site(site(None, DIST, "/site/"), stock, "/stock/")) as url:
            yield url.removesuffix("site/")


def _copy_stock(folder: Path) -> None:
    """The npm package's own files, compressed in the same way as ours: only the contents differ."""
    npm = npm_packages(BUILD / "npm" / "site") / "pyodide"
    names = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
    (folder / "pyodide").mkdir(parents=True)
    for name, data in with_siblings({name: (npm / name).read_bytes() for name in names}).items():
        (folder / "pyodide" / name).write_bytes(data)


@contextlib.contextmanager
def fresh_profile(playwright: Playwright) -> Iterator[BrowserContext]:
    """A browser with a new profile and nothing cached, once it is idle."""
    with tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=chromium_path(), args=list(FLAGS), headless=True
        )
        with contextlib.closing(context):
            time.sleep(SETTLING)
            yield context


def open_page(context: BrowserContext, url: str, megabits: float | None = None) -> Load:
    """Loads a page in a new tab; `megabits` (per second) throttles the network.

    Raises:
        StalledError: the throttle stalled, as it does in about one throttled load of forty.
    """
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Performance.enable")
    if megabits:
        rate = megabits * 1e6 / 8
        session.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 0, "downloadThroughput": rate, "uploadThroughput": rate},
        )
    transferred = 0

    def count(event: dict[str, float]) -> None:
        nonlocal transferred
        transferred += int(event["encodedDataLength"])

    session.on("Network.loadingFinished", count)
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
    page.goto(url, wait_until="commit")
    ready = page.locator("body[data-ready]")
    try:
        ready.wait_for(state="attached", timeout=TIMEOUT_MS)
    except TimeoutError:
        if megabits:
            raise StalledError from None
        sys.exit(f"{url} was not ready after {TIMEOUT_MS / 1000:.0f} s. " + "\n".join(failures))
    said = ready.get_attribute("data-ready") or ""
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    page.close()
    return Load(said, transferred, 1000 * metrics["ThreadTime"])
