"""Starts the local bot with the page: `python3 build/demo.py --port 7860`. `make demo` runs this.

With OPENAI_API_KEY in the environment the bot uses OpenAI's services; without it everything is on this machine.
"""

import argparse
import errno
import os
import signal
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from environment import SetupError
from local_bot import local_bot
from paths import DIST
from servers import ServerError

CHECK_INTERVAL = 0.2  # seconds


def port_is_free(port: int) -> bool:
    """Whether the port is free on the loopback addresses that this machine has."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            socket.create_server((host, port), family=family).close()
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
    return True


def run(port: int, moments: Iterable[object], *, live: Path | None = None) -> None:
    """Serves dist/ with the bot until a signal comes; exits with a message if that is not possible.

    Args:
        moments: yields every now and then; then the bot is checked.
        live: a folder that is served in front of dist/, whose pages load themselves again when it changes.
    """
    if not (DIST / "index.html").exists():
        sys.exit(f"{DIST} holds no page: run `make site` first")
    if not port_is_free(port):
        sys.exit(f"Port {port} is taken. Stop what uses it, or name another, such as PORT={port + 1}")
    for ending in (signal.SIGINT, signal.SIGTERM):  # SIGINT too, which a shell's background jobs ignore
        signal.signal(ending, signal.default_int_handler)
    openai = bool(os.environ.get("OPENAI_API_KEY"))
    voice = "OpenAI, with your OPENAI_API_KEY" if openai else "on this machine, no key needed"
    print(f"Starting the bot (speech and model: {voice})", flush=True)
    try:
        with local_bot(port, DIST, live=live, openai=openai) as bot:
            print(f"Open {bot.address} and allow the microphone. Ctrl-C ends the bot.", flush=True)
            for _ in moments:
                bot.check()
    except KeyboardInterrupt:
        print("\nThe bot has ended.")
    except (ServerError, SetupError) as error:
        sys.exit(str(error))


def ticks() -> Iterator[None]:
    """A moment every CHECK_INTERVAL."""
    while True:
        yield
        time.sleep(CHECK_INTERVAL)


def main() -> None:
    parser = argparse.ArgumentParser(description="Start the local bot with the page.")
    parser.add_argument("--port", type=int, default=7860)
    run(parser.parse_args().port, ticks())


if __name__ == "__main__":
    main()
