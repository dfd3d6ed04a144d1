"""A bot's face in a cell: real Jupyter, JupyterLite and marimo, whose kernels talk to the frame by messages."""

import contextlib
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import PATIENCE, Note, screenshot
from fresh_environments import fresh_environment
from local_bot import LocalBot
from notebooks import build_jupyterlite, jupyter, marimo, notebook_python, write_notebook
from paths import CACHE
from playwright.sync_api import Browser, FrameLocator, Page, expect
from servers import free_port, started

from rtvi_web.testing.site_server import serve

CELL = """
from rtvi_web.notebook import face

colors = []
talk = face({arguments})

@talk.register_function_call_handler("set_page_color")
def set_page_color(call):
    colors.append(call.arguments["color"])
    return {{"color": call.arguments["color"]}}
"""
LOOK = 'f"kernel: {talk.state} {colors} {[said.role for said in talk.transcript]}"'
STEPS = ["talk.start()", 'talk.send("make the page green")', "talk.stop()"]
ANSWER = "The page is green now"
"""The bot takes the color from the result of the function. The microphone may say the same in between."""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python of notebooks that has both wheels of ours."""
    return fresh_environment(tmp_path_factory.mktemp("venv") / "venv", beside=notebook_python())


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty page, which in the end has talked to this machine alone."""
    context = browser.new_context(permissions=["microphone", "local-network-access"])
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2].partition(":")[0]))
    yield page
    context.close()
    assert hosts - {"localhost", "127.0.0.1", ""} == set()


def frame_of(page: Page) -> FrameLocator:
    return page.frame_locator("iframe[title='Talk to the bot']")


def has_state(frame: FrameLocator, state: str) -> None:
    expect(frame.locator(".rtvi-badge[data-state]")).to_have_attribute("data-state", state)


def run_cell(page: Page, number: int) -> None:
    code = page.locator(".jp-CodeCell .cm-content").nth(number)
    prompt = page.locator(".jp-CodeCell .jp-InputPrompt").nth(number)
    for _ in range(10):  # Jupyter drops what is typed while it still sets the notebook up.
        code.click()
        code.press("Shift+Enter")
        with contextlib.suppress(AssertionError):
            expect(prompt).not_to_have_text("[ ]:", timeout=5000)
            break
    expect(prompt).to_have_text(f"[{number + 1}]:")


def talk_from_cells(page: Page, address: str, name: str, note: Note) -> None:
    """Runs the cells of a notebook of Jupyter's: the first shows the face, the next start, send and stop."""
    began = time.monotonic()
    page.goto(address)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
    run_cell(page, 0)
    frame = frame_of(page)
    has_state(frame, "disconnected")
    note(f"{name}: the face is there after {time.monotonic() - began:.1f} s")
    run_cell(page, 1)
    has_state(frame, "bot-ready")
    run_cell(page, 2)
    expect(frame.locator(".rtvi-turn.bot", has_text=ANSWER)).to_be_visible()
    screenshot(page, f"notebook-{name}")
    run_cell(page, 3)
    has_state(frame, "disconnected")
    run_cell(page, 4)
    expect(page.locator(".jp-OutputArea-output", has_text="kernel: ")).to_contain_text(
        re.compile(r"kernel: disconnected \['green'(, 'green')*\] \[.*'user'")
    )


def test_in_jupyter_the_kernel_serves_the_face(
    python: Path, bot: LocalBot, page: Page, tmp_path: Path, note: Note
) -> None:
    cell = CELL.format(arguments=f"bot={bot.address!r}")
    write_notebook(tmp_path / "talk.ipynb", [f"{cell}\ntalk", *STEPS, f"print({LOOK})"])
    with jupyter(python, tmp_path) as address:
        talk_from_cells(page, f"{address}doc/tree/talk.ipynb", "jupyter", note)


def test_in_jupyterlite_a_worker_talks_to_a_face_elsewhere(
    python: Path, bot: LocalBot, page: Page, tmp_path: Path, note: Note
) -> None:
    port = free_port()
    face = f"http://localhost:{port}/"
    cell = f"%pip install -q rtvi-web anywidget\n{CELL.format(arguments=repr(face))}"
    asks = "try:\n    face(bot='http://localhost')\nexcept Exception as error:\n    print('asks:', error)"
    cells = [f"{cell}\ntalk", *STEPS, f"print({LOOK})\n{asks}"]
    write_notebook(tmp_path / "talk.ipynb", cells, kernel="python")
    with serve(build_jupyterlite(tmp_path, tmp_path / "talk.ipynb"), []) as address:
        command = [
            "-m",
            "rtvi_web_console.cli.main",
            "console",
            f"--bot={bot.address}",
            f"--port={port}",
            "--no-browser",
        ]
        command += [f"--frame={address.rstrip('/')}"]
        with started(python, command, "face", face, CACHE / f"face-{port}.log") as server:
            server.wait_until_ready()
            talk_from_cells(page, f"{address}lab/index.html?path=talk.ipynb", "jupyterlite", note)
            asked = page.locator(".jp-OutputArea-output", has_text="asks: ")
            expect(asked).to_contain_text("cannot serve a face: give the address of one")


MARIMO = """
import marimo

app = marimo.App()

@app.cell
def _():
    import marimo as mo
{cell}
    return colors, mo, talk

@app.cell
def _(talk):
    talk
    return

@app.cell
def _(mo, talk):
    buttons = [
        mo.ui.button(label="talk.start()", on_click=lambda _: talk.start()),
        mo.ui.button(label="talk.send()", on_click=lambda _: talk.send("make the page green")),
        mo.ui.button(label="talk.stop()", on_click=lambda _: talk.stop()),
    ]
    look = mo.ui.button(label="Look", value=0, on_click=lambda value: value + 1)
    mo.hstack([*buttons, look])
    return buttons, look

@app.cell
def _(colors, look, mo, talk):
    mo.plain_text(f"{{look.value}} " + {look})
    return
"""


def test_in_marimo_the_kernel_serves_the_face(python: Path, bot: LocalBot, page: Page, tmp_path: Path) -> None:
    cell = CELL.format(arguments=f"bot={bot.address!r}").replace("\n", "\n    ")
    (tmp_path / "talk.py").write_text(MARIMO.format(cell=cell, look=LOOK))
    with marimo(python, tmp_path / "talk.py") as address:
        page.goto(address)
        frame = frame_of(page)
        has_state(frame, "disconnected")
        page.get_by_role("button", name="talk.start()").click()
        has_state(frame, "bot-ready")
        page.get_by_role("button", name="talk.send()").click()
        expect(frame.locator(".rtvi-turn.bot", has_text=ANSWER)).to_be_visible()
        screenshot(page, "notebook-marimo")
        page.get_by_role("button", name="talk.stop()").click()
        has_state(frame, "disconnected")
        page.get_by_role("button", name="Look").click()
        expect(page.get_by_text("1 kernel: ")).to_contain_text(
            re.compile(r"disconnected \['green'(, 'green')*\] \[.*'user'")
        )
