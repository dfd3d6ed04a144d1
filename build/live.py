"""ASGI middleware for `make dev`: serves a folder, and tells its pages when the folder has changed (see live.js)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from serve import site
from starlette.responses import StreamingResponse
from watchfiles import awatch

CHANGES = "/live-changes"
REVISION = "revision.txt"
"""The file that names the state of the folder. It is written after all others."""


class Live:
    """Serves `folder`, and leaves every other request to `app`."""

    def __init__(self, app: Any, folder: Path) -> None:
        self._site = site(app, folder)
        self._folder = folder

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == CHANGES:
            headers = {"Cache-Control": "no-store"}
            answer = StreamingResponse(self._revisions(), headers=headers, media_type="text/event-stream")
            await answer(scope, receive, send)
        else:
            await self._site(scope, receive, send)

    async def _revisions(self) -> AsyncIterator[str]:
        """The state of the folder as an event, now and after each change, and every second."""
        yield self._event()
        async for _ in awatch(self._folder, step=20, rust_timeout=1000, yield_on_timeout=True):
            yield self._event()

    def _event(self) -> str:
        return f"data: {(self._folder / REVISION).read_text()}\n\n"
