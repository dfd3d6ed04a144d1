"""ASGI middleware: a page for the bot, and its files, in one folder of an application."""

from __future__ import annotations

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rtvi_web_console.carried import CarriedSite
from rtvi_web_console.files import PUBLIC, answer, carried, own
from rtvi_web_console.options import Options
from rtvi_web_console.page import page

REVISION = "revision"
"""Where open pages ask whether the user's files have changed."""
PREFLIGHT = {**PUBLIC, "Access-Control-Allow-Methods": "GET, HEAD", "Access-Control-Max-Age": "86400"}


class Face:
    """Answers what is asked of its folder, and leaves everything else, WebSockets and lifespan too, to `app`.

    Args:
        site: another site than the wheel's.

    Attributes:
        has_started: whether a server has begun to call it.

    Raises:
        SiteMissingError: the package carries no site.
    """

    def __init__(self, app: ASGIApp, options: Options, site: CarriedSite | None = None) -> None:
        self.app = app
        self.options = options
        self.site = site or CarriedSite()
        self.has_started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.has_started = True
        response = await self._answer(scope) if scope["type"] == "http" else None
        if response and scope["method"] == "HEAD":
            response.body = b""  # the headers tell its length
        await (response or self.app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Response | None:
        """What the folder answers; None if something else is asked for."""
        path, folder = route_path(scope), self.options.path
        if path == folder and folder:
            return self._to_the_folder(scope)
        if not path.startswith(f"{folder}/"):
            return None
        if scope["method"] in ("GET", "HEAD"):
            found = await self._find(path.removeprefix(f"{folder}/"), Headers(scope=scope))
        elif not folder:
            return None  # the app's own endpoints are beside the files
        elif scope["method"] == "OPTIONS":
            return Response(status_code=204, headers=PREFLIGHT)
        else:
            return PlainTextResponse("Files can only be read.\n", 405, {**PUBLIC, "Allow": "GET, HEAD, OPTIONS"})
        if found or not folder:
            return found
        return PlainTextResponse("There is no such file.\n", 404, {**PUBLIC, "Cache-Control": "no-store"})

    async def _find(self, name: str, request: Headers) -> Response | None:
        options = self.options
        if name == "":
            return self._page(request)
        if name == REVISION and options.reload:
            revision = await to_thread.run_sync(options.own.revision)
            return PlainTextResponse(f"{self.site.revision} {revision}", headers={"Cache-Control": "no-store"})
        if path := options.own.find(name):
            return await own(path, request)
        revision, _, rest = name.partition("/")
        if immutable := revision == self.site.revision:
            name = rest
        return await carried(self.site, name, request, immutable=immutable) if name in self.site.files else None

    def _page(self, request: Headers) -> Response:
        html = page(self.options, self.site.revision)
        headers = {
            "Content-Type": "text/html; charset=utf-8",
            "Content-Security-Policy": self.options.policy,
            **PUBLIC,
        }
        return answer(html.encode(), headers, request)

    def _to_the_folder(self, scope: Scope) -> Response:
        """A redirect that is relative, for a proxy may have taken a prefix away."""
        query = scope["query_string"].decode("latin-1")
        address = f"{self.options.path.rpartition('/')[2]}/" + (f"?{query}" if query else "")
        return Response(status_code=307, headers={"Location": address})


def route_path(scope: Scope) -> str:
    """The path in the app, without the prefix that a proxy or a mount has added (`root_path`)."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    return path.removeprefix(root) if path == root or path.startswith(f"{root}/") else path
