"""The OpenAI Realtime protocol: a client of its own, beside the one for RTVI."""
