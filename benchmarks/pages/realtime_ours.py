"""Our side of realtime.html: the same work as theirs, through RealtimeClient."""

import gc
from typing import Any

import js

from rtvi_web.realtime import RealtimeClient

CHUNK = js.Int16Array.new(480).to_bytes()  # 20 ms


async def connected() -> RealtimeClient:
    client = RealtimeClient(url="ws://localhost/", microphone=False, config={"turn_detection": {"type": "server_vad"}})
    await client.connect()
    return client


async def append(seconds: float) -> Any:
    client = await connected()
    start = js.performance.now()
    for _ in range(int(seconds * 50)):
        client.append_input_audio(CHUNK)
    took = js.performance.now() - start
    await client.disconnect()
    return took


async def receive(seconds: float) -> Any:
    client = await connected()
    took = js.receive(seconds, "response.output_audio.delta")
    await client.disconnect()
    return took


talking: RealtimeClient | None = None  # the session that lasts


async def minute() -> Any:
    """Go on for a minute of speech in both directions; Python's heap then, in megabytes."""
    global talking
    talking = talking or await connected()
    for _ in range(60 * 50):
        talking.append_input_audio(CHUNK)
    js.receive(60, "response.output_audio.delta")
    await talking.interrupt()  # by now all of it would have been played
    gc.collect()
    return js.pyodide._module.HEAP8.length / 1e6
