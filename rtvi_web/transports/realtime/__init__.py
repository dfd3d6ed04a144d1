"""The transports of RealtimeClient: WebSocket and WebRTC."""
