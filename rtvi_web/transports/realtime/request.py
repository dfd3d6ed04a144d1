"""What a realtime session is asked for with: an address and a key that can be sent."""

from __future__ import annotations

import re
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.transport import RealtimeRequest

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""What a header and a WebSocket's protocol can both say (RFC 9110)."""


def sendable_key(request: RealtimeRequest) -> str | None:
    """The key of a request.

    Raises:
        InvalidArgumentError: it cannot be sent. Neither this nor a browser's own complaint, which quotes it, tells it.
    """
    if request.api_key and not _TOKEN.fullmatch(request.api_key):
        raise InvalidArgumentError("The API key holds characters that no key has, such as a space or a line break.")
    return request.api_key or None


def realtime_url(request: RealtimeRequest, default: str, scheme: str) -> Any:
    """The address of a request as a ``URL`` of JavaScript: absolute, with the model, of this scheme.

    Args:
        request: its ``url`` may be relative to the page, and of the other transport's scheme.
        default: the address where it has none.
        scheme: ``"ws"`` or ``"http"``; the encrypted one stays encrypted.

    Raises:
        InvalidArgumentError: it has no address that can be used.
    """
    try:
        url = _js.construct("URL", request.url or default, _js.api("location").href)
    except _js.JsError as error:
        raise InvalidArgumentError(f"This is no address to connect to: {request.url!r}.") from error
    encrypted = url.protocol in ("https:", "wss:")
    url.protocol = f"{scheme}s:" if encrypted else f"{scheme}:"
    if request.model and not url.searchParams.has("model") and not url.searchParams.has("call_id"):
        url.searchParams.set("model", request.model)
    return url
