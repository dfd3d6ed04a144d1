"""Small carried sites, and apps to mount a face into."""

from __future__ import annotations

from pathlib import Path

from carry import carried
from rtvi_web_console.carried import CarriedSite
from starlette.types import Receive, Scope, Send
from tree import write_tree

WASM = b"\0asm" + b"code " * 5000
FILES = {
    "loader.js": b"import './pyodide/pyodide.mjs';",
    "pyodide/pyodide.mjs": b"export {};",
    "pyodide/pyodide.asm.wasm": WASM,
    "pyodide/0d9a81fc23b1/thing-1-py3-none-any.whl": b"PK wheel " * 50,
}


def carried_site(folder: Path, files: dict[str, bytes] = FILES, *, room: int = 1_000_000) -> CarriedSite:
    """The site that a wheel with these files would carry."""
    write_tree(folder, carried(files))
    return CarriedSite(folder, room=room)


class Bot:
    """An ASGI app that says what it was asked, and is no Starlette app."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope["type"])
        if scope["type"] == "lifespan":
            for happening in ("startup", "shutdown"):
                assert (await receive())["type"] == f"lifespan.{happening}"
                await send({"type": f"lifespan.{happening}.complete"})
        elif scope["type"] == "websocket":
            assert (await receive())["type"] == "websocket.connect"
            await send({"type": "websocket.accept"})
            await send({"type": "websocket.send", "text": f"bot {scope['path']}"})
            await send({"type": "websocket.close"})
        else:
            body = f"bot {scope['method']} {scope['path']}".encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})
