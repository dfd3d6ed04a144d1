"""Runs tests/servers/rtvi_0_3_bot behind examples/connect_endpoint: a whole server side of RTVI 0.3.

with rtvi_0_3_servers(origins=["http://localhost:7860"]) as servers:
    requests go to servers.connect_url
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from environment import environment
from local_bot import EXAMPLE as LOCAL_BOT
from local_bot import LocalBot, bot_python
from paths import CACHE, ROOT
from servers import Server, free_port, started

BOT = ROOT / "tests" / "servers" / "rtvi_0_3_bot"
CONNECT_ENDPOINT = ROOT / "examples" / "connect_endpoint" / "connect_endpoint.py"
API_KEYS = {name: f"sk-secret-of-{name}" for name in ("openai", "together", "deepgram", "cartesia")}
"""Not real keys: all providers are local speech servers, whatever the environment holds."""
PROVIDERS = {"openai": ("openai", "deepgram", "cartesia"), "together": ("together",)}
"""The local speech servers, and whose parts each of them takes."""


@dataclass
class Rtvi03Servers:
    """The running servers.

    Attributes:
        connect_url: the connect endpoint, where a page's base URL points.
        bot_url: the bot's own server; `/received` there shows what the connect endpoint has sent.
        connect_endpoint, bot, providers: the processes; `bot.process.pid` for signals, `bot.log` to read.
    """

    connect_url: str
    bot_url: str
    connect_endpoint: Server
    bot: Server
    providers: list[Server]

    def check(self) -> None:
        """Raises ServerError if a process has ended."""
        for server in (self.connect_endpoint, self.bot, *self.providers):
            server.check()


def rtvi_0_3_python() -> Path:
    """The Python of the bot's own environment, installed on first use."""
    return environment(ROOT / ".venv-rtvi-0.3", BOT / "requirements.txt")


@contextlib.contextmanager
def rtvi_0_3_servers(*, origins: Sequence[str] = ()) -> Iterator[Rtvi03Servers]:
    """Starts everything on free ports of loopback and waits until it answers; ends it on exit.

    Args:
        origins: whose pages may use the bot, such as "http://localhost:7860".

    Raises:
        ServerError: a server doesn't start.
        SetupError: an environment could not be made.
    """
    speech_python = bot_python()
    with contextlib.ExitStack() as stack:
        ports = {name: free_port() for name in PROVIDERS}
        providers = [stack.enter_context(_provider(speech_python, *provider)) for provider in ports.items()]
        # The bot's server has no keys of its own: it gets them with each start.
        environment = {
            f"{part.upper()}_BASE_URL": f"http://127.0.0.1:{ports[name]}/v1"
            for name, parts in PROVIDERS.items()
            for part in parts
        }
        environment |= dict.fromkeys(_variables(), "")
        bot_url = f"http://127.0.0.1:{(port := free_port())}"
        command = [str(BOT / "server.py"), "--port", str(port), "--for-tests", *_options(origins)]
        log = CACHE / f"rtvi-0.3-bot-{port}.log"
        bot = stack.enter_context(
            started(rtvi_0_3_python(), command, "RTVI 0.3 bot", f"{bot_url}/health", log, environment)
        )
        connect_url, endpoint = stack.enter_context(connect_endpoint(bot_url, origins=origins))
        running = Rtvi03Servers(connect_url, bot_url, endpoint, bot, providers)
        for server in (*providers, bot):
            server.wait_until_ready()
        yield running


@pytest.fixture(scope="session", name="rtvi_0_3_server")
def start_rtvi_0_3_server(bot: LocalBot) -> Iterator[Rtvi03Servers]:
    """One connect endpoint and one bot for the whole run, for the pages that the local bot serves."""
    with rtvi_0_3_servers(origins=[bot.address.rstrip("/")]) as running:
        yield running
        running.check()


@contextlib.contextmanager
def connect_endpoint(
    bot_url: str, *, origins: Sequence[str] = (), defaults: Path | None = None, requests: int = 1000
) -> Iterator[tuple[str, Server]]:
    """Starts a connect endpoint in front of a bot's server; its URL and process.

    Args:
        defaults: a JSON file with `services` and `config` for pages that send none.
        requests: how many it takes in a minute from one address.
    """
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [str(CONNECT_ENDPOINT), "--port", str(port), "--bot-url", bot_url, *_options(origins)]
    command += ["--requests", str(requests)]
    if defaults:
        command += ["--defaults", str(defaults)]
    log = CACHE / f"connect-endpoint-{port}.log"
    with started(rtvi_0_3_python(), command, "connect endpoint", f"{url}/health", log, _variables()) as server:
        server.wait_until_ready()
        yield url, server


def _provider(python: Path, name: str, port: int) -> contextlib.AbstractContextManager[Server]:
    """The local speech server in the part of one provider, which says who it is when it is asked."""
    phrases = BOT / "models" / f"{name}.json"
    command = [str(LOCAL_BOT / "speech_server.py"), "--port", str(port), "--phrases", str(phrases)]
    return started(python, command, name, f"http://127.0.0.1:{port}/health", CACHE / f"{name}-{port}.log")


def _options(origins: Sequence[str]) -> list[str]:
    return [word for origin in origins for word in ("--origin", origin)]


def _variables() -> dict[str, str]:
    return {f"{provider.upper()}_API_KEY": key for provider, key in API_KEYS.items()}
