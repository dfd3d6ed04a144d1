"""Runs examples/seed_bot behind examples/connect_endpoint for the tests: a whole server side of the seed era.

with seed_bot(origins=["http://localhost:7860"]) as bot:
    requests go to bot.connect_url
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from environment import environment
from local_bot import EXAMPLE as LOCAL_BOT
from local_bot import bot_python
from paths import CACHE, ROOT
from servers import Server, free_port, started

EXAMPLE = ROOT / "examples" / "seed_bot"
CONNECT_ENDPOINT = ROOT / "examples" / "connect_endpoint" / "connect_endpoint.py"
API_KEYS = {"openai": "sk-secret-of-openai", "together": "sk-secret-of-together"}
"""No real keys: both providers are local speech servers, whatever the environment holds."""


@dataclass
class SeedBot:
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


def seed_python() -> Path:
    """The Python of the seed bot's own environment, installed on first use."""
    return environment(ROOT / ".venv-seed", EXAMPLE / "requirements.txt")


@contextlib.contextmanager
def seed_bot(*, origins: Sequence[str] = ()) -> Iterator[SeedBot]:
    """Starts everything on free ports of loopback and waits until it answers; ends it on exit.

    Args:
        origins: whose pages may use the bot, such as "http://localhost:7860".

    Raises:
        ServerError: a server doesn't start.
        SetupError: an environment could not be made.
    """
    speech_python = bot_python()
    with contextlib.ExitStack() as stack:
        ports = {provider: free_port() for provider in API_KEYS}
        providers = [stack.enter_context(_provider(speech_python, *provider)) for provider in ports.items()]
        # The bot's server has no keys of its own: it gets them with each start.
        environment = {f"{name.upper()}_BASE_URL": f"http://127.0.0.1:{port}/v1" for name, port in ports.items()}
        environment |= dict.fromkeys(_variables(), "")
        bot_url = f"http://127.0.0.1:{(port := free_port())}"
        command = [str(EXAMPLE / "server.py"), "--port", str(port), "--for-tests", *_options(origins)]
        log = CACHE / f"seed-bot-{port}.log"
        bot = stack.enter_context(started(seed_python(), command, "seed bot", f"{bot_url}/health", log, environment))
        connect_url, endpoint = stack.enter_context(connect_endpoint(bot_url, origins=origins))
        running = SeedBot(connect_url, bot_url, endpoint, bot, providers)
        for server in (*providers, bot):
            server.wait_until_ready()
        yield running


@contextlib.contextmanager
def connect_endpoint(
    bot_url: str, *, origins: Sequence[str] = (), defaults: Path | None = None
) -> Iterator[tuple[str, Server]]:
    """Starts a connect endpoint in front of a bot's server; its URL and process.

    Args:
        defaults: a JSON file with `services` and `config` for pages that send none.
    """
    url = f"http://127.0.0.1:{(port := free_port())}"
    command = [str(CONNECT_ENDPOINT), "--port", str(port), "--bot-url", bot_url, *_options(origins)]
    if defaults:
        command += ["--defaults", str(defaults)]
    log = CACHE / f"connect-endpoint-{port}.log"
    with started(seed_python(), command, "connect endpoint", f"{url}/health", log, _variables()) as server:
        server.wait_until_ready()
        yield url, server


def _provider(python: Path, name: str, port: int) -> contextlib.AbstractContextManager[Server]:
    """The local speech server in the part of one provider, which says who it is when it is asked."""
    phrases = EXAMPLE / "models" / f"{name}.json"
    command = [str(LOCAL_BOT / "speech_server.py"), "--port", str(port), "--phrases", str(phrases)]
    return started(python, command, name, f"http://127.0.0.1:{port}/health", CACHE / f"{name}-{port}.log")


def _options(origins: Sequence[str]) -> list[str]:
    return [word for origin in origins for word in ("--origin", origin)]


def _variables() -> dict[str, str]:
    return {f"{provider.upper()}_API_KEY": key for provider, key in API_KEYS.items()}
