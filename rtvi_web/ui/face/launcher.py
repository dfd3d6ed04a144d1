"""A floating button, and the panel that it opens."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar, Final

from rtvi_web.browser import _js, dom
from rtvi_web.ui.face.console import console
from rtvi_web.ui.session_state import CHANGES, RUNNING, state_of
from rtvi_web.ui.widget import SessionClient, Widget

SLOT: Final = "--rtvi-slot"
"""The property whose number says where in the row of launchers one is. ``static/rtvi-bot.js`` sets it on its tags."""


def launcher(client: SessionClient, *, into: Any = "body", label: str = "Talk to the bot", **options: Any) -> Launcher:
    """A round button in the corner of the window. It opens a panel with a :func:`console`, and closes it.

    Closing the panel does not end the session: the button shows that one is going on. Escape closes it too, and so does
    another launcher that opens its own. Several launchers stand side by side.

    Args:
        client: the client of the console.
        into: a CSS selector or an element; the widget is added to it.
        label: the button's name, and the panel's heading unless ``title=`` says another.
        options: those of :func:`console`, but for ``layout``.

    Returns:
        A widget whose ``show()`` opens the panel, and whose ``show(False)`` closes it.

    Raises:
        InvalidArgumentError: ``into`` finds no element, or an option of the console cannot work.
    """
    return Launcher(client, into, label, options)


class Launcher(Widget):
    """The button and the panel, which keeps the conversation while it is closed."""

    _open: ClassVar[Launcher | None] = None
    """The one whose panel is open: they have the same place."""

    def __init__(self, client: SessionClient, into: Any, label: str, options: dict[str, Any]) -> None:
        super().__init__(client, into, "div", "launcher")
        self._session = client
        self._panel = dom.make("div", "rtvi-panel", role="dialog", aria_label=label)
        self._panel.hidden = True
        self._button = dom.make(
            "button", "rtvi-primary rtvi-launch", type="button", aria_label=label, aria_expanded="false"
        )
        self._close_button = dom.make(
            "button", "rtvi-round rtvi-close", dom.icon(dom.CROSS), type="button", aria_label="Close"
        )
        self._button.append(dom.icon(dom.CHAT))
        self.element.append(self._panel, self._button)
        try:
            inside = console(client, into=self._panel, **{"title": label, **options, "layout": "panel"})
        except BaseException:
            self.close()
            raise
        self.scope.defer(inside.close)
        inside.element.querySelector(".rtvi-head").append(self._close_button)
        self.scope.listen(self._button, "click", lambda _: self.show(bool(self._panel.hidden)))
        self.scope.listen(self._close_button, "click", lambda _: self.show(False))
        self.scope.listen(self._panel, "keydown", self._key)
        self.scope.defer(self._no_longer_open)
        self._stand_aside()
        self.follow(self._show_session, *CHANGES)
        self._show_session()

    def show(self, opens: bool = True) -> None:
        """Open the panel, or close it; the focus goes along."""
        if opens is not bool(self._panel.hidden):
            return
        if opens and Launcher._open:
            Launcher._open.show(False)
        self._panel.hidden = not opens
        self._button.setAttribute("aria-expanded", "true" if opens else "false")
        if opens:
            Launcher._open = self
            self._panel.querySelector(".rtvi-start button").focus()
        else:
            self._no_longer_open()
            self._button.focus()

    def _no_longer_open(self) -> None:
        if Launcher._open is self:
            Launcher._open = None

    def _stand_aside(self) -> None:
        """Take the first place that no other launcher of the page has. In a tag, that is the tag's."""
        style = _js.api("getComputedStyle")(self.element)
        if not style.getPropertyValue(SLOT):
            find = _js.api("document").querySelector
            places = (str(place) for place in count() if _js.or_none(find(f'[style*="{SLOT}: {place};"]')) is None)
            self.element.style.setProperty(SLOT, next(places))

    def _key(self, event: Any) -> None:
        if event.key == "Escape" and not event.isComposing:
            event.preventDefault()
            self.show(False)

    def _show_session(self, *_: Any) -> None:
        self._button.toggleAttribute("data-live", state_of(self._session) in RUNNING)
