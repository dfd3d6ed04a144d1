"""SmallWebRTC's signalling over HTTP: the offer, and the ICE candidates."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.http import HttpClient, HttpResponse, explain, json_headers, shorten
from rtvi_web.core.masking import masked_url
from rtvi_web.errors import ConnectPhase, DisconnectReason, HttpError, TransportStartError
from rtvi_web.transports.small_webrtc.offer import OfferRequest

logger = logging.getLogger(__name__)

BATCH_SECONDS = 0.2
"""Seconds for which candidates are collected before they are sent together."""

ATTEMPTS = 3
"""How often a candidate is sent before it is left out."""

NO_ENDPOINT = (404, 405)
"""The statuses of an address that has no offer endpoint."""

Candidate = Mapping[str, Any]


class Signalling:
    """The offer endpoint of one session.

    Args:
        http: sends the requests.
        request: where the offer goes, and what goes with it.
    """

    def __init__(self, http: HttpClient, request: OfferRequest) -> None:
        self._http = http
        self._request = request
        self._urls = request.urls
        self._headers = json_headers(request.headers)
        self._takes_candidates: bool | None = None
        """Whether the server knows ``PATCH``; ``None`` until it has shown that."""
        self.pc_id: str | None = None
        """The server's id of the connection, from its answer."""

    @property
    def _url(self) -> str:
        return self._urls[0]

    async def offer(self, sdp: str, *, restart: bool = False) -> str:
        """Send an offer and return the SDP of the answer. Later offers renegotiate the same session.

        Args:
            restart: whether the offer comes from a new connection that replaces the old one. The bot goes on.

        Raises:
            TransportStartError: there was no answer, a refusal, or an answer without SDP.
        """
        offer: dict[str, Any] = {"sdp": sdp, "type": "offer", "pc_id": self.pc_id, "restart_pc": restart}
        if self._request.request_data:
            offer["request_data"] = self._request.request_data
        response = await self._post(json.dumps(offer))
        what = f"POST {masked_url(self._url)}: the answer to the WebRTC offer"
        try:
            answer = read_json(response.text)
        except ValueError as error:
            raise _failed(f"{what} is not JSON: {explain(response)}", response.status) from error
        if not isinstance(answer, dict) or not isinstance(answer.get("sdp"), str):
            raise _failed(f"{what} has no SDP: {explain(response)}", response.status)
        if isinstance(answer.get("pc_id"), str):
            self.pc_id = answer["pc_id"]
        return str(answer["sdp"])

    async def _post(self, body: str) -> HttpResponse:
        """Send an offer to the first address that has an offer endpoint. Later offers go there too."""
        failures: list[TransportStartError] = []
        for url in self._urls:
            try:
                response = await self._try(url, body)
            except TransportStartError as error:
                failures.append(error)
                if error.status not in NO_ENDPOINT:
                    break
            else:
                self._urls = [url]
                return response
        session = f" (session {shorten(self._request.session_id)})" if self._request.session_id else ""
        message = "; ".join(error.message for error in failures) + session
        raise _failed(message, failures[-1].status) from failures[-1].__cause__

    async def _try(self, url: str, body: str) -> HttpResponse:
        what, timeout = f"POST {masked_url(url)}", self._request.timeout
        try:
            async with asyncio.timeout(timeout):
                response = await self._http.request("POST", url, headers=self._headers, body=body)
        except HttpError as error:
            raise _failed(f"The WebRTC offer failed: {error.message}") from error
        except TimeoutError:
            raise _failed(f"{what} was not answered within {timeout:g} s.") from None
        status = response.status
        if not response.ok:
            raise _failed(f"{what}: the WebRTC offer was refused with {status}: {explain(response)}", status)
        return response

    async def send_candidates(self, candidates: Sequence[Candidate]) -> bool:
        """Send local candidates to the server. Returns whether it takes them; a connection may succeed without.

        Raises:
            HttpError: there was no answer, or a server error, which may pass.
        """
        if self.pc_id is None:  # The server has named no connection that they belong to.
            return False
        response = await self._patch(candidates)
        if response.status >= 500:
            self._takes_candidates = True
            raise HttpError(f"PATCH {masked_url(self._url)} returned {response.status}.")
        self._takes_candidates = response.ok
        if not response.ok:
            logger.debug(
                "PATCH %s: candidates refused with %d: %s", masked_url(self._url), response.status, explain(response)
            )
        return response.ok

    async def is_connection_known(self) -> bool | None:
        """Whether the server still has the connection; ``None`` if this server cannot be asked.

        An empty list of candidates asks without changing anything. An offer would not do: a server that has given up
        the connection answers it with a new bot.

        Raises:
            HttpError: there was no answer.
            TransportStartError: a server error.
        """
        if self.pc_id is None or self._takes_candidates is False:
            return None
        response = await self._patch([])
        if response.status >= 500:
            raise _failed(f"PATCH {masked_url(self._url)} returned {response.status}.", response.status)
        if not response.ok and self._takes_candidates is None:
            return None  # It may not know PATCH at all.
        return response.ok

    async def _patch(self, candidates: Sequence[Candidate]) -> HttpResponse:
        body = json.dumps({"pc_id": self.pc_id, "candidates": list(candidates)})
        return await self._http.request("PATCH", self._url, headers=self._headers, body=body)


def _failed(message: str, status: int | None = None) -> TransportStartError:
    reason = DisconnectReason.REFUSED if status in (401, 403) else None
    return TransportStartError(message, status=status, phase=ConnectPhase.OFFER, reason=reason)


class Trickle:
    """Sends local candidates to the server in batches, once the answer has come.

    Args:
        send: sends a batch and returns whether the server takes candidates; raises ``HttpError`` on a failure that may
            pass.
    """

    def __init__(self, send: Callable[[Sequence[Candidate]], Awaitable[bool]]) -> None:
        self._send = send
        self._waiting: list[tuple[Candidate, int]] = []  # with the number of times that each has failed
        self._arrived = asyncio.Event()

    def add(self, candidate: Candidate) -> None:
        """Queue a candidate. An empty one, with which Firefox ends, is left out: old servers answer it with 500."""
        if str(candidate.get("candidate", "…")).strip():
            self._waiting.append((candidate, 0))
            self._arrived.set()

    async def run(self) -> None:
        """Send the candidates so far at once, later ones in batches. Start it when the answer has come.

        It runs until it is cancelled, or the server takes no candidates. A batch that fails is sent again, with the
        candidates that have come meanwhile; one that has failed :data:`ATTEMPTS` times is left out.
        """
        failures = 0
        while True:
            if self._waiting:
                batch, self._waiting = self._waiting, []
                self._arrived.clear()
                try:
                    if not await self._send([candidate for candidate, _ in batch]):
                        return
                    failures = 0
                except HttpError as error:
                    logger.debug("candidates did not arrive: %s", error)
                    failures = min(failures + 1, ATTEMPTS)
                    again = [(candidate, tries + 1) for candidate, tries in batch if tries + 1 < ATTEMPTS]
                    self._waiting = again + self._waiting
                    if again:
                        self._arrived.set()
            await self._arrived.wait()
            await asyncio.sleep(BATCH_SECONDS * 2**failures)
