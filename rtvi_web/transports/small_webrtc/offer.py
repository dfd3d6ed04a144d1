"""Where a session's WebRTC offer goes, what goes with it, and which ICE servers it uses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rtvi_web.core.checks import join_url
from rtvi_web.core.http import shorten
from rtvi_web.core.masking import described, masked_url, quoted
from rtvi_web.errors import ConnectPhase, InvalidArgumentError, TransportStartError
from rtvi_web.rtvi.session.start import BotRequest
from rtvi_web.rtvi.transport import ConnectRequest

_SESSION_ID = re.compile(r":sessionId|\{(?:sessionId|session_id|id)\}")
"""Where the session id goes in an ``offer_url_template``."""
_ADDRESSES = ("webrtc_url", "webrtcUrl", "connection_url", "connectionUrl")
_DAILY_ROOMS = ("room_url", "roomUrl", "dailyRoom", "daily_room")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class OfferRequest(NamedTuple):
    """The request that carries the offer.

    Attributes:
        urls: where it goes. A second address is tried if the first answers 404 or 405.
        headers: the headers of every request to the offer endpoint.
        request_data: what the bot gets with the offer.
        timeout: seconds that an offer may take; ``None`` means no limit.
        session_id: the start answer's, for the words of errors.
    """

    urls: Sequence[str]
    headers: Mapping[str, str]
    request_data: Any = None
    timeout: float | None = None
    session_id: str | None = None

    def __repr__(self) -> str:
        return f"OfferRequest(urls={[masked_url(url) for url in self.urls]}, session_id={self.session_id!r}, …)"


def offer_request(webrtc_url: str | None, request: ConnectRequest, template: str | None = None) -> OfferRequest:
    """The request that carries the offer: the start answer's ``webrtc_request_params``, else the session's own.

    Args:
        webrtc_url: the transport's own address.
        request: the session to connect to.
        template: the transport's ``offer_url_template``.

    Raises:
        InvalidArgumentError: ``webrtc_request_params`` cannot be used.
        TransportStartError: no address is known, or the bot is in a Daily room.
    """
    session_id = _session_id(request.bundle)
    given = request.bundle.get("webrtc_request_params") or request.bundle.get("webrtcRequestParams")
    if given is None or webrtc_url:
        urls = [webrtc_url] if webrtc_url else offer_urls(request, template)
        return OfferRequest(urls, request.headers, request.request_data, session_id=session_id)
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(f"webrtc_request_params must be a dict; it is {described(given)}.")
    url, headers, data, timeout = BotRequest.of({"request_data": request.request_data, **given})
    return OfferRequest([url], {**request.headers, **headers}, data, timeout, session_id)


def offer_urls(request: ConnectRequest, template: str | None = None) -> list[str]:
    """Where the offer goes if neither the transport nor ``webrtc_request_params`` say it.

    The first of these that exists:

    1. the start answer's ``webrtc_url``, ``webrtcUrl`` or ``connection_url``;
    2. with its ``sessionId``, the template; base URL + ``/api/offer`` is the second address;
    3. with its ``sessionId``, ``sessions/<sessionId>/api/offer`` beside the start endpoint. Unless that is called
       ``start``, as Pipecat's are, base URL + ``/api/offer`` is the second address;
    4. base URL + ``/api/offer``.

    Raises:
        TransportStartError: none of them exists, or the bot is in a Daily room.
    """
    bundle, session_id = request.bundle, _session_id(request.bundle)
    for key in _ADDRESSES:
        if bundle.get(key) and isinstance(bundle[key], str):
            return [bundle[key]]
    for key in _DAILY_ROOMS:
        if bundle.get(key):
            room = shorten(masked_url(str(bundle[key])))
            raise TransportStartError(
                f"The bot is in a Daily room ({room}), which SmallWebRTCTransport cannot join. "
                "Use DailyTransport, or have the server start a bot for SmallWebRTC; a Pipecat runner does with "
                '{"transport": "webrtc"}.',
                phase=ConnectPhase.OFFER,
            )
    urls = [join_url(request.base_url, "/api/offer")] if request.base_url else []
    if session_id and template:
        urls.insert(0, _SESSION_ID.sub(lambda _: _quoted(session_id), template))
    elif session_id and request.start_url:
        folder, name, query = _split(request.start_url)
        urls = [] if name == "start" else urls
        urls.insert(0, f"{folder}sessions/{_quoted(session_id)}/api/offer{query}")
    if not urls:
        raise TransportStartError(
            "There is no address to send the WebRTC offer to. Give SmallWebRTCTransport(webrtc_url=…), or a base_url "
            "and endpoints.connect in the client's params.",
            phase=ConnectPhase.OFFER,
        )
    return list(dict.fromkeys(urls))


def check_template(template: str | None) -> None:
    """Check an ``offer_url_template``.

    Raises:
        InvalidArgumentError: it is not a text with a place for the session id.
    """
    if template is not None and not (isinstance(template, str) and _SESSION_ID.search(template)):
        raise InvalidArgumentError(f"offer_url_template must contain ':sessionId'; it is {quoted(template)}.")


def ice_servers(configured: Sequence[Mapping[str, Any]] | None, bundle: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The transport's own ICE servers, else those in the start answer's ``iceConfig`` (or ``ice_config``)."""
    if configured is not None:
        return list(configured)
    config = bundle.get("iceConfig") or bundle.get("ice_config")
    servers = (config.get("iceServers") or config.get("ice_servers")) if isinstance(config, dict) else None
    return [server for server in servers if isinstance(server, dict)] if isinstance(servers, list) else []


def _session_id(bundle: Mapping[str, Any]) -> str | None:
    session_id = bundle.get("sessionId") or bundle.get("session_id")
    return str(session_id) if session_id and isinstance(session_id, str | int) else None


def _split(url: str) -> tuple[str, str, str]:
    """The folder of an address with a slash at its end, the last word of its path, and its query with ``?``."""
    path, mark, query = url.partition("#")[0].partition("?")
    found = re.match(r"(?:[\w+.-]+:)?//[^/]*", path)
    origin = found.group() if found else ""
    path = path[len(origin) :].rstrip("/")
    name = path.rpartition("/")[2]
    return origin + (path.removesuffix(name) or "/" * bool(origin)), name, mark + query


def _quoted(text: str) -> str:
    """A text as one part of an address's path, like ``encodeURIComponent``."""
    return "".join(
        char if char in _UNRESERVED else "".join(f"%{byte:02X}" for byte in char.encode(errors="replace"))
        for char in text
    )
