"""The browser binding: what the page offers, as plain Python. It knows no protocol and no client."""
