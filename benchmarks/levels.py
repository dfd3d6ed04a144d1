"""Prints what audio levels cost the page's main thread: `python benchmarks/levels.py` (after `make site`).

One call in one page, over a WebRTC loopback. The levels of the person and of the bot, ten a second each, are switched
off and on in turn. The kernel counts the CPU time of the page's main thread in each turn; the result is the difference
as a share of the elapsed time. More than 1 % fails.
"""

import contextlib
import sys
from typing import Any

from bench import servers
from browser import FLAGS, chromium_path
from figures import Figure, finish, options
from main_thread import main_thread_share
from playwright.sync_api import Page, sync_playwright

SECONDS = 10
ROUNDS = 6
MOST = 1.0  # percent
DEVICES = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")

# A bot inside the page: it answers the offer at once and sends the microphone back.
CALL = """
import asyncio, json
import js
from rtvi_web import RTVIClient, RTVIEvent
from rtvi_web.browser import _js
from rtvi_web.core.http import HttpResponse
from rtvi_web.transports import SmallWebRTCTransport

class Loopback:
    async def request(self, method, url, *, headers, body, **_):
        if method == "PATCH":
            return HttpResponse(200, "{}")
        bot = self.bot = js.RTCPeerConnection.new()
        await _js.call(bot, "setRemoteDescription", {"type": "offer", "sdp": json.loads(body)["sdp"]})
        stream = await _js.call(js.navigator.mediaDevices, "getUserMedia", {"audio": True})
        transceiver = bot.getTransceivers()[0]
        transceiver.direction = "sendrecv"
        await _js.call(transceiver.sender, "replaceTrack", stream.getTracks()[0])
        await _js.call(bot, "setLocalDescription", await _js.call(bot, "createAnswer"))
        while bot.iceGatheringState != "complete":
            await asyncio.sleep(0.01)
        return HttpResponse(200, json.dumps({"type": "answer", "sdp": bot.localDescription.sdp, "pc_id": "1"}))

class LoopbackTransport(SmallWebRTCTransport):
    http = Loopback()

transport = LoopbackTransport(webrtc_url="/loopback")
client = RTVIClient(transport=transport, timeout=None)  # This bot never becomes ready.
connecting = asyncio.ensure_future(client.connect())
await client.wait_for(RTVIEvent.TRACK_STARTED, check=lambda track, who: not who.local)
levels = []
offs = []

def listen(on):
    while offs:
        offs.pop()()
    if on:
        offs.append(client.on(RTVIEvent.LOCAL_AUDIO_LEVEL, levels.append))
        offs.append(client.on(RTVIEvent.REMOTE_AUDIO_LEVEL, lambda level, bot: levels.append(level)))
"""


def main() -> None:
    arguments = options(__doc__).parse_args()
    with servers() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=[*FLAGS, *DEVICES])
        with contextlib.closing(browser):
            page = browser.new_page()
            page.route("**/call.html", lambda route: route.fulfill(content_type="text/html", body="<!doctype html>"))
            page.goto(url + "site/call.html")
            page.evaluate(
                "async () => { const { loadPyodide } = await import('./pyodide/pyodide.mjs');"
                "globalThis.pyodide = await loadPyodide({packages: ['rtvi-web']}) }"
            )
            python(page, CALL)
            shares: dict[bool, list[float]] = {False: [], True: []}
            for turn in range(2 * ROUNDS):
                on = turn % 2 == 1
                python(page, f"listen({on})")
                page.wait_for_timeout(1000)
                shares[on].append(main_thread_share(browser, page, SECONDS))
            measured = python(page, "len(levels)")
    if not measured:
        sys.exit("No level was measured: the result means nothing.")
    figures = [
        Figure("main thread, levels off", [100 * share for share in shares[False]], "%"),
        Figure("main thread, levels on", [100 * share for share in shares[True]], "%"),
        Figure(
            "what levels cost", [100 * (on - off) for off, on in zip(*shares.values(), strict=True)], "%", most=MOST
        ),
    ]
    finish(figures, arguments)


def python(page: Page, source: str) -> Any:
    return page.evaluate("source => pyodide.runPythonAsync(source)", source)


if __name__ == "__main__":
    main()
