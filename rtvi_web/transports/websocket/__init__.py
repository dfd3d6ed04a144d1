"""Pipecat's protobuf frames over a WebSocket."""
