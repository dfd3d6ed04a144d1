"""Pages boot from a memory snapshot, and Python is then what it is after a stock boot; else they boot that way."""

import json
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE
from paths import DIST
from playwright.sync_api import Browser, Page, Route
from serve import serve

CASE = Path(__file__).with_name("snapshot_case.py").read_text()
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
json.dumps([
    sorted(pyodide_js.loadedPackages.to_py()), pyodide_js.lockfileBaseUrl, sorted(pyodide_js.lockfile.packages.to_py()),
    sys.flags.optimize, os.environ.get("WORD"), str(getattr(js, "word", None)), os.path.exists("/early"),
    importlib.util.find_spec("rtvi_web") is not None,
])
"""
Value = Any


class Place:
    """An empty page beside dist/, and what its console has said."""

    def __init__(self, browser: Browser, site: str, **context: Any) -> None:
        self._context = browser.new_context(**context)
        self.page = self._context.new_page()
        self.page.set_default_timeout(PATIENCE)
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


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def place(browser: Browser, site: str) -> Iterator[Place]:
    with closing(Place(browser, site)) as place:
        yield place


@pytest.fixture(scope="module")
def stock_value(browser: Browser, site: str) -> Value:
    with closing(Place(browser, site)) as place:
        return place.boot(module="stock")


@pytest.mark.parametrize("path", ["index", "plain", "devices", "transports", "realtime"])
def test_our_pages_boot_from_it_and_make_no_synchronous_request(browser: Browser, site: str, path: str) -> None:
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"{site}{path}.html")
        page.locator("[data-boot]").wait_for(state="hidden")
        page.evaluate(MARKED, "rtvi-web:later")  # what is late has been imported
        marks = page.evaluate(MARKS)
        kinds = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.initiatorType)")
    assert "restored" in marks
    assert "stock" not in marks
    assert "synchronous" not in marks
    assert "xmlhttprequest" not in kinds


@pytest.mark.parametrize("missing", ["boot.snapshot", "restore.mjs", "loader.mjs"])
def test_a_page_without_its_snapshot_becomes_ready(browser: Browser, site: str, missing: str) -> None:
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.route(f"**/{missing}", lambda route: route.fulfill(status=404))
        page.goto(f"{site}plain.html")
        boot = page.locator("[data-boot]")
        boot.wait_for(state="hidden")
        assert boot.get_attribute("role") == "status", "it has not said that it failed"
        assert "stock" in page.evaluate(MARKS)


@pytest.mark.parametrize(
    ("zone", "language"),
    [
        ("America/New_York", "en-US"),
        ("Asia/Kolkata", "de-DE"),
        ("Australia/Lord_Howe", "ja"),
        ("Europe/Dublin", "fr-FR"),
        ("UTC", "en-GB"),
    ],
)
def test_python_is_what_it_is_after_a_stock_boot(browser: Browser, site: str, zone: str, language: str) -> None:
    answers = {}
    for module in ("stock", "pyodide"):
        with closing(Place(browser, site, timezone_id=zone, locale=language)) as place:
            answers[module] = place.boot(source=CASE, module=module)
            assert ("restored" in place.marks) is (module == "pyodide")
    assert answers["pyodide"] == answers["stock"]


RANDOM = """
import json, logging, os, random, secrets, tempfile, time, uuid
json.dumps([random.random(), random.Random().random(), str(uuid.uuid4()), str(uuid.uuid1()), secrets.token_hex(8),
            os.urandom(8).hex(), next(tempfile._get_candidate_names())])
"""
CLOCK = """
import json, logging, time
record = logging.LogRecord("name", logging.INFO, "path", 1, "text", None, None)
json.dumps([record.relativeCreated, (time.time_ns() - logging._startTime) / 1e9])
"""


def test_nothing_random_is_the_same_in_two_pages(browser: Browser, site: str) -> None:
    values = []
    for _ in range(2):
        with closing(Place(browser, site)) as place:
            values.append(place.boot(source=RANDOM)["value"])
            assert "restored" in place.marks
    for one, other in zip(*values, strict=True):
        assert one != other


def test_the_clock_of_logging_begins_with_the_page(place: Place) -> None:
    milliseconds, seconds = place.boot(source=CLOCK)["value"]
    assert 0 <= milliseconds < PATIENCE
    assert 0 <= seconds < PATIENCE / 1000


def damaged(change: Callable[[bytes], bytes]) -> Callable[[Page], object]:
    """The snapshot arrives changed."""
    snapshot = next(DIST.glob("pyodide/*/boot.snapshot")).read_bytes()

    def answer(route: Route) -> None:
        route.fulfill(content_type="application/octet-stream", body=change(snapshot))

    return lambda page: page.route("**/boot.snapshot", answer)


def once(data: bytes, old: bytes, new: bytes) -> bytes:
    assert len(old) == len(new)
    assert data.count(old) == 1
    return data.replace(old, new)


def in_header(key: str) -> tuple[bytes, bytes]:
    return f'"{key}":'.encode(), f'"{key[:-1]}!":'.encode()


NO_MEMORY = """
const grow = WebAssembly.Memory.prototype.grow;
WebAssembly.Memory.prototype.grow = function (pages) {
  WebAssembly.Memory.prototype.grow = grow;
  throw new RangeError("no memory");
};
"""
NO_INSTANCE = """
const instantiate = WebAssembly.instantiate;
WebAssembly.instantiate = function (module, imports) {
  if (!imports?.wasi_snapshot_preview1) return instantiate(module, imports); // a small one, before Pyodide's
  WebAssembly.instantiate = instantiate;
  return Promise.reject(new RangeError("no memory for an instance"));
};
"""
FAILURES: dict[str, tuple[Callable[[Page], object], str]] = {
    "another build": (damaged(lambda data: once(data, *in_header("buildId"))), "another build"),
    "missing": (lambda page: page.route("**/boot.snapshot", lambda route: route.fulfill(status=404)), "404"),
    "unreachable": (lambda page: page.route("**/boot.snapshot", lambda route: route.abort()), "Failed to fetch"),
    "truncated": (damaged(lambda data: data[:-1000]), "truncated"),
    "empty": (damaged(lambda data: b""), "truncated"),
    "another kind": (damaged(lambda data: struct.pack("<I", 1) + data[4:]), "another kind"),
    "a throw before memory is restored": (damaged(lambda data: once(data, *in_header("runs"))), ""),
    "a throw after memory was restored": (damaged(lambda data: once(data, *in_header("hiwireKeys"))), ""),
    "no restore.mjs": (lambda page: page.route("**/restore.mjs", lambda route: route.fulfill(status=404)), "import"),
    "no memory": (lambda page: page.add_init_script(NO_MEMORY), "not enough memory"),
    "no instance": (lambda page: page.add_init_script(NO_INSTANCE), "no memory for an instance"),
    "no JSPI": (lambda page: page.add_init_script("delete WebAssembly.Suspending"), "Promise Integration"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_what_fails_leads_to_a_stock_boot(place: Place, stock_value: Value, failure: str) -> None:
    prepare, reason = FAILURES[failure]
    prepare(place.page)
    assert place.boot() == stock_value
    assert "stock" in place.marks
    [line] = [line for line in place.console if line.startswith("Python starts without its snapshot: ")]
    assert reason in line


OPTIONS = {
    "env": "{ packages: ['rtvi-web'], env: { WORD: 'here' } }",
    "args": "{ args: ['-O'] }",
    "jsglobals": "{ jsglobals: Object.assign(Object.create(globalThis), { word: 'mine' }) }",
    "indexURL": "{ indexURL: './elsewhere' }",
    "lockFileURL": "{ lockFileURL: './elsewhere/pyodide-lock.json', packages: ['rtvi-web'] }",
    "lockFileContents": "{ lockFileContents: fetch('./pyodide/pyodide-lock.json').then(r => r.text()) }",
    "packageBaseUrl": "{ packageBaseUrl: './elsewhere/', packages: ['rtvi-web'] }",
    "stdLibURL": "{ stdLibURL: './elsewhere/python_stdlib.zip' }",
    "fsInit": "{ fsInit: async (FS) => FS.writeFile('/early', '') }",
    "toJsLiteralMap": "{ toJsLiteralMap: true }",
    "checkAPIVersion": "{ checkAPIVersion: false }",
}


def test_options_that_ask_for_another_python_lead_to_a_stock_boot(browser: Browser, site: str) -> None:
    def elsewhere(route: Route) -> None:
        route.fulfill(response=route.fetch(url=route.request.url.replace("/elsewhere/", "/pyodide/")))

    values = []
    for module in ("stock", "pyodide"):
        with closing(Place(browser, site)) as place:
            place.page.route("**/elsewhere/**", elsewhere)
            values.append(place.boot_each(OPTIONS, module))
            lines = [line for line in place.console if "without its snapshot" in line]
            assert "restored" not in place.marks
    assert values[0] == values[1]
    assert lines == [
        f"Python starts without its snapshot: the option {option} asks for another Python" for option in OPTIONS
    ]


SAME = {
    "none": "{}",
    "ours, by its other name": "{ packages: ['rtvi_web'] }",
    "another package": "{ packages: ['micropip'] }",
    "ours and another": "{ packages: ['rtvi-web', 'micropip'] }",
    "a part of what ours needs": "{ packages: ['typing-extensions'] }",
    "defaults": "{ env: {}, args: [], jsglobals: globalThis, fullStdLib: false, packages: ['rtvi-web'] }",
    "our folder": "{ indexURL: './pyodide', packages: [] }",
    "our folder in full": "{ indexURL: new URL('./pyodide/', location.href).href, packages: ['rtvi-web'] }",
    "our lock": "{ lockFileURL: new URL('./pyodide/pyodide-lock.json', location.href).href }",
}


def test_other_options_keep_the_snapshot(browser: Browser, site: str) -> None:
    values = []
    for module in ("stock", "pyodide"):
        with closing(Place(browser, site)) as place:
            values.append(place.boot_each(SAME, module))
            marks = place.marks
    assert values[0] == values[1]
    assert marks.count("restored") == len(SAME)
    assert "stock" not in marks
    assert "synchronous" not in marks


TRANSPORTS = """
import json
from rtvi_web import RTVIClient, ui
from rtvi_web.transports import DailyTransport, SmallWebRTCTransport, WebSocketTransport
json.dumps([RTVIClient(transport=make()).state for make in (DailyTransport, SmallWebRTCTransport, WebSocketTransport)])
"""


def test_what_an_rtvi_page_begins_with_is_in_it(place: Place) -> None:
    place.page.route(re.compile(r"\.(whl|zip)$"), lambda route: None)  # what is late does not come
    assert place.boot(source=TRANSPORTS)["value"] == ["disconnected"] * 3
    assert "synchronous" not in place.marks


AGAIN = "import js, json\njs.made = getattr(js, 'made', 0) + 1\njson.dumps([js.made, __import__('random').random()])"


def test_a_page_can_have_two_interpreters(place: Place) -> None:
    one = place.boot(source=AGAIN)
    two = place.boot_again(source=AGAIN)
    assert (one["value"][0], two["value"][0]) == (1, 2)
    assert one["value"][1] != two["value"][1]
    assert place.marks.count("restored") == 2
    assert "stock" not in place.marks


IN_A_WORKER = """async (source) => {
  const address = new URL("pyodide/pyodide.mjs", location.href);
  const code = `
    const { loadPyodide } = await import("${address}");
    const pyodide = await loadPyodide({ packages: ["rtvi-web"] });
    const marks = performance.getEntriesByType("mark").map((mark) => mark.name);
    postMessage([await pyodide.runPythonAsync(${JSON.stringify(source)}), marks.includes("rtvi-web:restored")]);`;
  const script = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(script, { type: "module" });
  return new Promise((resolve, reject) => {
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = reject;
  });
}"""


def test_a_worker_boots_from_it(place: Place) -> None:
    stock = place.boot(module="stock")["value"]
    value, restored = place.page.evaluate(IN_A_WORKER, SMALL_CASE)
    assert restored
    assert json.loads(value) == stock


def test_a_package_that_does_not_exist_is_refused_as_ever(browser: Browser, site: str) -> None:
    messages = []
    for module in ("stock", "pyodide"):
        with closing(Place(browser, site)) as place, pytest.raises(Exception, match="No known package") as refused:
            place.boot("{ packages: ['rtvi-web', 'nothing-there'] }", module=module)
        messages.append(str(refused.value).splitlines()[0])
    assert messages[0] == messages[1]


BEGIN = """
import asyncio, json
from rtvi_web import RTVIClient
from rtvi_web.transports import SmallWebRTCTransport
params = {"base_url": ".", "endpoints": {"connect": "/nothing-there"}}
client = RTVIClient(transport=SmallWebRTCTransport(), enable_mic=False, params=params)
connecting = asyncio.ensure_future(client.connect())
json.dumps(None)
"""
HOW_IT_ENDS = """
await asyncio.wait([connecting])
json.dumps([type(connecting.exception()).__name__, str(connecting.exception())])
"""


def test_connect_waits_for_what_is_late(place: Place) -> None:
    held: list[Route] = []
    place.page.route("**/*.whl", lambda route: held.append(route))
    with place.page.expect_request("**/pydantic-*.whl"):
        place.boot(source=BEGIN)
    assert place.run("json.dumps(connecting.done())") is False
    place.page.unroute("**/*.whl")
    for route in held:
        route.continue_()
    kind, text = place.run(HOW_IT_ENDS)
    assert kind == "StartBotError", text
    assert "synchronous" not in place.marks


def test_connect_says_that_what_is_late_does_not_come(place: Place) -> None:
    place.page.route("**/*.whl", lambda route: route.abort())
    place.boot(source=BEGIN)
    kind, text = place.run(HOW_IT_ENDS)
    assert kind == "RTVIError"
    assert "Files of this page's Python could not be loaded" in text
    place.page.unroute("**/*.whl")
    kind, _ = place.run("connecting = asyncio.ensure_future(client.connect())" + HOW_IT_ENDS)
    assert kind == "StartBotError"
    assert "synchronous" not in place.marks


def test_bytes_to_ready() -> None:
    sizes: dict[str, int] = json.loads((DIST / "boot.json").read_text())
    assert any(name.endswith("boot.snapshot") for name in sizes)
    assert sum(sizes.values()) <= 5_800_000
