"""Where the WebSocket of a session is."""

from __future__ import annotations

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


def socket_url(given: str | None, request: ConnectRequest) -> str:
    """The address to connect to: of the start endpoint's answer, or of ``connect()``; else the given one.

    Pipecat's development runner says ``wss://`` and ``0.0.0.0`` about servers that are neither encrypted nor there.
    Then the start endpoint's own address counts.

    Raises:
        TransportStartError: there is no address, or it is not one of a WebSocket.
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
    url = _url(address, start.href) if start and isinstance(address, str) else None
    if start is None or url is None or url.protocol not in SCHEMES:
        raise TransportStartError(f"ws_url is not the address of a WebSocket: {quoted(address)}.")
    url.protocol = SCHEMES[url.protocol]
    url.hash = ""  # a WebSocket takes none
    if url.hostname in ANY_HOST:
        url.hostname = start.hostname
    if url.protocol == "wss:" and start.protocol == "http:" and _is_same_server(url, start):
        url.protocol = "ws:"
    token = bundle.get("token")
    if isinstance(token, str) and token and token not in address and not url.searchParams.has("token"):
        url.searchParams.set("token", token)
    return str(url.href)


def _url(address: str, base: str) -> Any:
    """An address, which may be relative, as a JavaScript ``URL``; ``None`` if it is not one."""
    try:
        return _js.construct("URL", address, base)
    except _js.JsError:  # Its message may quote the address.
        return None


def _is_same_server(url: Any, start: Any) -> bool:
    hosts = {url.hostname, start.hostname}
    ports = {address.port or PORTS[address.protocol] for address in (url, start)}
    return len(ports) == 1 and (len(hosts) == 1 or hosts.issubset(LOOPBACK))
