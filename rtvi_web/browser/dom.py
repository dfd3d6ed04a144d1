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


def adopt_style(css: str) -> Callable[[], None]:
    """Add a style sheet to the page. The returned function removes it.

    It is a constructed style sheet: a Content-Security-Policy does not block it, and it needs no file beside the page.
    """
    sheets = _js.api("document").adoptedStyleSheets
    sheet = _js.construct("CSSStyleSheet")
    sheet.replaceSync(css)
    sheets.push(sheet)

    def remove() -> None:
        sheets.splice(sheets.indexOf(sheet), 1)

    return remove


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
