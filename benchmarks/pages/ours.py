"""What the benchmarks do with rtvi_web, in the page; javascript/theirs.js does the same with the JavaScript client."""

from typing import Any

import js
from pyodide.ffi import create_proxy, to_js

from rtvi_web import RTVIClient
from rtvi_web.transports import SmallWebRTCTransport

START = {"endpoint": "/start", "request_data": {"transport": "webrtc"}}


class Ours:
    """One client at a time."""

    def new_client(self, **options: Any) -> RTVIClient:
        self.client = RTVIClient(transport=SmallWebRTCTransport(), **options)
        return self.client

    async def connect(self, way: str, warm: bool) -> float:
        """Milliseconds from connect() to bot-ready with a new client; its devices are opened before, if `warm`."""
        client = self.new_client()
        if warm:
            await client.init_devices()
        start = js.performance.now()
        await (client.start_bot_and_connect(START) if way == "start" else client.connect({"webrtc_url": way}))
        elapsed: float = js.performance.now() - start
        return elapsed

    async def begin(self) -> None:
        """What a click on a page's button does: connect, and let the bot be heard."""
        await self.new_client().start_bot_and_connect(START)

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
