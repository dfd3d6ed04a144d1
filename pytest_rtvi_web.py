"""The pytest plugin of rtvi_web: the fixture ``rtvi_page``. Nothing of rtvi_web is imported before a test uses it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    from rtvi_web.testing.pages import PageOpener

CHROMIUM = "RTVI_WEB_CHROMIUM"
"""The environment variable that names a browser."""

NO_HEAP_SAMPLES = (
    "--enable-features=HeapProfilerReporting:stable-probability/0/nonstable-probability/0,"
    "GwpAsanMalloc:ProcessSamplingProbability/0,GwpAsanPartitionAlloc:ProcessSamplingProbability/0"
)
"""Has Chromium never sample allocations, which crashes pages with Python (docs/testing.md)."""


def pytest_addoption(parser: pytest.Parser) -> None:
    text = (
        "folder that has what tested pages ask for and don't have: pyodide/, loader.js (by default rtvi-web-console's)"
    )
    parser.getgroup("rtvi-web").addoption("--rtvi-web-site", metavar="DIR", help=text)
    parser.addini("rtvi_web_site", text)


@pytest.fixture
def rtvi_page(request: pytest.FixtureRequest) -> Iterator[PageOpener]:
    """Opens a page with a scripted bot in place of its transport: ``opened = rtvi_page("page/", [*handshake(), …])``.

    See ``rtvi_web.testing.pages.PageOpener``. The browser is pytest-playwright's where that is installed, else a
    Chromium: the one that RTVI_WEB_CHROMIUM names, Playwright's own, or an installed one.
    """
    from rtvi_web.testing.pages import PageOpener

    opener = PageOpener(request.path.parent, _sites(request.config), _new_page(request))
    yield opener
    opener.close()


@pytest.fixture(scope="session")
def _rtvi_web_browser() -> Iterator[Browser]:
    """A Chromium with a microphone of its own, where pytest-playwright is not installed."""
    from playwright.sync_api import sync_playwright

    root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_chromium(playwright.chromium.executable_path),
            args=["--use-fake-device-for-media-stream", NO_HEAP_SAMPLES, *root],
        )
        yield browser
        browser.close()


def _chromium(own: str) -> str | None:
    if named := os.environ.get(CHROMIUM):
        return named
    if own and Path(own).exists():
        return own
    return next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)


def _new_page(request: pytest.FixtureRequest) -> Callable[[], Page]:
    """What opens a page: the test's own first, then others in the same context."""
    if request.config.pluginmanager.hasplugin("playwright"):
        pages: list[Any] = []

        def new_page() -> Page:
            pages.append(pages[0].context.new_page() if pages else request.getfixturevalue("page"))
            return pages[-1]  # type: ignore[no-any-return]

        return new_page
    context = request.getfixturevalue("_rtvi_web_browser").new_context()
    request.addfinalizer(context.close)
    return context.new_page  # type: ignore[no-any-return]


def _sites(config: pytest.Config) -> list[Path]:
    """Where Pyodide is.

    Raises:
        pytest.UsageError: the folder that was named does not exist.
    """
    if named := config.getoption("rtvi_web_site") or config.getini("rtvi_web_site"):
        site = config.rootpath / named
        if not site.is_dir():
            raise pytest.UsageError(f"--rtvi-web-site: there is no folder {site}")
        return [site]
    try:
        from rtvi_web_console.carried import SITE
    except ImportError:
        return []
    return [SITE]
