"""A WebSocket, for text and bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from rtvi_web.browser import _js

OPEN = 1
"""``WebSocket.OPEN``"""
CLOSES_WITHIN = 0.3
"""Seconds between ``error`` and ``close``, which browsers fire one after the other."""


class WebSocketClosedError(Exception):
    """The WebSocket is closed, or could not be opened.

    Attributes:
        code: as in RFC 6455; 1006 without a closing handshake, for example if it could not be opened.
        reason: what the other side gave; may be empty.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"code {code}" + (f": {reason}" if reason else ""))
        self.code = code
        self.reason = reason


class WebSocketForbiddenError(WebSocketClosedError):
    """The page's Content-Security-Policy forbids the address."""

    def __init__(self) -> None:
        super().__init__(1006, "the page's Content-Security-Policy forbids it")


class Socket:
    """A WebSocket, from :meth:`open` to its end.

    Args:
        received: called with each frame, in order: ``str``, or ``bytes`` for a binary one.
        closed: called once when it is closed by the other side or by the network, after it was open.
    """

    def __init__(
        self, *, received: Callable[[str | bytes], object], closed: Callable[[WebSocketClosedError], object]
    ) -> None:
        self._received = received
        self._closed = closed
        self._scope = _js.Scope()
        self._socket: Any = None
        self._opened: asyncio.Future[None] | None = None
        self._forbidden = False
        self._is_over = False
        self._heard: Any = None

    async def open(self, url: str, protocols: Sequence[str]) -> None:
        """Connect; returns when frames can be sent.

        Raises:
            WebSocketForbiddenError: the page's Content-Security-Policy forbids the address.
            WebSocketClosedError: it could not be opened for another reason; browsers do not tell pages which.
            JsError: the address or a protocol cannot be used. Its message quotes them.
        """
        self._opened = asyncio.get_running_loop().create_future()
        self._scope.listen(_js.api("document"), "securitypolicyviolation", self._on_violation)
        socket = self._socket = _js.construct("WebSocket", url, list(protocols))
        socket.binaryType = "arraybuffer"
        self._scope.defer(socket.close)
        self._scope.listen(socket, "open", self._on_open)
        self._scope.listen(socket, "error", self._on_error)
        self._heard = self._scope.function(self._on_message)
        socket.addEventListener("message", self._heard)
        self._scope.defer(lambda: socket.removeEventListener("message", self._heard))
        self._scope.listen(socket, "close", self._on_close)
        await self._opened

    def relay(self, relay: Any) -> None:
        """Have an object of ``worklets/relay.js`` hear all frames from now on; it hands on what is not its own."""
        socket, hear = self._socket, relay.hear
        relay.socket, relay.other = socket, self._heard
        socket.removeEventListener("message", self._heard)
        socket.addEventListener("message", hear)

        def end() -> None:
            socket.removeEventListener("message", hear)
            relay.socket = relay.other = _js.null

        self._scope.defer(end)

    @property
    def is_open(self) -> bool:
        """Whether frames can be sent."""
        return self._socket is not None and self._socket.readyState == OPEN

    @property
    def is_ending(self) -> bool:
        """Whether it was closed, and ``closed`` is about to be called."""
        return self._socket is not None and not self._is_over and self._socket.readyState > OPEN

    @property
    def backlog(self) -> int:
        """Bytes that are waiting to be sent."""
        return int(self._socket.bufferedAmount) if self._socket is not None else 0

    def send(self, data: str | bytes) -> None:
        """Send a frame: a text, or a binary one of bytes. It must be open."""
        self._socket.send(data if isinstance(data, str) else _js.uint8_array(data))

    def close(self) -> None:
        """Close it, in any state, without calling ``closed``."""
        self._is_over = True
        self._scope.close()
        if self._opened is not None:
            self._opened.cancel()

    def _on_open(self, _event: Any) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_result(None)

    def _on_violation(self, event: Any) -> None:
        # Its address may lack the path, so another request may be meant. That would change an error's text only.
        self._forbidden |= event.effectiveDirective == "connect-src" and event.disposition == "enforce"

    def _on_error(self, _event: Any) -> None:
        """``close`` follows, unless the page's policy forbids the address."""
        timer = asyncio.get_running_loop().call_later(CLOSES_WITHIN, self._fail, 1006, "")
        self._scope.defer(timer.cancel)

    def _fail(self, code: int, reason: str) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_exception(
                WebSocketForbiddenError() if self._forbidden else WebSocketClosedError(code, reason)
            )

    def _on_message(self, event: Any) -> None:
        data = event.data  # Read once: it crosses over each time.
        self._received(data if isinstance(data, str) else data.to_bytes())

    def _on_close(self, event: Any) -> None:
        self._is_over = True
        if self._opened is not None and not self._opened.done():
            self._fail(int(event.code), str(event.reason))
        else:
            self._closed(WebSocketClosedError(int(event.code), str(event.reason)))
