"""The address and the key of a request, checked."""

from __future__ import annotations

import re
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.core.masking import masked_url
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.protocol.session_config import TRANSCRIPTION
from rtvi_web.realtime.transport import RealtimeRequest

OPENAI_HOST = "api.openai.com"
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A token (RFC 9110): what fits into a header and into the name of a WebSocket's protocol."""


def sendable_key(request: RealtimeRequest) -> str | None:
    """The key of a request.

    Raises:
        InvalidArgumentError: it cannot be sent. Checked here because the browser's own error would quote the key.
    """
    if request.api_key and not TOKEN.fullmatch(request.api_key):
        raise InvalidArgumentError(
            "The API key contains characters that cannot be sent, such as a space or a line break."
        )
    return request.api_key or None


def realtime_url(request: RealtimeRequest, default: str, scheme: str) -> Any:
    """The address of a request as a JavaScript ``URL``: absolute, with this scheme.

    OpenAI's own address, and any for a WebSocket, get the model in the query.

    Args:
        request: its ``url`` may be relative to the page, and of the other transport's scheme.
        default: the address if the request has none.
        scheme: ``"ws"`` or ``"http"``; an encrypted address stays encrypted.

    Raises:
        InvalidArgumentError: its ``url`` is not an address.
    """
    try:
        url = _js.construct("URL", request.url or default, _js.api("location").href)
    except _js.JsError:  # Its message may quote the address.
        raise InvalidArgumentError(f"url is not an address: {masked_url(request.url or default)!r}.") from None
    encrypted = url.protocol in ("https:", "wss:")
    url.protocol = f"{scheme}s:" if encrypted else f"{scheme}:"
    if not request.url and request.session.get("type") == TRANSCRIPTION and not request.model:
        url.searchParams.set("intent", TRANSCRIPTION)  # how OpenAI is asked for one
    takes_model = not (url.searchParams.has("model") or url.searchParams.has("call_id"))
    if request.model and takes_model and (scheme == "ws" or url.host == OPENAI_HOST):
        url.searchParams.set("model", request.model)
    return url
