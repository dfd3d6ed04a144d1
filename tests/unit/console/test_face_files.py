"""The files of a face: compressed as the browser takes them, kept as long as possible, and public."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rtvi_web_console import Face, Options
from rtvi_web_console.carried import CarriedSite, SiteMissingError
from rtvi_web_console.negotiation import best_form, is_known
from sites import FILES, WASM, Bot, carried_site
from starlette.testclient import TestClient

WHEEL = "pyodide/0d9a81fc23b1/thing-1-py3-none-any.whl"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> CarriedSite:
    return carried_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def browser(site: CarriedSite) -> Iterator[TestClient]:
    with TestClient(Face(Bot(), Options.of(), site), base_url="http://localhost/face/") as browser:
        yield browser


@pytest.mark.parametrize(
    ("accepted", "form"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br;q=0.1, gzip", "gzip"),
        ("br;q=0.5, *;q=0.1", "br"),
        ("br;q=nan, gzip;q=0.1", "gzip"),
        ("*", "br"),
        ("identity", "identity"),
        ("", "identity"),
        ("BR", "br"),
        ("br;q=much", "identity"),
    ],
)
def test_a_file_comes_in_the_smallest_form_that_the_browser_takes(
    browser: TestClient, accepted: str, form: str
) -> None:
    answer = browser.get("pyodide/pyodide.asm.wasm", headers={"Accept-Encoding": accepted})
    assert answer.content == WASM, "decompressed by the client"
    assert answer.headers.get("Content-Encoding", "identity") == form
    assert answer.headers["Content-Type"] == "application/wasm"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (int(answer.headers["Content-Length"]) < len(WASM)) is (form != "identity")


@given(st.text(alphabet="bgrzip*;q=0.1, é"))
def test_any_header_chooses_a_form(header: str) -> None:
    assert best_form(header) in ("br", "gzip", "identity")
    assert best_form("br;q=0") == "identity"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("loader.js", "text/javascript; charset=utf-8"),
        ("pyodide/pyodide.mjs", "text/javascript; charset=utf-8"),
        (WHEEL, "application/zip"),
    ],
)
def test_media_types(browser: TestClient, name: str, media_type: str) -> None:
    answer = browser.get(name)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, media_type)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content == FILES[name]


def test_a_file_under_the_revision_is_kept_for_ever_and_others_are_asked_for_again(
    browser: TestClient, site: CarriedSite
) -> None:
    first = browser.get("loader.js")
    assert first.headers["Cache-Control"] == "no-cache"
    for etag in (first.headers["ETag"], f"W/{first.headers['ETag']}", f'"other", {first.headers["ETag"]}', "*"):
        again = browser.get("loader.js", headers={"If-None-Match": etag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
        assert again.headers["Access-Control-Allow-Origin"] == "*"
    kept = browser.get(f"{site.revision}/loader.js")
    assert "immutable" in kept.headers["Cache-Control"]
    assert kept.content == first.content
    assert browser.get("000000000000/loader.js").status_code == 404


def test_each_form_of_a_file_has_an_etag_of_its_own(browser: TestClient) -> None:
    forms = ("br", "gzip", "identity")
    etags = {browser.get("loader.js", headers={"Accept-Encoding": form}).headers["ETag"] for form in forms}
    assert len(etags) == len(forms)


def test_an_etag_is_compared_whole() -> None:
    assert is_known('"abc-br"', 'W/"x", "abc-br"')
    assert not is_known('"abc-br"', '"abc-gzip"')
    assert not is_known('"abc-br"', "")


def test_a_changed_site_has_another_revision(tmp_path: Path) -> None:
    one = carried_site(tmp_path / "one", {"a.js": b"1"})
    other = carried_site(tmp_path / "other", {"a.js": b"2"})
    assert one.revision != other.revision
    assert one.revision == carried_site(tmp_path / "same", {"a.js": b"1"}).revision


@pytest.mark.parametrize("name", ["", "loader.js", "missing.js"])
def test_pages_of_every_origin_may_use_the_files(browser: TestClient, name: str) -> None:
    answer = browser.get(name, headers={"Origin": "https://elsewhere.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    asked = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    preflight = browser.options(name, headers=asked)
    assert (preflight.status_code, preflight.headers["Access-Control-Allow-Origin"]) == (204, "*")


def test_files_can_only_be_read(browser: TestClient) -> None:
    head = browser.head("loader.js", headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(FILES["loader.js"])
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = browser.request(method, "loader.js")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.parametrize(
    "name", ["missing.js", "site.json", "loader.js.br", "../face.py", "..%2fface.py", "pyodide/", "/etc/passwd"]
)
def test_nothing_else_is_served(browser: TestClient, name: str) -> None:
    answer = browser.get(f"http://localhost/face/{name}", headers={"Accept-Encoding": "identity"})
    assert answer.status_code == 404 or answer.text.startswith("bot GET")


def test_a_form_is_made_once_and_the_least_used_goes_when_there_is_no_more_room(tmp_path: Path) -> None:
    files = {name: name.encode() * 1000 for name in ("a.js", "b.js", "c.js")}
    site = carried_site(tmp_path, files, room=9000)
    made = {name: site.read(name, "identity") for name in ("a.js", "b.js")}
    assert made == {name: files[name] for name in ("a.js", "b.js")}
    assert site.read("a.js", "identity") is made["a.js"], "kept"
    site.read("c.js", "identity")
    assert site.read("a.js", "identity") is made["a.js"], "used after b.js"
    assert site.read("b.js", "identity") is not made["b.js"], "made anew"
    assert gzip.decompress(site.read("a.js", "gzip")) == files["a.js"]
    assert brotli.decompress(site.read("a.js", "br")) == files["a.js"]


def test_a_form_is_made_once_for_many_who_ask_at_once(tmp_path: Path) -> None:
    site = carried_site(tmp_path, {"a.js": bytes(range(256)) * 4000})
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: site.read("a.js", "gzip"), range(8)))
    assert all(each is made[0] for each in made)


def test_a_form_without_room_is_served_all_the_same(tmp_path: Path) -> None:
    site = carried_site(tmp_path, {"a.js": b"a" * 1000}, room=10)
    assert site.read("a.js", "identity") == b"a" * 1000


def test_a_checkout_carries_no_site_and_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SiteMissingError, match="install the wheel"):
        CarriedSite(tmp_path)
