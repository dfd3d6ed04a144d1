"""The transports that a word names. They are above this layer, so they are imported when they are asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from rtvi_web.core.emitter import nearest
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.transport import RealtimeTransport

_BY_WORD = {
    "websocket": ("rtvi_web.transports.realtime.websocket", "RealtimeWebSocketTransport"),
    "webrtc": ("rtvi_web.transports.realtime.webrtc", "RealtimeWebRTCTransport"),
}


def resolve(given: Any) -> RealtimeTransport:
    """The transport that is given, or a new one of the kind that the word names.

    Raises:
        InvalidArgumentError: it is neither.
    """
    if isinstance(given, str) and given in _BY_WORD:
        module, name = _BY_WORD[given]
        given = getattr(import_module(module), name)()
    if not isinstance(given, RealtimeTransport):
        hint = nearest(given, _BY_WORD) if isinstance(given, str) else ""
        raise InvalidArgumentError(f'transport must be "websocket", "webrtc" or a transport; it is {given!r}.{hint}')
    return given
