"""The conversation, turn by turn."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from typing import Any, Final

from rtvi_web.browser import dom
from rtvi_web.rtvi.protocol.state import BotState
from rtvi_web.ui.turns import CallView, Turns, TurnView, turns_of
from rtvi_web.ui.widget import SessionClient, Widget

_INTERVAL: Final = 0.05
"""Seconds for which changes are collected: words arrive faster than a person can read."""
_WHO: Final = {"user": "You", "bot": "Bot"}
_DOING: Final[dict[str, str]] = {
    BotState.THINKING: "The bot is thinking…",
    BotState.SPEAKING: "The bot is speaking…",
}


def transcript(client: SessionClient, *, into: Any, empty: str = "What is said appears here.") -> Widget:
    """The conversation as it grows: words that may still change, what the bot has spoken so far, and its calls.

    It also shows the turns from before it was made, and the persons' ids if there are several. The turns of a
    RealtimeClient are its messages and calls. Screen readers announce each turn once, when it has ended. The newest
    turn is at the bottom, and the view stays there unless the person scrolls up. Nothing is taken for HTML.

    Args:
        client: the client whose conversation it shows.
        into: a CSS selector or an element; the widget is added to it. Give the widget's element a height.
        empty: the text while the conversation is empty.

    Raises:
        InvalidArgumentError: ``into`` finds no element.
    """
    return _Transcript(client, turns_of(client), into, empty)


class _Transcript(Widget):
    """The lines of a conversation, and what screen readers announce of them."""

    def __init__(self, client: SessionClient, turns: Turns, into: Any, empty: str) -> None:
        super().__init__(client, into, "div", "transcript", role="region", aria_label="Transcript", tabindex="0")
        self._turns = turns
        self._lines = _Lines()
        self._changed: set[Hashable] = set()
        self._timer: asyncio.TimerHandle | None = None
        # The live region of screen readers: the turns above change all the time, so only those that ended are put here.
        self._announced = dom.make("div", "rtvi-unseen", role="log", aria_label="Last said")
        self._doing = dom.make("p", "rtvi-doing", dir="auto")
        nothing_said = dom.make("p", "rtvi-empty", empty)
        self.element.append(dom.make("div", "", self._lines.element, nothing_said, self._doing, self._announced))
        self._lines.show(turns.all(), self._changed)  # Turns from before are shown, not announced.
        turns.follow(self, self._note, self._show_soon)
        self.scope.defer(self._stop)
        self.scope.defer(self._lines.clear)  # A page may keep a closed widget.
        turns.follow_doing(self, self._show_doing)

    def _note(self, id: Hashable) -> None:
        self._changed.add(id)
        self._show_soon()

    def _show_soon(self, *_: Any) -> None:
        self._timer = self._timer or asyncio.get_running_loop().call_later(_INTERVAL, self._show_changes)

    def _show_changes(self) -> None:
        self._timer = None
        if news := self._lines.show(self._turns.all(), self._changed):
            self._announced.replaceChildren(*(dom.make("p", "", text) for text in news))
        self._changed.clear()

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _show_doing(self, doing: str) -> None:
        self._doing.textContent = _DOING.get(doing, "")


class _Lines:
    """The turns in the page."""

    def __init__(self) -> None:
        self.element = dom.make("div", "rtvi-turns")
        self._lines: dict[Hashable, _Line] = {}

    def show(self, turns: Sequence[TurnView], changed: set[Hashable]) -> list[str]:
        """Show what has changed; returns what screen readers announce of it."""
        for id in self._lines.keys() - {turn.id for turn in turns}:  # The conversation has forgotten them.
            self._lines.pop(id).element.remove()
        people = {turn.user_id for turn in turns if turn.user_id}
        before, news = None, []
        for turn in turns:  # In order: a late transcript may belong before the bot's answer to it.
            line = self._lines.get(turn.id)
            is_changed = line is None or turn.id in changed
            if line is None:
                line = self._lines[turn.id] = _Line(turn)
                if before is None:
                    self.element.prepend(line.element)
                else:
                    before.after(line.element)
            line.name(turn.user_id if len(people) > 1 else "")
            if is_changed and (text := line.show()):
                news.append(f"{line.who}: {text}")
            before = line.element
        return news

    def clear(self) -> None:
        """Forget the turns."""
        self._lines.clear()
        self.element.replaceChildren()


class _Line:
    """A turn in the page."""

    def __init__(self, turn: TurnView) -> None:
        self._turn = turn
        self._announced = ""
        self._said, self._rest, self._calls = dom.make("span"), dom.make("span", "rtvi-rest"), dom.make("div")
        self._text = dom.make("p", "rtvi-text", self._said, self._rest, dir="auto")
        self.who = _WHO[turn.role]
        self._name = dom.make("b", "rtvi-who", self.who)
        self.element = dom.make("div", f"rtvi-turn {turn.role}", self._name, self._text, self._calls)
        self._shown_calls: list[str] = []

    def name(self, user_id: str) -> None:
        """Show who speaks, if there are several persons."""
        who = user_id or _WHO[self._turn.role]
        if who != self.who:
            self.who = self._name.textContent = who

    def show(self) -> str:
        """Show what has changed; returns what is new to announce if the turn has ended."""
        turn = self._turn
        said, rest = _parts(turn)
        self._said.textContent, self._rest.textContent = said, rest
        self._text.hidden = not said and not rest
        self.element.toggleAttribute("data-going-on", not turn.ended)
        self.element.toggleAttribute("data-interrupted", turn.interrupted)
        self.element.hidden = self._text.hidden and not turn.function_calls
        calls = [_describe(call) for call in turn.function_calls]
        if calls != self._shown_calls:
            self._shown_calls = calls
            self._calls.replaceChildren(*(dom.make("p", "rtvi-call", call, dir="ltr") for call in calls))
        if not turn.ended:
            return ""
        news, self._announced = turn.text.removeprefix(self._announced).strip(), turn.text
        return news


def _parts(turn: TurnView) -> tuple[str, str]:
    """What was said, and what may still change or has not been spoken."""
    if turn.role == "user":
        return turn.text, f" {turn.partial}" if turn.text and turn.partial else turn.partial
    text, spoken = turn.text, turn.spoken  # Each is joined when it is read.
    if spoken and text.startswith(spoken):
        return spoken, text[len(spoken) :]
    return text, ""


def _describe(call: CallView) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in (call.arguments or {}).items())
    status = {"in-progress": " …", "cancelled": " (cancelled)"}.get(call.status, "")
    return f"{call.function_name or 'A function'}({arguments}){status}"
