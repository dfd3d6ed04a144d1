"""What carries the session."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from rtvi_web.browser import dom
from rtvi_web.errors import RTVIError
from rtvi_web.ui.session_state import BOT_READY, CHANGES, state_of
from rtvi_web.ui.widget import SessionClient, Widget

INTERVAL: Final = 5.0
"""Seconds between two measurements of the way to the bot."""
_WORDS: Final = {"SmallWebRTC": "WebRTC", "RealtimeWebRTC": "WebRTC", "RealtimeWebSocket": "WebSocket"}


def transport_badge(client: SessionClient, *, into: Any) -> Widget:
    """What carries the session, such as “WebRTC”, and how long the way to the bot and back takes.

    The time is measured every five seconds during a session, while the badge is in view. Not every transport can tell.

    Args:
        client: the client whose transport it names.
        into: a CSS selector or an element; the widget is added to it.

    Raises:
        InvalidArgumentError: ``into`` finds no element.
    """
    return _TransportBadge(client, into)


class _TransportBadge(Widget):
    """The transport's name, and the round trip while there is a session to measure."""

    def __init__(self, client: SessionClient, into: Any) -> None:
        super().__init__(client, into, "p", "transport")
        self._session = client
        self._stats = getattr(client, "stats", None)
        self._seen = False
        self._timer: asyncio.TimerHandle | None = None
        self._time = dom.make("span", "rtvi-round-trip")
        name = type(client.transport).__name__.removesuffix("Transport")
        self.element.append(dom.make("span", "", _WORDS.get(name, name)), self._time)
        dom.watch_visibility(self.scope, self.element, self._set_seen)
        self.follow(self._follow, *CHANGES)
        self.scope.defer(self._rest)

    def _set_seen(self, seen: bool) -> None:
        self._seen = seen
        self._follow()

    def _follow(self, *_: Any) -> None:
        if not (self._stats and self._seen and state_of(self._session) == BOT_READY):
            self._rest()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(1.0, self._measure)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._time.textContent = ""

    def _measure(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self._measure)
        self._client.run(self._show(), "measuring the way to the bot failed")

    async def _show(self) -> None:
        try:
            stats = await self._stats() if self._stats else None
        except RTVIError:
            return  # The session has ended, or the transport measures nothing.
        if self._timer is not None and stats is not None and stats.round_trip_time is not None:
            self._time.textContent = f" · {1000 * stats.round_trip_time:.0f} ms"
