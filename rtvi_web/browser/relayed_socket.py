"""A WebSocket whose sound passes Python by."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.relay import Relay
from rtvi_web.browser.websocket import Opening, WebSocketClosedError

ANSWERS_WITHIN = 1.0
"""Seconds that the relay has to count."""


class RelayedSocket:
    """A WebSocket of binary frames, opened by a relay, which sends and plays the sound: from :meth:`open` to its end.

    Args:
        relay: has one socket at a time.
        received: called with each other frame, in order: ``bytes``, or ``str`` for a text.
        silenced: called when a frame has interrupted the bot, and its sound is dropped already.
        closed: called once when it is closed by the other side or by the network, after it was open.
    """

    def __init__(
        self,
        relay: Relay,
        *,
        received: Callable[[str | bytes], object],
        silenced: Callable[[], object],
        closed: Callable[[WebSocketClosedError], object],
    ) -> None:
        self._relay = relay
        self._received = received
        self._silenced = silenced
        self._closed = closed
        self._opening: Opening | None = None
        self._number = 0
        self._written = self._known = self._waiting = 0
        self._counted = asyncio.Event()
        self.is_open = False
        """Whether frames can be sent."""
        self.sound_sent = 0
        """Bytes of the microphone's frames, when last told."""
        self.sound_received = 0
        """Bytes of frames that were not handed on, when last told."""

    async def open(self, url: str, protocols: Sequence[str] = ()) -> None:
        """Connect; returns when frames can be sent.

        Raises:
            WebSocketForbiddenError: the page's Content-Security-Policy forbids the address.
            WebSocketClosedError: it could not be opened for another reason; browsers do not tell pages which.
            JsError: the address cannot be used.
            UnsupportedFeatureError: the page cannot load the relay.
        """
        self._opening = opening = Opening()
        await self._relay.open()
        self._number = self._relay.connect(url, self._on_told)
        await opening

    @property
    def backlog(self) -> int:
        """Bytes that are waiting to be sent, as far as the page knows."""
        return self._waiting + self._written - self._known

    def send(self, data: bytes) -> None:
        """Send a binary frame. It is lost if the socket was closed meanwhile, which is then about to be told."""
        self._written += len(data)
        self._relay.tell("write", data=_js.uint8_array(data).buffer)

    async def count(self) -> None:
        """Bring the numbers up to date."""
        self._counted.clear()
        self._relay.tell("ask")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ANSWERS_WITHIN):
                await self._counted.wait()

    def close(self) -> None:
        """Close it, in any state, without calling ``closed``."""
        self.is_open = False
        self._relay.disconnect(self._number)
        if self._opening is not None:
            self._opening.cancel()

    def _on_told(self, message: Any) -> None:
        opening = self._opening
        assert opening is not None, "it was opened"
        match message.what:
            case "received":
                data = message.data
                self._received(data if isinstance(data, str) else data.to_bytes())
            case "silenced":
                self._silenced()
            case "traffic":
                self.sound_sent, self.sound_received = int(message.sent), int(message.received)
                self._waiting, self._known = int(message.waiting), int(message.written)
                self._counted.set()
            case "opened":
                self.is_open = True
                opening.open()
            case "forbidden":
                opening.forbid()
            case "error":
                opening.error()
            case "failed":
                opening.fail(_js.JsError(message.name, ""))
            case _:
                self.is_open = False
                code, reason = int(message.code), str(message.reason)
                if not opening.close(code, reason):
                    self._closed(WebSocketClosedError(code, reason))
