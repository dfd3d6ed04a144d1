"""Where the focus goes when the control that has it is taken away, so that keys need not begin at the page's top."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from rtvi_web.browser import _js

CONTROLS: Final = "button, input, select, textarea, summary, a[href]"
_FIELD, _START = ".rtvi-fields:enabled > textarea", ".rtvi-start > button"
_FOLLOWING: Final = 4
"""``Node.DOCUMENT_POSITION_FOLLOWING``."""


@contextmanager
def focus_handed_on(element: Any) -> Iterator[None]:
    """Hand the focus on to the next control if what is done here takes away the one in this element that has it."""
    had, by_keys = _focused(element), _js.or_none(element.querySelector(":focus-visible")) is not None
    yield
    is_lost = had is not None and (_focused(element) is None or had.hidden)
    if is_lost and (control := _next_control(element, by_keys=by_keys)) is not None:
        control.focus()


def _focused(element: Any) -> Any:
    return _js.or_none(element.querySelector(":focus"))


def _next_control(element: Any, *, by_keys: bool) -> Any:
    """In a console the button that starts and stops, elsewhere what follows in the page.

    During a session keys go on in the message's field, where Enter does no harm if it is held. Who points at things
    might get a keyboard on the screen there.
    """
    console = _js.or_none(element.closest(".rtvi-console"))
    if console is not None:
        field = _js.or_none(console.querySelector(_FIELD)) if by_keys else None
        return field or _js.or_none(console.querySelector(_START))
    controls = [each for each in element.getRootNode().querySelectorAll(CONTROLS) if _can_have_focus(each, element)]
    following = [each for each in controls if element.compareDocumentPosition(each) & _FOLLOWING]
    return next(iter(following or controls[-1:]), None)


def _can_have_focus(control: Any, outside_of: Any) -> bool:
    seen = control.getClientRects().length and not control.matches(":disabled")
    return bool(seen) and not outside_of.contains(control)
