"""A port of this machine that a subcommand serves on."""

from __future__ import annotations

import socket

from rtvi_web_console.cli.errors import CommandError

MAX_PORT = 65_535


def listen(port: int) -> socket.socket:
    """A socket that listens at a port of the loopback; 0 takes a free one.

    Raises:
        CommandError: the port is taken, or is not a port.
    """
    if not 0 <= port <= MAX_PORT:
        raise CommandError(f"port {port} cannot be: choose a --port between 0 and {MAX_PORT}")
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise CommandError(
            f"port {port} of this machine cannot be served on ({error.strerror}): choose another --port"
        ) from None
