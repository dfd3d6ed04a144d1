"""Empty pages beside dist/ that load Pyodide: from the snapshot, or as Pyodide itself does."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Browser
from serve import serve

BOOT_LIMIT = 60_000  # milliseconds
EMPTY = "<!doctype html><title>empty</title><link rel=icon href=data:,>"
BOOT = """async ([module, options, source]) => {
  const lines = [];
  const { loadPyodide } = await import(`./pyodide/${module}.mjs`);
  const streams = { stdout: (line) => lines.push(line), stderr: (line) => lines.push(line) };
  window.pyodide = await loadPyodide({ ...streams, ...Function(`return ${options}`)() });
  return { value: await pyodide.runPythonAsync(source), lines };
}"""
MARKS = "performance.getEntriesByType('mark').map(mark => mark.name.split(':')[1])"
MARKED = """name => new Promise((resolve) => {
  const look = (entries) => entries.getEntries().some((entry) => entry.name === name) && resolve();
  new PerformanceObserver(look).observe({ type: "mark", buffered: true });
})"""
WITH_OURS = "{ packages: ['rtvi-web'] }"
SMALL_CASE = """
import importlib.util, json, os, sys
import js, pyodide_js
ours = importlib.util.find_spec("rtvi_web") is not None
json.dumps([
    sorted(pyodide_js.loadedPackages.to_py()), pyodide_js.lockfileBaseUrl, sorted(pyodide_js.lockfile.packages.to_py()),
    sys.flags.optimize, os.environ.get("WORD"), str(getattr(js, "word", None)), os.path.exists("/early"),
    type(js.JSON.parse("null")).__name__,
    ours, ours or dict(os.environ),  # to import rtvi_web sets a variable
])
"""
Value = Any


class Place:
    """An empty page beside dist/, and what its console has said."""

    def __init__(self, browser: Browser, site: str, **context: Any) -> None:
        self._context = browser.new_context(**context)
        self.page = self._context.new_page()
        self.page.set_default_timeout(BOOT_LIMIT)
        self.console: list[str] = []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.route(f"{site}empty.html", lambda route: route.fulfill(content_type="text/html", body=EMPTY))
        self._site = site

    def boot(self, options: str = WITH_OURS, source: str = SMALL_CASE, module: str = "pyodide") -> Value:
        """Loads Pyodide with these options, in JavaScript, and runs Python, whose value is JSON."""
        self.page.goto(f"{self._site}empty.html")
        return self.boot_again(options, source, module)

    def boot_again(self, options: str = WITH_OURS, source: str = SMALL_CASE, module: str = "pyodide") -> Value:
        """Makes one more interpreter in the same page."""
        done = self.page.evaluate(BOOT, [module, options, source])
        return {"value": json.loads(done["value"]), "lines": done["lines"]}

    def boot_each(self, cases: dict[str, str], module: str) -> dict[str, Value]:
        """Boots with each of these options, in one page: a boot takes a part of the time of the first."""
        self.page.goto(f"{self._site}empty.html")
        return {name: self.boot_again(options, module=module) for name, options in cases.items()}

    def run(self, source: str) -> Value:
        """Runs more Python, whose value is JSON."""
        return json.loads(self.page.evaluate("source => pyodide.runPythonAsync(source)", source))

    @property
    def marks(self) -> list[str]:
        marks: list[str] = self.page.evaluate(MARKS)
        return marks

    def close(self) -> None:
        self._context.close()


@pytest.fixture(scope="session")
def static_site() -> Iterator[str]:
    """dist/, as a server of files serves it."""
    with serve() as address:
        yield address


@pytest.fixture
def place(browser: Browser, static_site: str) -> Iterator[Place]:
    with closing(Place(browser, static_site)) as place:
        yield place
