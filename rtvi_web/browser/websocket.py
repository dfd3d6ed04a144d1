"""A WebSocket, for text and bytes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
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


class Opening:
    """Whether a WebSocket opens, from what a browser tells of it. To be awaited.

    Raises:
        WebSocketForbiddenError: the page's Content-Security-Policy forbids the address.
        WebSocketClosedError: it could not be opened for another reason; browsers do not tell pages which.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._forbidden = False
        self._timer: asyncio.TimerHandle | None = None

    def __await__(self) -> Generator[Any, None, None]:
        return self._opened.__await__()

    def open(self) -> None:
        """``open`` was fired."""
        if not self._opened.done():
            self._opened.set_result(None)

    def forbid(self) -> None:
        """The page's policy has forbidden a connection, which may be this one."""
        self._forbidden = True

    def error(self) -> None:
        """``error`` was fired. ``close`` follows, unless the page's policy forbids the address."""
        self._timer = self._loop.call_later(CLOSES_WITHIN, self.close, 1006, "")

    def close(self, code: int, reason: str) -> bool:
        """``close`` was fired. Returns whether it had not opened before."""
        return self.fail(WebSocketForbiddenError() if self._forbidden else WebSocketClosedError(code, reason))

    def fail(self, error: Exception) -> bool:
        """It cannot be opened. Returns whether that was not decided before."""
        if self._opened.done():
            return False
        self._opened.set_exception(error)
        return True

    def cancel(self) -> None:
        """It is closed here."""
        self._opened.cancel()
        if self._timer is not None:
            self._timer.cancel()


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
        self._opening: Opening | None = None

    async def open(self, url: str, protocols: Sequence[str]) -> None:
        """Connect; returns when frames can be sent.

        Raises:
            WebSocketForbiddenError: the page's Content-Security-Policy forbids the address.
            WebSocketClosedError: it could not be opened for another reason; browsers do not tell pages which.
            JsError: the address or a protocol cannot be used. Its message quotes them.
        """
        self._opening = opening = Opening()
        self._scope.defer(opening.cancel)
        self._scope.listen(_js.api("document"), "securitypolicyviolation", self._on_violation)
        socket = self._socket = _js.construct("WebSocket", url, list(protocols))
        socket.binaryType = "arraybuffer"
        self._scope.defer(socket.close)
        self._scope.listen(socket, "open", lambda _: opening.open())
        self._scope.listen(socket, "error", lambda _: opening.error())
        self._scope.listen(socket, "message", self._on_message)
        self._scope.listen(socket, "close", self._on_close)
        await opening

    @property
    def is_open(self) -> bool:
        """Whether frames can be sent."""
        return self._socket is not None and self._socket.readyState == OPEN

    @property
    def backlog(self) -> int:
        """Bytes that are waiting to be sent."""
        return int(self._socket.bufferedAmount) if self._socket is not None else 0

    def send(self, data: str | bytes) -> None:
        """Send a frame: a text, or a binary one of bytes. It must be open."""
        self._socket.send(data if isinstance(data, str) else _js.uint8_array(data))

    def close(self) -> None:
        """Close it, in any state, without calling ``closed``."""
        self._scope.close()

    def _on_violation(self, event: Any) -> None:
        # Its address may lack the path, so another request may be meant. That would change an error's text only.
        if self._opening is not None and event.effectiveDirective == "connect-src" and event.disposition == "enforce":
            self._opening.forbid()

    def _on_message(self, event: Any) -> None:
        data = event.data  # Read once: it crosses over each time.
        self._received(data if isinstance(data, str) else data.to_bytes())

    def _on_close(self, event: Any) -> None:
        code, reason = int(event.code), str(event.reason)
        if self._opening is not None and not self._opening.close(code, reason):
            self._closed(WebSocketClosedError(code, reason))
