"""How a SmallWebRTC session comes about, over HTTP: where to send the offer, the offer, and the candidates."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from rtvi_web.core.checks import join_url
from rtvi_web.core.http import HttpClient, HttpResponse, explain, json_headers
from rtvi_web.errors import ConnectPhase, HttpError, InvalidArgumentError, TransportStartError
from rtvi_web.rtvi.session.start import BotRequest
from rtvi_web.rtvi.transport import ConnectRequest

logger = logging.getLogger(__name__)

BATCH_SECONDS = 0.2
"""How long candidates are collected before they are sent together."""

ATTEMPTS = 3
"""How often a batch is sent before the connection has to do without."""

Candidate = Mapping[str, Any]


def offer_request(webrtc_url: str | None, request: ConnectRequest) -> BotRequest:
    """Where the offer goes, and what goes with it: what ``webrtc_request_params`` say, else what the session has.

    Raises:
        InvalidArgumentError: they say what cannot be.
        TransportStartError: there is no address.
    """
    given = request.bundle.get("webrtc_request_params") or request.bundle.get("webrtcRequestParams")
    if given is None or webrtc_url:
        return BotRequest(offer_url(webrtc_url, request), dict(request.headers), request.request_data, None)
    if not isinstance(given, Mapping):
        raise InvalidArgumentError(f"webrtc_request_params must be a dict; it is {given!r}.")
    asked = BotRequest.of({"request_data": request.request_data, **given})
    return asked._replace(headers={**request.headers, **asked.headers})


def offer_url(webrtc_url: str | None, request: ConnectRequest) -> str:
    """The address to which the offer goes where no ``webrtc_request_params`` name it.

    The first of these that there is: the transport's own ``webrtc_url``; the start answer's ``webrtc_url``,
    ``webrtcUrl`` or ``connection_url``; the start endpoint with ``/start`` replaced by
    ``/sessions/<the answer's sessionId>/api/offer``; the base URL + ``/api/offer``.

    Raises:
        TransportStartError: none of them is there.
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
        http: the way there.
        request: the endpoint, the headers of every request to it, what the bot is told with the offer, and how many
            seconds that may take.
    """

    def __init__(self, http: HttpClient, request: BotRequest) -> None:
        self._http = http
        self._url = request.endpoint
        self._headers = json_headers(request.headers)
        self._request_data = request.request_data
        self._timeout = request.timeout
        self._takes_candidates = False
        self.pc_id: str | None = None
        """The server's name for the connection, from its answer."""

    async def offer(self, sdp: str, *, restart: bool = False) -> str:
        """Send an offer; the SDP of the answer. The second and later offers renegotiate the same connection.

        Args:
            restart: the offer is a new connection's, which takes the place of the one before; the bot goes on.

        Raises:
            TransportStartError: no answer, a refusal, or an answer without SDP.
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
            answer = json.loads(response.text)
        except ValueError as error:
            raise _failed(f"POST {self._url}: the answer to the WebRTC offer is no JSON: {reason}", status) from error
        if not isinstance(answer, dict) or not isinstance(answer.get("sdp"), str):
            raise _failed(f"POST {self._url}: the answer to the WebRTC offer has no SDP: {reason}", status)
        if isinstance(answer.get("pc_id"), str):
            self.pc_id = answer["pc_id"]
        return str(answer["sdp"])

    async def send_candidates(self, candidates: Sequence[Candidate]) -> bool:
        """Tell the server about local candidates; whether it wants them. It can do without.

        Raises:
            HttpError: no answer at all, or a server error, which passes.
        """
        if self.pc_id is None:  # A server that names no connection has nothing to add them to.
            return False
        response = await self._patch(candidates)
        if response.status >= 500:
            raise HttpError(f"PATCH {self._url} returned {response.status}.")
        self._takes_candidates = response.ok
        if not response.ok:
            logger.debug("PATCH %s: candidates refused with %d: %s", self._url, response.status, explain(response))
        return response.ok

    async def knows_connection(self) -> bool | None:
        """Whether the server still has the connection; ``None`` where it cannot be asked.

        An offer would tell as well, but a server that has given the connection up answers that with a new bot. A list
        of no candidates changes nothing.

        Raises:
            HttpError: no answer at all.
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
    """Local candidates on their way to the server: none before the answer, then in batches, none lost.

    Args:
        send: sends a batch and says whether the server wants more; ``HttpError`` when there was no answer.
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
        """Send what waits, at once and then in batches. To be started when the answer is there.

        It runs until it is cancelled, or the server wants none, or does not answer several times in a row.
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
