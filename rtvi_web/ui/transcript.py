"""What was said, turn by turn."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from rtvi_web.browser import dom
from rtvi_web.client import RTVIClient
from rtvi_web.protocol.bot_state import BotState
from rtvi_web.protocol.events import RTVIEvent
from rtvi_web.protocol.turn import CallRecord, Turn
from rtvi_web.ui.widget import Widget

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
    lines: dict[int, _Line] = {}
    changed: dict[int, Turn] = {}
    timer: asyncio.TimerHandle | None = None
    turns = dom.make("div", "rtvi-turns")
    # One that reads along: what changes all the time is not live, and what has ended is told here.
    told = dom.make("div", "rtvi-unseen", role="log", aria_label="Last said")
    doing = dom.make("p", "rtvi-doing")
    widget.element.append(dom.make("div", "", turns, dom.make("p", "rtvi-empty", empty), doing, told))

    def show(turn: Turn) -> None:
        if turn.id not in lines:
            lines[turn.id] = _Line(turn)
            turns.append(lines[turn.id].element)
        if lines[turn.id].show():
            told.replaceChildren(dom.make("p", "", f"{_WHO[turn.role]}: {turn.text}"))

    def show_changes() -> None:
        nonlocal timer
        timer = None
        # A turn that begins ends the one before, which is told first.
        begun = {line.turn.id: line.turn for line in lines.values() if line.goes_on}
        for _, turn in sorted({**begun, **changed}.items()):
            show(turn)
        known = client.conversation.turns
        for id in [id for id in lines if not known or id < known[0].id]:  # The conversation has forgotten them.
            lines.pop(id).element.remove()
        changed.clear()

    def note(turn: Turn) -> None:
        nonlocal timer
        changed[turn.id] = turn
        timer = timer or asyncio.get_running_loop().call_later(_INTERVAL, show_changes)

    def stop() -> None:
        if timer:
            timer.cancel()

    def show_state(*_: Any) -> None:
        doing.textContent = _DOING.get(client.bot_state, "")

    for turn in client.conversation.turns:
        show(turn)
    told.replaceChildren()  # It is no news.
    widget.follow(note, RTVIEvent.CONVERSATION_UPDATED)
    widget.scope.defer(stop)
    widget.follow(show_state, RTVIEvent.BOT_STATE_CHANGED)
    show_state()
    return widget


class _Line:
    """A turn in the page."""

    def __init__(self, turn: Turn) -> None:
        self.turn = turn
        self.goes_on = True
        self._said, self._rest, self._calls = dom.make("span"), dom.make("span", "rtvi-rest"), dom.make("div")
        self._text = dom.make("p", "rtvi-text", self._said, self._rest)
        who = dom.make("b", "rtvi-who", _WHO[turn.role])
        self.element = dom.make("div", f"rtvi-turn {turn.role}", who, self._text, self._calls)
        self._shown_calls: list[str] = []

    def show(self) -> bool:
        """Show what has changed; says whether the turn has ended since the last time."""
        turn = self.turn
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
        ends = turn.ended and self.goes_on
        self.goes_on = not turn.ended
        return ends and bool(turn.text)


def _parts(turn: Turn) -> tuple[str, str]:
    """What was said, and what may still change or was not said aloud."""
    if turn.role == "user":
        return turn.text, f" {turn.partial}" if turn.text and turn.partial else turn.partial
    if turn.spoken and turn.text.startswith(turn.spoken):
        return turn.spoken, turn.text[len(turn.spoken) :]
    return turn.text, ""


def _describe(call: CallRecord) -> str:
    arguments = ", ".join(f"{name}={value!r}" for name, value in (call.arguments or {}).items())
    status = {"in-progress": " …", "cancelled": " (cancelled)"}.get(call.status, "")
    return f"{call.function_name or 'A function'}({arguments}){status}"
