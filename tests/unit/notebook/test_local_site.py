"""What serves a face on this machine for a notebook: the command rtvi-web, in a process that ends with the kernel."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from carry import carried
from cells import LAB, Browser
from tree import write_tree

from rtvi_web.notebook import FaceEvent, Problem, face

ROOT = Path(__file__).parents[3]
COMMAND = """#!{python}
import sys
sys.path[:0] = {folders}
from rtvi_web_console.cli.main import main
sys.exit(main())
"""
KERNEL = """
import asyncio, sys
from cells import Browser
from rtvi_web.notebook import face

async def main():
    browsers = [Browser(face(bot="http://localhost:1/start", title="Ask")) for _ in range(2)]
    for browser in browsers:
        browser.open()
        print(browser.comm.sent[-1]["text"], flush=True)
    sys.stdin.read()

asyncio.run(main())
"""


def install_command(folder: Path, monkeypatch: pytest.MonkeyPatch, *, with_site: bool) -> None:
    """The command rtvi-web of the checkout, first on the path."""
    shutil.copytree(ROOT / "console" / "rtvi_web_console", folder / "rtvi_web_console")
    if with_site:
        write_tree(folder / "rtvi_web_console" / "site", carried({"loader.js": b"1"}))
    command = folder / "bin" / "rtvi-web"
    command.parent.mkdir()
    command.write_text(COMMAND.format(python=sys.executable, folders=[str(folder), str(ROOT)]))
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")


def test_it_serves_one_face_until_the_kernel_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_command(tmp_path, monkeypatch, with_site=True)
    folders = [ROOT, ROOT / "tests" / "unit" / "notebook"]
    kernel = subprocess.Popen(
        [sys.executable, "-c", KERNEL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
    )
    with kernel:
        assert kernel.stdout is not None
        first, second = (kernel.stdout.readline().strip() for _ in range(2))
        assert first == second, "two cells share one server"
        connection = http.client.HTTPConnection(urlsplit(first).netloc, timeout=60)
        connection.request("GET", "/")
        answer = connection.getresponse()
        page = answer.read().decode()
        assert answer.status == 200
        assert f"frame-ancestors {LAB}" in answer.headers["Content-Security-Policy"]
        assert f'"frame": ["{LAB}"]' in page
        assert "<title>Ask</title>" in page
        kernel.kill()
        assert connection.sock.recv(1) == b"", "the server has ended too"
        connection.close()


async def refused(origin: str, bot: str = "http://localhost:1") -> str:
    """Why no face is shown in a notebook's page of this origin."""
    browser = Browser(face(bot=bot))
    problems: list[Problem] = []
    browser.face.on(FaceEvent.PROBLEM, problems.append)
    browser.open(origin=origin)
    [problem] = problems
    assert browser.comm.sent == [{"view": "v1", "kind": "end", "text": problem.why}]
    assert browser.face.state == "closed"
    return problem.why


@pytest.mark.parametrize(
    "origin", ["https://hub.example", "http://localhost.evil.example", "vscode-webview://x", "null"]
)
async def test_a_page_of_another_machine_needs_an_address(origin: str) -> None:
    assert f'mount(app, frame=["{origin}"])' in await refused(origin)


async def test_without_the_console_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "pip install rtvi-web-console" in await refused(LAB)


async def test_what_the_command_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_command(tmp_path, monkeypatch, with_site=False)
    assert "holds no site" in await refused(LAB)
    assert "is not an http or https address" in await refused(LAB, "ftp://localhost")
