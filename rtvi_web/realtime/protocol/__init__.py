"""The OpenAI Realtime protocol in plain Python. No clock, no event loop, no browser."""
