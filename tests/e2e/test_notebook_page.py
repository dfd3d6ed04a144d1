"""A page of one's own in a notebook's frame: whom it obeys, and what it says. The notebook's cell is the test."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Visit
from paths import DIST
from playwright.sync_api import Page

from rtvi_web.testing.site_server import serve

FACE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><title>A page of one's own</title><link rel="icon" href="data:,">
<main></main>
<script type="module" src="loader.js"></script>
<script>
addEventListener("message", ({{ source, data }}) => data === "ping" && source.postMessage("pong", "*"));
</script>
<script type="py">
from rtvi_web import RTVIClient, ui
from rtvi_web.notebook.page import attach
from rtvi_web.testing import ScriptedTransport, expect, handshake, say

call = {{"function_name": "paint", "tool_call_id": "t1", "args": {{"color": "red"}}}}
result = {{"function_name": "paint", "tool_call_id": "t1", "result": {{"painted": "<b>red</b>"}}}}
script = [
    *handshake(),
    expect("send-text", {{"content": "paint it"}}),
    say("llm-function-call", call),
    expect("llm-function-call-result", result),
    say("user-transcription", {{"text": "<s>bold</s>", "final": True, "timestamp": "2026-11-29", "user_id": "u"}}),
]
client = RTVIClient(transport=ScriptedTransport(*script), enable_mic=False)
ui.console(client, into="main", mic="off")
attach(client, parents={parents})
</script>
</html>
"""
CELL = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>A notebook</title><link rel="icon" href="data:,">
<iframe id="stranger" src="empty.html"></iframe>
<iframe id="face" src="{face}#{fragment}"></iframe>
<script>
const face = document.getElementById("face");
window.heard = [];
addEventListener("message", (event) => event.source === face.contentWindow && heard.push([event.origin, event.data]));
function tell(...texts) {{
  for (const text of [...texts, "ping"]) face.contentWindow.postMessage(text, "*");
}}
function stranger(...texts) {{
  document.getElementById("stranger").contentWindow.eval(
    `for (const text of ${{JSON.stringify(texts)}}) parent.frames[1].postMessage(text, "*")`);
}}
</script>
</html>
"""
START = '{"type": "start"}'
FUNCTIONS = '{"type": "functions", "functions": [["paint", 5], ["", 5], [1], "x", ["other", -1], [null, true]]}'


class Notebook:
    """A page with a frame, which says what the test says."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.read = self.told = 0

    def heard(self, type: str, **fields: Any) -> dict[str, Any]:
        """Wait for a message of the face; those before it are passed over."""
        while True:
            self.page.wait_for_function(f"heard.length > {self.read}")
            _, text = self.page.evaluate(f"heard[{self.read}]")
            self.read += 1
            message = {"type": text} if text == "pong" else json.loads(text)
            if message["type"] == type and message.items() >= fields.items():
                return dict(message)

    def tell(self, *texts: object) -> None:
        """Say this to the face, and wait until it has heard it."""
        self.told += 1
        self.page.evaluate("texts => tell(...texts)", list(texts))
        self.page.wait_for_function(f"heard.filter(([, text]) => text === 'pong').length === {self.told}")

    @property
    def all(self) -> list[str]:
        """The types of all messages of the face."""
        return [json.loads(text)["type"] for _, text in self.page.evaluate("heard") if text != "pong"]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Serves the face to the name localhost, and the notebook to both names of this machine."""
    folder = tmp_path_factory.mktemp("notebook")
    with serve(folder, [DIST]) as address:
        port = int(address.rstrip("/").rpartition(":")[2])
        (folder / "empty.html").write_text("<!doctype html><title>A stranger</title>")
        (folder / "face.html").write_text(FACE.format(parents=[f"http://localhost:{port}"]))
        for fragment in ("notebook", "other"):
            cell = CELL.format(face=f"http://127.0.0.1:{port}/face.html", fragment=fragment)
            (folder / f"{fragment}.html").write_text(cell)
        yield port


def test_the_notebook_drives_the_page(port: int, visit: Visit) -> None:
    page = visit(f"http://localhost:{port}/notebook.html", others=(f"127.0.0.1:{port}", f"localhost:{port}"))
    notebook = Notebook(page)
    assert notebook.heard("ready") == {"type": "ready", "version": 1}

    # Messages of other pages, and data that is not a message, are ignored.
    page.evaluate("text => stranger(text)", START)
    notebook.tell({"type": "start"}, 1, None, "", "{", "[]", '{"type": "run"}', '{"type": "send"}', "[" * 300_000)
    notebook.tell("x" * 256_001, '{"type": "start"' + " " * 256_000 + "}")
    assert notebook.all == ["ready"]

    notebook.tell(FUNCTIONS)
    notebook.heard("state", state="disconnected")
    notebook.tell(START)
    notebook.heard("state", state="bot-ready")
    notebook.tell('{"type": "send", "text": "paint it"}')
    call = notebook.heard("call")
    assert (call["name"], call["arguments"]) == ("paint", {"color": "red"})
    result = {"type": "result", "id": call["id"], "result": {"painted": "<b>red</b>"}}
    notebook.tell('{"type": "result", "id": "another", "result": {}}', json.dumps(result), json.dumps(result))
    notebook.tell('{"type": "stop"}')
    said = notebook.heard("transcript", role="user")
    assert "<s>bold</s>" in said["text"]
    assert page.frame_locator("#face").locator("s").count() == 0, "no text becomes HTML"
    origins = page.evaluate("[...new Set(heard.map(([origin]) => origin))]")
    assert origins == [f"http://127.0.0.1:{port}"]


def test_a_page_of_another_origin_is_not_obeyed(port: int, visit: Visit) -> None:
    page = visit(f"http://127.0.0.1:{port}/notebook.html")
    notebook = Notebook(page)
    notebook.heard("ready")
    notebook.tell(FUNCTIONS, START)
    assert notebook.all == ["ready"]


def test_a_frame_that_is_no_cell_says_nothing(port: int, visit: Visit) -> None:
    page = visit(f"http://localhost:{port}/other.html", others=(f"127.0.0.1:{port}", f"localhost:{port}"))
    page.frame_locator("#face").get_by_role("button", name="Start").wait_for()
    notebook = Notebook(page)
    notebook.tell(FUNCTIONS, START)
    assert notebook.all == []
