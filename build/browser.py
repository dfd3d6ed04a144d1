"""Finds a browser for tests and benchmarks, or installs one: `python build/browser.py` prints its path.

In this order: what RTVI_WEB_CHROMIUM names; an installed Chrome or Chromium; Playwright's own, if it was installed
before; Debian's `chromium` where we are root on Debian; Playwright's own browser install. Never runs sudo.
"""

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

ENVIRONMENT_VARIABLE = "RTVI_WEB_CHROMIUM"
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

_UNWANTED = (
    # Chromium takes the call stack of some allocations: those of one browser in a hundred, and of a few pages. It reads
    # beyond the stack of a WebAssembly function that can be suspended, as Pyodide's are, and the page crashes (156).
    "HeapProfilerReporting",
    "GwpAsanMalloc",
    "GwpAsanPartitionAlloc",
    # Each context has a window, which would load two pages for its address bar: a second of the processor's time.
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxPopup",
)
# Those that Playwright switches off.
_UNWANTED_BY_PLAYWRIGHT = (
    "AimEnabled",
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
)


def without(*features: str) -> str:
    """The flag that switches off these features of Chromium, and those that every browser of ours is without.

    Chromium obeys the last such flag only, Playwright's included.
    """
    return "--disable-features=" + ",".join((*_UNWANTED, *_UNWANTED_BY_PLAYWRIGHT, *features))


# What every headless Chromium of ours is started with: as root without a sandbox, and without calls to its vendor.
FLAGS = (
    *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    without(),
)


class BrowserMissingError(Exception):
    """No browser was found or could be installed; the message says what to do."""


@functools.cache
def chromium_path() -> str:
    """The executable of the browser to test with, installed first if there is none."""
    return _named() or _installed() or _playwrights() or _install()


def _named() -> str | None:
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named and not shutil.which(named):
        raise BrowserMissingError(f"{ENVIRONMENT_VARIABLE} is {named!r}, which is not an executable")
    return named


def _installed() -> str | None:
    return next(filter(None, map(shutil.which, (*COMMANDS, *APPLICATIONS))), None)


def _playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if path and Path(path).exists() else None


def _install() -> str:
    for way in ([_apt_commands()] if _is_debian_root() else []) + [_playwright_commands()]:
        for command in way:
            _say(f"no Chrome or Chromium here; running `{' '.join(command)}`")
            if subprocess.run(command, stdout=sys.stderr).returncode:
                break
        else:
            return _installed() or _playwrights() or _give_up()
    return _give_up()


def _is_debian_root() -> bool:
    return os.geteuid() == 0 and Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None


def _apt_commands() -> list[list[str]]:
    install = ["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", "chromium"]
    return [["apt-get", "update", "--quiet"], install]


def _playwright_commands() -> list[list[str]]:
    return [[sys.executable, "-m", "playwright", "install", "chromium"]]


def _give_up() -> str:
    raise BrowserMissingError(
        f"No browser for the tests: install Chrome or Chromium, or name one in {ENVIRONMENT_VARIABLE}"
    )


def _say(text: str) -> None:
    print(f"browser: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        found = chromium_path()
    except BrowserMissingError as error:
        sys.exit(str(error))
    _say(f"using {found}")
    print(found)
