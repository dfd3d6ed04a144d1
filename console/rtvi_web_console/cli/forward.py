"""Passes a page's requests on to the bot, for pages that the bot's server does not allow by CORS.

A page elsewhere that could use this would reach the bot, and nothing else: only the bot's own origin is asked,
redirects are not followed, and requests that carry a foreign name of this machine or a foreign origin are refused.
"""

from __future__ import annotations

import http.client
import json
import logging
import ssl
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any
from urllib.parse import urljoin, urlsplit

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.masking import masked_url
from rtvi_web_console.cli.checks.address import leads_to

MAX_BODY = 16 << 20
"""Bytes of a request, or of an answer."""
TIMEOUT = 60.0
"""Seconds that the bot's server has to begin its answer, and between two pieces of it."""
MAX_TIME = 600.0
"""Seconds that a whole answer may take."""
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
OF_A_CONNECTION = frozenset(
    ("connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "upgrade")
)
OF_A_CONNECTION |= {"proxy-authenticate", "proxy-authorization", "transfer-encoding"}
NOT_PASSED_ON = OF_A_CONNECTION | {"cookie", "origin", "referer"}
"""Headers that belong to one connection, or say where the page is."""
NOT_PASSED_BACK = OF_A_CONNECTION | {"set-cookie", "server", "date", "location", "content-encoding"}
SOCKETS = ("wsUrl", "ws_url")
ANY_HOST = ("0.0.0.0", "::")
FAILURES = (OSError, ValueError, http.client.HTTPException)

logger = logging.getLogger(__name__)


class _CutError(Exception):
    """Why an answer has not come to its end."""


class Forwarder:
    """An ASGI app that answers what the bot's server answers.

    Args:
        bot: an address of the bot's server; its origin counts.
    """

    def __init__(
        self, bot: str, *, timeout: float = TIMEOUT, max_time: float = MAX_TIME, max_body: int = MAX_BODY
    ) -> None:
        self._url = urlsplit(bot)
        self._timeout = timeout
        self._max_time = max_time
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "a page connects to the bot itself"})
        else:
            response = await self._answer(Request(scope, receive))
            await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        body = bytearray()
        try:
            async for piece in request.stream():
                body += piece
                if len(body) > self._max_body:
                    return PlainTextResponse(f"A request may have {self._max_body:,} bytes.\n", 413)
        except ClientDisconnect:
            return Response(status_code=499)
        scope = request.scope
        target = scope["raw_path"].decode("latin-1") + (f"?{request.url.query}" if request.url.query else "")
        headers = {name: value for name, value in request.headers.items() if name not in NOT_PASSED_ON}
        headers["accept-encoding"] = "identity"
        connection = self._connection()
        try:
            answer = await to_thread.run_sync(_ask, connection, request.method, target, bytes(body), headers)
        except FAILURES as error:  # also a name or a header that cannot be
            connection.close()
            return self._failed("gave no answer", error)
        if 300 <= answer.status < 400 and answer.status != 304:
            place = leads_to(self._url.geturl(), answer.getheader("Location") or "")
            connection.close()
            return PlainTextResponse(f"The bot's server leads elsewhere, to {place}: give that address.\n", 502)
        return await self._pass_back(connection, answer)

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._url.hostname or "", self._url.port
        if self._url.scheme == "https":
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=self._timeout, context=context)
        return http.client.HTTPConnection(host, port, timeout=self._timeout)

    async def _pass_back(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> Response:
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in NOT_PASSED_BACK}
        pieces = self._pieces(connection, answer)
        if not _is_json(answer.getheader("Content-Type") or ""):
            if (answer.length or 0) <= self._max_body:
                return _Passed(pieces, answer.status, headers, self._cut)
            connection.close()
            return self._failed("did not end its answer", self._too_long)
        try:
            data = b"".join([piece async for piece in pieces])
        except _CutError as error:
            return self._failed("did not end its answer", error)
        return Response(self._with_address(data), answer.status, headers)

    def _failed(self, what: str, error: Exception) -> Response:
        return PlainTextResponse(f"{self._words(what, error)}\n", 502)

    def _cut(self, error: Exception) -> None:
        logger.warning("%s The page got what had come until then.", self._words("did not end its answer", error))

    def _words(self, what: str, error: Exception) -> str:
        return f"The bot's server at {masked_url(self._url.geturl())} {what}: {error or type(error).__name__}."

    @property
    def _too_long(self) -> _CutError:
        return _CutError(f"it may have {self._max_body:,} bytes")

    async def _pieces(
        self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse
    ) -> AsyncGenerator[bytes, None]:
        """The answer, piece by piece, as they come.

        Raises:
            _CutError: it breaks off, is too long, or takes too long.
        """
        left, end = self._max_body, time.monotonic() + self._max_time
        try:
            while piece := await to_thread.run_sync(answer.read1, 65_536):
                left -= len(piece)
                if left < 0:
                    raise self._too_long
                if time.monotonic() > end:
                    raise _CutError(f"it may take {self._max_time:g} s")
                yield piece
            if answer.length:
                raise _CutError(f"{answer.length:,} bytes are missing")
        except FAILURES as error:
            raise _CutError(str(error) or type(error).__name__) from error
        finally:
            connection.close()

    def _with_address(self, data: bytes) -> bytes:
        """A start answer whose WebSocket is at the bot: a page would look for it here if it names no host."""
        try:
            bundle = read_json(data.decode())
        except ValueError:
            return data
        given: dict[str, Any] = bundle if isinstance(bundle, dict) else {}
        changed = {name: self._socket(given[name]) for name in SOCKETS if isinstance(given.get(name), str)}
        return json.dumps({**given, **changed}).encode() if changed else data

    def _socket(self, address: str) -> str:
        try:
            url = urlsplit(urljoin(self._url.geturl(), address))
        except ValueError:
            return address  # the page says that it is none
        secure = {"http": "ws", "https": "wss"}
        if url.hostname in ANY_HOST:
            url = url._replace(netloc=self._url.netloc.rpartition("@")[2], scheme=secure[self._url.scheme])
        return url._replace(scheme=secure.get(url.scheme, url.scheme)).geturl()


class _Passed(StreamingResponse):
    """An answer that is passed on as it comes. If it fails, it is left without its end, so that the page sees that."""

    def __init__(
        self,
        pieces: AsyncGenerator[bytes, None],
        status: int,
        headers: dict[str, str],
        failed: Callable[[Exception], object],
    ) -> None:
        super().__init__(pieces, status, headers)
        self._failed = failed

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except _CutError as error:
            self._failed(error)


class OnlyLocal:
    """ASGI middleware that refuses what foreign pages ask: by another name of this machine, or from another origin."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin", b"").decode("latin-1")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        # Browsers send no origin with what a page embeds, such as a picture, but say that the page is of another site.
        embedded = headers.get(b"sec-fetch-site") == b"cross-site" and headers.get(b"sec-fetch-mode") != b"navigate"
        if name.lower() in LOCAL_NAMES and origin in ("", f"http://{host}") and not embedded:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            text = "Only pages of this machine, by the names localhost and 127.0.0.1, are answered here.\n"
            await PlainTextResponse(text, 403)(scope, receive, send)


def _is_json(content_type: str) -> bool:
    """Whether an answer is one JSON text; many of them, one a line, are not."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _ask(
    connection: http.client.HTTPConnection, method: str, target: str, body: bytes, headers: dict[str, str]
) -> http.client.HTTPResponse:
    connection.request(method, target, body or None, headers)
    return connection.getresponse()
