"""Transports: each carries a session with one kind of server.

Each is imported when its name is first used, so a page loads only the transport it uses.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rtvi_web.transports.daily.transport import DailyTransport
    from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport
    from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport
    from rtvi_web.transports.small_webrtc.transport import SmallWebRTCTransport
    from rtvi_web.transports.websocket.transport import WebSocketTransport

__all__ = [
    "DailyTransport",
    "RealtimeWebRTCTransport",
    "RealtimeWebSocketTransport",
    "SmallWebRTCTransport",
    "WebSocketTransport",
]


def __getattr__(name: str) -> Any:
    if name == "SmallWebRTCTransport":
        from rtvi_web.transports.small_webrtc.transport import SmallWebRTCTransport

        return SmallWebRTCTransport
    if name == "DailyTransport":
        from rtvi_web.transports.daily.transport import DailyTransport

        return DailyTransport
    if name == "WebSocketTransport":
        from rtvi_web.transports.websocket.transport import WebSocketTransport

        return WebSocketTransport
    if name == "RealtimeWebSocketTransport":
        from rtvi_web.transports.realtime.websocket import RealtimeWebSocketTransport

        return RealtimeWebSocketTransport
    if name == "RealtimeWebRTCTransport":
        from rtvi_web.transports.realtime.webrtc import RealtimeWebRTCTransport

        return RealtimeWebRTCTransport
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
