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
from pathlib import Path

from environment import SetupError
from local_bot import local_bot
from paths import DIST
from servers import ServerError


def port_is_free(port: int) -> bool:
    """Whether both loopback addresses have the port free, as far as this machine has them."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            socket.create_server((host, port), family=family).close()
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
    return True


def run(port: int, site: Path) -> None:
    """Serves until a signal comes or a server ends.

    Raises:
        ServerError: the bot does not start, or has ended.
        SetupError: its environment could not be made.
    """
    openai = bool(os.environ.get("OPENAI_API_KEY"))
    voice = "OpenAI, with your OPENAI_API_KEY" if openai else "on this machine, no key needed"
    print(f"Starting the bot (speech and model: {voice})", flush=True)
    with local_bot(port, site, openai=openai) as bot:
        print(f"Open {bot.address} and allow the microphone. Ctrl-C ends the demo.", flush=True)
        while True:
            bot.check()
            time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--site", type=Path, default=DIST, help="the built site (default: dist)")
    arguments = parser.parse_args()
    port = arguments.port
    if not (arguments.site / "index.html").exists():
        sys.exit(f"{arguments.site} holds no page: run `make site` first")
    if not port_is_free(port):
        sys.exit(f"Port {port} is taken. Stop what uses it, or take another: make demo PORT={port + 1}")
    for ending in (signal.SIGINT, signal.SIGTERM):  # SIGINT too, which a shell's background jobs ignore
        signal.signal(ending, signal.default_int_handler)
    try:
        run(port, arguments.site.resolve())
    except KeyboardInterrupt:
        print("\nThe demo has ended.")
    except (ServerError, SetupError) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
