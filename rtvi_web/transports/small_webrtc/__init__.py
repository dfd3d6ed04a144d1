"""The transport to Pipecat's SmallWebRTC servers."""
