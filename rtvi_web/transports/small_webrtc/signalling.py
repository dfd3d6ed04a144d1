"""SmallWebRTC's signalling over HTTP: where the offer goes, the offer, and the ICE candidates."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from rtvi_web.core.checks import join_url
from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.http import HttpClient, HttpResponse, explain, json_headers
from rtvi_web.errors import ConnectPhase, HttpError, InvalidArgumentError, TransportStartError
from rtvi_web.rtvi.session.start import BotRequest
from rtvi_web.rtvi.transport import ConnectRequest

logger = logging.getLogger(__name__)

BATCH_SECONDS = 0.2
"""Seconds for which candidates are collected before they are sent together."""

ATTEMPTS = 3
"""How many times in a row sending may fail before the rest of the candidates is given up."""

Candidate = Mapping[str, Any]


def offer_request(webrtc_url: str | None, request: ConnectRequest) -> BotRequest:
    """The request that carries the offer: the start answer's ``webrtc_request_params``, else the session's own.

    Raises:
        InvalidArgumentError: ``webrtc_request_params`` cannot be used.
        TransportStartError: no address is known.
    """
    given = request.bundle.get("webrtc_request_params") or request.bundle.get("webrtcRequestParams")
    if given is None or webrtc_url:
        return BotRequest(offer_url(webrtc_url, request), dict(request.headers), request.request_data, None)
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(f"webrtc_request_params must be a dict; it is {given!r}.")
    asked = BotRequest.of({"request_data": request.request_data, **given})
    return asked._replace(headers={**request.headers, **asked.headers})


def offer_url(webrtc_url: str | None, request: ConnectRequest) -> str:
    """The address that the offer goes to, unless ``webrtc_request_params`` name it.

    The first of these that exists: the transport's own ``webrtc_url``; the start answer's ``webrtc_url``, ``webrtcUrl``
    or ``connection_url``; the start endpoint with ``/start`` replaced by ``/sessions/<the answer's
    sessionId>/api/offer``; the base URL + ``/api/offer``.

    Raises:
        TransportStartError: none of them exists.
    """
    bundle = request.bundle
    session = bundle.get("sessionId") or bundle.get("session_id")
    if webrtc_url:
        return webrtc_url
    for key in ("webrtc_url", "webrtcUrl", "connection_url", "connectionUrl"):
        if isinstance(bundle.get(key), str) and bundle[key]:
            return str(bundle[key])
    if session and request.start_url:
        url, replaced = re.subn(r"/start/?(?=\?|$)", lambda _: f"/sessions/{session}/api/offer", request.start_url)
        if replaced:
            return url
    if request.base_url:
        return join_url(request.base_url, "/api/offer")
    raise TransportStartError(
        "There is no address to send the WebRTC offer to. Give SmallWebRTCTransport(webrtc_url=…), or a base_url and "
        "endpoints.connect in the client's params.",
        phase=ConnectPhase.OFFER,
    )


def ice_servers(configured: Sequence[Mapping[str, Any]] | None, bundle: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The transport's own ICE servers, else those in the start answer's ``iceConfig`` (or ``ice_config``)."""
    if configured is not None:
        return list(configured)
    config = bundle.get("iceConfig") or bundle.get("ice_config")
    servers = (config.get("iceServers") or config.get("ice_servers")) if isinstance(config, dict) else None
    return [server for server in servers if isinstance(server, dict)] if isinstance(servers, list) else []


class Signalling:
    """The offer endpoint of one session.

    Args:
        http: sends the requests.
        request: the endpoint, the headers of every request to it, the data for the bot that goes with the offer, and
            the offer's time limit in seconds.
    """

    def __init__(self, http: HttpClient, request: BotRequest) -> None:
        self._http = http
        self._url = request.endpoint
        self._headers = json_headers(request.headers)
        self._request_data = request.request_data
        self._timeout = request.timeout
        self._takes_candidates = False
        self.pc_id: str | None = None
        """The server's id of the connection, from its answer."""

    async def offer(self, sdp: str, *, restart: bool = False) -> str:
        """Send an offer and return the SDP of the answer. Later offers renegotiate the same session.

        Args:
            restart: whether the offer comes from a new connection that replaces the old one. The bot goes on.

        Raises:
            TransportStartError: there was no answer, a refusal, or an answer without SDP.
        """
        offer: dict[str, Any] = {"sdp": sdp, "type": "offer", "pc_id": self.pc_id, "restart_pc": restart}
        if self._request_data:
            offer["request_data"] = self._request_data
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._http.request("POST", self._url, headers=self._headers, body=json.dumps(offer))
        except HttpError as error:
            raise _failed(f"The WebRTC offer failed: {error.message}") from error
        except TimeoutError:
            raise _failed(f"POST {self._url} was not answered within {self._timeout:g} s.") from None
        status, reason = response.status, explain(response)
        if not response.ok:
            raise _failed(f"POST {self._url}: the WebRTC offer was refused with {status}: {reason}", status)
        try:
            answer = read_json(response.text)
        except ValueError as error:
            raise _failed(f"POST {self._url}: the answer to the WebRTC offer is not JSON: {reason}", status) from error
        if not isinstance(answer, dict) or not isinstance(answer.get("sdp"), str):
            raise _failed(f"POST {self._url}: the answer to the WebRTC offer has no SDP: {reason}", status)
        if isinstance(answer.get("pc_id"), str):
            self.pc_id = answer["pc_id"]
        return str(answer["sdp"])

    async def send_candidates(self, candidates: Sequence[Candidate]) -> bool:
        """Send local candidates to the server. Returns whether it takes them; a connection may succeed without.

        Raises:
            HttpError: there was no answer, or a server error, which may pass.
        """
        if self.pc_id is None:  # The server has named no connection that they belong to.
            return False
        response = await self._patch(candidates)
        if response.status >= 500:
            raise HttpError(f"PATCH {self._url} returned {response.status}.")
        self._takes_candidates = response.ok
        if not response.ok:
            logger.debug("PATCH %s: candidates refused with %d: %s", self._url, response.status, explain(response))
        return response.ok

    async def knows_connection(self) -> bool | None:
        """Whether the server still has the connection; ``None`` if this server cannot be asked.

        An empty list of candidates asks without changing anything. An offer would not do: a server that has given up
        the connection answers it with a new bot.

        Raises:
            HttpError: there was no answer.
            TransportStartError: a server error.
        """
        if not self._takes_candidates:
            return None
        response = await self._patch([])
        if response.status >= 500:
            raise _failed(f"PATCH {self._url} returned {response.status}.", response.status)
        return response.ok

    async def _patch(self, candidates: Sequence[Candidate]) -> HttpResponse:
        body = json.dumps({"pc_id": self.pc_id, "candidates": list(candidates)})
        return await self._http.request("PATCH", self._url, headers=self._headers, body=body)


def _failed(message: str, status: int | None = None) -> TransportStartError:
    return TransportStartError(message, status=status, phase=ConnectPhase.OFFER)


class Trickle:
    """Sends local candidates to the server in batches, once the answer has come. None is lost.

    Args:
        send: sends a batch and returns whether the server takes candidates; raises ``HttpError`` without an answer.
    """

    def __init__(self, send: Callable[[Sequence[Candidate]], Awaitable[bool]]) -> None:
        self._send = send
        self._waiting: list[Candidate] = []
        self._arrived = asyncio.Event()

    def add(self, candidate: Candidate) -> None:
        """Queue a candidate."""
        self._waiting.append(candidate)
        self._arrived.set()

    async def run(self) -> None:
        """Send the candidates so far at once, later ones in batches. Start it when the answer has come.

        It runs until it is cancelled, the server takes no candidates, or sending fails :data:`ATTEMPTS` times in a row.
        """
        failures = 0
        while failures < ATTEMPTS:
            if self._waiting:
                batch, self._waiting = self._waiting, []
                self._arrived.clear()
                try:
                    if not await self._send(batch):
                        return
                    failures = 0
                except HttpError as error:
                    logger.debug("candidates did not arrive: %s", error)
                    failures += 1
                    self._waiting = batch + self._waiting
                    self._arrived.set()
            await self._arrived.wait()
            await asyncio.sleep(BATCH_SECONDS * 2**failures)
