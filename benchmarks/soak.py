"""Hours of use in Chromium, against the real local bot: what is open and in memory before and after.

`python benchmarks/soak.py` connects a thousand times and aborts many of the attempts at random, then has a call of
thirty minutes with all widgets, then a Realtime session of ten. `--cycles` and `--minutes` make it shorter (the
Realtime session takes a third of the call's minutes); `soak.py cycles` does that part only. It prints a table, and
fails if anything is still open at an end, or if more is left of Python, of JavaScript or of what joins them.

"before" is after a first session, so that what is loaded once does not count, and what was said is forgotten before
both counts. Proxies are those of Python objects in JavaScript, JsProxies those of JavaScript's objects in Python. The
heaps are in megabytes, after a garbage collection: JavaScript's, what Python has allocated since the page began, and
WebAssembly's, which never shrinks.
"""

import argparse
import contextlib
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "build")]

from bench import PAGES  # noqa: E402
from browser import FLAGS, chromium_path  # noqa: E402
from in_page import PythonIn  # noqa: E402
from local_bot import local_bot, speak  # noqa: E402
from paths import DIST  # noqa: E402
from playwright.sync_api import Browser, sync_playwright  # noqa: E402

OPEN = (PAGES / "open.js").read_text()
SPOKEN = ("make the page green", "tell me a joke")
COLUMNS = ("tracks", "contexts", "peers", "proxies", "JsProxies", "tasks", "JS MB", "Python MB", "WASM MB")
MEMORY = COLUMNS[-3:]
MUST_BE_CLOSED = COLUMNS[:3]
MUST_NOT_GROW = {"proxies": 0.0, "JsProxies": 10.0, "tasks": 0.0, "JS MB": 1.0, "Python MB": 0.5}
"""By how much each may grow: caches fill, and what the last attempt has left may not be collected yet."""

PARTS = ("cycles", "call", "realtime")
Counts = dict[str, float]

CYCLES = """
import random
chance = random.Random(SEED)
ends = []
for _ in range(COUNT):
    connecting = asyncio.ensure_future(client.connect())
    await asyncio.sleep(chance.choice([0, 0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5]))
    how = chance.choice(["cancel", "disconnect", "wait"])
    if how == "cancel":
        connecting.cancel()
    elif how == "disconnect":
        await client.disconnect()
    async with asyncio.timeout(PATIENCE):
        [end] = await asyncio.gather(connecting, return_exceptions=True)
    ends.append(type(end).__name__)
    await client.disconnect()
result = ends
"""

WIDGETS = """
import js
from rtvi_web import ui
from rtvi_web.realtime import RealtimeClient

def add_widgets():
    into = js.document.body
    return [
        ui.connection_badge(client, into=into), ui.bot_audio(client, into=into), ui.transcript(client, into=into),
        ui.device_select(client, "mic", into=into), ui.device_select(client, "speaker", into=into),
        ui.level_meter(client, into=into), ui.level_meter(client, "bot", into=into),
        ui.mic_button(client, into=into), ui.cam_button(client, into=into), ui.screen_button(client, into=into),
        ui.voice_visualizer(client, into=into),
    ]
"""

CALL = """
async def timed(verb):
    global longest
    begun = loop.time()
    try:
        return await verb
    finally:
        longest = max(longest, loop.time() - begun)

widgets = add_widgets()
await client.connect()
turns, longest, loop = 0, 0, asyncio.get_running_loop()
end = loop.time() + SECONDS
while loop.time() < end:
    client.send_text("tell me a joke")
    turns += 1
    await asyncio.sleep(min(8, max(0, end - loop.time())))
    await timed(client.enable_mic(turns % 2 == 0))
    for device in await timed(client.get_all_mics()):
        await timed(client.update_mic(device.id))
    await asyncio.sleep(min(7, max(0, end - loop.time())))
assert client.connected, client.state
await client.disconnect()
for widget in widgets:
    widget.close()
result = {"turns": turns, "longest wait for a device": f"{longest:.1f} s"}
"""

REALTIME = """
realtime = RealtimeClient(url="/v1/realtime")
errors = []
realtime.on("error", lambda event: errors.append(event.message))
await realtime.connect()
turns, loop = 0, asyncio.get_running_loop()
end = loop.time() + SECONDS
while loop.time() < end:
    await realtime.send_text("tell me a joke")
    turns += 1
    await asyncio.sleep(min(10, max(0, end - loop.time())))
    await realtime.interrupt()
assert realtime.is_connected(), errors
await realtime.disconnect()
realtime.reset()
result = {"turns": turns, "errors": len(errors)}
"""

COUNT = """
import asyncio, gc, js, tracemalloc
client.conversation.clear()
await asyncio.sleep(1)  # what was aborted last comes to its end
gc.collect()
result = {
    "JsProxies": js.pyodide._module.hiwire.num_keys(),
    "tasks": len(asyncio.all_tasks()),
    "Python MB": tracemalloc.get_traced_memory()[0] / 1e6,
    "WASM MB": js.pyodide._module.HEAP8.length / 1e6,
}
"""


class Soak:
    """A page whose Python is used for long."""

    def __init__(self, browser: Browser, address: str) -> None:
        self._context = browser.new_context(permissions=["microphone"])
        self._context.add_init_script(OPEN)
        page = self._context.new_page()
        page.set_default_timeout(0)
        self.failures: list[str] = []
        page.on("pageerror", lambda error: self.failures.append(str(error)))
        page.on("crash", lambda _: self.failures.append("the page crashed"))
        # A page of the site, not one made here: from such a page Chromium opens no WebSocket to this machine.
        page.goto(address + "reference.html")
        page.evaluate("""document.head.innerHTML += '<meta name="rtvi-web-worklets" content="worklets/">'""")
        self.python = PythonIn(page)
        self._page = page
        page.evaluate("pyodide._module.enable_pyproxy_allocation_tracing()")
        self.python.run("import tracemalloc\ntracemalloc.start()\nclient = new_client()\n" + WIDGETS)

    def count(self) -> Counts:
        """What is open and in memory now."""
        page = self._page
        devtools = self._context.new_cdp_session(page)
        devtools.send("HeapProfiler.collectGarbage")
        counts: Counts = {**self.python.run(COUNT), **page.evaluate("countOpen()")}
        counts["proxies"] = page.evaluate("pyodide._module.pyproxy_alloc_map.size")
        counts["JS MB"] = devtools.send("Runtime.getHeapUsage")["usedSize"] / 1e6
        devtools.detach()
        return counts

    def close(self) -> None:
        self._context.close()


Part = Callable[[Soak], dict[str, Any]]


def cycles(count: int, soak: Soak) -> dict[str, Any]:
    """Connect many times; gives how the attempts have ended."""
    ends: Counter[str] = Counter()
    for begin in range(0, count, 20):
        ends.update(soak.python.run(CYCLES, SEED=Random(begin).random(), COUNT=min(20, count - begin)))
    return dict(ends)


def session(code: str, seconds: float, soak: Soak) -> dict[str, Any]:
    """A session of some seconds."""
    result: dict[str, Any] = soak.python.run(code, SECONDS=seconds)
    return result


def report(name: str, took: float, before: Counts, after: Counts, what: dict[str, Any]) -> list[str]:
    """Print a part's lines of the table; returns what is wrong."""
    for when, counts in (("before", before), ("after", after)):
        figures = "".join(
            f"{counts[column]:>10.1f}" if column in MEMORY else f"{counts[column]:>10.0f}" for column in COLUMNS
        )
        print(f"{name if when == 'before' else f'  {took:.0f} s':<28} {when:<7}{figures}", flush=True)
    print("  " + ", ".join(f"{key}: {value}" for key, value in what.items()), flush=True)
    wrong = [f"{name}: {after[kind]:.0f} {kind} are open" for kind in MUST_BE_CLOSED if after[kind]]
    grown = {kind: after[kind] - before[kind] for kind in MUST_NOT_GROW}
    return wrong + [f"{name}: {grown[kind]:.1f} {kind} are left" for kind in grown if grown[kind] > MUST_NOT_GROW[kind]]


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """Chromium with a microphone that speaks."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        wav = Path(folder) / "microphone.wav"
        speak(SPOKEN, wav, lead_silence=5.0, gap=9.0)
        flags = [*FLAGS, "--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={wav}"]
        with playwright.chromium.launch(executable_path=chromium_path(), args=flags) as browser:
            yield browser


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"{', '.join(PARTS)}; all if none is named")
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=30, help="of the call; a third of it for the Realtime session")
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"not a part: {', '.join(unknown)}")
    minutes = options.minutes
    parts: dict[str, tuple[str, Part, Part]] = {
        "cycles": (f"{options.cycles} connects", partial(cycles, 2), partial(cycles, options.cycles)),
        "call": (f"call of {minutes:g} min", partial(session, CALL, 5), partial(session, CALL, minutes * 60)),
        "realtime": (
            f"Realtime, {minutes / 3:.1f} min",
            partial(session, REALTIME, 5),
            partial(session, REALTIME, minutes * 20),
        ),
    }
    wrong: list[str] = []
    print(f"{'':<28} {'':<7}" + "".join(f"{column:>10}" for column in COLUMNS))
    with local_bot(site=DIST) as bot, chromium() as browser:
        for name, first, part in (parts[part] for part in options.parts or PARTS):
            with contextlib.closing(Soak(browser, bot.address)) as soak:
                first(soak)
                before, begun = soak.count(), time.monotonic()
                what = part(soak)
                wrong += report(name, time.monotonic() - begun, before, soak.count(), what)
                wrong += soak.failures
        bot.check()
    sys.exit("\n".join(wrong) if wrong else 0)


if __name__ == "__main__":
    main()
