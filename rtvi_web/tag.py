"""The Python of the tag ``<rtvi-bot>``: ``static/rtvi-bot.js`` calls :func:`attach` when the person wants to talk.

The two speak by events on the tag's place. JavaScript sends ``rtvi-command`` (start, stop, send, open, close, leave);
Python sends ``rtvi-state``, ``rtvi-transcript`` and ``rtvi-problem``, which the tag dispatches as its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rtvi_web.browser import _js
from rtvi_web.browser.worklet import name_folder
from rtvi_web.errors import DeviceError, InvalidArgumentError, RTVIError
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.rtvi.protocol.events import RTVIEvent
from rtvi_web.ui.face.console import console
from rtvi_web.ui.face.launcher import Launcher, launcher
from rtvi_web.ui.face.problems import explain
from rtvi_web.ui.session_state import IDLE, state_of
from rtvi_web.ui.widget import Widget

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.conversation.turn import Turn
    from rtvi_web.rtvi.transport import Transport

TRANSPORTS: Final = {
    "webrtc": "SmallWebRTCTransport",
    "websocket": "WebSocketTransport",
    "daily": "DailyTransport",
}
"""The words of ``data-transport``, which Pipecat's runner knows too."""


def attach(place: Any, **options: str) -> dict[str, Any]:
    """Put a face into a tag.

    Args:
        place: the element for it, inside the tag's shadow root.
        options: ``bot``, ``transport``, ``layout``, ``title``, ``mic`` and ``worklets``.

    Returns:
        The names that the script of ``data-script`` begins with: ``client``.

    Raises:
        InvalidArgumentError: an option is a word that is not known.
    """
    return {"client": _Tag(place, options).client}


def transport_of(word: str) -> Transport:
    """A transport by its word.

    Raises:
        InvalidArgumentError: there is none.
    """
    from rtvi_web import transports

    if word not in TRANSPORTS:
        raise InvalidArgumentError(f"data-transport must be one of {', '.join(TRANSPORTS)}; it is {word!r}.")
    transport: Transport = getattr(transports, TRANSPORTS[word])()
    return transport


def start_params(bot: str, transport: str) -> dict[str, Any]:
    """The parameters of a client whose bot is started by a POST to this address."""
    path, mark, query = bot.partition("?")
    base_url, _, endpoint = path.rpartition("/")
    connect = f"/{endpoint}{mark}{query}"
    return {"base_url": base_url, "endpoints": {"connect": connect}, "request_data": {"transport": transport}}


class _Tag:
    """The face in one tag. It stays until the tag leaves the page."""

    def __init__(self, place: Any, options: dict[str, str]) -> None:
        self._place = place
        self._scope = _js.Scope()
        self._told: set[int] = set()  # the turns that were told
        name_folder(options["worklets"])
        self.client = RTVIClient(
            transport=transport_of(options["transport"]),
            params=start_params(options["bot"], options["transport"]),
            enable_mic=options["mic"] != "off",
        )
        self._face: Widget = self._make_face(options)
        self._scope.listen(place, "rtvi-command", lambda event: self._obey(event.detail.name, str(event.detail.value)))
        self.client.on(RTVIEvent.TRANSPORT_STATE_CHANGED, self._tell_state)
        self.client.on(RTVIEvent.BOT_STATE_CHANGED, self._tell_state)
        self.client.on(RTVIEvent.CONVERSATION_UPDATED, self._tell_turn)
        self.client.on(RTVIEvent.DEVICE_ERROR, self._tell_problem)
        self._state = ""
        self._tell_state()

    def _make_face(self, options: dict[str, str]) -> Widget:
        given: dict[str, Any] = {"into": self._place, "title": options["title"], "mic": options["mic"]}
        if options["layout"] == "launcher":
            return launcher(self.client, label=options["title"], **given)
        return console(self.client, layout=options["layout"], **given)  # type: ignore[arg-type] # it checks the word

    def _obey(self, name: str, value: str) -> None:
        match name:
            case "start":
                self.client.run(self._start(), "starting the session failed")
            case "stop":
                self.client.run(self.client.disconnect(), "stopping the session failed")
            case "send":
                self._send(value)
            case "open" | "close" if isinstance(self._face, Launcher):
                self._face.show(name == "open")
            case "leave":
                self.client.run(self._leave(), "leaving the page failed")

    async def _start(self) -> None:
        if state_of(self.client) not in IDLE:
            return
        try:
            await self.client.connect()
        except RTVIError as error:
            if error is not self.client.failure:
                self._tell_problem(error)

    def _send(self, text: str) -> None:
        try:
            self.client.send_text(text)
        except RTVIError as error:
            self._tell_problem(error)

    async def _leave(self) -> None:
        self._scope.close()
        self._face.close()
        await self.client.disconnect()

    def _tell_state(self, *_: Any) -> None:
        state = state_of(self.client)
        if state == self._state:
            return
        self._state = state
        self._tell("state", {"state": state})
        if state in ("disconnected", "error") and self.client.failure:
            self._tell_problem(self.client.failure)

    def _tell_turn(self, turn: Turn) -> None:
        if turn.ended and turn.text and turn.id not in self._told:
            self._told.add(turn.id)
            self._tell("transcript", {"role": turn.role, "text": turn.text})

    def _tell_problem(self, error: RTVIError | DeviceError) -> None:
        problem = explain(error)
        self._tell("problem", {"what": problem.what, "why": problem.why, "advice": problem.advice})

    def _tell(self, name: str, detail: dict[str, str]) -> None:
        self._place.dispatchEvent(_js.construct("CustomEvent", f"rtvi-{name}", {"detail": detail}))
