"""Serves a face on this machine's loopback: with the command ``rtvi-web``, which rtvi-web-console brings.

It runs in a process of its own, so a busy kernel does not hold up the page. The process ends with the kernel, however
that ends, because its standard input does.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path
from threading import Event, Thread
from typing import Final

from rtvi_web.errors import RTVIError, UnsupportedFeatureError

COMMAND: Final = "rtvi-web"
LOOPBACK: Final = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
ADDRESS: Final = re.compile(r"The page is at (http://localhost:\d+/) ")
PATIENCE: Final = 30.0
"""Seconds that the command has to say where the page is."""
MAX_LINES: Final = 20
"""Lines of its output that are kept, to say why it ended."""


def serve(origin: str, *, bot: str, title: str, transport: str | None, script: str | None) -> str:
    """The address of a face for a bot, which pages of this origin may show in a frame. It is served once.

    Raises:
        UnsupportedFeatureError: the notebook's page is not of this machine, or rtvi-web-console is not installed.
        RTVIError: the command did not start; the message says why.
    """
    if not LOOPBACK.fullmatch(origin):
        raise UnsupportedFeatureError(
            f"This notebook's page is at {origin}, so its kernel may be on another machine: give the address of a face "
            f'that lets it show it, face("https://bots.example/face/") and mount(app, frame=["{origin}"]).',
            feature="site",
        )
    options = [f"--bot={bot}", f"--title={title}", f"--frame={origin}"]
    options += [f"--transport={transport}"] if transport else []
    options += [f"--script={script}"] if script else []
    key = (*options, os.getcwd())
    running = _running.get(key)
    if running is None or not running.runs:
        running = _running[key] = _Server(options)
    return running.address


class _Server:
    """One run of ``rtvi-web console``."""

    def __init__(self, options: list[str]) -> None:
        command = [_command(), "console", "--port=0", "--no-browser", "--until-eof", *options]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
        )
        self._lines: deque[str] = deque(maxlen=MAX_LINES)
        self._decided = Event()
        self._address = ""
        Thread(target=self._read, daemon=True).start()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    @property
    def address(self) -> str:
        """Where the page is. Waits until it is known."""
        self._decided.wait(PATIENCE)
        if not self._address:
            self._process.terminate()
            why = "\n".join(self._lines) or f"it said nothing within {PATIENCE:g} s"
            raise RTVIError(f"The face could not be served on this machine: {why}")
        return self._address

    def _read(self) -> None:
        with self._process as process:
            for line in process.stdout or ():
                found = ADDRESS.match(line)
                if found and not self._address:
                    self._address = found[1]
                    self._decided.set()
                self._lines.append(line.rstrip())
        self._decided.set()


_running: dict[tuple[str, ...], _Server] = {}


def _command() -> str:
    """The command of this environment, or else the first on the path."""
    here = str(Path(sys.executable).parent)
    found = shutil.which(COMMAND, path=os.pathsep.join([here, os.environ.get("PATH", "")]))
    if found is None:
        raise UnsupportedFeatureError(
            "Serving a face on this machine needs rtvi-web-console: %pip install rtvi-web-console. "
            'Or give the address of a face, face("https://bots.example/face/").',
            feature="rtvi-web-console",
        )
    return found
