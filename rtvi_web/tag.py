"""The Python of the tag ``<rtvi-bot>``: ``static/rtvi-bot.js`` calls :func:`attach` when the person wants to talk.

The two speak by events on the tag's place. JavaScript sends ``rtvi-command`` (start, stop, send, open, close, leave);
Python sends ``rtvi-state``, ``rtvi-transcript`` and ``rtvi-problem``, which the tag dispatches as its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rtvi_web.browser import _js
from rtvi_web.browser.worklet import name_folder
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.rtvi.client import RTVIClient
from rtvi_web.ui.face.console import console
from rtvi_web.ui.face.launcher import Launcher, launcher
from rtvi_web.ui.face.remote import Remote
from rtvi_web.ui.widget import Widget

if TYPE_CHECKING:
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
        name_folder(options["worklets"])
        self.client = RTVIClient(
            transport=transport_of(options["transport"]),
            params=start_params(options["bot"], options["transport"]),
            enable_mic=options["mic"] != "off",
        )
        self._remote = Remote(self.client, self._tell)
        self._face: Widget = self._make_face(options)
        self._scope.listen(place, "rtvi-command", lambda event: self._obey(event.detail.name, str(event.detail.value)))
        self._remote.tell_state()

    def _make_face(self, options: dict[str, str]) -> Widget:
        given: dict[str, Any] = {"into": self._place, "title": options["title"], "mic": options["mic"]}
        if options["layout"] == "launcher":
            return launcher(self.client, label=options["title"], **given)
        return console(self.client, layout=options["layout"], **given)  # type: ignore[arg-type] # it checks the word

    def _obey(self, name: str, value: str) -> None:
        match name:
            case "open" | "close" if isinstance(self._face, Launcher):
                self._face.show(name == "open")
            case "leave":
                self.client.run(self._leave(), "leaving the page failed")
            case _:
                self._remote.obey(name, value)

    async def _leave(self) -> None:
        self._scope.close()
        self._face.close()
        await self.client.disconnect()

    def _tell(self, name: str, detail: dict[str, str]) -> None:
        self._place.dispatchEvent(_js.construct("CustomEvent", f"rtvi-{name}", {"detail": detail}))
