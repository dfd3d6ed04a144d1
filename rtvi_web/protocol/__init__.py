"""The RTVI protocol in plain Python: text in, events out. No clock, no event loop, no browser."""
