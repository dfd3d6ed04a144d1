"""Whatever keeps a page from booting from its snapshot, it boots as Pyodide does, and says why in one line."""

import struct
from collections.abc import Callable
from contextlib import closing

import pytest
from paths import DIST
from playwright.sync_api import Browser, Page, Route
from snapshot_page import MARKS, Place, Value


@pytest.fixture(scope="module")
def stock_value(browser: Browser, static_site: str) -> Value:
    with closing(Place(browser, static_site)) as place:
        return place.boot(module="stock")


def test_a_page_without_its_snapshot_becomes_ready(browser: Browser, static_site: str) -> None:
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.route("**/loader.mjs", lambda route: route.fulfill(status=404))
        page.goto(f"{static_site}plain.html")
        boot = page.locator("[data-boot]")
        boot.wait_for(state="hidden")
        assert boot.get_attribute("role") == "status", "it has not said that it failed"
        assert "stock" in page.evaluate(MARKS)


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
    "other wheels": (
        damaged(lambda data: once(data, *in_header("annotated-types"))),
        "taken with another annotated-type",
    ),
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


RUN_SYNC = """
import asyncio, json
from pyodide.ffi import can_run_sync, run_sync
try:
    found = run_sync(asyncio.sleep(0.01, 5))
except Exception as error:
    found = f"{type(error).__name__}: {error}"
json.dumps([can_run_sync(), found])
"""


def test_without_jspi_nothing_waits_as_in_a_stock_boot(browser: Browser, static_site: str) -> None:
    values = []
    for module in ("stock", "pyodide"):
        with closing(Place(browser, static_site)) as place:
            place.page.add_init_script("delete WebAssembly.Suspending; delete WebAssembly.promising")
            values.append(place.boot(source=RUN_SYNC, module=module)["value"])
    assert values[0] == values[1]
    can_run, said = values[1]
    assert can_run is False
    assert "RuntimeError" in said


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
    "convertNullToNone": "{ convertNullToNone: true }",
    "pyproxyToStringRepr": "{ pyproxyToStringRepr: true }",
    "enableRunUntilComplete": "{ enableRunUntilComplete: false }",
    "toJsLiteralMap": "{ toJsLiteralMap: true }",
    "checkAPIVersion": "{ checkAPIVersion: false }",
}


def test_options_that_ask_for_another_python_lead_to_a_stock_boot(browser: Browser, static_site: str) -> None:
    def elsewhere(route: Route) -> None:
        route.fulfill(response=route.fetch(url=route.request.url.replace("/elsewhere/", "/pyodide/")))

    values = []
    for module in ("stock", "pyodide"):
        with closing(Place(browser, static_site)) as place:
            place.page.route("**/elsewhere/**", elsewhere)
            values.append(place.boot_each(OPTIONS, module))
            lines = [line for line in place.console if "without its snapshot" in line]
            assert "restored" not in place.marks
    assert values[0] == values[1]
    assert lines == [
        f"Python starts without its snapshot: the option {option} asks for another Python" for option in OPTIONS
    ]
