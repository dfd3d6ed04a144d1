"""Pages boot from a memory snapshot, and Python is then what it is after a stock boot; else they boot that way."""

import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import PATIENCE
from paths import DIST
from playwright.sync_api import Browser, Route
from snapshot_page import MARKED, MARKS, SMALL_CASE, Place, Value

CASE = Path(__file__).with_name("snapshot_case.py").read_text()
HERE = f"{CASE}\njson.dumps(environment())"
EVERYTHING = f'{CASE}\njson.dumps({{"packages": await packages(), "running": await running()}})'


@pytest.mark.parametrize("path", ["index", "plain", "devices", "transports", "realtime"])
def test_our_pages_boot_from_it_and_make_no_synchronous_request(browser: Browser, static_site: str, path: str) -> None:
    with closing(browser.new_context()) as context:
        page = context.new_page()
        page.goto(f"{static_site}{path}.html")
        page.locator("[data-boot]").wait_for(state="hidden")
        page.evaluate(MARKED, "rtvi-web:later")  # what is late has been imported
        marks = page.evaluate(MARKS)
        kinds = page.evaluate("performance.getEntriesByType('resource').map(entry => entry.initiatorType)")
    assert "restored" in marks
    assert "stock" not in marks
    assert "synchronous" not in marks
    assert "xmlhttprequest" not in kinds


def answers_of_both(browser: Browser, static_site: str, source: str, **context: Any) -> dict[str, Value]:
    answers = {}
    for module in ("stock", "pyodide"):
        with closing(Place(browser, static_site, **context)) as place:
            answers[module] = place.boot(source=source, module=module)
            assert ("restored" in place.marks) is (module == "pyodide")
    return answers


@pytest.mark.parametrize(
    ("zone", "language"),
    [
        ("America/New_York", "en-US"),
        ("Asia/Kolkata", "de-DE"),
        ("Australia/Lord_Howe", "ja"),
        ("Europe/Dublin", "fr-FR"),
    ],
)
def test_python_knows_where_it_is(browser: Browser, static_site: str, zone: str, language: str) -> None:
    answers = answers_of_both(browser, static_site, HERE, timezone_id=zone, locale=language)
    assert answers["pyodide"] == answers["stock"]


def test_python_is_what_it_is_after_a_stock_boot(browser: Browser, static_site: str) -> None:
    answers = answers_of_both(browser, static_site, EVERYTHING)
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


def test_nothing_random_is_the_same_in_two_pages(browser: Browser, static_site: str) -> None:
    values = []
    for _ in range(2):
        with closing(Place(browser, static_site)) as place:
            values.append(place.boot(source=RANDOM)["value"])
            assert "restored" in place.marks
    for one, other in zip(*values, strict=True):
        assert one != other


def test_the_clock_of_logging_begins_with_the_page(place: Place) -> None:
    milliseconds, seconds = place.boot(source=CLOCK)["value"]
    assert 0 <= milliseconds < PATIENCE
    assert 0 <= seconds < PATIENCE / 1000


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


def test_other_options_keep_the_snapshot(browser: Browser, static_site: str) -> None:
    values = []
    for module in ("stock", "pyodide"):
        with closing(Place(browser, static_site)) as place:
            values.append(place.boot_each(SAME, module))
            marks = place.marks
    assert values[0] == values[1]
    assert marks.count("restored") == len(SAME)
    assert "stock" not in marks
    assert "synchronous" not in marks


def test_what_is_typed_is_read(browser: Browser, static_site: str) -> None:
    for module in ("stock", "pyodide"):
        with closing(Place(browser, static_site)) as place:
            assert (
                place.boot("{ stdin: () => 'typed' }", "import json; json.dumps(input())", module)["value"] == "typed"
            )


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


def test_a_package_that_does_not_exist_is_refused_as_ever(browser: Browser, static_site: str) -> None:
    messages = []
    for module in ("stock", "pyodide"):
        with (
            closing(Place(browser, static_site)) as place,
            pytest.raises(Exception, match="No known package") as refused,
        ):
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
