"""What README says, typed by someone who has never seen the repository: the wheels in a fresh environment, no Node.

test_console.py does so for the three lines in a bot.py, which need an environment that has Pipecat.
"""

import contextlib
import http.client
import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import chromium_path
from conftest import PATIENCE, ROOT, Note, Visit, check_accessible, screenshot
from fresh_environments import WHEELS, fresh_environment, needed_wheels
from local_bot import LocalBot
from playwright.sync_api import Browser, Locator, Page, Route
from servers import free_port
from tag import MOST_BYTES, added

BOT, BOTS = "http://localhost:7860", "https://bots.example/"
"""The bots of README's examples."""


def block(file: str, has: str) -> str:
    """The code of a file's only block in which this pattern is found."""
    text = (ROOT / file).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    [found] = [each for each in blocks if re.search(has, each, re.MULTILINE)]
    return str(found)


COMMANDS = {
    line.split()[1]: shlex.split(line, comments=True) for line in block("README.md", "rtvi-web new").splitlines()
}
TEN_LINES = block("README.md", r"\Afrom rtvi_web import RTVIClient, ui$")
TAG = block("docs/tag.md", r'rtvi-bot\.js" data-bot')
MOUNTED = """
import socket
import uvicorn
from rtvi_web_console import mount
from starlette.applications import Starlette

app = Starlette()
assert mount(app) is app
listener = socket.create_server(("127.0.0.1", 0))
print(f"http://localhost:{listener.getsockname()[1]}/face/")
uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
"""


class Shell:
    """A directory of theirs, and what is typed there. Packages come from our wheels and from those that they need."""

    def __init__(self, folder: Path, python: Path, seconds: float) -> None:
        self.folder = folder
        self.seconds = seconds
        """What the installation took."""
        self._variables = {name: text for name, text in os.environ.items() if not name.startswith(("PIP", "PYT"))} | {
            "PATH": str(python.parent),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": f"{WHEELS} {needed_wheels()}",
            "PYTHONUNBUFFERED": "1",
            "BROWSER": "/bin/echo opened %s",
            "RTVI_WEB_CHROMIUM": chromium_path(),
        }

    def run(self, *command: str) -> str:
        """What a command says, which must end well."""
        done = subprocess.run(
            command, cwd=self.folder, env=self._variables, capture_output=True, text=True, timeout=5 * PATIENCE / 1000
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    @contextlib.contextmanager
    def serving(self, *command: str, errors: int | None = None) -> Iterator[tuple[str, Iterator[str]]]:
        """Runs a command until it is ended; the value is the address that it prints, and its further lines."""
        with subprocess.Popen(
            command, cwd=self.folder, env=self._variables, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as process:
            assert process.stdout is not None
            try:
                found = next(filter(None, (re.search(r"http://\S+/", line) for line in process.stdout)), None)
                assert found, f"{command} printed no address"
                yield found[0], process.stdout
            finally:
                process.terminate()  # Ctrl-C does nothing where a shell runs the tests as a background job.
                try:
                    process.wait(PATIENCE / 1000)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    folder = tmp_path_factory.mktemp("theirs")
    needed_wheels()  # the cache is warm
    began = time.monotonic()
    python = fresh_environment(folder / "venv")
    return Shell(folder, python, time.monotonic() - began)


def typed(name: str, bot: LocalBot) -> list[str]:
    """A command of the README, for the bot that runs here."""
    return [word.replace(BOT, bot.address).replace(BOTS, bot.address) for word in COMMANDS[name]]


def test_both_readmes_name_the_same_commands() -> None:
    for command in COMMANDS.values():
        assert " ".join(command) in (ROOT / "console" / "README.md").read_text(encoding="utf-8")


def is_heard(page: Page, place: Page | Locator) -> None:
    """Start, and wait until the bot has spoken."""
    place.get_by_role("button", name="Start").click()
    place.get_by_text("Connected", exact=True).wait_for()
    assert page.evaluate("watched.loudest(60)") > 0.02


def stop(page: Page) -> None:
    page.get_by_role("button", name="Stop").click()
    page.get_by_role("button", name="Start").wait_for()


def test_a_page_for_a_bot_that_runs_somewhere(shell: Shell, bot: LocalBot, visit: Visit, note: Note) -> None:
    """`rtvi-web console` opens it, and the bot is heard; the second time, the browser has the files."""
    command = [*typed("console", bot), f"--port={free_port()}"]
    page = visit("")
    seconds = []
    for _ in range(2):
        began = time.monotonic()
        with shell.serving(*command) as (address, lines):
            assert next(lines) == f"opened {address}\n"
            page.goto(address)
            is_heard(page, page)
            seconds.append(time.monotonic() - began)
            if len(seconds) == 1:
                check_accessible(page)
                screenshot(page, "rtvi-web-console")
            stop(page)
    for wheel in sorted(WHEELS.glob("*.whl")):
        note(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB")
    first = shell.seconds + seconds[0]
    note(f"rtvi-web console: {first:.1f} s from `pip install` to the first spoken answer, then {seconds[1]:.1f} s")


def test_the_doctor_finds_the_bot_well(shell: Shell, bot: LocalBot) -> None:
    assert "No problem was found." in shell.run(*typed("doctor", bot))


@pytest.fixture(scope="module")
def project(shell: Shell) -> Path:
    """The folder of `rtvi-web new`."""
    [_, _, name] = COMMANDS["new"]
    said = shell.run(*COMMANDS["new"])
    advice = dict(re.findall(r"^(See it|Test it): +(.*)$", said, re.MULTILINE))
    assert shlex.split(advice["See it"]) == COMMANDS["dev"]
    assert re.search(r"\b1 passed", shell.run("/bin/sh", "-c", advice["Test it"]))
    return shell.folder / name


def test_a_new_page_shows_what_is_saved(shell: Shell, project: Path, bot: LocalBot, visit: Visit) -> None:
    """Its own test has passed. With ten lines of README in place of its Python, it is spoken with."""
    assert len(TEN_LINES.strip().splitlines()) <= 10
    with shell.serving(*typed("dev", bot), "--port=0") as (address, _):
        page = visit(address)
        page.get_by_role("region", name="My page").get_by_role("button", name="Start").wait_for()
        (project / "page.py").write_text(TEN_LINES, encoding="utf-8")
        is_heard(page, page.get_by_role("region", name="Talk to the bot"))
        stop(page)
        page.close()


def test_built_files_need_a_plain_server_alone(
    shell: Shell, project: Path, bot: LocalBot, visit: Visit, note: Note
) -> None:
    """Here with the bot behind the same address, as a proxy would put it there."""
    note(f"rtvi-web build: {shell.run(*COMMANDS['build']).strip()}")
    server = ["python", "-m", "http.server", "--bind=127.0.0.1", f"--directory={project / 'dist'}", "0"]
    with shell.serving(*server, errors=subprocess.DEVNULL) as (address, _):
        page = visit("")

        def forward(route: Route) -> None:
            route.fulfill(response=route.fetch(url=route.request.url.replace(address, bot.address)))

        page.route(re.compile(f"^{address}(start|sessions/|api/)"), forward)
        page.goto(address)
        is_heard(page, page)
        stop(page)
        page.close()


@pytest.fixture(scope="module")
def face(shell: Shell) -> Iterator[str]:
    """The address of a face that an app of theirs has, without a bot."""
    with shell.serving("python", "-c", MOUNTED) as (address, _):
        yield address


def test_the_tag_of_one_origin_in_a_page_of_another_with_a_bot_at_a_third(
    face: str, bot: LocalBot, browser: Browser, visit: Visit, note: Note
) -> None:
    tag = TAG.replace("https://their.host/face/", face).replace(BOTS, bot.address)
    address = bot.address.replace("localhost", "127.0.0.1") + "their-page"
    body = f"""<!doctype html><html lang="en"><title>Their page</title><link rel="icon" href="data:,">
    <main><h1>Their page</h1></main>{tag}"""
    hosts = [each.split("/")[2] for each in (face, bot.address, address)]
    page = visit("", others=tuple(hosts), permissions=["microphone", "local-network-access"])
    page.route(address, lambda route: route.fulfill(content_type="text/html", body=body))
    page.goto(address)
    page.get_by_role("button", name="Talk to the bot").click()
    is_heard(page, page.get_by_role("dialog", name="Talk to the bot"))
    check_accessible(page)
    stop(page)
    page.close()
    size, milliseconds = added(browser, face.removesuffix("face/"), tag.replace(face, "face/"), rounds=3)
    note(f"the tag before a click: {size:,} bytes, {milliseconds:.1f} ms of the main thread")
    assert size <= MOST_BYTES


def test_every_file_is_served_in_every_form(shell: Shell, face: str) -> None:
    [site] = shell.folder.rglob("rtvi_web_console/site/site.json")
    files = json.loads(site.read_text())["files"]
    assert "rtvi_web_console" not in " ".join(files)
    host = face.split("/")[2]
    with contextlib.closing(http.client.HTTPConnection(host, timeout=PATIENCE / 1000)) as connection:
        for name, file in files.items():
            for form in ("br", "gzip", "identity"):
                connection.request("GET", f"/face/{name}", headers={"Accept-Encoding": form})
                answer = connection.getresponse()
                body = answer.read()
                assert (answer.status, answer.getheader("Content-Encoding", "identity")) == (200, form)
                assert len(body) == (file["size"] if form == "identity" else len(body))
