"""Finds, makes and styles elements of the page, and watches whether they are visible. Text is never read as HTML."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.errors import InvalidArgumentError


def find(target: Any) -> Any:
    """The element that is given, or the first that a CSS selector finds.

    Raises:
        InvalidArgumentError: the selector finds nothing or is not a selector, or the target is not an element.
        NotInBrowserError: this is not a web page.
    """
    document = _js.api("document")
    element = target
    if isinstance(target, str):
        try:
            with _js.guarded():
                element = _js.or_none(document.querySelector(target))
        except _js.JsError as error:
            raise InvalidArgumentError(f"{target!r} is not a CSS selector: {error.message}") from error
    if getattr(element, "nodeType", None) != _ELEMENT:
        raise InvalidArgumentError(f"The page has no element {target!r}.")
    return element


_ELEMENT = 1


def make(tag: str, kind: str = "", *content: Any, **attributes: str) -> Any:
    """A new element with a class, content (texts and elements) and attributes; ``aria_label=`` sets ``aria-label``."""
    element = _js.api("document").createElement(tag)
    if kind:
        element.className = kind
    for name, value in attributes.items():
        element.setAttribute(name.replace("_", "-"), value)
    element.append(*content)
    return element


def icon(path: str) -> Any:
    """A drawing of lines in a field of 24 by 24, in the colour of the text. Screen readers pass over it.

    Args:
        path: the ``d`` of an SVG path.
    """
    document = _js.api("document")
    drawing, line = (document.createElementNS(_SVG, tag) for tag in ("svg", "path"))
    line.setAttribute("d", path)
    for name, value in {"class": "rtvi-icon", "viewBox": "0 0 24 24", "aria-hidden": "true"}.items():
        drawing.setAttribute(name, value)
    drawing.append(line)
    return drawing


MICROPHONE = "M12 15a3 3 0 0 0 3-3V6a3 3 0 0 0-6 0v6a3 3 0 0 0 3 3zM5 11v1a7 7 0 0 0 14 0v-1M12 19v3"
CLIP = "M20 11.5 12 19.5a5 5 0 0 1-7-7l8.5-8.5a3.4 3.4 0 0 1 4.8 4.8L10 17a1.7 1.7 0 0 1-2.4-2.4l7.6-7.6"
SEND = "M4 12h15M13 5l7 7-7 7"
CROSS = "M6 6l12 12M18 6 6 18"
CHAT = "M4 5h16v11H10l-5 4v-4H4zM9 9v3M12 8v5M15 9v3"
_SVG = "http://www.w3.org/2000/svg"


def style_root(element: Any) -> Any:
    """What holds the style sheets of an element: its shadow root, or the document."""
    root = element.getRootNode()
    return root if hasattr(root, "adoptedStyleSheets") else _js.api("document")


def adopt_style(css: str, root: Any) -> Callable[[], None]:
    """Add a style sheet to a document or a shadow root. The returned function removes it.

    It is a constructed style sheet: a Content-Security-Policy does not block it, and it needs no file beside the page.
    """
    sheets = root.adoptedStyleSheets
    sheet = _js.construct("CSSStyleSheet")
    sheet.replaceSync(css)
    sheets.push(sheet)

    def remove() -> None:
        sheets.splice(sheets.indexOf(sheet), 1)

    return remove


async def read_file(file: Any) -> bytes:
    """The content of a ``File`` that the person has chosen.

    Raises:
        JsError: it can no longer be read.
    """
    buffer = await _js.call(file, "arrayBuffer")
    data: bytes = buffer.to_bytes()
    return data


def watch_visibility(scope: _js.Scope, element: Any, changed: Callable[[bool], object]) -> None:
    """Call ``changed(seen)`` when an element comes into view or leaves it, until the scope is closed.

    An element is out of view while it is scrolled away, hidden or not in the document, or its tab is in the background.
    """
    document = _js.api("document")
    seen = on_screen = False

    def notify() -> None:
        nonlocal seen
        now = on_screen and not document.hidden
        if now is not seen:
            seen = now
            changed(seen)

    def moved(entries: Any, _observer: Any) -> None:
        nonlocal on_screen
        on_screen = bool(entries[-1].isIntersecting)
        notify()

    observer = _js.construct("IntersectionObserver", scope.function(moved))
    observer.observe(element)
    scope.defer(observer.disconnect)
    scope.listen(document, "visibilitychange", lambda _: notify())
