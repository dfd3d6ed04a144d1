"""Starts servers on loopback, each a process that ends with this one."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from paths import ROOT

START_TIMEOUT = 60.0  # seconds; the first start compiles and loads a lot
STOP_TIMEOUT = 5.0  # seconds

# Our servers are on this machine, whatever proxy the others are behind.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PR_SET_PDEATHSIG = 1


class ServerError(Exception):
    """A server does not run; the message says why, with the end of its log."""


@dataclass
class Server:
    """A server process. It answers at `health` when it is ready, and its output is in `log`."""

    name: str
    process: subprocess.Popen[bytes]
    health: str
    log: Path

    def check(self) -> None:
        """Raises ServerError if the process has ended."""
        code = self.process.poll()
        if code is not None:
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            where = self.log.relative_to(ROOT)
            raise ServerError(f"The {self.name} ended with code {code}. The end of {where}:\n{end}")

    def wait_until_ready(self) -> None:
        """Raises ServerError if the process ends first, or does not answer in time."""
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            self.check()
            with contextlib.suppress(urllib.error.URLError, OSError):
                _DIRECT.open(self.health, timeout=1).close()
                return
            time.sleep(0.05)
        raise ServerError(
            f"The {self.name} did not answer within {START_TIMEOUT:.0f} s; see {self.log.relative_to(ROOT)}"
        )


@contextlib.contextmanager
def started(
    python: Path, command: list[str], name: str, health: str, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Starts a server and ends it on exit; on Linux it also ends when the thread that called this ends.

    Args:
        environment: variables besides those of this process.
    """
    hosts = "localhost,127.0.0.1"
    ours = {"PYTHONUNBUFFERED": "1", "NO_PROXY": hosts, "no_proxy": hosts}
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(python), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ours, **(environment or {})},
            start_new_session=True,  # Ctrl-C is for us, and we end the servers
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    try:
        yield Server(name, process, health, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def free_port() -> int:
    """A free port of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
