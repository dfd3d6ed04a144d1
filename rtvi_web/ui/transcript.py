"""What was said, turn by turn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from rtvi_web.browser import dom
from rtvi_web.rtvi.protocol.conversation.turn import CallRecord, Turn
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.rtvi.protocol.state import BotState
from rtvi_web.ui.widget import Widget

if TYPE_CHECKING:
    from rtvi_web.rtvi.client import RTVIClient

_INTERVAL: Final = 0.05
"""Seconds in which changes are gathered: words come faster than they can be read."""
_WHO: Final = {"user": "You", "bot": "Bot"}
_DOING: Final = {
    BotState.THINKING: "The bot is thinking…",
    BotState.SPEAKING: "The bot is speaking…",
}


def transcript(client: RTVIClient, *, into: Any, empty: str = "What is said appears here.") -> Widget:
    """The conversation as it grows: words that may still change, what the bot has said aloud so far, and its calls.

    It shows what was said before it was made, too. Screen readers tell each turn once, when it has ended. The newest is
    at the bottom, where the view stays unless the person scrolls up. Text is text: nothing in it is taken for HTML.

    Args:
        client: whose conversation.
        into: a CSS selector or an element, to which it is added. Give the widget's element a height.
        empty: what is written where nothing was said yet.

    Raises:
        InvalidArgumentError: there is no such element.
    """
    widget = Widget(client, into, "div", "transcript", role="region", aria_label="Transcript", tabindex="0")
    lines = _Lines()
    changed: set[int] = set()
    timer: asyncio.TimerHandle | None = None
    # One that reads along: what changes all the time is not live, and what has ended is told here.
    told = dom.make("div", "rtvi-unseen", role="log", aria_label="Last said")
    doing = dom.make("p", "rtvi-doing")
    widget.element.append(dom.make("div", "", lines.element, dom.make("p", "rtvi-empty", empty), doing, told))

    def show_changes() -> None:
        nonlocal timer
        timer = None
        if news := lines.show(client.conversation.turns, changed):
            told.replaceChildren(*(dom.make("p", "", text) for text in news))
        changed.clear()

    def note(turn: Turn) -> None:
        changed.add(turn.id)
        show_soon()

    def show_soon() -> None:
        nonlocal timer
        timer = timer or asyncio.get_running_loop().call_later(_INTERVAL, show_changes)

    def stop() -> None:
        if timer:
            timer.cancel()

    def show_state(*_: Any) -> None:
        doing.textContent = _DOING.get(client.bot_state, "")

    lines.show(client.conversation.turns, changed)  # What was said before is no news.
    widget.follow(note, RTVIEvent.CONVERSATION_UPDATED)
    widget.follow(show_soon, RTVIEvent.CONVERSATION_CLEARED)
    widget.scope.defer(stop)
    widget.follow(show_state, RTVIEvent.BOT_STATE_CHANGED)
    show_state()
    return widget


class _Lines:
    """The turns in the page."""

    def __init__(self) -> None:
        self.element = dom.make("div", "rtvi-turns")
        self._lines: dict[int, _Line] = {}

    def show(self, turns: list[Turn], changed: set[int]) -> list[str]:
        """Show what has changed, and give what is to be told of it."""
        for id in self._lines.keys() - {turn.id for turn in turns}:  # The conversation has forgotten them.
            self._lines.pop(id).element.remove()
        before, news = None, []
        for turn in turns:  # In their order: words that are told late may belong before the bot's answer to them.
            line = self._lines.get(turn.id)
            is_changed = line is None or turn.id in changed
            if line is None:
                line = self._lines[turn.id] = _Line(turn)
                if before is None:
                    self.element.prepend(line.element)
                else:
                    before.after(line.element)
            if is_changed and (text := line.show()):
                news.append(f"{_WHO[turn.role]}: {text}")
            before = line.element
        return news


class _Line:
    """A turn in the page."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._told = ""
        self._said, self._rest, self._calls = dom.make("span"), dom.make("span", "rtvi-rest"), dom.make("div")
        self._text = dom.make("p", "rtvi-text", self._said, self._rest)
        who = dom.make("b", "rtvi-who", _WHO[turn.role])
        self.element = dom.make("div", f"rtvi-turn {turn.role}", who, self._text, self._calls)
        self._shown_calls: list[str] = []

    def show(self) -> str:
        """Show what has changed; gives what is to be told of a turn that has ended, and was not told before."""
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
            self._calls.replaceChildren(*(dom.make("p", "rtvi-call", call) for call in calls))
        if not turn.ended:
            return ""
        news, self._told = turn.text.removeprefix(self._told).strip(), turn.text
        return news


def _parts(turn: Turn) -> tuple[str, str]:
    """What was said, and what may still change or was not said aloud."""
    if turn.role == "user":
        return turn.text, f" {turn.partial}" if turn.text and turn.partial else turn.partial
    text, spoken = turn.text, turn.spoken  # which are put together when they are read
    if spoken and text.startswith(spoken):
        return spoken, text[len(spoken) :]
    return text, ""


def _describe(call: CallRecord) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in (call.arguments or {}).items())
    status = {"in-progress": " …", "cancelled": " (cancelled)"}.get(call.status, "")
    return f"{call.function_name or 'A function'}({arguments}){status}"
