"""``rtvi-web console --bot URL``: a page for a bot that runs somewhere, on this machine."""

from __future__ import annotations

import argparse
import sys
import threading
import webbrowser
from collections.abc import Iterable
from urllib.parse import urlsplit

import uvicorn

from rtvi_web.core.masking import masked_url
from rtvi_web_console.carried import CarriedSite, SiteMissingError
from rtvi_web_console.cli.checks.address import UnreachableError, of_a_bot
from rtvi_web_console.cli.errors import CommandError
from rtvi_web_console.cli.forward import Forwarder, OnlyLocal
from rtvi_web_console.cli.listening import listen
from rtvi_web_console.face import Face
from rtvi_web_console.options import TITLE, TRANSPORTS, Options

NAME = "console"
HELP = "Open a page for a bot that runs somewhere."
PORT = 7870


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--bot", required=True, metavar="URL", help="the bot's server, or its start endpoint")
    parser.add_argument("--transport", choices=TRANSPORTS, default=TRANSPORTS[0], help="default: %(default)s")
    parser.add_argument("--title", default=TITLE, help="of the page")
    parser.add_argument("--script", help="Python of yours that the page runs, which finds its client as `client`")
    parser.add_argument("--port", type=int, default=PORT, help="of the page; 0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--connect", action="append", default=[], metavar="ORIGIN", help="another origin that the page may connect to"
    )
    parser.add_argument(
        "--frame", action="append", default=[], metavar="ORIGIN", help="an origin whose pages may show it in a frame"
    )
    parser.add_argument(
        "--until-eof", action="store_true", help="end with the standard input, as of a notebook's kernel"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open the browser")


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    app = console(
        arguments.bot,
        transport=arguments.transport,
        title=arguments.title,
        script=arguments.script,
        connect=arguments.connect,
        frame=arguments.frame,
    )
    listener = listen(arguments.port)
    address = f"http://localhost:{listener.getsockname()[1]}/"
    sys.stdout.write(f"The page is at {address} and talks to {masked_url(arguments.bot)} (Ctrl-C ends it)\n")
    sys.stdout.flush()
    if not arguments.no_browser:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    if arguments.until_eof:
        threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    with listener:
        server.run(sockets=[listener])
    return 0


def _end_with_input(server: uvicorn.Server) -> None:
    """End the server when whatever started this one ends."""
    sys.stdin.read()
    server.should_exit = server.force_exit = True


def console(
    bot: str,
    *,
    transport: str = TRANSPORTS[0],
    title: str = TITLE,
    script: str | None = None,
    connect: Iterable[str] = (),
    frame: Iterable[str] = (),
    site: CarriedSite | None = None,
) -> OnlyLocal:
    """The page for a bot, as an ASGI app for this machine.

    Raises:
        CommandError: an option cannot be used, or the package carries no site.
    """
    try:
        url = of_a_bot(bot)
        path = urlsplit(url)
        # Requests are passed on, so the policy needs the bot's address for a WebSocket alone. It cannot name IPv6.
        links = [] if ":" in (path.hostname or "") else [url]
        start = path.path + (f"?{path.query}" if path.query else "")
        options = Options.of("/", start, transport, title, script, connect=[*links, *connect], frame=frame)
        return OnlyLocal(Face(Forwarder(url), options, site))
    except (UnreachableError, ValueError, FileNotFoundError, SiteMissingError) as error:
        raise CommandError(str(error)) from None
