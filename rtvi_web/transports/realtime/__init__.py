"""What carries a session of RealtimeClient: WebSocket and WebRTC."""
