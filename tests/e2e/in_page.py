"""Runs Python of a test in a page, through loadPyodide and without PyScript."""

import json
import textwrap
from typing import Any

from playwright.sync_api import Frame, Page, Route

EMPTY = "<!doctype html><title>empty</title><link rel=icon href=data:,>"
LOAD = """async () => {
  const { loadPyodide } = await import("./pyodide/pyodide.mjs");
  window.pyodide = await loadPyodide({ packages: ["rtvi-web"] });
}"""

PREPARE = """
import asyncio, json
import js
from rtvi_web import *
from rtvi_web.transports import SmallWebRTCTransport

def new_client(**options):
    options = {"transport": SmallWebRTCTransport(), "params": START} | options
    return RTVIClient(**options)

PATIENCE = 60  # seconds for what has to happen: a machine with much to do is slow, and nothing is wrong

START = {"base_url": ".", "endpoints": {"connect": "/start"}, "request_data": {"transport": "webrtc"}}

async def failure(awaitable):
    '''What an awaitable raised, as the test sees it.'''
    try:
        async with asyncio.timeout(PATIENCE):
            result = await awaitable
    except RTVIError as error:
        return {"type": type(error).__name__, "phase": error.phase, "status": error.status, "text": str(error)}
    raise AssertionError(f"nothing was raised; the result is {result!r}")

async def until(enough, ask, every=0.1):
    '''What a coroutine function returns, once it is enough; asked every so many seconds.'''
    async with asyncio.timeout(PATIENCE):
        while not enough(answer := await ask()):
            await asyncio.sleep(every)
    return answer
"""


def empty_page(page: Page, site: str, policy: str = "") -> str:
    """The address of an empty page of `site`, with this Content-Security-Policy."""
    headers = {"Content-Security-Policy": policy} if policy else {}

    def answer(route: Route) -> None:
        route.fulfill(content_type="text/html", headers=headers, body=EMPTY)

    page.route(f"{site}empty.html", answer)
    return f"{site}empty.html"


class PythonIn:
    """A page, or a frame, that is empty but for Python with rtvi_web."""

    def __init__(self, place: Page | Frame) -> None:
        self._place = place
        place.evaluate(LOAD)
        self.run(PREPARE)

    def run(self, code: str, **values: Any) -> Any:
        """Run statements that may await; what they leave in `result` comes back as JSON does."""
        given = "".join(f"{name} = json.loads({json.dumps(value)!r})\n" for name, value in values.items())
        source = f"result = None\n{given}{textwrap.dedent(code)}\njson.dumps(result)"
        return json.loads(self._place.evaluate("source => pyodide.runPythonAsync(source)", source))


class InPagePython(PythonIn):
    """A page of `site` that holds nothing but Python with rtvi_web."""

    def __init__(self, page: Page, site: str, *, policy: str = "") -> None:
        self.page = page
        page.goto(empty_page(page, site, policy))
        super().__init__(page)

    def check_released(self) -> None:
        """Every microphone track and every peer connection of the page is closed, or is in a moment.

        A microphone that the browser opens after connect() was cancelled is closed when it comes.
        """
        self.page.wait_for_function("watched.released()")
