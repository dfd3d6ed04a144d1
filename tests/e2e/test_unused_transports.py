"""A page runs and asks for nothing of the transports that it does not use."""

import re

from conftest import Visit
from local_bot import LocalBot
from snapshot_page import MARKED
from test_daily import page_with_daily
from websocket_page import PERMISSIONS

MODULES = {
    "SmallWebRTCTransport": {"small_webrtc", "rtc", "data_channel", "resend_buffer"},
    "DailyTransport": {"daily"},
    "WebSocketTransport": {"websocket", "relay", "pcm_player", "pcm_output"},
}
"""Modules, and folders of modules, that only one transport needs."""
REQUESTS = {
    "SmallWebRTCTransport": {"start", "offer"},
    "DailyTransport": {"call-machine-object-bundle.js"},
    "WebSocketTransport": {"start", "pcm.js", "relay.js"},
}
"""What a page asks for, and nothing else, in a session with one transport: it is in the wheel."""

FORGET = """
import sys
for name in [name for name in sys.modules if name.partition(".")[0] == "rtvi_web"]:
    del sys.modules[name]
"""
SESSION = """
import rtvi_web, rtvi_web.transports
transport = getattr(rtvi_web.transports, name)
if name == "DailyTransport":
    dailyConfig = {"bundlePathOverride": str(js.location.origin) + "/daily", "avoidEval": True}
    options = {"transport": transport({"dailyConfig": dailyConfig}), "custom_connect_handler": start}
else:
    kind = {"SmallWebRTCTransport": "webrtc", "WebSocketTransport": "websocket"}[name]
    options = {"transport": transport(), "params": START | {"request_data": {"transport": kind}}}
client = rtvi_web.RTVIClient(timeout=PATIENCE, **options)
await client.connect()
await client.disconnect()
result = [name for name in sys.modules if name.startswith("rtvi_web.")]
"""


WORKLET = re.compile(r'"GET /worklets/(\S+) HTTP')
"""In the log of the server: the browser tells a test nothing of what an AudioWorklet loads."""


def test_a_page_runs_and_asks_for_nothing_of_a_transport_that_it_does_not_use(visit: Visit, bot: LocalBot) -> None:
    page = visit("", permissions=PERMISSIONS)
    in_page = page_with_daily(page, bot.address)
    page.evaluate(MARKED, "rtvi-web:later")  # what comes after the boot has come
    page.evaluate("document.head.innerHTML += '<meta name=rtvi-web-worklets content=worklets/>'")
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url.partition("?")[0].rpartition("/")[2]))
    log = bot.servers[0].log
    for transport, own in MODULES.items():
        in_page.run(FORGET)
        asked.clear()
        logged = len(log.read_text())
        modules = in_page.run(SESSION, name=transport)
        asked.update(WORKLET.findall(log.read_text()[logged:]))
        names = {part for module in modules for part in module.split(".")}
        assert own <= names, transport
        others = set().union(*MODULES.values()) - own
        assert not [module for module in modules if others.intersection(module.split("."))], transport
        assert asked == REQUESTS[transport]
    in_page.check_released()
