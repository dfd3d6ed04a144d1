"""The RTVI protocol in plain Python: text in, events out. No clock, no event loop, no browser.

``inbound``, ``messages`` and ``payloads`` need pydantic, which takes a fifth of a page's boot to import. Nothing that
a client needs before ``connect()`` imports them; ``connect()`` does while the browser opens the devices.
"""
