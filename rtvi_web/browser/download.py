"""Hands the person a file, as a download."""

from __future__ import annotations

import asyncio

from rtvi_web.browser import _js

PATIENCE = 10.0
"""Seconds after which the browser has read the file."""


def download(name: str, text: str) -> None:
    """Have the browser save a text as a file in the person's folder of downloads.

    Raises:
        NotInBrowserError: this is not a web page.
    """
    document = _js.api("document")
    blob = _js.construct("Blob", [text], {"type": "application/jsonl;charset=utf-8"})
    link = document.createElement("a")
    link.href = address = _js.api("URL").createObjectURL(blob)
    link.download = name
    link.click()
    asyncio.get_event_loop().call_later(PATIENCE, _js.api("URL").revokeObjectURL, address)
