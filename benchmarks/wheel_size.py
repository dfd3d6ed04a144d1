"""How much each transport adds to the one wheel that a page loads, and what it costs a page that does not use it.

`python benchmarks/wheel_size.py` prints by how many bytes (Brotli, as they travel) the compiled wheel of dist/ would be
smaller without the modules that only this transport needs. Then a page holds a session over each transport that has a
server here, and imports DailyTransport, which has none. It fails if a page runs a module that only another transport
needs, or asks for anything but its session's addresses.
"""

import io
import sys
import zipfile
from collections.abc import Iterable

import brotli
import grimp
from bench import DIST, ROOT
from echoes import page_beside_echo_bot, python, session
from figures import Figure, finish, options
from playwright.sync_api import Page

sys.path.insert(0, str(ROOT))  # for grimp

FOLDERS = {
    "SmallWebRTCTransport": "rtvi_web.transports.small_webrtc",
    "WebSocketTransport": "rtvi_web.transports.websocket",
    "DailyTransport": "rtvi_web.transports.daily",
}
OTHERS = (
    "rtvi_web.rtvi.client",
    "rtvi_web.realtime",
    "rtvi_web.transports.realtime",
    "rtvi_web.testing",
    "rtvi_web.ui",
)
"""What else a page may import."""
LATE = ("rtvi_web.transports", "rtvi_web.voice_client")
"""Modules that import every transport, but each only when its name is used."""
SCRIPTS = {"rtvi_web.browser.relay": "rtvi_web/browser/worklets/relay.js"}
"""What a module loads besides modules."""
PAGES_OWN = ("/start", "/api/offer")
LOADED = "__import__('json').dumps([name for name in __import__('sys').modules if name.startswith('rtvi_web.')])"


def needed_only_by() -> dict[str, set[str]]:
    """The modules that only one transport needs, by its name."""
    graph = grimp.build_graph("rtvi_web")
    for module in LATE:
        for imported in graph.find_modules_directly_imported_by(module):
            graph.remove_import(importer=module, imported=imported)

    def needs(folders: Iterable[str]) -> set[str]:
        own = {name for name in graph.modules if any(f"{name}.".startswith(f"{folder}.") for folder in folders)}
        return own.union(*(graph.find_upstream_modules(name) for name in own))

    return {
        name: needs([folder]) - needs([*OTHERS, *(other for other in FOLDERS.values() if other != folder)])
        for name, folder in FOLDERS.items()
    }


def compressed_size(wheel: zipfile.ZipFile, without: set[str]) -> int:
    """Bytes of a wheel without some modules, packed and compressed as the build does it."""
    paths = {f"{name.replace('.', '/')}{ending}" for name in without for ending in (".pyc", "/__init__.pyc")}
    paths |= {script for name, script in SCRIPTS.items() if name in without}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as smaller:
        for entry in wheel.infolist():
            if entry.filename not in paths:
                smaller.writestr(zipfile.ZipInfo(entry.filename, entry.date_time), wheel.read(entry))
    return len(brotli.compress(packed.getvalue(), quality=11, lgwin=24))


def others_loaded(page: Page, modules: dict[str, set[str]], transport: str) -> list[str]:
    """What a page with a transport has run of the others."""
    loaded = set(page.evaluate("source => JSON.parse(pyodide.runPython(source))", LOADED))
    return sorted(loaded & set().union(*(modules[name] for name in modules if name != transport)))


def check_page(modules: dict[str, set[str]], transport: str) -> list[str]:
    """What is wrong in a page that uses one transport."""
    asked: list[str] = []
    with page_beside_echo_bot(loud=1.0, silent=1.0) as (_, page):
        page.on("request", lambda request: asked.append(request.url))
        if transport == "DailyTransport":  # Its service is not here.
            python(page, "from rtvi_web.transports import DailyTransport; import rtvi_web.transports.daily.session")
        else:
            with session(page, transport):
                page.wait_for_timeout(1000)
        own = set(page.evaluate("source => JSON.parse(pyodide.runPython(source))", LOADED)) & modules[transport]
        wrong = [f"runs {name}" for name in others_loaded(page, modules, transport)]
    if not own:
        sys.exit(f"A page with {transport} runs none of its modules: the result means nothing.")
    wrong += [f"asks for {url}" for url in asked if not url.startswith("blob:") and not _is_own(url)]
    print(f"a page with {transport} runs {len(own)} modules that only it needs; {', '.join(wrong) or 'nothing else'}")
    return [f"{transport} {each}" for each in wrong]


def _is_own(url: str) -> bool:
    return any(url.partition("?")[0].endswith(path) for path in PAGES_OWN)


def main() -> None:
    arguments = options(__doc__).parse_args()
    [path] = DIST.glob("pyodide/**/rtvi_web-*.whl")
    modules = needed_only_by()
    with zipfile.ZipFile(path) as wheel:
        whole = compressed_size(wheel, set())
        figures = [Figure("the wheel", [whole], "bytes")]
        for name, own in modules.items():
            figures.append(Figure(f"of it for {name}", [whole - compressed_size(wheel, own)], "bytes"))
    for name in FOLDERS:
        figures.append(Figure(f"what a page with {name} does for others", [len(check_page(modules, name))], most=0))
    finish(figures, arguments)


if __name__ == "__main__":
    main()
