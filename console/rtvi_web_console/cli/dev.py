"""``rtvi-web dev DIR``: serves a page on this machine, and shows in open pages what was saved."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from urllib.parse import quote

import uvicorn
from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from rtvi_web_console.carried import CarriedSite, SiteMissingError
from rtvi_web_console.cli.checks.address import UnreachableError, of_a_bot
from rtvi_web_console.cli.errors import CommandError
from rtvi_web_console.cli.forward import Forwarder, OnlyLocal
from rtvi_web_console.cli.listening import listen
from rtvi_web_console.cli.project import Project
from rtvi_web_console.files import carried, media_type
from rtvi_web_console.script import content

NAME = "dev"
HELP = "Serve a page on this machine; open pages show what is saved."
PORT = 7871
LIVE = b'<script type="module" src="/live.js"></script>'
REVISION = "/revision"
"""Where live.js asks whether something has changed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder of the page")
    parser.add_argument("--bot", metavar="URL", help="the bot's server, which gets all other requests")
    parser.add_argument("--port", type=int, default=PORT, help="of the page; 0 takes a free one (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    app = dev(arguments.folder, bot=arguments.bot)
    listener = listen(arguments.port)
    sys.stdout.write(f"The page is at http://localhost:{listener.getsockname()[1]}/ (Ctrl-C ends it)\n")
    sys.stdout.flush()
    with listener:
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listener])
    return 0


def dev(folder: Path, *, bot: str | None = None, site: CarriedSite | None = None) -> OnlyLocal:
    """The page of a folder, as an ASGI app for this machine.

    Raises:
        CommandError: the folder has no page, the bot's address cannot be used, or the package carries no site.
    """
    try:
        return OnlyLocal(_Dev(Project(folder, site or CarriedSite()), Forwarder(of_a_bot(bot)) if bot else None))
    except (UnreachableError, SiteMissingError) as error:
        raise CommandError(str(error)) from None


class _Dev:
    """Serve the user's files and the site's; the bot answers everything else."""

    def __init__(self, project: Project, bot: Forwarder | None) -> None:
        self._project = project
        self._bot = bot

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(scope) if scope["type"] == "http" else None
        if response is None and self._bot:
            await self._bot(scope, receive, send)
        elif response is not None:
            await response(scope, receive, send)
        elif scope["type"] == "http":
            text = "There is no such file, and no bot: `rtvi-web dev DIR --bot URL` names one.\n"
            await PlainTextResponse(text, 404)(scope, receive, send)
        else:
            await Forwarder("http://localhost")(scope, receive, send)  # lifespan, and WebSockets, which it refuses

    async def _answer(self, scope: Scope) -> Response | None:
        if scope["method"] not in ("GET", "HEAD"):
            return None
        path: str = scope["path"]
        if path == REVISION:
            return PlainTextResponse(
                await to_thread.run_sync(self._project.revision), headers={"Cache-Control": "no-store"}
            )
        found = await to_thread.run_sync(self._project.find, path)
        if isinstance(found, str):
            return await carried(self._project.site, found, Headers(scope=scope), immutable=False)
        data = await to_thread.run_sync(content, found) if found else None
        if found is None or data is None:
            return None
        if found.name == "index.html" and not path.endswith(("/", "/index.html")):
            folder = quote(path.rpartition("/")[2])  # with its slash, so that relative addresses begin in it
            return Response(status_code=307, headers={"Location": f"{folder}/"})
        if found.suffix == ".html":
            data += LIVE
        return Response(data, headers={"Content-Type": media_type(found.name), "Cache-Control": "no-store"})
