"""The site server: encodings, policy, caching, sub-paths."""

import base64
import hashlib
import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from csp import policy
from serve import serve

pytestmark = pytest.mark.build

PREFIX = "/some/sub/path/"
PYSCRIPT = '<script type="module" src="pyscript/core.js"></script>'
INLINE = "console.log('hello')"
HASHED = [f"0d9a81fc23b1/{name}" for name in ("a.whl", "boot.snapshot", "restore.mjs")]
"""In a folder that is named after their content."""


class Site:
    """A server's answers."""

    def __init__(self, url: str) -> None:
        self.address = urlsplit(url)

    def get(self, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(self.address.hostname or "", self.address.port, timeout=10)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response, body


async def api(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The application that the site is served beside."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": f"api {scope['method']} {scope['path']}".encode()})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    (folder / "index.html").write_text("<p>index</p>")
    (folder / "pyscript.html").write_text(PYSCRIPT)
    (folder / "pyodide.asm.wasm").write_bytes(b"plain" * 9)
    (folder / "pyodide.asm.wasm.br").write_bytes(b"br")
    (folder / "pyodide.asm.wasm.gz").write_bytes(b"gzip")
    (folder / "0d9a81fc23b1").mkdir()
    for name in (*HASHED, "core-C9KDLldu.js", "py-terminal.js", "a.mjs", "a.whl", "a.zip"):
        (folder / name).write_text("content")
    return folder


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[Site]:
    with serve(folder, PREFIX, app=api) as url:
        assert url.endswith(PREFIX)
        yield Site(url)


@pytest.mark.parametrize(
    ("accepted", "encoding", "body"),
    [("gzip, deflate, br, zstd", "br", b"br"), ("gzip, deflate", "gzip", b"gzip"), ("identity", None, b"plain" * 9)],
)
def test_the_smallest_encoding_the_browser_takes(site: Site, accepted: str, encoding: str | None, body: bytes) -> None:
    response, received = site.get(f"{PREFIX}pyodide.asm.wasm", Accept_Encoding=accepted)
    assert (response.status, response.getheader("Content-Encoding"), received) == (200, encoding, body)
    assert response.getheader("Content-Type") == "application/wasm"
    assert response.getheader("Vary") == "Accept-Encoding"


def test_media_types(site: Site) -> None:
    types = {name: site.get(PREFIX + name)[0].getheader("Content-Type", "") for name in ("a.mjs", "a.whl", "a.zip")}
    assert types["a.mjs"].startswith("text/javascript;")
    assert types["a.whl"] == types["a.zip"] == "application/zip"


def test_files_are_revalidated_and_hashed_addresses_are_immutable(site: Site) -> None:
    first, _ = site.get(f"{PREFIX}pyodide.asm.wasm")
    assert first.getheader("Cache-Control") == "no-cache"
    again, body = site.get(f"{PREFIX}pyodide.asm.wasm", If_None_Match=first.getheader("ETag") or "")
    assert (again.status, body) == (304, b"")
    for name in ("core-C9KDLldu.js", *HASHED):
        assert "immutable" in (site.get(PREFIX + name)[0].getheader("Cache-Control") or "")
    assert site.get(f"{PREFIX}py-terminal.js")[0].getheader("Cache-Control") == "no-cache"


def test_a_page_gets_the_strict_policy_and_only_pyscript_may_eval(site: Site) -> None:
    response, body = site.get(PREFIX)
    assert body == b"<p>index</p>"
    strict = response.getheader("Content-Security-Policy") or ""
    assert "default-src 'none'" in strict
    assert "script-src 'self' 'wasm-unsafe-eval';" in strict
    relaxed = site.get(f"{PREFIX}pyscript.html")[0].getheader("Content-Security-Policy")
    assert relaxed == strict.replace("'wasm-unsafe-eval'", "'wasm-unsafe-eval' 'unsafe-eval'")


def test_inline_scripts_are_allowed_by_their_hash_and_python_needs_none() -> None:
    digest = base64.b64encode(hashlib.sha256(INLINE.encode()).digest()).decode()
    page = f'<script type="module">{INLINE}</script><script type="py">print()</script><script src="a.js"></script>'
    assert f"script-src 'self' 'wasm-unsafe-eval' 'sha256-{digest}';" in policy(page)


def test_all_other_addresses_are_the_applications(site: Site) -> None:
    assert site.get("/api/offer")[1] == b"api GET /api/offer"
    assert site.get(f"{PREFIX}missing.html")[1] == f"api GET {PREFIX}missing.html".encode()
    assert site.get(f"{PREFIX}../../../../etc/passwd")[1].startswith(b"api GET")


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1.rebound.example", "localhost.", "", "10.0.0.1:80"])
def test_a_foreign_host_name_is_refused(site: Site, host: str) -> None:
    for path in (PREFIX, "/api/offer"):
        assert site.get(path, Host=host)[0].status == 400


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LocalHost"])
def test_the_names_of_this_machine_are_served(site: Site, host: str) -> None:
    assert site.get(PREFIX, Host=host)[1] == b"<p>index</p>"


@pytest.mark.parametrize("path", [".env", ".git/config", "0d9a81fc23b1/.secret", "%2eenv"])
def test_hidden_files_are_not_served(site: Site, folder: Path, path: str) -> None:
    file = folder / path.replace("%2e", ".")
    file.parent.mkdir(exist_ok=True)
    file.write_text("secret")
    assert site.get(PREFIX + path)[1].startswith(b"api GET")


def test_a_build_shows_without_a_restart(site: Site, folder: Path) -> None:
    (folder / "new.html").write_text("<p>one</p>")
    assert site.get(f"{PREFIX}new.html")[1] == b"<p>one</p>"
    (folder / "new.html").write_text("<p>another</p>")
    assert site.get(f"{PREFIX}new.html")[1] == b"<p>another</p>"


def test_without_an_application_the_rest_is_not_found(folder: Path) -> None:
    with serve(folder) as url:
        assert Site(url).get("/missing")[0].status == 404
