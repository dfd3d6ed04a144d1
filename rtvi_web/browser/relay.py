"""Sound between a WebSocket and the worklets for PCM that Python does not touch: ``worklets/relay.js``."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.pcm_player import PcmPlayer
from rtvi_web.browser.worklet import load_script, start_worker

RELAY_SCRIPT, RELAY_OBJECT = "relay.js", "rtviWebRelay"
_places: list[asyncio.Task[Any]] = []
"""Where the relays of this page run, once that is wanted."""


class Relay:
    """Sends the frames that a recorder's worklet makes, and has a player's worklet play the sound of those that come.

    It runs in a Worker, which the page has only one of and keeps: a busy page does not hold up the sound, and the sound
    does not keep the page busy. If the page may have no such Worker, it runs in the page.

    Args:
        held: how many frames are kept until the bot is ready.
        most: bytes that may wait in the socket; with more, sound is dropped, which would only come later and later.
        slowest, fastest: samples a second that can be played.
    """

    def __init__(self, *, held: int, most: int, slowest: int, fastest: int) -> None:
        self._options = {"held": held, "most": most, "slowest": slowest, "fastest": fastest}
        self._scope = _js.Scope()
        self._port: Any = None
        self._player: PcmPlayer | None = None
        self._playing = False
        self._sources: deque[Any] = deque()
        self._told: Callable[[Any], object] | None = None
        self._sockets = 0

    def prepare(self) -> None:
        """Begin to load the script, once for the page. A failure is raised by :meth:`open`."""
        if not _places:
            _places.append(asyncio.ensure_future(_place()))
            _places[0].add_done_callback(_forget)

    async def open(self) -> None:
        """Wait until it runs.

        Raises:
            UnsupportedFeatureError: the script could not be loaded.
        """
        self.prepare()
        place = await asyncio.shield(_places[0])  # Another one may wait for it.
        if self._port is None:
            channel = _js.construct("MessageChannel")
            self._port = channel.port1
            self._scope.listen(self._port, "message", lambda event: self._on_message(event.data))
            self._port.start()
            _post(place, {"port": channel.port2, "options": self._options}, channel.port2)

    def tell(self, what: str, **more: Any) -> None:
        """Have it do something, which ``relay.js`` describes. What is transferred is ``port`` and ``data``."""
        if self._port is not None:
            transferred = [value for name, value in more.items() if name in ("port", "data") and value is not _js.null]
            _post(self._port, {"what": what, **more}, *transferred)

    def connect(self, url: str, told: Callable[[Any], object]) -> int:
        """Open a WebSocket in place of the one before. Returns its number.

        Args:
            url: where.
            told: called with what ``relay.js`` tells of it.
        """
        self._sockets += 1
        self._told = told
        self.tell("connect", socket=self._sockets, url=url)
        return self._sockets

    def disconnect(self, socket: int) -> None:
        """Close the WebSocket of this number, and tell nothing more of it."""
        if socket == self._sockets:
            self._told = None
            self.tell("disconnect")

    def release(self) -> None:
        """The bot is ready: send what was spoken meanwhile, and all that follows."""
        self.tell("release")

    def speak(self, port: Any, _scope: _js.Scope) -> None:
        """Send the frames of the recorder's worklet that has this port, in place of the one before."""
        channel = _js.construct("MessageChannel")
        _post(port, {"port": channel.port1}, channel.port1)
        self.tell("record", port=channel.port2)

    def play(self, player: PcmPlayer) -> None:
        """Play on a player that is open, while the browser lets it."""
        self._player = player
        self._scope.listen(player.context, "statechange", lambda _: self._follow())
        self._follow()

    def close(self) -> None:
        """End it. It can be opened again."""
        self.tell("end")
        self._scope.close()
        self._port = self._player = self._told = None
        self._playing = False
        self._sources.clear()

    def _follow(self) -> None:
        """Play directly if the context runs. If not, Python gets the sound, and asks the browser to let it play."""
        plays = self._player is not None and self._player.context.state == "running"
        if plays is self._playing:
            return
        self._playing = plays
        if plays:
            channel = _js.construct("MessageChannel")
            self._sources.append(channel.port2)
            self.tell("play", port=channel.port1)
        else:
            self.tell("play", port=_js.null)

    def _on_message(self, message: Any) -> None:
        if message.what != "plays":
            if message.socket == self._sockets and self._told is not None:
                self._told(message)
        elif self._player is not None:  # Python has got all sound that came before, and given it to the player.
            self._player.take(self._sources.popleft())


def _post(target: Any, message: dict[str, Any], *transferred: Any) -> None:
    target.postMessage(_js.plain(message), _js.plain(transferred))


async def _place() -> Any:
    """What takes the ports of relays."""
    worker = await start_worker(RELAY_SCRIPT)
    if worker is None:
        await load_script(RELAY_SCRIPT, RELAY_OBJECT)
    return worker or _js.api(RELAY_OBJECT)


def _forget(place: asyncio.Task[Any]) -> None:
    """The next session tries again if it has failed."""
    if place.cancelled() or place.exception() is not None:
        _places.remove(place)
