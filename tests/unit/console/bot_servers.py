"""Servers of bots, good ones and bad ones, for the doctor to visit."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from rtvi_web.transports.websocket.frames import MessageFrame, decode, encode

PAGE = "https://page.example"
CORS = Middleware(CORSMiddleware, allow_origins=[PAGE], allow_methods=["*"], allow_headers=["*"])
Endpoint = Callable[[Request], Any]


class Bot:
    """What a server's start endpoint answers, and what it was sent."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = {"sessionId": "s1"} if answer is None else answer
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []
        self.heard: list[Any] = []
        self.version = "2.2.0"

    async def start(self, request: Request) -> Response:
        self.bodies.append(await request.json())
        self.headers.append(dict(request.headers))
        return self.answer if isinstance(self.answer, Response) else JSONResponse(self.answer)

    async def offer(self, request: Request) -> Response:
        raise AssertionError("the doctor starts no bot over WebRTC")

    async def talk(self, websocket: WebSocket) -> None:
        """A bot over a WebSocket: ready when the client is."""
        await websocket.accept()
        content, _ = decode(await websocket.receive_bytes())
        assert isinstance(content, MessageFrame)
        self.heard.append(json.loads(content.data))
        about = {"library": "pipecat-ai", "library_version": "1.14.0"}
        ready = {"label": "rtvi-ai", "type": "bot-ready", "data": {"version": self.version, "about": about}}
        await websocket.send_bytes(encode(MessageFrame(json.dumps({"label": "rtvi-ai", "type": "other"}))))
        await websocket.send_bytes(encode(MessageFrame(json.dumps({**ready, "pad": "x" * 300}))))
        with contextlib.suppress(Exception):
            await websocket.receive()

    async def close(self, websocket: WebSocket) -> None:
        """A bot that leaves at once."""
        await websocket.accept()
        await websocket.close(4001, "no bot is free")

    def app(self, middleware: Sequence[Middleware] = (CORS,)) -> Starlette:
        routes: list[Any] = [
            Route("/start", self.start, methods=["POST"]),
            Route("/sessions/{id}/api/offer", self.offer, methods=["POST", "PATCH"]),
            WebSocketRoute("/ws", self.talk),
            WebSocketRoute("/ws-closes", self.close),
        ]
        return Starlette(routes=routes, middleware=list(middleware))


@contextlib.contextmanager
def served(app: Any, **options: Any) -> Iterator[str]:
    """Serve at a free port of this machine, in a thread; the value is host and port."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="error", lifespan="off", ws="wsproto", timeout_graceful_shutdown=1, **options
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


@contextlib.contextmanager
def stun_server(*, silent: bool = False) -> Iterator[int]:
    """Answers STUN requests, or none; the value is its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(("127.0.0.1", 0))
        datagrams.settimeout(10)

        def answer() -> None:
            with contextlib.suppress(OSError):
                while True:
                    data, address = datagrams.recvfrom(2048)
                    if not data:
                        return
                    if not silent:
                        datagrams.sendto(b"\x01\x01\x00\x00" + data[4:20], address)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        port = datagrams.getsockname()[1]
        try:
            yield port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", ("127.0.0.1", port))
            thread.join()
