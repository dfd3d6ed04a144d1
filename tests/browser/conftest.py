"""One Chromium, one page and one boot of Pyodide for all browser tests, and a leak gate round each of them.

The functions that ``@run_in_pyodide`` decorates run inside the page, on the built wheel. Their imports are their own.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_pyodide import get_global_config
from pytest_pyodide.runner import PlaywrightChromeRunner

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "build"), str(HERE.parent / "servers" / "daily")]

from browser import FLAGS, chromium_path, without  # noqa: E402
from server import serve  # noqa: E402
from websocket_server import serve_websockets  # noqa: E402

DEVICES = "--use-fake-device-for-media-stream=device-count=3"  # three microphones, cameras and speakers
SCREEN = "--use-fake-ui-for-media-stream"  # a person who allows everything, and shares a screen at once
COMMON = [*FLAGS, "--js-flags=--expose-gc", without("WebRtcHideLocalIpsWithMdns")]
TEST_SECONDS = 60
"""After this long every task in the page is cancelled, so that a test that hangs fails."""
over_both = pytest.mark.parametrize("kind", ["websocket", "webrtc"])
"""Over both transports of RealtimeClient."""

# What the page has opened and not closed, for the leak gate; and how many times it is asking for a device.
WATCH = """
globalThis.opened = {peers: new Set(), tracks: new Set(), contexts: new Set(), asking: 0};
globalThis.AudioContext = class extends AudioContext {
    constructor(...args) { super(...args); opened.contexts.add(this); }
};
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...args) { super(...args); opened.peers.add(this); }
    createDataChannel(...args) { return this.channel = super.createDataChannel(...args); }
};
for (const method of navigator.mediaDevices ? ["getUserMedia", "getDisplayMedia"] : []) {
    const open = MediaDevices.prototype[method];
    MediaDevices.prototype[method] = async function (constraints) {
        opened.asking++;
        try {
            const stream = await open.call(this, constraints);
            for (const track of stream.getTracks()) opened.tracks.add(track);
            return stream;
        } finally {
            opened.asking--;
        }
    };
}
const clone = MediaStreamTrack.prototype.clone;
MediaStreamTrack.prototype.clone = function () {
    const copy = clone.call(this);
    if (opened.tracks.has(this)) opened.tracks.add(copy);
    return copy;
};
globalThis.leftOpen = () => [
    ...[...opened.peers].filter((peer) => peer.signalingState !== "closed").map(() => "a peer connection"),
    ...[...opened.tracks].filter((track) => track.readyState === "live").map((track) => `a live ${track.kind} track`),
    ...[...opened.contexts].filter((context) => context.state !== "closed").map(() => "an AudioContext"),
];
"""

WARM_UP = """
import asyncio, js, pytest, tblib
from pyodide.ffi import create_proxy, to_js
from pytest_pyodide.decorator import run_in_pyodide_main
import sys
sys.path.append("/page")
import loopback, watching
watching.watch_the_loop()
"""


def pytest_configure(config: pytest.Config) -> None:
    get_global_config().set_flags("chrome", [*COMMON, DEVICES])
    config.addinivalue_line("markers", "patience(seconds): how long the page lets this test run")


@pytest.fixture(scope="session")
def playwright_browsers() -> Iterator[dict[str, Any]]:
    """The browsers of the run: one with devices, one without any, and one where the person shares their screen.

    The last grants everything that a page asks for, so it is of no use where permissions matter.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium
        browsers = {
            name: chromium.launch(executable_path=chromium_path(), args=[*COMMON, *flags], timeout=1000 * TEST_SECONDS)
            for name, flags in {"chrome": [DEVICES], "no devices": [], "screen": [DEVICES, SCREEN]}.items()
        }
        yield browsers
        for browser in browsers.values():
            browser.close()


@pytest.fixture(scope="session")
def web_server_main(request: pytest.FixtureRequest) -> Iterator[tuple[str, int, None]]:
    """Pyodide and the test server's own addresses, on loopback."""
    with serve(request.config.option.dist_dir) as port:
        yield "127.0.0.1", port, None


@pytest.fixture(scope="session")
def port() -> Iterator[int]:
    """The port of the WebSocket server."""
    with serve_websockets() as port:
        yield port


@pytest.fixture(scope="session")
def booted(web_server_main: Any, playwright_browsers: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Boots the page in a browser, once for all modules."""
    pages: dict[str, _Runner] = {}

    def boot(browser: str) -> _Runner:
        if browser not in pages:
            host, port, _ = web_server_main
            page = _Runner(
                server_port=port,
                server_hostname=host,
                browsers={"chrome": playwright_browsers[browser]},
                dist_dir=request.config.option.dist_dir,
            )
            _prepare(page)
            pages[browser] = page
        return pages[browser]

    yield boot
    for page in pages.values():
        page.quit()


class _Runner(PlaywrightChromeRunner):
    """pytest-pyodide's runner, whose page watches what is opened and lets tests grant permissions."""

    script_timeout = TEST_SECONDS

    def get_driver(self, jspi: bool = False) -> Any:
        page = super().get_driver(jspi)
        page.add_init_script(WATCH)
        page.expose_function("allow", lambda names: _allow(page, names))
        self.page_errors: list[str] = []
        page.on("pageerror", lambda error: self.page_errors.append(str(error)))
        return page


def _allow(page: Any, names: str) -> None:
    """Grant the permissions of these names, such as "microphone camera", and withdraw all others."""
    page.context.clear_permissions()
    if names:
        page.context.grant_permissions(names.split())


def _prepare(page: PlaywrightChromeRunner) -> None:
    page.load_package(["rtvi-web", "pytest", "tblib"])
    page.run_js("pyodide.FS.mkdirTree('/page')")
    for path in (HERE / "page").glob("*.py"):
        page.run_js(f"pyodide.FS.writeFile('/page/{path.name}', {path.read_text()!r})")
    page.run_async(WARM_UP)
    page.save_state()


@pytest.fixture
def selenium(booted: Any) -> PlaywrightChromeRunner:
    """The page, by the name that ``@run_in_pyodide`` knows it by."""
    return booted("chrome")


@pytest.fixture
def selenium_no_devices(booted: Any) -> PlaywrightChromeRunner:
    """A page in a browser that has no microphone."""
    return booted("no devices")


@pytest.fixture
def selenium_screen(booted: Any) -> PlaywrightChromeRunner:
    """A page in a browser whose person shares a screen at once, and allows everything else."""
    return booted("screen")


@pytest.fixture
def no_reports(booted: Any) -> Iterator[None]:
    """daily-js reports some errors to Daily's error tracker, which no test may reach."""
    page = booted("chrome").driver
    page.route("**/*.sentry.io/**", lambda route: route.abort())
    yield
    page.unroute("**/*.sentry.io/**")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    """Fails a test that leaves a proxy, peer connection, live track, audio context or unheard exception behind."""
    pages = [value for value in getattr(item, "funcargs", {}).values() if isinstance(value, _Runner)]
    if not pages:
        return (yield)
    page = pages[0]
    page.page_errors.clear()
    _allow(page.driver, "microphone")
    page.run_js("localStorage.clear()")
    page.enable_pyproxy_tracing()
    before = page.get_num_proxies()
    marker = item.get_closest_marker("patience")
    seconds = marker.args[0] if marker else TEST_SECONDS
    page.run_js(f"globalThis.watchdog = setTimeout(() => pyodide.runPython('watching.cancel_all()'), {seconds * 1000})")
    try:
        result = yield
    finally:
        page.run_js("clearTimeout(watchdog); await sleep(0)")
        page.disable_pyproxy_tracing()
        leaked = page.get_num_proxies() - before
        unheard = page.run("watching.unheard()")
        left_open = page.run_js("for (let i = 0; i < 250 && leftOpen().length; i++) await sleep(20); return leftOpen()")
        page.run_js("for (const track of opened.tracks) track.stop(); for (const peer of opened.peers) peer.close()")
        page.run_js("opened.tracks.clear(); opened.peers.clear(); opened.contexts.clear()")
        page.restore_state()
    assert not left_open
    assert not unheard
    assert not page.page_errors
    assert leaked <= 0, f"leaked {leaked} proxies: {_proxies(page)}"
    return result


def _proxies(page: PlaywrightChromeRunner) -> list[Any]:
    script = "return [...pyodide._module.pyproxy_alloc_map.keys()].map((x) => [x.type, x.toString().slice(0, 110)])"
    proxies: list[Any] = page.run_js(script)
    return proxies
