"""Puts a face into an application."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from starlette.applications import Starlette
from starlette.types import ASGIApp

from rtvi_web_console.carried import CarriedSite
from rtvi_web_console.face import Face
from rtvi_web_console.options import TITLE, Options

App = TypeVar("App", bound=ASGIApp)


def mount(
    app: App,
    path: str = "/face",
    start: str = "/start",
    transport: str = "webrtc",
    title: str = TITLE,
    script: str | Path | Sequence[str | Path] | None = None,
    connect: Iterable[str] = (),
    frame: Iterable[str] = (),
    *,
    reload: bool | None = None,
    site: CarriedSite | None = None,
) -> App | Face:
    """Serve a page for the bot at `path` of its app. Returns the app to serve.

    A Starlette or FastAPI app is changed in place; for any other ASGI app, serve what is returned. The page comes ahead
    of the app's routes, which stay as they are. A second call with the same path replaces the first, its site too.

    Args:
        path: the folder of the page in the app.
        start: the endpoint that starts the bot: a path in the app, or an http or https address elsewhere.
        transport: ``"webrtc"`` or ``"websocket"``.
        script: Python of yours that the page runs, which finds its client as ``client``. In a list, modules and wheels
            for it may follow. All are public. Relative paths begin at the folder of the file that calls this.
        connect: origins that the page may connect to, besides the app's own and that of `start`.
        frame: origins whose pages may show this page in a frame. The frame needs
            ``allow="microphone; camera; autoplay; display-capture"``.
        reload: whether open pages follow changes of `script`; by default, if the server has ``--reload``.
        site: another site than the wheel's, which a call without it serves.

    Raises:
        TypeError, ValueError, FileNotFoundError: an argument has a value that it cannot have.
        RuntimeError: the app has started already, or the package carries no site (SiteMissingError).
    """
    if not callable(app):
        raise TypeError(f"mount() needs an ASGI app, such as FastAPI's, and not {app!r}")
    caller = sys._getframe(1).f_globals.get("__file__")
    folder = Path(caller).resolve().parent if caller else None
    reload = "--reload" in sys.argv if reload is None else reload
    options = Options.of(
        path, start, transport, title, script, connect=connect, frame=frame, reload=reload, folder=folder
    )
    return _mounted(app, options, site or CarriedSite())


def _mounted(app: App, options: Options, site: CarriedSite) -> App | Face:
    found: object = app
    if isinstance(found, Starlette):
        _add(found, options, site)
        return app
    has_started = False
    while isinstance(found, Face):
        has_started = has_started or found.has_started
        if found.options.path == options.path:
            if _differs((found.options, found.site), options, site, started=has_started):
                found.options, found.site = options, site
            return app
        found = found.app
    _differs(None, options, site, started=has_started)
    return Face(app, options, site)


class _Stack:
    """Builds an app's stack with its faces in front, even of middleware that is added after them.

    The app's own rules for origins, hosts and log-ins are for the bot, and the files are public.
    """

    def __init__(self, build: Callable[[], ASGIApp]) -> None:
        self._build = build
        self.faces: dict[str, tuple[Options, CarriedSite]] = {}

    def __call__(self) -> ASGIApp:
        stack = self._build()
        for options, site in self.faces.values():
            stack = Face(stack, options, site)
        return stack


def _add(app: Starlette, options: Options, site: CarriedSite) -> None:
    """Put a face in front of the app, in place of one with the same path."""
    build: object = app.build_middleware_stack
    stack = build if isinstance(build, _Stack) else _Stack(app.build_middleware_stack)
    if _differs(stack.faces.get(options.path), options, site, started=app.middleware_stack is not None):
        stack.faces[options.path] = options, site
        app.build_middleware_stack = stack  # type: ignore[method-assign]


def _differs(face: tuple[Options, CarriedSite] | None, options: Options, site: CarriedSite, *, started: bool) -> bool:
    """Whether this call of mount() changes a face, or adds one.

    Raises:
        RuntimeError: it does, and the app has started.
    """
    if face is not None and face[0] == options and face[1].revision == site.revision:
        return False
    if started:
        raise RuntimeError(
            "mount() came too late: the app has started already. Call it where the app is made, before the server "
            "starts (with Pipecat's runner: anywhere before main())."
        )
    return True
