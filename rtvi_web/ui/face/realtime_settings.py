"""What a RealtimeClient asks of its server: where it is, the model, its voice, and how it is to behave."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from rtvi_web.browser import dom
from rtvi_web.errors import InvalidArgumentError, RTVIError
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.session_state import IDLE, is_realtime, state_of
from rtvi_web.ui.widget import Widget

if TYPE_CHECKING:
    from rtvi_web.realtime.client import RealtimeClient


_HOST_ALONE: Final = re.compile(r"[\w-]+(\.[\w-]+)+(/|$)")
"""A path for a browser; the person who types it means a server."""


def realtime_settings(client: RealtimeClient, *, into: Any) -> Widget:
    """The address, the model, the voice and the instructions of a RealtimeClient, which the person may change.

    They begin with what the page has set, and what they are changed to counts from the next session on; during one they
    cannot be changed. An empty field leaves the choice to the server. What cannot work is said below.

    Args:
        client: the client that they are for.
        into: a CSS selector or an element; the widget is added to it.

    Raises:
        InvalidArgumentError: ``into`` finds no element, or the client is not a RealtimeClient.
    """
    if not is_realtime(client):
        raise InvalidArgumentError(f"Only a RealtimeClient has these settings, not {type(client).__name__}.")
    return _RealtimeSettings(client, into)


class _RealtimeSettings(Widget):
    """Four fields, and what was wrong with the last change."""

    def __init__(self, client: RealtimeClient, into: Any) -> None:
        super().__init__(client, into, "div", "realtime-settings")
        self._realtime = client
        self._problem = dom.make("p", "rtvi-problem", role="alert")
        config = client.config
        voice = config.get("audio", {}).get("output", {}).get("voice", "")
        self._problems: dict[str, str] = {}  # by the label of the field
        self._fields = dom.make("fieldset", "")
        self._add("Address", client.url or "", self._use_url, dir="ltr", placeholder="The service's own")
        self._add("Model", config.get("model") or "", self._use_model, dir="ltr", placeholder="The server's own")
        self._add("Voice", _named(voice), self._use_voice, dir="ltr", placeholder="The server's own")
        self._add("Instructions", config.get("instructions") or "", self._use_instructions, tag="textarea", rows="3")
        self.element.append(self._fields, self._problem)
        self.follow(self._show, RTVIEvent.TRANSPORT_STATE_CHANGED)
        self._show()

    def _add(
        self, label: str, value: str, use: Callable[[str], None], *, tag: str = "input", **attributes: str
    ) -> None:
        field = dom.make(tag, "", autocomplete="off", spellcheck="false", **attributes)
        field.value = value
        problems = self._problems

        def changed(_event: Any) -> None:
            problems.pop(label, None)
            field.removeAttribute("aria-invalid")
            try:
                use(str(field.value).strip())
            except RTVIError as error:
                problems[label] = error.message
                field.setAttribute("aria-invalid", "true")
            self._problem.textContent = " ".join(problems.values())

        self.scope.listen(field, "change", changed)
        self._fields.append(dom.make("label", "", dom.make("span", "", label), field))

    def _show(self, *_: Any) -> None:
        self._fields.disabled = state_of(self._realtime) not in IDLE

    def _use_url(self, url: str) -> None:
        """Take an address that cannot be as well: Start fails then, and does not go to another than what is written."""
        from rtvi_web.transports.realtime.request import WRITE_IT, checked_url  # late, as most faces need none of it

        self._realtime.url = url or None
        if _HOST_ALONE.match(url):
            raise InvalidArgumentError(f"The address {url!r} does not say how to reach this server. {WRITE_IT}")
        if url:
            checked_url(url)

    def _use_model(self, model: str) -> None:
        self._realtime.update_config({"model": model or None})

    def _use_voice(self, voice: str) -> None:
        self._realtime.update_config({"audio": {"output": {"voice": voice or None}}})

    def _use_instructions(self, instructions: str) -> None:
        self._realtime.update_config({"instructions": instructions})


def _named(voice: Any) -> str:
    """The name of a voice, or the id of one of the person's own."""
    return str(voice.get("id", "")) if isinstance(voice, dict) else str(voice or "")
