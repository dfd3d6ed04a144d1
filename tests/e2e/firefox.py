"""Debian's Firefox with pages that report by themselves: no driver takes part."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

COMMAND = "firefox-esr"
PREFERENCES = {
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "intl.accept_languages": "de-DE, de",
    "media.gmp-manager.url": "http://127.0.0.1:9/",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9",
    "toolkit.telemetry.enabled": False,
}
"""It talks to no server of its vendor, and its person speaks German."""


def why_no_firefox() -> str:
    """What to say if Firefox is missing; empty if it is installed."""
    return "" if shutil.which(COMMAND) else f"{COMMAND} is not installed"


@contextlib.contextmanager
def firefox(address: str, **environment: str) -> Iterator[None]:
    """Opens a page in a Firefox with a new profile."""
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (Path(folder) / "user.js").write_text("\n".join(lines))
        command = [COMMAND, "--headless", "--no-remote", "--profile", folder, address]
        # As root, its own sandbox does not start.
        own = {"HOME": folder, "MOZ_DISABLE_CONTENT_SANDBOX": "1", **environment}
        process = subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            process.wait()
