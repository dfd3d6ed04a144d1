"""The Python of a face's page. The user's own script runs after it, in the same namespace."""

import json

from js import Event, document
from page_helpers import show_failures

from rtvi_web import RTVIClient, ui
from rtvi_web.transports import SmallWebRTCTransport, WebSocketTransport

show_failures()
settings = json.loads(document.getElementById("settings").textContent)
client = RTVIClient(
    transport={"webrtc": SmallWebRTCTransport, "websocket": WebSocketTransport}[settings["transport"]](),
    params={
        "base_url": settings["base_url"],
        "endpoints": {"connect": settings["endpoint"]},
        "request_data": {"transport": settings["transport"]},
    },
)
console = ui.console(client, into="#main", title=settings["title"])
if settings["frame"]:  # in the cell of a notebook, the notebook's kernel drives the client
    from rtvi_web.notebook.page import attach

    attach(client, parents=settings["frame"])
document.dispatchEvent(Event.new("page-ready"))
