"""What the benchmarks do with rtvi_web, in the page; javascript/theirs.js does the same with the JavaScript client."""

from typing import Any

import js
from pyodide.ffi import create_proxy, to_js

from rtvi_web import RTVIClient
from rtvi_web.transports import SmallWebRTCTransport, WebSocketTransport

TRANSPORTS = {"webrtc": SmallWebRTCTransport, "websocket": WebSocketTransport}


def start(kind: str) -> dict[str, Any]:
    """The start request for a session over a kind of transport."""
    return {"endpoint": "/start", "request_data": {"transport": kind}}


class Ours:
    """One client at a time."""

    def new_client(self, kind: str = "webrtc", **options: Any) -> RTVIClient:
        self.client = RTVIClient(transport=TRANSPORTS[kind](), **options)
        return self.client

    async def connect(self, way: str, warm: bool) -> float:
        """Milliseconds from connect() to bot-ready with a new client; its devices are opened before, if `warm`.

        The way is a transport, to be started, or the address of an offer.
        """
        client = self.new_client(way if way in TRANSPORTS else "webrtc")
        if warm:
            await client.init_devices()
        began = js.performance.now()
        await (client.start_bot_and_connect(start(way)) if way in TRANSPORTS else client.connect({"webrtc_url": way}))
        elapsed: float = js.performance.now() - began
        return elapsed

    async def begin(self) -> None:
        """What a click on a page's button does: connect, and let the bot be heard."""
        await self.new_client().start_bot_and_connect(start("webrtc"))

    async def listen(self, callbacks: list[str], events: list[str]) -> Any:
        """A session with the loopback bot; a callback and a listener count each of some events."""
        handled = 0

        def count(*_: Any) -> None:
            nonlocal handled
            handled += 1

        client = self.new_client(enable_mic=False, callbacks=dict.fromkeys(callbacks, count))
        for event in events:
            client.on(event, count)
        await client.connect({"webrtc_url": "/loopback"})
        return create_proxy(lambda: handled)

    async def end(self) -> None:
        await self.client.disconnect()


_ours = Ours()
js.ours = to_js({name: getattr(_ours, name) for name in ("connect", "begin", "listen", "end")}, create_pyproxies=True)
