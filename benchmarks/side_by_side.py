"""One page with both clients: rtvi_web from dist/, and the JavaScript client, bundled for the page.

In the page, `ours` and `theirs` do the same things: see pages/ours.py and javascript/theirs.js.
"""

import contextlib
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import PAGES, ROOT
from browser import FLAGS, chromium_path
from downloads import npm_packages
from paths import CACHE
from playwright.sync_api import Browser, Page, Route, sync_playwright

JAVASCRIPT = ROOT / "benchmarks" / "javascript"
CLIENTS = ("ours", "theirs")

LOAD = """async source => {
  const { loadPyodide } = await import("./pyodide/pyodide.mjs");
  const pyodide = await loadPyodide({ packages: ["rtvi-web"] });
  await pyodide.runPythonAsync(source);
}"""


@functools.cache
def bundle() -> Path:
    """The JavaScript client and theirs.js as one script."""
    packages = npm_packages(JAVASCRIPT)
    script = CACHE / "theirs.js"
    command = ["node", str(packages / "esbuild" / "bin" / "esbuild"), str(JAVASCRIPT / "theirs.js")]
    command += ["--bundle", "--minify", "--log-level=error", f"--outfile={script}"]
    done = subprocess.run(command, env={**os.environ, "NODE_PATH": str(packages)})
    if done.returncode:
        sys.exit("the JavaScript client could not be bundled; the reason is above")
    return script


@contextlib.contextmanager
def browser_with_microphone(*flags: str) -> Iterator[Browser]:
    """Chromium with a microphone that it may use.

    Args:
        flags: others, such as for what the microphone hears.
    """
    with sync_playwright() as playwright:
        microphone = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *microphone, *flags])
        with contextlib.closing(browser):
            yield browser


def open_both(browser: Browser, site: str, *scripts: str) -> Page:
    """Opens the page, in a context of its own.

    Args:
        site: where dist/ is served.
        scripts: those of benchmarks/pages/ that run in the page before the clients.
    """
    # A page that a route answers needs a permission for WebSockets to this machine.
    page = browser.new_page(permissions=["microphone", "camera", "local-network-access"])
    page.on("pageerror", lambda error: print(f"in the page: {error}", file=sys.stderr))
    # Not from the site: its Content-Security-Policy refuses the JavaScript client's AudioWorklets.
    page.route(site + "side_by_side.html", _page)
    page.goto(site + "side_by_side.html")
    page.unroute_all()  # else every request would go through Playwright
    for name in scripts:
        page.add_script_tag(path=PAGES / name)
    page.add_script_tag(path=bundle())
    page.evaluate(LOAD, (PAGES / "ours.py").read_text())
    return page


@contextlib.contextmanager
def side_by_side(site: str, *scripts: str, flags: tuple[str, ...] = ()) -> Iterator[Page]:
    """The page, in a browser of its own: see open_both() and browser_with_microphone()."""
    with browser_with_microphone(*flags) as browser:
        yield open_both(browser, site, *scripts)


def _page(route: Route) -> None:
    route.fulfill(content_type="text/html", body=(PAGES / "side_by_side.html").read_text())
