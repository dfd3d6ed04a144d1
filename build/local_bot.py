"""Runs examples/local_bot for the demo and the tests: the speech server, and the bot with the site at its root.

The realtime server of tests/servers/realtime is served at the same address, for static/realtime.html.

with local_bot(site=DIST) as bot:
    open(bot.address)
"""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from environment import environment
from paths import CACHE, ROOT
from servers import Server, free_port, started

EXAMPLE = ROOT / "examples" / "local_bot"


@dataclass
class LocalBot:
    """The running bot: the address of its site and API, and its processes (`servers[0]` is the bot itself)."""

    address: str
    servers: list[Server]

    def check(self) -> None:
        """Raises ServerError if a process has ended."""
        for server in self.servers:
            server.check()


@contextlib.contextmanager
def local_bot(
    port: int = 0,
    site: Path | None = None,
    *,
    live: Path | None = None,
    host: str = "localhost",
    origins: Sequence[str] = (),
    host_names: Sequence[str] = (),
    openai: bool = False,
    start_delay: float = 0.0,
    ws_auth: bool = False,
) -> Iterator[LocalBot]:
    """Starts the bot and waits until it answers; ends it on exit, on Linux also when the calling thread ends.

    Args:
        port: where it serves, on loopback; 0 takes a free one.
        site: a built site to serve at /.
        live: a folder to serve in front of the site, whose pages load themselves again when it changes.
        host: where it listens; with another than "localhost" the runner tells WebSocket clients to use wss.
        origins: other origins whose pages may use the bot, such as "http://127.0.0.1:8000".
        host_names: other names of this machine that the address may have.
        openai: use OpenAI's services with OPENAI_API_KEY from the environment, not the local speech server.
        start_delay: seconds that the bot of a session takes until it makes its transport.
        ws_auth: whether a WebSocket needs a token from /start.

    Raises:
        ServerError: it doesn't start.
        SetupError: its environment could not be made.
    """
    python = bot_python()
    port = port or free_port()
    address = f"http://{host}:{port}/"
    command = [str(EXAMPLE / "bot.py"), "--host", host, "--port", str(port)]
    command += ["--allowed-origins", address.rstrip("/"), f"http://127.0.0.1:{port}", *origins]
    command += ["--start-delay", str(start_delay), "--realtime", *(["--site", str(site)] if site else [])]
    command += [argument for name in host_names for argument in ("--host-name", name)]
    command += ["--live", str(live)] if live else []
    command += ["--ws-auth", "token"] if ws_auth else []
    with contextlib.ExitStack() as stack:
        command += ["--uploads-folder", stack.enter_context(tempfile.TemporaryDirectory())]
        servers = []
        if not openai:
            url, speaking = _speech_server(python, port)
            command += ["--speech-url", url]
            servers.append(stack.enter_context(speaking))
        bot = started(python, command, "bot", f"{address}status", CACHE / f"local-bot-{port}.log")
        servers.insert(0, stack.enter_context(bot))
        for server in servers:
            server.wait_until_ready()
        yield LocalBot(address, servers)


def _speech_server(python: Path, port: int) -> tuple[str, contextlib.AbstractContextManager[Server]]:
    """The local speech server for the bot at a port: its API's URL, and what starts it."""
    url = f"http://127.0.0.1:{(speech_port := free_port())}"
    command = [str(EXAMPLE / "speech_server.py"), "--port", str(speech_port)]
    return f"{url}/v1", started(python, command, "speech server", f"{url}/health", CACHE / f"speech-server-{port}.log")


def bot_python() -> Path:
    """The Python of the bot's own environment, installed on first use."""
    return environment(ROOT / ".venv-bot", EXAMPLE / "requirements.txt")


def speak(phrases: Sequence[str], path: Path, lead_silence: float = 5.0, gap: float = 3.0) -> None:
    """Speaks `phrases` into a WAV for Chromium's fake microphone; see examples/local_bot/speak.py."""
    command = [str(bot_python()), str(EXAMPLE / "speak.py"), str(path), *phrases]
    subprocess.run([*command, f"--lead-silence={lead_silence}", f"--gap={gap}"], check=True)
