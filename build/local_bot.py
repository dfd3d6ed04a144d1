"""Runs examples/local_bot for the demo and the tests: the speech server, and the bot with the site at its root.

with local_bot(site=DIST) as bot:
    open(bot.address)
"""

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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from environment import environment
from paths import CACHE, ROOT

EXAMPLE = ROOT / "examples" / "local_bot"
START_TIMEOUT = 60.0  # seconds; the first start compiles and loads a lot
STOP_TIMEOUT = 5.0  # seconds

# Our servers are on this machine, whatever proxy the others are behind.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_PR_SET_PDEATHSIG = 1


class LocalBotError(Exception):
    """The bot does not run; the message says why, with the end of its log."""


@dataclass
class Server:
    """A process of ours that answers at `health` when it is ready. Its output is in `log`."""

    name: str
    process: subprocess.Popen[bytes]
    health: str
    log: Path

    def check(self) -> None:
        """Raises LocalBotError if the process has ended."""
        code = self.process.poll()
        if code is not None:
            end = "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])
            where = self.log.relative_to(ROOT)
            raise LocalBotError(f"The {self.name} ended with code {code}. The end of {where}:\n{end}")

    def wait_until_ready(self) -> None:
        """Raises LocalBotError if the process ends first, or does not answer in time."""
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline:
            self.check()
            with contextlib.suppress(urllib.error.URLError, OSError):
                _DIRECT.open(self.health, timeout=1).close()
                return
            time.sleep(0.05)
        raise LocalBotError(
            f"The {self.name} did not answer within {START_TIMEOUT:.0f} s; see {self.log.relative_to(ROOT)}"
        )


@dataclass
class LocalBot:
    """The running bot: the address of its site and API, and its processes (`servers[0]` is the bot itself)."""

    address: str
    servers: list[Server]

    def check(self) -> None:
        """Raises LocalBotError if a process has ended."""
        for server in self.servers:
            server.check()


@contextlib.contextmanager
def local_bot(
    port: int = 0, site: Path | None = None, *, origins: Sequence[str] = (), openai: bool = False
) -> Iterator[LocalBot]:
    """Starts the bot and waits until it answers; ends it on exit.

    On Linux the servers also end when the thread that called this ends, however that happens.

    Args:
        port: where it serves, on loopback; 0 takes a free one.
        site: a built site to serve at /.
        origins: other origins whose pages may use the bot, such as "http://127.0.0.1:8000".
        openai: use OpenAI's services with OPENAI_API_KEY from the environment, not the local speech server.

    Raises:
        LocalBotError: it doesn't start.
        SetupError: its environment could not be made.
    """
    python = bot_python()
    port = port or _free_port()
    address = f"http://localhost:{port}/"
    # "localhost" and no number: with any other host the runner tells clients to use wss.
    command = [str(EXAMPLE / "bot.py"), "--host", "localhost", "--port", str(port)]
    command += ["--allowed-origins", address.rstrip("/"), f"http://127.0.0.1:{port}", *origins]
    command += ["--site", str(site)] if site else []
    with contextlib.ExitStack() as stack:
        servers = []
        if not openai:
            speech = f"http://127.0.0.1:{(speech_port := _free_port())}"
            command += ["--speech-url", f"{speech}/v1"]
            serve_speech = [str(EXAMPLE / "speech_server.py"), "--port", str(speech_port)]
            log = CACHE / f"speech-server-{port}.log"
            server = _started(python, serve_speech, "speech server", f"{speech}/health", log)
            servers.append(stack.enter_context(server))
        log = CACHE / f"local-bot-{port}.log"
        servers.insert(0, stack.enter_context(_started(python, command, "bot", f"{address}status", log)))
        for server in servers:
            server.wait_until_ready()
        yield LocalBot(address, servers)


def bot_python() -> Path:
    """The Python of the bot's own environment, installed on first use."""
    return environment(ROOT / ".venv-bot", EXAMPLE / "requirements.txt")


def speak(phrases: Sequence[str], path: Path, lead_silence: float = 5.0, gap: float = 3.0) -> None:
    """Speaks `phrases` into a WAV for Chromium's fake microphone; see examples/local_bot/speak.py."""
    command = [bot_python(), EXAMPLE / "speak.py", path, *phrases]
    subprocess.run([*command, f"--lead-silence={lead_silence}", f"--gap={gap}"], check=True)


@contextlib.contextmanager
def _started(python: Path, command: list[str], name: str, health: str, log: Path) -> Iterator[Server]:
    hosts = "localhost,127.0.0.1"
    quiet = {"PYTHONUNBUFFERED": "1", "NO_PROXY": hosts, "no_proxy": hosts}
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(python), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | quiet,
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


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
