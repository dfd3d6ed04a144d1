"""Where the WebSocket of a session is."""

from __future__ import annotations

import re
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.core.masking import quoted
from rtvi_web.errors import TransportStartError
from rtvi_web.rtvi.transport import ConnectRequest

SCHEMES = {"ws:": "ws:", "wss:": "wss:", "http:": "ws:", "https:": "wss:"}
PORTS = {"http:": "80", "https:": "443", "ws:": "80", "wss:": "443"}
"""The ports of addresses that name none."""
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
ANY_HOST = ("0.0.0.0", "[::]")
"""Where a server listens for all names; no page can connect there."""
_RUNNER = ("wsUrl", "sessionId", "token")
"""What is in the answer of Pipecat's development runner."""
_BARE_IPV6 = re.compile(r"(\w+://)([\da-f]*:[\da-f:.]*)(:\d+)(?![^/?#])", re.IGNORECASE)
"""The beginning of an address whose host is IPv6 without its brackets."""


def socket_url(given: str | None, request: ConnectRequest) -> str:
    """The address to connect to: of the start endpoint's answer, or of ``connect()``; else the given one.

    Pipecat's development runner says ``wss://`` and ``0.0.0.0`` about servers that are neither encrypted nor there.
    Then the start endpoint's own address counts. It also writes IPv6 hosts without brackets.

    Raises:
        TransportStartError: there is no address, or it is not one of a WebSocket; or the token is no text.
    """
    bundle = request.bundle
    address = bundle.get("ws_url") or bundle.get("wsUrl") or given
    if not address:
        raise TransportStartError(
            "There is no address for the WebSocket: the start endpoint's answer, or what connect() got, has no ws_url, "
            "and WebSocketTransport(ws_url=…) was not given. Pipecat's development runner gives one to those who send "
            'it {"transport": "websocket"} in request_data.'
        )
    start = _url(request.start_url or request.base_url or "", _js.api("location").href)
    url = _url(_with_brackets(address), start.href) if start and isinstance(address, str) else None
    if start is None or url is None or url.protocol not in SCHEMES:
        raise TransportStartError(f"ws_url is not the address of a WebSocket: {quoted(address)}.")
    url.protocol = SCHEMES[url.protocol]
    url.hash = ""  # a WebSocket takes none
    is_anywhere = url.hostname in ANY_HOST
    if is_anywhere:
        url.hostname = start.hostname
    if url.protocol == "wss:" and start.protocol == "http:" and (is_anywhere or _is_same_server(url, start)):
        url.protocol = "ws:"
    token = bundle.get("token")
    if not isinstance(token, str | None):
        raise TransportStartError(
            f"The token for the WebSocket must be a text; it is a value of type {type(token).__name__}."
        )
    if token and not _has_token(url, token):
        url.searchParams.set("token", token)
    return str(url.href)


def lost_data(request: ConnectRequest) -> str | None:
    """What to warn about if a part of ``request_data`` does not reach the bot; else ``None``."""
    if request.request_data:
        return (
            "request_data does not reach the bot: a WebSocket has nothing to carry it. Give it to a start endpoint "
            "(params.endpoints.connect), or send it as a message."
        )
    if request.start_data.get("body") and all(key in request.bundle for key in _RUNNER):
        return (
            'The "body" of request_data does not reach the bot: Pipecat\'s development runner, which has answered the '
            "start request, hands it on over other transports only. Send it as a message."
        )
    return None


def _url(address: str, base: str) -> Any:
    """An address, which may be relative, as a JavaScript ``URL``; ``None`` if it is not one."""
    try:
        return _js.construct("URL", address, base)
    except _js.JsError:  # Its message may quote the address.
        return None


def _with_brackets(address: str) -> str:
    """An address whose IPv6 host has its brackets."""
    bare = _BARE_IPV6.match(address)
    return f"{bare[1]}[{bare[2]}]{bare[3]}{address[bare.end() :]}" if bare else address


def _has_token(url: Any, token: str) -> bool:
    """Whether an address names a token, or has this one as a part of its path or as a value of its query."""
    if url.searchParams.get("token"):
        return True
    parts = str(url.pathname).split("/")
    return token in parts or _js.api("encodeURIComponent")(token) in parts or token in url.searchParams.values()


def _is_same_server(url: Any, start: Any) -> bool:
    hosts = {url.hostname, start.hostname}
    ports = {address.port or PORTS[address.protocol] for address in (url, start)}
    return len(ports) == 1 and (len(hosts) == 1 or hosts.issubset(LOOPBACK))
