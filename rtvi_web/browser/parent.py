"""The page that shows this one in a frame."""

from __future__ import annotations

from collections.abc import Callable

from rtvi_web.browser import _js


def in_a_frame() -> bool:
    """Whether another page shows this one."""
    window = _js.api("window")
    framed: bool = window.parent != window
    return framed


def fragment() -> str:
    """What the page's address has after its ``#``."""
    return str(_js.api("location").hash).removeprefix("#")


class ParentPage:
    """Messages from and to the page around this one. They are texts.

    Args:
        allows: says whether pages of an origin may speak.
        longest: characters of a message; longer ones are dropped.
        receive: gets each message.
    """

    def __init__(self, allows: Callable[[str], bool], longest: int, receive: Callable[[str], None]) -> None:
        window = _js.api("window")
        self._allows, self._longest, self._receive = allows, longest, receive
        self._page = window.parent
        self._origin = ""  # unknown until it has spoken
        self._scope = _js.Scope()
        self._scope.listen(window, "message", self._heard)

    def greet(self, text: str) -> None:
        """Say to a page of any origin that this one is there."""
        self._page.postMessage(text, "*")

    def post(self, text: str) -> None:
        """Send a text to the page that has spoken; dropped until it has."""
        if self._origin:
            self._page.postMessage(text, self._origin)

    def close(self) -> None:
        self._scope.close()

    def _heard(self, event: object) -> None:
        source, origin = getattr(event, "source", None), str(getattr(event, "origin", ""))
        if source != self._page or not self._allows(origin):
            return
        text = getattr(event, "data", None)
        if isinstance(text, str) and len(text) <= self._longest:
            self._origin = origin
            self._receive(text)
