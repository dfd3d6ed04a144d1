"""The wheel of the console, as one uses it who has never seen the repository: three lines in a bot.py of theirs.

test_as_typed.py has what needs no Pipecat.
"""

import contextlib
import re
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import PATIENCE, ROOT, SPOKEN, Note, Visit, screenshot, synchronous_requests
from fresh_environments import fresh_environment, running_bot, write_bot
from local_bot import bot_python
from playwright.sync_api import Page, Route, expect
from snapshot_page import MARKED

README: list[str] = re.findall(r"```\w+\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
[THREE_LINES] = [block for block in README if "mount(app)" in block]
[EVERY_OPTION] = [block for block in README if 'path="/face",' in block]
[SNIPPET] = [block for block in README if "<iframe" in block]
IMPORTS = "".join(line for line in THREE_LINES.splitlines(keepends=True) if "import" in line)
GREEN, _ = SPOKEN
PARENT = "https://their.example/"
"""A page of another origin, which README's example names. It is never asked for: the test answers."""


SECONDS: dict[str, float] = {}
"""What a person waits for."""


@contextmanager
def timed(what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    SECONDS[what] = time.monotonic() - began


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has Pipecat, and both wheels of ours."""
    with timed("pip install"):
        return fresh_environment(tmp_path_factory.mktemp("venv") / "venv", beside=bot_python())


@pytest.fixture(scope="module")
def face(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a user's bot with a face."""
    folder = tmp_path_factory.mktemp("their bot")
    write_bot(folder, THREE_LINES)
    with contextlib.ExitStack() as stack:
        with timed("python bot.py"):
            address = stack.enter_context(running_bot(python, folder))
        yield address


def lines(page: Page, who: str, text: str) -> None:
    """The transcript has a line of someone's; what the microphone says it says again, until it is understood."""
    line = page.locator(f".rtvi-turn.{who}", has_text=re.compile(re.escape(text), re.IGNORECASE))
    expect(line.first).to_be_visible(timeout=2 * PATIENCE)


def start(page: Page) -> None:
    page.get_by_role("button", name="Start").click()
    expect(page.locator(".rtvi-badge[data-state]")).to_have_attribute("data-state", "bot-ready")
    assert synchronous_requests(page) == []


def test_three_lines_give_a_bot_a_face_to_speak_with(face: str, visit: Visit, note: Note) -> None:
    with timed("first visit to the first spoken answer"):
        page = visit(f"{face}face/")
        start(page)
        assert page.evaluate("watched.loudest(60)") > 0.02, "the greeting is heard"
    expect(page).to_have_title("Talk to the bot")
    lines(page, "user", GREEN)
    screenshot(page, "face")
    with timed("second visit to the first spoken answer"):
        page.reload()
        start(page)
        assert page.evaluate("watched.loudest(60)") > 0.02
    for what, seconds in SECONDS.items():
        note(f"mount(app): {what} {seconds:.1f} s")


def test_the_runners_own_page_stays_at_its_root(face: str, visit: Visit) -> None:
    page = visit("")
    answer = page.request.get(face, max_redirects=0)
    assert (answer.status, answer.headers["location"]) == (307, "/client/")
    assert page.request.get(f"{face}status").json()["status"] == "ready"


def test_files_are_public_although_the_runner_has_rules_of_its_own(face: str, visit: Visit) -> None:
    page = visit("")
    asked = {"Origin": "https://their.example", "Cookie": "session=1"}
    headers = page.request.get(f"{face}face/loader.js", headers=asked).headers
    assert headers["access-control-allow-origin"] == "*"
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-credentials" not in headers


def test_a_face_behind_a_proxy_that_adds_a_prefix(face: str, visit: Visit) -> None:
    """The proxy is Playwright, and has https: nothing in the page names where the bot runs."""
    outside = "https://proxy.example/bots/"
    page = visit("")

    def forward(route: Route) -> None:
        answer = route.fetch(url=route.request.url.replace(outside, face))
        ours = ("content-encoding", "content-length", "transfer-encoding")  # Playwright has unpacked the body
        headers = {name: value for name, value in answer.headers.items() if name not in ours}
        route.fulfill(status=answer.status, headers=headers, body=answer.body())

    page.route(f"{outside}**", forward)
    page.goto(f"{outside}face/")
    start(page)
    lines(page, "bot", "Hello")


def test_a_second_visit_transfers_the_page_alone(face: str, visit: Visit) -> None:
    page = visit(f"{face}face/")
    page.evaluate(MARKED, "rtvi-web:later")  # all files have come
    page.reload()
    page.evaluate(MARKED, "rtvi-web:later")
    sizes = page.evaluate(
        "performance.getEntriesByType('resource').filter((entry) => entry.transferSize).map((entry) => entry.name)"
    )
    assert sizes == []


def test_what_the_browser_gets_is_compressed(face: str, visit: Visit) -> None:
    page = visit(f"{face}face/")
    page.get_by_role("button", name="Start").wait_for()
    [sizes] = page.evaluate(
        "performance.getEntriesByType('resource').filter(({name}) => name.endsWith('.wasm'))"
        ".map((entry) => [entry.encodedBodySize, entry.decodedBodySize])"
    )
    assert sizes[0] < 3_000_000 < 9_000_000 < sizes[1]


SCRIPT = """
from __main__ import client
from js import document
from thing import COLOR
import helpers

@client.register_function_call_handler("set_page_color")
def set_page_color(call):
    document.documentElement.dataset.color = call.arguments["color"]
    return {"color": call.arguments["color"]}

document.documentElement.dataset.loaded = COLOR + helpers.MARK
"""


def test_a_script_with_a_module_and_a_wheel_answers_the_bots_functions(
    python: Path, visit: Visit, tmp_path: Path
) -> None:
    (tmp_path / "face.py").write_text(SCRIPT)
    (tmp_path / "helpers.py").write_text("MARK = '!'")
    write_wheel(tmp_path / "thing-1.0-py3-none-any.whl")
    write_bot(tmp_path, f"{IMPORTS}{EVERY_OPTION}mount(app, path='/a/socket', transport='websocket')")
    with running_bot(python, tmp_path, "--reload") as address:
        page = visit(f"{address}face/", others=("api.example",), allow=("Content Security Policy",))
        expect(page.locator("html")).to_have_attribute("data-loaded", "green!")
        start(page)
        lines(page, "user", GREEN)
        expect(page.locator("html")).to_have_attribute("data-color", "green")

        # What the policy refuses is said, with what lifts it; what it allows reaches its server.
        page.evaluate("fetch('https://elsewhere.example/x').catch(() => 0)")
        expect(page.locator("[data-errors]")).to_contain_text('connect=["https://elsewhere.example"]')
        allowed = {"Access-Control-Allow-Origin": "*"}
        page.route("https://api.example/", lambda route: route.fulfill(body="yes", headers=allowed))
        assert page.evaluate("fetch('https://api.example/').then((answer) => answer.text())") == "yes"

        # A saved module shows by itself.
        (tmp_path / "helpers.py").write_text("MARK = '?'")
        expect(page.locator("html")).to_have_attribute("data-loaded", "green?")
        page.close()

        # Another face of the same bot speaks over a WebSocket.
        socket = visit(f"{address}a/socket/")
        start(socket)
        lines(socket, "user", GREEN)
        socket.close()

        # In a frame of a page that may have it, it starts with its microphone.
        parent = visit("", others=("their.example",), permissions=["microphone", "local-network-access"])
        snippet = SNIPPET.replace("https://bots.example/", address)

        def answer(route: Route) -> None:
            route.fulfill(content_type="text/html", body=f"<!doctype html><link rel=icon href=data:,>{snippet}")

        parent.route(PARENT, answer)
        parent.goto(PARENT)
        frame = parent.frame_locator("iframe")
        frame.get_by_role("button", name="Start").click()
        expect(frame.locator(".rtvi-badge")).to_have_attribute("data-state", "bot-ready")
        expect(frame.get_by_role("button", name="Mute")).to_be_enabled()
        parent.close()


def write_wheel(path: Path) -> None:
    """A wheel with one module."""
    info = "thing-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("thing.py", "COLOR = 'green'")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
