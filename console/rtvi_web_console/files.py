"""Answers with files that any page may use: compressed as its browser takes it, and kept as long as possible."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.responses import Response

from rtvi_web_console.carried import CarriedSite
from rtvi_web_console.negotiation import best_form, is_known
from rtvi_web_console.script import content

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".py": "text/x-python; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".whl": "application/zip",
    ".zip": "application/zip",
}
PUBLIC = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
"""Files are public: the page of any origin may load them, without credentials."""
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"


async def carried(site: CarriedSite, name: str, request: Headers, *, immutable: bool) -> Response:
    """A file of the site, which has one of this name."""
    file = site.files[name]
    form = best_form(request.get("accept-encoding", ""))
    headers = {
        "Cache-Control": IMMUTABLE if immutable else REVALIDATED,
        "Content-Type": media_type(name),
        "Vary": "Accept-Encoding",
        **PUBLIC,
    }
    if form != "identity":
        headers["Content-Encoding"] = form
    etag = f'"{file.sha256[:24]}-{form}"'
    if is_known(etag, request.get("if-none-match", "")):
        return unchanged(headers, etag)
    return made(await to_thread.run_sync(site.read, name, form), headers, etag)


async def own(path: Path, request: Headers) -> Response | None:
    """A file of the user, as it is now; None if it is gone."""
    data = await to_thread.run_sync(content, path)
    return None if data is None else answer(data, {"Content-Type": media_type(path.name), **PUBLIC}, request)


def answer(data: bytes, headers: Mapping[str, str], request: Headers) -> Response:
    """What is asked for again each time, and sent if it has changed."""
    headers = {"Cache-Control": REVALIDATED, **headers}
    etag = f'"{hashlib.sha256(data).hexdigest()[:24]}"'
    known = is_known(etag, request.get("if-none-match", ""))
    return unchanged(headers, etag) if known else made(data, headers, etag)


def unchanged(headers: Mapping[str, str], etag: str) -> Response:
    """304, with what a browser updates of what it has."""
    described = ("Content-Type", "Content-Encoding")
    return Response(status_code=304, headers={k: v for k, v in headers.items() if k not in described} | {"ETag": etag})


def made(data: bytes, headers: Mapping[str, str], etag: str) -> Response:
    return Response(data, headers={**headers, "ETag": etag})


def media_type(name: str) -> str:
    """The type of a file, also of a user's: ours first, since a system's list may lack or change them."""
    known = TYPES.get(PurePosixPath(name).suffix.lower())
    return known or mimetypes.guess_type(name, strict=False)[0] or "application/octet-stream"
