"""The address of a request, checked, as the browser takes it."""

from __future__ import annotations

import re
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.core.checks import checked_headers
from rtvi_web.core.masking import Headers, masked_url
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.protocol.dialects.base import Address
from rtvi_web.realtime.translation import Translation
from rtvi_web.realtime.transport import RealtimeRequest

TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A token (RFC 9110): what fits into a header and into the name of a WebSocket's protocol."""
_ADDRESS = re.compile(r"(?:wss?|https?)://(?![/\\])|[^:/?#\\]*(?:[/?#\\]|$)", re.IGNORECASE)
"""The beginning of an address, or of a path: that has no colon before its first slash, as RFC 3986 says of it."""
WRITE_IT = (
    "Write one that begins with wss:// or https://, such as 'wss://models.example/v1/realtime', or a path on this "
    "page's server, such as '/v1/realtime'."
)
_VALUE = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")


def address_of(request: RealtimeRequest, *, webrtc: bool, key: str | None = None) -> Address:
    """The address that the dialect of a request makes of it.

    Args:
        request: what is asked for.
        webrtc: whether for WebRTC, or for a WebSocket.
        key: another key than the request's.

    Raises:
        InvalidArgumentError, UnsupportedFeatureError: there is none.
    """
    target = request.target(webrtc=webrtc)
    return Translation(request.dialect).address(target if key is None else target._replace(api_key=key))


def url_of(address: Address, scheme: str) -> Any:
    """An address as a JavaScript ``URL``: absolute, with this scheme, and with its query.

    Args:
        address: may be relative to the page, and of the other transport's scheme.
        scheme: ``"ws"`` or ``"http"``; an encrypted address stays encrypted.

    Raises:
        InvalidArgumentError: it is not an address, or of something else.
    """
    url = checked_url(address.url)
    encrypted = url.protocol in ("https:", "wss:")
    url.protocol = f"{scheme}s:" if encrypted else f"{scheme}:"
    for name, value in address.query.items():
        if not url.searchParams.has(name):
            url.searchParams.set(name, value)
    return url


def checked_url(address: str) -> Any:
    """An address of a realtime server as a JavaScript ``URL``.

    Args:
        address: absolute, or relative to the page.

    Raises:
        InvalidArgumentError: it is not one; the message says what to write.
    """
    shown = repr(masked_url(address))
    try:
        url = _js.construct("URL", address, _js.api("location").href) if _ADDRESS.match(address.strip()) else None
    except _js.JsError:  # Its message may quote the address.
        url = None
    if url is None:
        raise InvalidArgumentError(f"{shown} is not the address of a realtime server. {WRITE_IT}")
    if url.username or url.password:
        raise InvalidArgumentError(
            f"The address {shown} has a user name or a password in it, which browsers do not send. Write it without "
            "them: what is before the @, and the @ itself."
        )
    return url


def headers_of(address: Address) -> Headers:
    """The headers of an address.

    Raises:
        InvalidArgumentError: one cannot be sent. Checked here because the browser's own error would quote it.
    """
    headers = checked_headers("The headers of the address", address.headers)
    for name, value in headers.items():
        if not TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise InvalidArgumentError(
                f"The header {name!r}, which may hold the API key, contains characters that cannot be sent, such as a "
                "line break."
            )
    return headers
