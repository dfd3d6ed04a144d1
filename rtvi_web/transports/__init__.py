"""What carries a session: transports, made of the browser binding and the protocol."""

from rtvi_web.transports.small_webrtc.transport import SmallWebRTCTransport

__all__ = ["SmallWebRTCTransport"]
