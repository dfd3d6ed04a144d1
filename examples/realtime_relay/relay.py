"""A server route for pages that talk to OpenAI's Realtime API: the API key stays here.

    pip install fastapi httpx uvicorn websockets
    export OPENAI_API_KEY=…
    python relay.py --origin http://localhost:8000

POST /client-secret   an ephemeral key for one page, with the session's configuration in it
POST /calls           a WebRTC offer (application/sdp); the answer is OpenAI's
WebSocket             at any path: the session itself

A refusal is JSON, {"detail": why}.
"""

import argparse
import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from pydantic_core import from_json
from socket_relay import SocketRelay

API_KEY = "OPENAI_API_KEY"
BASE_URL = "https://api.openai.com/v1"
SECRET_SECONDS = 60  # a page connects at once; a session goes on after its secret has expired
MAX_OFFER = 100_000  # bytes
OFFER_SECONDS = 10.0  # for an offer to arrive
MAX_ANSWER = 1_000_000  # bytes of the API's answer
ANSWER_SECONDS = 15.0  # for the API's answer to arrive
MAX_REASON = 500  # characters of a refusal, cut when the keys are out: half a key is too much
LOOPBACK_PAGES = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
SECRETS = re.compile(r"\b(sk-|ek_|sess-)[\w*.-]+")
"""What looks like a key of OpenAI's, in whole or with stars in its middle."""
SESSION = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief and friendly."}


def create_app(
    base_url: str, key: str, session: Mapping[str, Any], *, origins: Sequence[str] = (), hosts: Sequence[str] = ()
) -> FastAPI:
    """The route.

    Args:
        base_url: of the API.
        key: its key, which no page ever sees.
        session: the configuration. What a page may have is for us to say; it can change what the protocol lets it.
        origins: whose pages may use it, such as "https://www.example.com"; without any, pages of this machine.
        hosts: other names of this server than those of loopback, such as "api.example.com".
    """
    relay = Relay(base_url, key, session)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with relay.openai:
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    allowed = re.compile("|".join(map(re.escape, origins)) or LOOPBACK_PAGES)
    app.add_middleware(CORSMiddleware, allow_origin_regex=allowed.pattern, allow_methods=["POST"], allow_headers=["*"])
    # DNS rebinding: a foreign page may point its own name at this machine, but its requests still carry that name.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", *hosts], www_redirect=False)

    def check_origin(request: Request) -> None:
        # CORS keeps other pages from reading an answer, but not from asking, and a call would have begun by then.
        origin = request.headers.get("origin")
        if origin is not None and not allowed.fullmatch(origin):
            raise HTTPException(403, f"Pages of {origin} may not use this relay")

    async def session_of_page(page: WebSocket) -> None:
        origin = page.headers.get("origin")
        if origin is None or allowed.fullmatch(origin):
            await relay.socket.serve(page)
        else:
            await page.close(1008)  # before accept(): the handshake fails

    guarded = [Depends(check_origin)]
    app.get("/health")(health)
    app.post("/client-secret", dependencies=guarded)(relay.client_secret)
    app.post("/calls", dependencies=guarded)(relay.calls)
    app.websocket("/{path:path}")(session_of_page)
    return app


async def health() -> dict[str, str]:
    return {"status": "ready"}


class Relay:
    """What pages may ask of the API."""

    def __init__(self, base_url: str, key: str, session: Mapping[str, Any]) -> None:
        headers = {"Authorization": f"Bearer {key}"}
        self.openai = httpx.AsyncClient(base_url=base_url, headers=headers, timeout=ANSWER_SECONDS)
        self._key = key
        self._session = session
        self.socket = SocketRelay(base_url, key, session, self._without_keys)

    async def client_secret(self) -> dict[str, Any]:
        """An ephemeral key, and when it expires in seconds of Unix time."""
        expiry = {"anchor": "created_at", "seconds": SECRET_SECONDS}
        body = await self._ask("/realtime/client_secrets", json={"expires_after": expiry, "session": self._session})
        try:
            made = from_json(body)
            return {"value": str(made["value"]), "expires_at": int(made["expires_at"])}
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            raise HTTPException(502, "The API's answer is not a client secret") from error

    async def calls(self, request: Request) -> Response:
        """The API's answer to an offer."""
        offer = await read_offer(request)
        session = json.dumps(self._session)
        form = {"sdp": (None, offer, "application/sdp"), "session": (None, session, "application/json")}
        answer = await self._ask("/realtime/calls", files=form)
        if not answer.startswith(b"v=0"):
            raise HTTPException(502, "The API's answer is not SDP")
        return Response(answer, 201, media_type="application/sdp")

    async def _ask(self, path: str, **request: Any) -> bytes:
        """What the API answers.

        Raises:
            HTTPException: 502 if there is no answer to use; else the API's own refusal, in its words.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS), self.openai.stream("POST", path, **request) as answer:
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise HTTPException(502, f"The API answered with more than {MAX_ANSWER} bytes")
        except (httpx.HTTPError, TimeoutError) as error:
            raise HTTPException(502, f"The API did not answer: {type(error).__name__}") from error
        if answer.is_success:
            return bytes(body)
        # A key that the API refuses is our trouble, not the page's.
        if answer.status_code in (401, 403):
            raise HTTPException(502, "The API refused the relay's key")
        if not answer.is_client_error:
            raise HTTPException(502, f"The API answered with {answer.status_code}")
        raise HTTPException(answer.status_code, self._without_keys(reason(bytes(body)))[:MAX_REASON])

    def _without_keys(self, text: str) -> str:
        """The API's words without our key, parts of it, or others."""
        return SECRETS.sub("***", text.replace(self._key, "***"))


def reason(body: bytes) -> str:
    """OpenAI's `error.message`, else the text."""
    try:
        return str(from_json(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return body.decode(errors="replace")


async def read_offer(request: Request) -> bytes:
    """The SDP in the body of a request.

    Raises:
        HTTPException: 408, 413 or 415: it is late, too large, or of another type.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/sdp":
        raise HTTPException(415, "Send the offer as application/sdp")
    offer = bytearray()
    try:
        async with asyncio.timeout(OFFER_SECONDS):
            async for piece in request.stream():
                offer += piece
                if len(offer) > MAX_OFFER:
                    raise HTTPException(413, f"The offer is larger than {MAX_OFFER} bytes")
    except TimeoutError as error:
        raise HTTPException(408, f"The offer did not arrive within {OFFER_SECONDS:g} s") from error
    return bytes(offer)


def main() -> None:
    """Serve on loopback until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=7880)
    parser.add_argument("--origin", action="append", default=[], help="whose pages may use it; repeatable")
    parser.add_argument("--host-name", action="append", default=[], help="another name of this server; repeatable")
    parser.add_argument("--base-url", default=BASE_URL)
    parser.add_argument("--session", type=Path, metavar="FILE", help="the session's configuration as JSON")
    options = parser.parse_args()
    if "*" in options.origin:
        parser.error("name the origins: with * any page could spend your money")
    key = os.environ.get(API_KEY)
    if not key:
        sys.exit(f"relay.py: set {API_KEY}")
    session = json.loads(options.session.read_text()) if options.session else SESSION
    app = create_app(options.base_url, key, session, origins=options.origin, hosts=options.host_name)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
