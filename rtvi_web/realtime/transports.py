"""Makes the transport that a word names. The transports are in a higher layer, so they are imported on demand."""

from __future__ import annotations

from typing import Any

from rtvi_web.core.checks import nearest
from rtvi_web.core.masking import described
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.transport import RealtimeTransport

_WORDS = ("websocket", "webrtc")


def resolve(given: Any) -> RealtimeTransport:
    """The given transport, or a new one of the kind that the word names.

    Raises:
        InvalidArgumentError: it is neither a transport nor a known word.
    """
    if given == "websocket":
        from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

        return RealtimeWebSocketTransport()
    if given == "webrtc":
        from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport

        return RealtimeWebRTCTransport()
    if not isinstance(given, RealtimeTransport):
        hint = nearest(given, _WORDS) if isinstance(given, str) else ""
        named = repr(given) if hint else described(given)
        raise InvalidArgumentError(f'transport must be "websocket", "webrtc" or a transport; it is {named}.{hint}')
    return given
