"""rtvi-web dev and build: a page's folder, served and made into static files."""

from __future__ import annotations

import gzip
import http.client
import re
from collections.abc import Iterator
from pathlib import Path

import brotli
import pytest
from bot_servers import Bot, served
from rtvi_web_console.carried import CarriedSite
from rtvi_web_console.cli.build import build
from rtvi_web_console.cli.dev import dev
from rtvi_web_console.cli.errors import CommandError
from rtvi_web_console.cli.main import main
from rtvi_web_console.cli.project import MARK, Project
from rtvi_web_console.files import media_type
from sites import FILES, WASM, carried_site

LARGE = "print('hello')\n" * 100


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's page, with what is none of it beside it."""
    folder = tmp_path / "page"
    files = {
        "index.html": "<main></main>",
        "page.py": LARGE,
        "sub/index.html": "sub",
        "sub/a b.css": "x",
        "sub/a%20b.css": "y",
        "vendor/dist/test_data.json": "[]",
        "loader.js": "mine",
        "test_page.py": "a test",
        "conftest.py": "of tests",
        ".env": "KEY=1",
        ".git/config": "x",
        "__pycache__/page.pyc": "x",
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def site(tmp_path: Path) -> CarriedSite:
    return carried_site(tmp_path / "site", {**FILES, "live.js": b"live"})


def get(host: str, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, timeout=20)
    try:
        connection.request(method, path, b"{}" if method == "POST" else None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


class TestDev:
    @pytest.fixture
    def page(self, folder: Path, site: CarriedSite) -> Iterator[str]:
        with served(dev(folder, site=site)) as page:
            yield page

    @pytest.mark.parametrize(
        ("path", "status", "body"),
        [
            ("/", 200, b'<main></main><script type="module" src="/live.js"></script>'),
            ("/page.py", 200, LARGE.encode()),
            ("/sub/", 200, b'sub<script type="module" src="/live.js"></script>'),
            ("/sub/a%20b.css?x=1", 200, b"x"),
            ("/sub/a%2520b.css", 200, b"y"),
            ("/vendor/dist/test_data.json", 200, b"[]"),
            ("/loader.js", 200, b"mine"),
            ("/live.js", 200, b"live"),
            ("/pyodide/pyodide.asm.wasm", 200, WASM),
            ("/.env", 404, b""),
            ("/.git/config", 404, b""),
            ("/test_page.py", 404, b""),
            ("/../site/site.json", 404, b""),
            ("/%2e%2e/site/site.json", 404, b""),
            ("/nothing", 404, b""),
        ],
    )
    def test_what_is_served(self, page: str, path: str, status: int, body: bytes) -> None:
        got, data = get(page, path)
        assert got == status
        assert data == body or (status == 404 and b"There is no such file" in data)

    @pytest.mark.parametrize(("path", "place"), [("/sub", "sub/"), ("/sub?x=1", "sub/"), ("/a%20b/c%23", "c%23/")])
    def test_a_folder_without_its_slash_leads_to_it(self, folder: Path, page: str, path: str, place: str) -> None:
        (folder / "a b" / "c#").mkdir(parents=True)
        (folder / "a b" / "c#" / "index.html").touch()
        connection = http.client.HTTPConnection(page, timeout=20)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert (answer.status, answer.headers["Location"]) == (307, place)
        connection.close()

    @pytest.mark.parametrize(
        ("name", "type"),
        [
            ("a.PNG", "image/png"),
            ("a.woff2", "font/woff2"),
            ("a.htm", "text/html"),
            ("a.HTML", "text/html; charset=utf-8"),
        ],
    )
    def test_files_of_a_users_have_their_types(self, name: str, type: str) -> None:
        assert media_type(name) == type

    def test_what_was_saved_is_seen(self, page: str, folder: Path) -> None:
        before = get(page, "/revision")[1]
        assert get(page, "/revision")[1] == before
        (folder / "page.py").write_text("new")
        assert get(page, "/revision")[1] != before
        assert get(page, "/page.py") == (200, b"new")
        (folder / "new.css").write_text("y")
        assert get(page, "/new.css") == (200, b"y")

    def test_foreign_pages_are_refused(self, page: str) -> None:
        assert get(page, "/", Host="evil.example")[0] == 403
        assert get(page, "/", Origin="https://evil.example")[0] == 403

    def test_the_bot_gets_the_rest(self, folder: Path, site: CarriedSite) -> None:
        bot = Bot()
        with served(bot.app([])) as host, served(dev(folder, bot=host, site=site)) as page:
            assert get(page, "/start", "POST") == (200, b'{"sessionId":"s1"}')
            assert get(page, "/page.py") == (200, LARGE.encode())
        assert bot.bodies == [{}]

    def test_what_it_cannot_serve(self, tmp_path: Path, folder: Path, site: CarriedSite) -> None:
        with pytest.raises(CommandError, match=r"has no index.html. `rtvi-web new"):
            dev(tmp_path, site=site)
        with pytest.raises(CommandError, match="is not an http or https address"):
            dev(folder, bot="ftp://x", site=site)


class TestBuild:
    def test_all_that_the_page_needs_with_siblings(self, folder: Path, site: CarriedSite, tmp_path: Path) -> None:
        output = tmp_path / "out"
        count, size = build(Project(folder, site), output)
        files = {path.relative_to(output).as_posix() for path in output.rglob("*") if path.is_file()}
        plain = {name for name in files if not re.search(r"\.(br|gz)$", name)} - {MARK}
        own = {"index.html", "page.py", "sub/index.html", "sub/a b.css", "sub/a%20b.css", "loader.js"}
        own |= {"vendor/dist/test_data.json"}
        assert plain == own | set(FILES) | {"live.js"}
        assert count == len(plain)
        assert size == sum((output / name).stat().st_size for name in plain)
        assert (output / "loader.js").read_text() == "mine"
        for name in ("page.py", "pyodide/pyodide.asm.wasm"):
            data = (output / name).read_bytes()
            assert brotli.decompress((output / f"{name}.br").read_bytes()) == data
            assert gzip.decompress((output / f"{name}.gz").read_bytes()) == data
        assert "index.html.br" not in files  # too small

    @pytest.mark.parametrize("name", ["dist", "public/all"])
    def test_it_is_made_anew(self, folder: Path, site: CarriedSite, name: str) -> None:
        output = folder / name
        build(Project(folder, site), output)
        (folder / "page.py").unlink()
        build(Project(folder, site), output)
        assert not (output / "page.py").exists()
        assert not (output / name).exists()

    def test_what_was_not_built_is_left_alone(self, folder: Path, site: CarriedSite, tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / "file").write_text("mine")
        for output in (tmp_path / "mine", tmp_path / "mine" / "file"):
            with pytest.raises(CommandError, match="was not made by `rtvi-web build`"):
                build(Project(folder, site), output)
        assert (tmp_path / "mine" / "file").read_text() == "mine"


@pytest.mark.parametrize("command", ["dev", "build"])
def test_a_checkout_carries_no_site(folder: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, str(folder)]) == 1
    assert "holds no site" in capsys.readouterr().err
