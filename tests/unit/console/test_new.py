"""rtvi-web new: what it writes, and what it leaves alone."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest
from rtvi_web_console.cli.main import main

FILES = ["index.html", "page.py", "test_page.py"]


def page(folder: Path) -> dict[str, object]:
    """The client's options in the page's Python."""
    tree = ast.parse((folder / "page.py").read_text(encoding="utf-8"))
    call = next(node.value for node in tree.body if isinstance(node, ast.Assign))
    assert isinstance(call, ast.Call)
    return {str(each.arg): ast.unparse(each.value) for each in call.keywords}


def test_a_page_its_python_and_a_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "my bot"
    assert main(["new", str(folder)]) == 0
    assert sorted(path.name for path in folder.iterdir()) == FILES
    assert "<title>My bot</title>" in (folder / "index.html").read_text(encoding="utf-8")
    assert page(folder)["transport"] == "SmallWebRTCTransport()"
    assert "'base_url': '.', 'endpoints': {'connect': '/start'}" in str(page(folder)["params"])
    ast.parse((folder / "test_page.py").read_text(encoding="utf-8"))
    said = capsys.readouterr().out
    assert f"rtvi-web dev '{folder}' --bot http://localhost:7860\n" in said
    assert f"pytest '{folder}'\n" in said


def test_of_a_bot_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    given = ["--bot", "https://bots.example/x/start?y=1", "--transport", "websocket", "--title", 'A "<b>" & {c}']
    assert main(["new", str(folder), *given]) == 0
    assert page(folder)["transport"] == "WebSocketTransport()"
    assert "'base_url': 'https://bots.example/x', 'endpoints': {'connect': '/start?y=1'}" in str(page(folder)["params"])
    assert "<title>A &quot;&lt;b&gt;&quot; &amp; {c}</title>" in (folder / "index.html").read_text(encoding="utf-8")
    assert r'title="A \"<b>\" & {c}"' in (folder / "page.py").read_text(encoding="utf-8")


def test_an_empty_folder_is_taken_and_another_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path), "--title", "x"]) == 0
    (tmp_path / "page.py").write_text("mine")
    assert main(["new", str(tmp_path)]) == 1
    assert main(["new", str(tmp_path / "page.py")]) == 1
    assert "is not an empty folder" in capsys.readouterr().err
    assert (tmp_path / "page.py").read_text() == "mine"


def test_what_cannot_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["new", str(tmp_path / "file" / "x")]) == 1
    assert main(["new", str(tmp_path / "x"), "--bot", "ftp://x"]) == 1
    said = capsys.readouterr().err
    assert "cannot be written" in said
    assert "is not an http or https address" in said
    assert not (tmp_path / "x").exists()


def test_a_query_with_slashes_stays_behind_the_endpoint(tmp_path: Path) -> None:
    assert main(["new", str(tmp_path / "x"), "--bot", "https://bots.example/a/start?next=/b/c"]) == 0
    assert "'base_url': 'https://bots.example/a', 'endpoints': {'connect': '/start?next=/b/c'}" in str(
        page(tmp_path / "x")["params"]
    )


def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"my-\xff")
    assert main(["new", str(folder)]) == 0
    assert "<title>My \ufffd</title>" in (folder / "index.html").read_text(encoding="utf-8")
