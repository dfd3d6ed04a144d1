"""Real bots, a real Chromium, and a microphone that speaks: the pages of dist/ as a person uses them.

`make e2e` builds dist/ first. Every page that a test opens must keep its console clean and talk to its own host only.
"""

import contextlib
import sys
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, expect, sync_playwright

ROOT = Path(__file__).parents[2]
FOLDERS = ("tests/e2e", "build", "benchmarks", "tests/servers/daily")
sys.path[:0] = [str(ROOT / folder) for folder in FOLDERS]

from browser import FLAGS, chromium_path  # noqa: E402
from in_page import InPagePython  # noqa: E402
from local_bot import LocalBot, local_bot, speak  # noqa: E402
from paths import DIST  # noqa: E402
from rtvi_0_3_server import start_rtvi_0_3_server  # noqa: E402, F401
from snapshot_page import place, static_site  # noqa: E402, F401

WATCH = Path(__file__).with_name("watch.js").read_text()
SCREENSHOTS = ROOT / "test-results" / "screenshots"
SPOKEN = ("make the page green", "tell me a joke")
"""What the fake microphone says, after five seconds of silence, again and again."""
PATIENCE = 60_000
"""Milliseconds that a test waits for what has to happen: a machine with much to do is slow, and nothing is wrong."""
expect.set_options(timeout=PATIENCE)

Visit = Callable[..., Page]
Note = Callable[[str], None]


def pytest_sessionstart() -> None:
    if not (DIST / "index.html").exists():
        pytest.exit("dist/ is not built: run `make site` first", returncode=1)
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have noted, in whichever process they ran."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    notes = [text for report in reports for name, text in report.user_properties if name == "note"]
    if notes:
        terminalreporter.section("figures")
        terminalreporter.write("".join(f"{note}\n" for note in notes))


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Note:
    """Notes a figure, which is printed at the end of the run."""
    return partial(record_property, "note")


INSECURE_NAME = "insecure.test"
"""A name of this machine that browsers do not take for a secure origin."""


@pytest.fixture(scope="session")
def bot() -> Iterator[LocalBot]:
    """A real Pipecat bot with the built site at its root."""
    with local_bot(site=DIST, host_names=[INSECURE_NAME]) as running:
        yield running
        running.check()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


def launch(playwright: Playwright, *flags: str) -> Browser:
    return playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *flags])


@pytest.fixture(scope="session")
def browser(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Chromium with a microphone that speaks SPOKEN."""
    wav = tmp_path_factory.mktemp("microphone") / "microphone.wav"
    speak(SPOKEN, wav, lead_silence=5.0, gap=9.0)
    with contextlib.closing(
        launch(
            playwright,
            "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={wav}",
        )
    ) as browser:
        yield browser


@pytest.fixture(scope="session")
def three_of_each(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with three microphones, three cameras and three speakers."""
    with contextlib.closing(launch(playwright, "--use-fake-device-for-media-stream=device-count=3")) as browser:
        yield browser


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    """Opens a page in a fresh profile: `visit(url, permissions=["microphone"], **context_options)`.

    At the end it checks the console, where `allow=` names parts of messages that the test expects, and that the page
    talked to its own host only, or to those in `others=` too (a set may be filled meanwhile).
    """
    with contextlib.ExitStack() as stack:

        def open_page(
            url: str,
            *,
            browser: Browser = browser,
            allow: tuple[str, ...] = (),
            others: Collection[str] = (),
            **options: Any,
        ) -> Page:
            return stack.enter_context(watched_page(browser, url, allow, others, options))

        yield open_page


@contextlib.contextmanager
def watched_page(
    browser: Browser, url: str, allow: tuple[str, ...], others: Collection[str], options: dict[str, Any]
) -> Iterator[Page]:
    context = browser.new_context(**{"permissions": ["microphone"], **options})
    context.add_init_script(WATCH)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    problems: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            problems.append(message.text)

    page.on("console", on_console)
    page.on("pageerror", lambda error: problems.append(str(error)))
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if "//" in request.url else None)
    try:
        if url:
            page.goto(url)
        yield page
        unexpected = [text for text in problems if not any(part in text for part in allow)]
        assert not unexpected, "the console is not clean:\n" + "\n".join(unexpected)
        assert len(hosts.difference(others)) <= 1, f"the page talked to {hosts}"
    finally:
        context.close()


@pytest.fixture
def in_page(bot: LocalBot, visit: Visit) -> InPagePython:
    """Python in a page beside the bot, with rtvi_web loaded and nothing else."""
    return InPagePython(visit(""), bot.address)


def wait_until_loaded(page: Page) -> None:
    """Wait until the page's Python runs."""
    page.locator("#start:enabled").wait_for()


def check_accessible(page: Page) -> None:
    """axe finds nothing serious, in shadow roots too."""
    found = Axe().run(page).response["violations"]
    assert [each for each in found if each["impact"] in ("serious", "critical")] == []


def synchronous_requests(page: Page) -> list[str]:
    """The files that the page's Python needed at once: it asked with a request that blocks the page."""
    marks: list[str] = page.evaluate("performance.getEntriesByType('mark').map((mark) => mark.name)")
    return [name for name in marks if name.startswith("rtvi-web:synchronous:")]


def screenshot(page: Page, name: str) -> None:
    """One of the pictures that each run makes, to be looked at."""
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
