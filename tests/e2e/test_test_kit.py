"""The test kit, as a user has it: a project outside of the repository, whose tests open pages in Chromium."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from browser import chromium_path
from paths import DIST

ROOT = Path(__file__).parents[2]
KIT = ROOT / "tests" / "kit"
DEMO = """
import pytest
from rtvi_web.testing import expect, handshake, say

@pytest.mark.parametrize("name", ["index.html", "plain.html"])
def test_the_demo_page_as_it_is(rtvi_page, name):
    opened = rtvi_page(SITE / name, [*handshake(), expect("send-text"), say("bot-llm-text", {"text": "Hi!"})])
    opened.page.locator("#start:enabled").click()
    opened.badge.wait_for("bot-ready")
    opened.page.locator("#text").fill("hello")
    opened.page.locator("#say button").click()
    opened.transcript.wait_for("Hi!", who="Bot")
    opened.bot.finish()
"""


PLAYWRIGHT = ROOT / ".cache" / "pytest-playwright-0.10.0"
"""pytest-playwright and what it needs, apart from the other tools: it would remove the screenshots of this run."""
PINNED = ("pytest-playwright==0.10.0", "python-slugify==9.2.0", "text-unidecode==1.3")
CONFTEST = """
import pytest

@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": EXECUTABLE, "args": ["--no-sandbox"]}

@pytest.fixture(autouse=True)
def it_is_the_page_of_pytest_playwright(page):
    yield
    assert page.url.startswith("http://127.0.0.1:")
"""


def run_tests(folder: Path, *options: str, path: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "pytest", "-p", "pytest_rtvi_web", "-q", f"--rtvi-web-site={DIST}", *options)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{path}", "RTVI_WEB_CHROMIUM": chromium_path()}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def project(folder: Path) -> Path:
    """A user's project: pages, tests, and nothing of the repository."""
    shutil.copytree(KIT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "pytest.ini").touch()
    demo = f"from pathlib import Path\nSITE = Path({str(DIST)!r})\n{DEMO}"
    (folder / "test_demo.py").write_text(demo, encoding="utf-8")
    return folder


def test_a_users_tests(tmp_path: Path) -> None:
    done = run_tests(project(tmp_path / "project"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 passed" in done.stdout, done.stdout


def test_with_pytest_playwright(tmp_path: Path) -> None:
    if not PLAYWRIGHT.exists():
        install = (
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            f"--target={PLAYWRIGHT}.new",
            *PINNED,
        )
        subprocess.run(install, check=True)
        Path(f"{PLAYWRIGHT}.new").rename(PLAYWRIGHT)
    folder = project(tmp_path / "project")
    (folder / "conftest.py").write_text(f"EXECUTABLE = {chromium_path()!r}\n{CONFTEST}", encoding="utf-8")
    done = run_tests(folder, "test_demo.py", path=PLAYWRIGHT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout, done.stdout
