"""The button that starts a session, shows that it is being made, and stops it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from rtvi_web.browser import dom
from rtvi_web.errors import ConnectAbortedError, RTVIError
from rtvi_web.ui.session_state import CHANGES, IDLE, RUNNING, state_of
from rtvi_web.ui.widget import SessionClient, Widget


def start_button(
    client: SessionClient,
    *,
    into: Any,
    label: str = "Start",
    start: Callable[[], Awaitable[object]] | None = None,
    failed: Callable[[RTVIError], object] | None = None,
) -> Widget:
    """A button that starts a session, and with it asks for the microphone once. It stops the session as well.

    While the session is being made it says so, and pressing it cancels that. The attribute ``data-state`` is ``start``,
    ``connecting``, ``stop`` or ``stopping``. Why a session could not begin is shown by :func:`problem_card`.

    Args:
        client: the client whose session it starts.
        into: a CSS selector or an element; the widget is added to it.
        label: what it says while there is no session.
        start: starts the session in place of ``client.connect()``, such as
            ``lambda: client.start_bot_and_connect("/start")``.
        failed: gets what ``start()`` raises, apart from what ``client.failure`` has. Without it, that is reported to
            the event loop's exception handler.

    Raises:
        InvalidArgumentError: ``into`` finds no element.
    """
    return _StartButton(client, into, label, start or client.connect, failed)


class _StartButton(Widget):
    """One button in four states; it keeps the focus through all of them."""

    def __init__(
        self,
        client: SessionClient,
        into: Any,
        label: str,
        start: Callable[[], Awaitable[object]],
        failed: Callable[[RTVIError], object] | None,
    ) -> None:
        super().__init__(client, into, "div", "start")
        self._session = client
        self._label = label
        self._start = start
        self._failed = failed
        self._starting = False  # start() was called, but may not have begun to connect
        self._text = dom.make("span")
        self._button = dom.make("button", "", dom.make("span", "rtvi-spinner"), self._text, type="button")
        self.element.append(self._button)
        self.scope.listen(self._button, "click", self._press)
        self.follow(self._show, *CHANGES)
        self._show()

    def _show(self, *_: Any) -> None:
        state = state_of(self._session)
        if state in RUNNING:
            self._look("stop", "Stop")
        elif state == "disconnecting":
            self._look("stopping", "Stopping…")
        elif state in IDLE and not self._starting:
            self._look("start", self._label)
        else:
            self._look("connecting", "Connecting…")

    def _look(self, name: str, text: str) -> None:
        self.element.setAttribute("data-state", name)
        self._text.textContent = text
        self._button.className = "rtvi-primary" if name == "start" else ""
        self._button.setAttribute("aria-busy", "true" if name in ("connecting", "stopping") else "false")
        # Not `disabled`: the focus would be lost.
        self._button.setAttribute("aria-disabled", "true" if name == "stopping" else "false")
        if name == "connecting":
            self._button.setAttribute("aria-label", f"{text} Press to cancel")
        else:
            self._button.removeAttribute("aria-label")

    def _press(self, event: Any) -> None:
        name = self.element.getAttribute("data-state")
        if event.detail > 1:
            return  # The second half of a double click would cancel what the first began.
        if name == "start":
            self._starting = True
            self._show()
            self._client.run(self._connect(), "starting the session failed")
        elif name != "stopping":
            self._client.run(self._disconnect(), "stopping the session failed")

    async def _connect(self) -> None:
        try:
            await self._start()
        except ConnectAbortedError:
            return  # The person has cancelled it.
        except RTVIError as error:
            if error is self._session.failure:
                return  # The problem card shows it.
            if self._failed is None:
                raise
            self._failed(error)
        finally:
            self._starting = False
            self._show()

    async def _disconnect(self) -> None:
        await self._session.disconnect()
