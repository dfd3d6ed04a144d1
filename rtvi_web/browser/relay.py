"""Sound between a WebSocket and the worklets for PCM that Python does not touch: ``worklets/relay.js``."""

from __future__ import annotations

import asyncio
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.pcm_player import PcmPlayer
from rtvi_web.browser.websocket import Socket
from rtvi_web.browser.worklet import load_script

RELAY_SCRIPT, RELAY_CLASS = "relay.js", "rtviWebRelay"


class Relay:
    """Sends the frames that a recorder's worklet makes, and has a player's worklet play the sound of those that come.

    What is not simply sound to be played goes to the socket's ``received``, as without a relay.

    Args:
        held: how many frames are kept until the bot is ready.
        most: bytes that may wait in the socket; with more, sound is dropped, which would only come later and later.
        slowest, fastest: samples a second that can be played.
    """

    def __init__(self, *, held: int, most: int, slowest: int, fastest: int) -> None:
        self._options = {"held": held, "most": most, "slowest": slowest, "fastest": fastest}
        self._relay: Any = None
        self._loading: asyncio.Task[None] | None = None

    def prepare(self) -> None:
        """Begin to load the script, once for the page. A failure is raised by :meth:`open`."""
        if self._relay is None and self._loading is None:
            self._loading = asyncio.ensure_future(self._load())
            self._loading.add_done_callback(lambda loading: loading.cancelled() or loading.exception())

    async def _load(self) -> None:
        try:
            await load_script(RELAY_SCRIPT, RELAY_CLASS)
            self._relay = _js.construct(RELAY_CLASS, self._options)
        finally:
            self._loading = None

    async def open(self) -> None:
        """Wait until the script is loaded.

        Raises:
            UnsupportedFeatureError: it could not be loaded.
        """
        self.prepare()
        if self._loading is not None:
            await asyncio.shield(self._loading)  # Another one may wait for it.

    def carry(self, socket: Socket) -> None:
        """Carry the sound of an open socket, until that is closed. The script must be loaded."""
        self._relay.sent = self._relay.received = 0
        self._relay.held = _js.plain([])
        socket.relay(self._relay)

    def release(self) -> None:
        """The bot is ready: send what was spoken meanwhile, and all that follows."""
        self._relay.release()

    def speak(self, port: Any, scope: _js.Scope) -> None:
        """Send the frames that come from the port of a worklet, until the scope is closed."""
        relay = self._relay
        port.addEventListener("message", relay.speak)
        scope.defer(lambda: port.removeEventListener("message", relay.speak))

    def play(self, player: PcmPlayer) -> None:
        """Play on a player that is open."""
        self._relay.context, self._relay.player = player.context, player.port

    def begin(self, item: str) -> None:
        """What comes from now on is of another item of the player's."""
        if self._relay is not None:
            self._relay.item = item

    def close(self) -> None:
        """Play no more."""
        if self._relay is not None:
            self._relay.context = self._relay.player = _js.null

    @property
    def sent(self) -> int:
        """Bytes of frames sent over the present socket."""
        return int(self._relay.sent) if self._relay is not None else 0

    @property
    def received(self) -> int:
        """Bytes of frames whose sound was played."""
        return int(self._relay.received) if self._relay is not None else 0
