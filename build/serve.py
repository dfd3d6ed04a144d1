"""Serves dist/ or another folder on loopback: `python build/serve.py --port 8000 --prefix /some/sub/path/`.

Brotli where the browser takes it, else gzip; a strict Content-Security-Policy; and caching such that a second visit
transfers nothing but revalidations. `site(app, folder)` does the same inside another ASGI application's process.

Requests for another host name are refused, against DNS rebinding: a foreign page may point its own name at this
machine, but its requests still carry that name. Hidden files are not served.
"""

import argparse
import contextlib
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

import uvicorn
from csp import policy
from paths import DIST
from servestatic import ServeStaticASGI
from starlette.middleware.trustedhost import TrustedHostMiddleware

# Addresses that carry a hash of the content never change: our wheels (0d9a81fc23b1/thing.whl), the snapshot and what
# restores it (in such a folder, too), and PyScript's chunks (core-C9KDLldu.js).
HASHED_ADDRESS = re.compile(r"/[0-9a-f]{12}/[^/]+\.(?:whl|snapshot|mjs)$|-(?=[\w-]*[A-Z0-9])[\w-]{8}\.js$")
MEDIA_TYPES = {".mjs": "text/javascript", ".wasm": "application/wasm", ".whl": "application/zip"}
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")


class Site(ServeStaticASGI):
    """Serves the files of a folder, but none that is hidden."""

    def find_file(self, url: str) -> Any:
        return None if "/." in url else super().find_file(url)


def site(app: Any, folder: Path | str = DIST, prefix: str = "/") -> Site:
    """ASGI middleware that serves `folder` under `prefix` and leaves every other request to `app` (None: 404).

    With FastAPI or Starlette: `app.add_middleware(site, folder=...)`.
    """
    return Site(
        app,
        root=folder,
        prefix=prefix,
        index_file=True,
        autorefresh=True,  # a build while this runs shows at the next reload
        max_age=None,
        allow_all_origins=False,
        mimetypes=MEDIA_TYPES,
        add_headers_function=_add_headers,
    )


def only_as_loopback(app: Any, *others: str) -> TrustedHostMiddleware:
    """ASGI middleware that answers 400 to a request for another host than this machine, or than those named."""
    return TrustedHostMiddleware(app, allowed_hosts=[*LOOPBACK_NAMES, *others], www_redirect=False)


def _add_headers(headers: Headers, path: str, url: str) -> None:
    immutable = HASHED_ADDRESS.search(url)
    headers["Cache-Control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Content-Security-Policy"] = policy(Path(path).read_text() if path.endswith(".html") else "")


@contextlib.contextmanager
def serve(folder: Path | str = DIST, prefix: str = "/", port: int = 0, app: Any = None) -> Iterator[str]:
    """Serves in a thread, at a free port unless one is given; the value is the address, ending in `prefix`."""
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(_config(only_as_loopback(site(app, folder, prefix))))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        # The socket listens already: what comes before the server is up waits in its queue.
        yield address(listener.getsockname()[1], prefix)
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def address(port: int, prefix: str) -> str:
    """The site's address, which browsers take for a secure context."""
    path = prefix.strip("/")
    return f"http://127.0.0.1:{port}/{path + '/' if path else ''}"


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1)


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the site on loopback.")
    parser.add_argument("folder", nargs="?", type=Path, default=DIST)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--prefix", default="/", help="the path the site is served under")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        parser.exit(1, f"{arguments.folder} does not exist: run `make site` first\n")
    try:
        with serve(arguments.folder, arguments.prefix, arguments.port) as url:
            print(f"Serving {arguments.folder} at {url} (Ctrl-C ends it)", flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        pass
    except OSError as error:
        parser.exit(1, f"Port {arguments.port} of this machine can't be served on ({error}): choose another --port\n")


if __name__ == "__main__":
    main()
