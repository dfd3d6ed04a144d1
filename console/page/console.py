"""The Python of a face's page. The user's own script runs after it, in the same namespace."""

import json

from js import Event, document
from page_helpers import element, make, show_failures, when, write

from rtvi_web import RTVIClient, RTVIEvent, ui
from rtvi_web.transports import SmallWebRTCTransport, WebSocketTransport

show_failures()
settings = json.loads(element("settings").textContent)
client = RTVIClient(
    transport={"webrtc": SmallWebRTCTransport, "websocket": WebSocketTransport}[settings["transport"]](),
    params={
        "base_url": settings["base_url"],
        "endpoints": {"connect": settings["endpoint"]},
        "request_data": {"transport": settings["transport"]},
    },
)


def place(id, tag="div"):
    """A new element of the page, with an id."""
    node = make(tag, "")
    node.id = id
    return node


async def start_or_stop():
    if client.state in ("disconnected", "error"):
        write("problem", "")
        await client.connect()
    else:
        await client.disconnect()


@client.on(RTVIEvent.TRANSPORT_STATE_CHANGED)
def show_state(state):
    write("start", "Start" if state in ("disconnected", "error") else "Stop")


client.on(RTVIEvent.ERROR, lambda message: write("problem", message.data.error))

button = make("button", "primary", "Start")
button.id = "start"
when("click", button, start_or_stop)
notice = make("div", "notice bad", place("problem", "p"))
notice.setAttribute("role", "alert")
controls = make("div", "controls", button)
card = make("section", "card talk", make("h1", "", settings["title"]), controls, notice, place("conversation"))
element("main").append(card)
ui.connection_badge(client, into=controls)
ui.mic_button(client, into=controls)
ui.bot_audio(client, into=card)
ui.transcript(client, into="#conversation", empty="Press Start and say hello.")
document.dispatchEvent(Event.new("page-ready"))
