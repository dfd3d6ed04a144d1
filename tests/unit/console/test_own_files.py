"""The user's own Python: served as it is now, with modules and wheels, and pages that follow its changes."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from urllib.request import urlopen

import pytest
from bot_servers import served
from rtvi_web_console import mount
from rtvi_web_console.carried import CarriedSite
from sites import Bot, carried_site
from starlette.testclient import TestClient


@pytest.fixture
def site(tmp_path: Path) -> CarriedSite:
    return carried_site(tmp_path / "site")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "face.py").write_text("import helpers\nprint(client)")
    (tmp_path / "helpers.py").write_text("x = 1")
    (tmp_path / "thing-1-py3-none-any.whl").write_bytes(b"PK")
    (tmp_path / "secret.py").write_text("key = 1")
    return tmp_path


def configs(page: str) -> list[tuple[str, dict[str, Any]]]:
    """The addresses and settings of the page's Python, in the order in which it runs."""
    found = re.findall(r'<script type="py" src="([^"]*)" config="([^"]*)">', page)
    return [(source, json.loads(html.unescape(config))) for source, config in found]


def test_the_page_runs_the_script_last_with_its_modules_and_wheels(own: Path, site: CarriedSite) -> None:
    files: list[Path | str] = [own / "face.py", own / "helpers.py", str(own / "thing-1-py3-none-any.whl")]
    browser = TestClient(mount(Bot(), script=files, site=site))
    (_, config), (main, _) = configs(browser.get("/face/").text)
    assert main == "own/face.py"
    assert config["packages"] == ["own/thing-1-py3-none-any.whl"]
    assert config["files"]["own/helpers.py"] == "./helpers.py"
    for name in ("face.py", "helpers.py", "thing-1-py3-none-any.whl"):
        answer = browser.get(f"/face/own/{name}")
        assert answer.content == (own / name).read_bytes()
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert browser.get("/face/own/secret.py").status_code == 404


def test_a_saved_script_is_served_at_once_and_an_unchanged_one_is_not_sent_again(own: Path, site: CarriedSite) -> None:
    browser = TestClient(mount(Bot(), script=own / "face.py", site=site))
    first = browser.get("/face/own/face.py")
    assert first.headers["Cache-Control"] == "no-cache"
    assert browser.get("/face/own/face.py", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    (own / "face.py").write_text("print('saved')")
    assert browser.get("/face/own/face.py").text == "print('saved')"


def test_open_pages_can_ask_whether_the_script_has_changed(own: Path, site: CarriedSite) -> None:
    browser = TestClient(mount(Bot(), script=own / "face.py", reload=True, site=site))
    assert "live.js" in browser.get("/face/").text
    before = browser.get("/face/revision")
    assert (before.status_code, before.headers["Cache-Control"]) == (200, "no-store")
    assert browser.get("/face/revision").text == before.text
    (own / "face.py").write_text("print('saved')")
    assert browser.get("/face/revision").text != before.text
    (own / "face.py").unlink()  # an editor may be writing it
    assert browser.get("/face/revision").status_code == 200
    assert browser.get("/face/own/face.py").status_code == 404


def test_without_reload_nothing_is_watched(own: Path, site: CarriedSite) -> None:
    browser = TestClient(mount(Bot(), script=own / "face.py", site=site))
    assert "live.js" not in browser.get("/face/").text
    assert browser.get("/face/revision").status_code == 404


def test_a_server_with_reload_has_pages_that_follow(
    own: Path, site: CarriedSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["uvicorn", "bot:app", "--reload"])
    assert "live.js" in TestClient(mount(Bot(), script=own / "face.py", site=site)).get("/face/").text


@pytest.mark.parametrize(
    ("names", "error", "words"),
    [
        (["missing.py"], FileNotFoundError, "there is no file /"),
        (["face.js"], ValueError, "neither a .py file nor a wheel"),
        (["thing-1-py3-none-any.whl"], ValueError, "first file"),
        (["face.py", "folder/face.py"], ValueError, "the same name"),
    ],
)
def test_files_that_cannot_be_served_are_refused(
    own: Path, site: CarriedSite, names: list[str], error: type[Exception], words: str
) -> None:
    (own / "folder").mkdir()
    (own / "folder" / "face.py").touch()
    with pytest.raises(error, match=words):
        mount(Bot(), script=[own / name for name in names], site=site)


@pytest.mark.parametrize("name", ["a#b.py", "a?b.py", "a%20b.py", "a b.py", "ü&<.py", 'q"x.py', "a+b.py"])
def test_any_name_of_a_file_is_found_by_the_page(tmp_path: Path, site: CarriedSite, name: str) -> None:
    for each in (name, f"module {name}"):
        (tmp_path / each).write_text(f"# {each}")
    with served(mount(Bot(), script=[tmp_path / name, tmp_path / f"module {name}"], site=site)) as host:
        face = f"http://{host}/face/"
        (_, config), (main, _) = configs(read(face))
        module = next(address for address, place in config["files"].items() if place == f"./module {name}")
        assert read(urljoin(face, html.unescape(main))) == f"# {name}"
        assert read(urljoin(face, module)) == f"# module {name}"


def read(address: str) -> str:
    """What is at an address, whose percent signs a real server takes away."""
    with urlopen(address) as answer:
        text: str = answer.read().decode()
    return text
