"""A card that says what went wrong, why, and what to do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from rtvi_web.browser import dom
from rtvi_web.core.media import DeviceStatus
from rtvi_web.errors import DeviceError, RTVIError, UnsupportedFeatureError
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.face.problems import Problem, explain
from rtvi_web.ui.focus import focus_handed_on
from rtvi_web.ui.widget import SessionClient, Widget

LONG: Final = 200
"""Characters of a reason. A longer one may have to be scrolled, which keys can do only in what has the focus."""
_BUTTONS: Final = {"connect": "Try again", "mic": "Ask for the microphone again"}
_SOURCES: Final = {
    "server": "The server reports an error.",
    "response": "The answer has failed.",
    "message": "A message could not be read or sent.",
    "renewal": "The session could not be renewed.",
}
"""What happened, by the source of a RealtimeClient's error. Those of other sources are failures, or of devices."""


def problem_card(
    client: SessionClient, *, into: Any, start: Callable[[], Awaitable[object]] | None = None
) -> ProblemCard:
    """What went wrong, why, and what to do, in the person's words. It takes no room while nothing is wrong.

    It shows why ``connect()`` failed or the session ended, errors that the bot or the server reports, and devices that
    cannot be used, each until the person dismisses it or connects again. Screen readers announce it.

    Args:
        client: the client whose problems it shows.
        into: a CSS selector or an element; the widget is added to it.
        start: what “Try again” does, in place of ``client.connect()``.

    Returns:
        A widget whose ``show(error)`` shows any other error of rtvi_web.

    Raises:
        InvalidArgumentError: ``into`` finds no element.
    """
    return ProblemCard(client, into, start)


class ProblemCard(Widget):
    """The card. ``show(error)`` shows an error of rtvi_web in it."""

    def __init__(self, client: SessionClient, into: Any, start: Callable[[], Awaitable[object]] | None) -> None:
        super().__init__(client, into, "div", "problem-card", role="alert")
        self._session = client
        self._start = start or client.connect
        self._shown: Problem | None = None
        self._reported: RTVIError | None = client.failure
        self._of_mic = False
        self._what, self._why, self._advice = (dom.make(tag, dir="auto") for tag in ("strong", "p", "p"))
        self._fix = dom.make("button", "rtvi-primary", type="button")
        self._dismiss = dom.make("button", "", "Dismiss", type="button")
        self._words = dom.make("div", "rtvi-problem-words", self._what, self._why, self._advice)
        self._buttons = dom.make("div", "rtvi-problem-buttons", self._fix, self._dismiss)
        self.scope.listen(self._fix, "click", self._press)
        self.scope.listen(self._dismiss, "click", lambda _: self._show(None))
        self.follow(self._changed, RTVIEvent.TRANSPORT_STATE_CHANGED)
        self.follow(self._device_failed, RTVIEvent.DEVICE_ERROR)
        self.follow(self._media_changed, RTVIEvent.MEDIA_STATE_UPDATED)
        self.follow(self._reported_by_bot, RTVIEvent.ERROR)
        if client.failure:
            self.show(client.failure)

    def show(self, error: RTVIError) -> None:
        """Show an error of rtvi_web."""
        self._of_mic = isinstance(error, DeviceError) and "mic" in error.devices
        self._show(explain(error))

    def tell(self, problem: Problem) -> None:
        """Tell the person something else in the same way."""
        self._of_mic = False
        self._show(problem)

    def _changed(self, state: str) -> None:
        failure = self._session.failure
        if state in ("disconnected", "error"):
            if failure and failure is not self._reported:
                self._reported = failure
                self.show(failure)
        elif failure is None and state in ("initializing", "authenticating", "connecting"):
            self._reported = None
            if not self._of_mic:
                self._show(None)

    def _device_failed(self, error: DeviceError) -> None:
        """A choice that failed is not shown: the picker says why, and the device before goes on."""
        mic_fails = "mic" in error.devices and self._session.media_state.mic.status is DeviceStatus.ERROR
        if mic_fails or {"cam", "screen"} & set(error.devices):
            self.show(error)

    def _media_changed(self, *_: Any) -> None:
        mic = self._session.media_state.mic.status
        if self._of_mic and (mic is DeviceStatus.GRANTED or not self._session.devices_open):
            self._show(None)

    def _reported_by_bot(self, event: Any) -> None:
        source = getattr(event, "source", None)
        if source is None:
            self.tell(Problem("The bot reports an error.", str(event.data.error)))
        elif source in _SOURCES:
            self.tell(Problem(_SOURCES[source], str(event.message)))

    def _show(self, problem: Problem | None) -> None:
        if problem == self._shown:  # left alone: screen readers do not repeat it
            return
        self._shown = problem
        with focus_handed_on(self.element):
            if problem is None:
                self._of_mic = False
                self.element.replaceChildren()
            else:
                self._write(problem)

    def _write(self, problem: Problem) -> None:
        self.element.setAttribute("data-tone", "bad" if problem.is_failure else "calm")
        self._what.textContent, self._why.textContent = problem.what, problem.why
        self._advice.textContent = problem.advice
        self._why.hidden, self._advice.hidden = not problem.why, not problem.advice
        if len(problem.why) > LONG:
            self._words.setAttribute("tabindex", "0")
        else:
            self._words.removeAttribute("tabindex")
        self._fix.textContent, self._fix.hidden = _BUTTONS.get(problem.remedy, ""), not problem.remedy
        if not self.element.childElementCount:  # else its button keeps the focus
            self.element.replaceChildren(self._words, self._buttons)

    def _press(self, _event: Any) -> None:
        mic = self._shown is not None and self._shown.remedy == "mic"
        self._client.run(self._ask_for_mic() if mic else self._connect(), "trying again failed")

    async def _ask_for_mic(self) -> None:
        try:
            await self._client.enable_mic(True)
        except (DeviceError, UnsupportedFeatureError):
            return  # The client has dispatched it.

    async def _connect(self) -> None:
        self._show(None)
        try:
            await self._start()
        except RTVIError as error:
            if error is not self._session.failure:
                self.show(error)
