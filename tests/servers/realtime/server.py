"""A Realtime server on loopback that needs no key: OpenAI's protocol over WebSocket and WebRTC.

    python server.py --port 7870 --speech-url http://127.0.0.1:9100/v1

It hears, thinks and speaks through plain OpenAI-compatible endpoints: those of examples/local_bot/speech_server.py
(--speech-url), or OpenAI's own with your OPENAI_API_KEY.
"""

import argparse
import asyncio
import contextlib
import json
import os
import secrets
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvicorn
from calls import Calls
from conversation import new_id
from mind import Mind
from schema import SchemaError, check_session
from session import Session
from starlette.applications import Starlette
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

BUILD = Path(__file__).resolve().parents[3] / "build"
PROTOCOL = "realtime"
KEY_PROTOCOL = "openai-insecure-api-key."
SECRET_SECONDS = 600
MAX_SECRETS = 1000


class RefusedError(Exception):
    """A request that the server does not serve; `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Realtime:
    """The endpoints.

    Args:
        mind: hears, thinks and speaks.
        key: what a client must know, or a secret made with it; None lets everybody in.
        origins: of pages that may use it beside those that it serves itself: others could spend what is paid for.
    """

    def __init__(self, mind: Mind, key: str | None = None, origins: Sequence[str] = ()) -> None:
        self._mind = mind
        self._key = key
        self._origins = origins
        self._calls = Calls(mind)
        self._secrets: dict[str, tuple[float, dict[str, Any]]] = {}

    def routes(self, prefix: str = "/v1/realtime") -> list[Route | WebSocketRoute]:
        """What to serve."""
        return [
            WebSocketRoute(prefix, self.connect),
            Route(f"{prefix}/client_secrets", self.client_secret, methods=["POST"]),
            Route(f"{prefix}/calls", self.call, methods=["POST"]),
        ]

    async def close(self) -> None:
        """End every call."""
        await self._calls.close()

    async def connect(self, socket: WebSocket) -> None:
        """WS /v1/realtime: a session whose sound is in its events."""
        offered = socket.scope.get("subprotocols") or []
        keys = [protocol.removeprefix(KEY_PROTOCOL) for protocol in offered if protocol.startswith(KEY_PROTOCOL)]
        try:
            config = self._admit(socket, keys[0] if keys else _bearer(socket.headers))
        except RefusedError:
            await socket.close(1008)  # before accept(): the handshake fails
            return
        await socket.accept(PROTOCOL if PROTOCOL in offered else None)
        if model := socket.query_params.get("model"):
            config = {**config, "model": model}
        outgoing: asyncio.Queue[str] = asyncio.Queue()
        session = Session(outgoing.put_nowait, self._mind, config)
        sending = asyncio.ensure_future(_send(socket, outgoing))
        session.begin()
        try:
            while True:
                session.receive(await socket.receive_text())
        except (WebSocketDisconnect, KeyError):  # KeyError: a binary frame
            pass
        finally:
            session.close()
            sending.cancel()

    async def client_secret(self, request: Request) -> Response:
        """POST /v1/realtime/client_secrets: an ephemeral key for a page."""
        try:
            self._check_origin(request)
            if self._key and _bearer(request.headers) != self._key:
                raise RefusedError("Incorrect API key provided.", 401)
            body = json.loads(await request.body() or b"{}")
            session = body.get("session") or {"type": "realtime"}
            check_session(session)
        except (RefusedError, SchemaError, ValueError, AttributeError) as error:
            return _error(error)
        seconds = (body.get("expires_after") or {}).get("seconds", SECRET_SECONDS)
        value, expires_at = f"ek_{secrets.token_urlsafe(24).replace('-', '_')}", int(time.time()) + seconds
        self._secrets[value] = (expires_at, session)
        while len(self._secrets) > MAX_SECRETS:
            del self._secrets[next(iter(self._secrets))]
        return JSONResponse({"value": value, "expires_at": expires_at, "session": session})

    async def call(self, request: Request) -> Response:
        """POST /v1/realtime/calls: an SDP offer, as it is or in a form with `session`; the answer is SDP too."""
        try:
            config = self._admit(request, _bearer(request.headers))
            offer, session = await _offer(request)
            if session:
                check_session(session)
            answer = await self._calls.answer(offer, {**config, **session})
        except (RefusedError, SchemaError, ValueError) as error:
            return _error(error)
        headers = {"Location": f"/v1/realtime/calls/{new_id('rtc')}"}
        return PlainTextResponse(answer, 201, headers, media_type="application/sdp")

    def _admit(self, request: HTTPConnection, key: str | None) -> dict[str, Any]:
        """The configuration that goes with a key. Raises RefusedError when it does not let in."""
        self._check_origin(request)
        if key in self._secrets:
            expires_at, session = self._secrets[key]
            if time.time() < expires_at:
                return session
            raise RefusedError("The client secret has expired.", 401)
        if self._key and key != self._key:
            raise RefusedError("Incorrect API key provided.", 401)
        if key and key.startswith("ek_"):
            raise RefusedError("The client secret is unknown.", 401)
        return {}

    def _check_origin(self, request: HTTPConnection) -> None:
        origin = request.headers.get("origin")
        own = origin is None or origin.partition("://")[2] == request.headers.get("host")
        if not own and origin not in self._origins:
            raise RefusedError(f"Pages of {origin} may not use this server.", 403)


async def _send(socket: WebSocket, outgoing: asyncio.Queue[str]) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # it is closing
        while True:
            await socket.send_text(await outgoing.get())


async def _offer(request: Request) -> tuple[str, dict[str, Any]]:
    if not request.headers.get("content-type", "").startswith("multipart/"):
        return (await request.body()).decode(), {}
    async with request.form() as form:
        parts = {name: await _text(part) for name, part in form.items()}
    return parts.get("sdp", ""), json.loads(parts.get("session") or "{}")


async def _text(part: Any) -> str:
    return part if isinstance(part, str) else (await part.read()).decode()


def _bearer(headers: Any) -> str | None:
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key if scheme == "Bearer" and key else None


def _error(error: Exception) -> JSONResponse:
    """An error as OpenAI's servers tell it."""
    status = error.status if isinstance(error, RefusedError) else 400
    body = {"message": str(error), "type": "invalid_request_error", "param": getattr(error, "param", None)}
    return JSONResponse({"error": {**body, "code": None}}, status)


def mind_for(speech_url: str | None) -> Mind:
    """The local speech server's, or OpenAI's with OPENAI_API_KEY."""
    return Mind(speech_url, "none") if speech_url else Mind(None, os.environ["OPENAI_API_KEY"])


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ready"})


def main() -> None:
    """Serve on loopback until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=7870)
    parser.add_argument("--speech-url", metavar="URL", help="base URL of the local speech server")
    parser.add_argument("--key", help="let in only who knows this key, or a client secret made with it")
    parser.add_argument("--allowed-origins", nargs="+", default=(), metavar="ORIGIN", help="of other pages")
    parser.add_argument("--site", type=Path, metavar="DIR", help="serve this built site at /")
    options = parser.parse_args()
    if options.speech_url is None and not os.environ.get("OPENAI_API_KEY"):
        sys.exit("server.py: give --speech-url, or set OPENAI_API_KEY to use OpenAI's services")
    realtime = Realtime(mind_for(options.speech_url), options.key, options.allowed_origins)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> Any:
        yield
        await realtime.close()

    app = Starlette(routes=[Route("/health", _health), *realtime.routes()], lifespan=lifespan)
    if options.site:
        sys.path.append(str(BUILD))  # last, for build/site.py must not hide Python's own `site`
        from serve import site

        app.add_middleware(site, folder=options.site)
    # DNS rebinding: a foreign page may point its own name at this machine, but its requests still carry that name.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1"], www_redirect=False)
    uvicorn.run(app, host="127.0.0.1", port=options.port, timeout_graceful_shutdown=1, ws_max_size=16 << 20)


if __name__ == "__main__":
    main()
