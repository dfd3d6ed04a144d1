"""Serves the folder of a page on loopback, with the Pyodide that it asks for."""

from __future__ import annotations

import contextlib
import posixpath
from collections.abc import Iterator, Sequence
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".whl": "application/zip",
}


class Found(NamedTuple):
    """A file, and whether it is compressed with Brotli."""

    path: Path
    is_brotli: bool


def find(address: str, folder: Path, sites: Sequence[Path]) -> Found | None:
    """The file at an address: of the page's own folder, or else of a site.

    A site answers for the end of the address: ``/app/pyodide/pyodide.mjs`` is its ``pyodide/pyodide.mjs``.
    """
    path = posixpath.normpath(unquote(urlsplit(address).path)).lstrip("/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if any(part.startswith(".") for part in parts):
        return None
    own = folder.joinpath(*parts)
    if (own if parts else own / "index.html").is_file():
        return Found(own if parts else own / "index.html", False)
    if parts and (own / "index.html").is_file():
        return Found(own / "index.html", False)
    for site in sites:
        for start in range(len(parts)):
            carried = site.joinpath(*parts[start:])
            if carried.is_file():
                return Found(carried, False)
            compressed = carried.with_name(f"{carried.name}.br")
            if compressed.is_file():
                return Found(compressed, True)
    return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, *args: Any, folder: Path, sites: Sequence[Path]) -> None:
        self._folder, self._sites = folder, sites
        super().__init__(*args)

    def do_GET(self) -> None:
        found = find(self.path, self._folder, self._sites)
        body = found.path.read_bytes() if found else b"There is no such file.\n"
        name = found.path.name.removesuffix(".br") if found else ".txt"
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", TYPES.get(posixpath.splitext(name)[1], "text/plain; charset=utf-8"))
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-cache")
        if found and found.is_brotli:
            self.send_header("Content-Encoding", "br")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Tests have their own output."""


@contextlib.contextmanager
def serve(folder: Path, sites: Sequence[Path]) -> Iterator[str]:
    """Serve a folder at a free port of this machine, and what it lacks from the sites; the address ends in a slash."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, folder=folder, sites=sites))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
