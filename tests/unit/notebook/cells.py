"""A face in a cell whose browser is the test: the real widget, and the messages of a browser."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from rtvi_web.notebook import Face, face
from rtvi_web.notebook.messages import VERSION

SITE = "https://bots.example/face/"
LAB = "http://localhost:8888"


class Comm:
    """The kernel's end of a connection, as ipywidgets uses it."""

    comm_id = "1"

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.receive: Any = None
        self.news = asyncio.Event()

    def on_msg(self, callback: Any) -> None:
        self.receive = callback

    def send(self, data: Any = None, **others: Any) -> None:
        if data["method"] == "custom":
            self.sent.append(data["content"])
            self.news.set()

    def close(self, *args: Any, **options: Any) -> None:
        pass


class Browser:
    """Shows a face, and is its page."""

    def __init__(self, talk: Face | None = None) -> None:
        self.face = talk or face(SITE)
        self.comm = Comm()
        self.face.widget.comm = self.comm

    def say(self, content: Any) -> None:
        """What comes from the browser, whatever it is."""
        self.comm.receive({"content": {"data": {"method": "custom", "content": content}}, "buffers": []})

    def open(self, view: str = "v1", origin: str = LAB) -> None:
        self.say({"view": view, "kind": "open", "text": origin})

    def page(self, type: str, view: str = "v1", **fields: Any) -> None:
        """A message of the page."""
        self.say({"view": view, "kind": "page", "text": json.dumps({"type": type, **fields})})

    def show(self) -> None:
        """The page is there."""
        self.open()
        self.page("ready", version=VERSION)

    @property
    def sent(self) -> list[dict[str, Any]]:
        """What the page was told."""
        return [json.loads(each["text"]) for each in self.comm.sent if each["kind"] == "page"]

    def last(self, type: str) -> dict[str, Any]:
        return [each for each in self.sent if each["type"] == type][-1]

    async def answer(self, id: str) -> Any:
        """The result of a call."""
        async with asyncio.timeout(5):
            while not (found := [each for each in self.sent if each["type"] == "result" and each["id"] == id]):
                self.comm.news.clear()
                await self.comm.news.wait()
        return found[0]["result"]
