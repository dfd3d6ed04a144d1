"""The client for RTVI, the protocol of Pipecat bots: :class:`rtvi_web.RTVIClient` and its transport contract."""
