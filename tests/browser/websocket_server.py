"""A WebSocket server for the browser tests; what it does is in the address.

``/echo`` sends every frame back; ``/who`` tells the address and the protocols it was asked for; ``/bye`` closes with a
code of its own at the first frame, ``/closes/…`` with that one at once; ``/binary`` sends a binary frame and then a
text; ``/refuse`` answers the handshake with 403; ``/never`` does not answer it; ``/realtime`` speaks enough of the
Realtime protocol for a session of sound, until it gets a ``hang``; ``/tone`` sings ("0 1 2 …") in the formats of the
session (``?answers=`` is a format that it insists on), and in binary frames; ``/transcribe`` is vLLM's protocol, and
writes down the pitch of what it hears at 16 kHz; ``/voxtral`` is Mistral's; ``/pipecat`` is a Pipecat bot
(pipecat_server.py); ``/rooms/…`` are bots that a test plays (room_server.py).
"""

import base64
import contextlib
import json
import math
import socket
import threading
from array import array
from collections.abc import Iterator
from itertools import pairwise
from statistics import median
from typing import Any

import room_server
import uvicorn
from pipecat_server import Bot

from rtvi_web.realtime.protocol.formats import sound_format


async def app(scope: Any, receive: Any, send: Any) -> None:
    """The ASGI application."""
    await receive()
    path, offered = scope["path"], scope["subprotocols"]
    if path.startswith("/rooms/"):
        await room_server.enter(path, receive, send)
        return
    if path.startswith("/refuse"):
        await send({"type": "websocket.close"})
        return
    if path == "/never":
        await receive()
        return
    await send({"type": "websocket.accept", "subprotocol": offered[0] if offered else None})
    if path.startswith("/closes/"):
        await send({"type": "websocket.close", "code": int(path.rpartition("/")[2]), "reason": "at once"})
        return
    if path == "/realtime":
        await realtime(receive, send)
        return
    if path == "/tone":
        await tone(receive, send, scope["query_string"].decode().partition("answers=")[2])
        return
    if path in ("/transcribe", "/voxtral"):
        await (transcribe if path == "/transcribe" else voxtral)(receive, send)
        return
    if path == "/pipecat":
        await Bot(receive, send, scope["query_string"].decode()).run()
        return
    await echo(scope, receive, send)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Sends back what it gets, and at first what its path says."""
    path = scope["path"]
    if path == "/binary":
        await send({"type": "websocket.send", "bytes": b"binary"})
        await send({"type": "websocket.send", "text": "text"})
    if path == "/who":
        url = f"{path}?{scope['query_string'].decode()}"
        await send({"type": "websocket.send", "text": json.dumps({"url": url, "protocols": scope["subprotocols"]})})
    while (message := await receive())["type"] == "websocket.receive":
        if path == "/bye":
            await send({"type": "websocket.close", "code": 4000, "reason": "invalid_request_error.beta"})
            return
        await send({"type": "websocket.send", "text": message["text"]})


async def realtime(receive: Any, send: Any) -> None:
    """Takes the configuration, says how loud each piece of sound is (``heard``), and answers with a tone of 5 s."""

    async def say(type: str, **fields: Any) -> None:
        await send({"type": "websocket.send", "text": json.dumps({"type": type, **fields})})

    await say("session.created", session={})
    while (message := await receive())["type"] == "websocket.receive":
        event = json.loads(message["text"])
        match event["type"]:
            case "session.update":
                await say("session.updated", session=event["session"])
            case "hang":
                while (await receive())["type"] == "websocket.receive":
                    pass
                return
            case "input_audio_buffer.append":
                await say("heard", level=max(array("h", base64.b64decode(event["audio"]))) / 32768)
            case "response.create":
                second = array("h", (int(16384 * math.sin(n * math.tau * 440 / 24_000)) for n in range(24_000)))
                delta = base64.b64encode(second.tobytes()).decode()
                for _ in range(5):
                    await say("response.output_audio.delta", response_id="r", item_id="i", content_index=0, delta=delta)


async def tone(receive: Any, send: Any, answers: str) -> None:
    """Answers with a second of 500 Hz; ``heard`` tells the pitch of the last half second that it was sent."""

    async def say(type: str, **fields: Any) -> None:
        await send({"type": "websocket.send", "bytes": json.dumps({"type": type, **fields}).encode()})

    heard = b""
    audio: dict[str, Any] = {}
    await say("session.created", session={})
    while (message := await receive())["type"] == "websocket.receive":
        event = json.loads(message["text"])
        match event["type"]:
            case "session.update":
                audio = event["session"]["audio"]
                if answers:
                    audio["output"]["format"] = {"type": answers}
                await say("session.updated", session={"audio": audio})
            case "input_audio_buffer.append":
                format = sound_format(audio["input"]["format"])
                heard = (heard + format.decode(base64.b64decode(event["audio"])))[-format.rate :]
                if len(heard) == format.rate:
                    samples = array("h", heard)
                    ups = sum(before < 0 <= now for before, now in pairwise(samples))
                    await say("heard", pitch=2 * ups)
            case "response.create":
                format = sound_format(audio["output"]["format"])
                sine = array("h", (int(16384 * math.sin(n * math.tau * 500 / format.rate)) for n in range(format.rate)))
                sound = format.encode(sine.tobytes())
                await say("response.created", response={"id": "r"})
                for start in range(0, len(sound), len(sound) // 10):
                    delta = base64.b64encode(sound[start : start + len(sound) // 10]).decode()
                    word = f"{start * 10 // len(sound)} "
                    await say("response.output_audio_transcript.delta", item_id="i", content_index=0, delta=word)
                    await say("response.output_audio.delta", item_id="i", content_index=0, delta=delta)
                await say("response.done", response={"id": "r"})


def pitch_of(pcm: bytes, rate: int) -> int:
    """The pitch of half a second of sound: that of most of its periods, since Chromium's tone may have a gap."""
    samples = array("h", pcm[:rate])
    rises = [place for place, (before, now) in enumerate(pairwise(samples)) if before < 0 <= now]
    return round(rate / median(end - start for start, end in pairwise(rises)))


async def transcribe(receive: Any, send: Any) -> None:
    """Sound counts only between a commit that is not final and one that is, once the model is known."""

    async def say(type: str, **fields: Any) -> None:
        await send({"type": "websocket.send", "text": json.dumps({"type": type, **fields})})

    heard: bytes | None = None
    known = False
    await say("session.created", id="sess-1", created=1)
    while (message := await receive())["type"] == "websocket.receive":
        match json.loads(message["text"]):
            case {"type": "session.update", "model": _}:
                known = True
            case {"type": "input_audio_buffer.commit", "final": False} if known:
                heard = b""
            case {"type": "input_audio_buffer.append", "audio": audio} if heard is not None:
                heard += base64.b64decode(audio)
                if len(heard) >= 16_000 > len(heard) - len(audio):
                    await say("transcription.delta", delta=f"{pitch_of(heard, 16_000)} ")
            case {"type": "input_audio_buffer.commit", "final": True} if heard is not None:
                await say("transcription.done", text=f"{pitch_of(heard, 16_000)} Hz", usage=None)
                heard = None
            case other:
                await say("error", error=f"unexpected {other}", code="unknown_event")


async def voxtral(receive: Any, send: Any) -> None:
    """Writes down the pitch after a flush."""

    async def say(type: str, **fields: Any) -> None:
        await send({"type": "websocket.send", "text": json.dumps({"type": type, **fields})})

    heard = b""
    format = {"encoding": "pcm_s16le", "sample_rate": 16_000}
    session = {"request_id": "r", "model": "m", "audio_format": format}
    await say("session.created", session=session)
    while (message := await receive())["type"] == "websocket.receive":
        match json.loads(message["text"]):
            case {"type": "session.update", "session": changes}:
                await say("session.updated", session={**session, **changes})
            case {"type": "input_audio.append", "audio": audio}:
                heard += base64.b64decode(audio)
            case {"type": "input_audio.flush"}:
                await say("transcription.text.delta", text=f"{pitch_of(heard, 16_000)} Hz")
            case other:
                await say("error", error={"message": f"unexpected {other}", "code": 1})


@contextlib.contextmanager
def serve_websockets() -> Iterator[int]:
    """Serve on loopback; the value is the port."""
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="wsproto", timeout_graceful_shutdown=0)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
