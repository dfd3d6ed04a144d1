"""Firefox boots pages from the snapshot as Chromium does, and Python is then what it is after a stock boot."""

import json
import queue
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from firefox import firefox, why_no_firefox
from paths import DIST
from serve import serve
from snapshot_page import BOOT, MARKED, MARKS, WITH_OURS
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

pytestmark = pytest.mark.skipif(bool(why_no_firefox()), reason=why_no_firefox())

CASE = Path(__file__).with_name("snapshot_case.py").read_text()
EVERYTHING = f"{CASE}\njson.dumps([environment(), await packages(), await running()])"
OURS = ["index", "plain", "devices", "transports", "realtime"]
PATIENCE = 120.0  # seconds: Firefox, too, starts slowly on a machine with much to do
WATCH = f"""<script type="module">
  await ({MARKED})("rtvi-web:later");
  const marks = {MARKS};
  const kinds = performance.getEntriesByType("resource").map((entry) => entry.initiatorType);
  await fetch("report/@PAGE@", {{ method: "POST", body: JSON.stringify({{ marks, kinds }}) }});
  location = "@NEXT@";
</script>"""
BOTH = f"""<!doctype html><title>both</title><link rel=icon href=data:,><script type="module">
  const value = {{}};
  try {{
    for (const module of ["stock", "pyodide"])
      value[module] = await ({BOOT})([module, {json.dumps(WITH_OURS)}, {json.dumps(EVERYTHING)}]);
  }} catch (error) {{
    value.error = String(error);
  }}
  await fetch("report/both", {{ method: "POST", body: JSON.stringify({{ ...value, marks: {MARKS} }}) }});
</script>"""


class Reports:
    """A server of dist/ whose pages say what they have seen."""

    def __init__(self) -> None:
        self._said: dict[str, queue.Queue[dict[str, Any]]] = {page: queue.Queue() for page in (*OURS, "both")}
        routes = [
            Route("/report/{page}", self._report, methods=["POST"]),
            Route("/{page}.watched.html", self._watched),
            Route("/both.html", lambda request: HTMLResponse(BOTH)),
        ]
        self.app = Starlette(routes=routes)

    def of(self, page: str) -> dict[str, Any]:
        """What a page has seen, once it has said so."""
        return self._said[page].get(timeout=PATIENCE)

    async def _report(self, request: Request) -> Response:
        self._said[request.path_params["page"]].put(await request.json())
        return Response()

    async def _watched(self, request: Request) -> Response:
        """A page that reports when all is loaded, and goes to the next."""
        page = request.path_params["page"]
        following = [*(f"{name}.watched.html" for name in OURS), "both.html"][OURS.index(page) + 1]
        html = (DIST / f"{page}.html").read_text()
        watch = WATCH.replace("@PAGE@", page).replace("@NEXT@", following)
        return HTMLResponse(html.replace("</head>", f"{watch}</head>"))


@pytest.fixture(scope="module")
def reports() -> Iterator[Reports]:
    reports = Reports()
    with serve(app=reports.app) as site, firefox(f"{site}{OURS[0]}.watched.html", TZ="America/New_York"):
        yield reports


@pytest.mark.parametrize("page", OURS)
def test_our_pages_boot_from_it(reports: Reports, page: str) -> None:
    said = reports.of(page)
    assert "restored" in said["marks"]
    assert not {"stock", "synchronous"} & {*said["marks"]}
    assert "xmlhttprequest" not in said["kinds"]


def test_python_is_what_it_is_after_a_stock_boot(reports: Reports) -> None:
    said = reports.of("both")
    assert "error" not in said, said["error"]
    assert said["marks"].count("restored") == 1
    stock, restored = (json.loads(said[module]["value"]) for module in ("stock", "pyodide"))
    assert restored == stock
    assert said["pyodide"]["lines"] == said["stock"]["lines"]
    environment, *_ = restored
    assert environment["zone"][3] == ["UTC-0500", "UTC-0400"]
    assert environment["environ"]["LANG"] == "de_DE.UTF-8"
