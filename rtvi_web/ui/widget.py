"""What all widgets have in common: an element in the page, and that all of it goes again."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from rtvi_web.browser import _js, dom
from rtvi_web.rtvi.client import RTVIClient


class Widget:
    """A part of the page that shows a client, and lets the person tell it something.

    Attributes:
        element: what was put into the page. Style it, move it, give it an id; its inside may change with versions.
    """

    element: Any

    def __init__(self, client: RTVIClient, into: Any, tag: str, kind: str, **attributes: str) -> None:
        parent = dom.find(into)
        self.element = dom.make(tag, f"rtvi rtvi-{kind}", **attributes)
        self.scope = _js.Scope()
        self._client = client
        self.scope.defer(_style.use())
        parent.append(self.element)
        self.scope.defer(self.element.remove)

    def follow(self, handler: Callable[..., object], *events: str) -> None:
        """Call a handler at these events of the client, until ``close()``."""
        for event in events:
            self.scope.defer(self._client.on(event, handler))

    def close(self) -> None:
        """Take it out of the page, with all that it added. May be called again."""
        self.scope.close()


class _Style:
    """The widgets' style sheet, in the page while there is a widget."""

    def __init__(self) -> None:
        self._users = 0
        self._remove: Callable[[], None] | None = None

    def use(self) -> Callable[[], None]:
        """Have it in the page until the returned function is called."""
        self._users += 1
        if self._remove is None:
            with open(os.path.join(os.path.dirname(__file__), "widgets.css"), encoding="utf-8") as file:
                self._remove = dom.adopt_style(file.read())
        return self._release

    def _release(self) -> None:
        self._users -= 1
        if not self._users and self._remove:
            self._remove()
            self._remove = None


_style = _Style()
