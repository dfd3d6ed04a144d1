"""A server route for pages that talk to OpenAI's Realtime API: the API key stays here.

    pip install fastapi httpx uvicorn
    export OPENAI_API_KEY=…
    python relay.py --origin http://localhost:8000

POST /client-secret   an ephemeral key for one page, with the session's configuration in it
POST /calls           a WebRTC offer (application/sdp); the answer is OpenAI's
"""

import argparse
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware

API_KEY = "OPENAI_API_KEY"
BASE_URL = "https://api.openai.com/v1"
SECRET_SECONDS = 60  # a page connects at once; a session goes on after its secret has expired
MAX_OFFER = 100_000  # bytes
TIMEOUT = httpx.Timeout(15.0)  # seconds
SESSION = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief and friendly."}


def create_app(base_url: str, key: str, origins: Sequence[str], session: Mapping[str, Any]) -> FastAPI:
    """The route.

    Args:
        base_url: of the API.
        key: its key, which no page ever sees.
        origins: whose pages may use it, such as "https://www.example.com". Name them: with "*" any page could
            spend your money.
        session: the configuration. What a page may have is for us to say; it can change what the protocol lets it.
    """
    openai = httpx.AsyncClient(base_url=base_url, headers={"Authorization": f"Bearer {key}"}, timeout=TIMEOUT)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with openai:
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=["POST"], allow_headers=["*"])

    def check_origin(request: Request) -> None:
        # CORS keeps other pages from reading an answer, not from asking: a call would have begun by then.
        origin = request.headers.get("origin")
        if origin is not None and origin not in origins:
            raise HTTPException(403, f"pages of {origin} may not use this relay")

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/client-secret")
    async def client_secret(request: Request) -> dict[str, Any]:
        check_origin(request)
        expiry = {"anchor": "created_at", "seconds": SECRET_SECONDS}
        answer = await ask(openai, "/realtime/client_secrets", json={"expires_after": expiry, "session": session})
        made = answer.json()
        return {"value": made["value"], "expires_at": made["expires_at"]}

    @app.post("/calls")
    async def calls(request: Request) -> Response:
        check_origin(request)
        offer = await read_offer(request)
        form = {"sdp": (None, offer, "application/sdp"), "session": (None, json.dumps(session), "application/json")}
        answer = await ask(openai, "/realtime/calls", files=form)
        return Response(answer.content, 201, media_type="application/sdp")

    return app


async def ask(openai: httpx.AsyncClient, path: str, **request: Any) -> httpx.Response:
    """What the API answers; its refusal goes on to the page, in its own words."""
    try:
        answer = await openai.post(path, **request)
    except httpx.HTTPError as error:
        raise HTTPException(502, f"the API did not answer: {type(error).__name__}") from error
    if answer.is_success:
        return answer
    # A key that the API refuses is our trouble, not the page's: its message quotes a part of the key.
    if answer.status_code in (401, 403):
        raise HTTPException(502, "the API refused the relay's key")
    raise HTTPException(answer.status_code, message_of(answer))


def message_of(answer: httpx.Response) -> str:
    """OpenAI's `error.message`, else the answer's text."""
    try:
        return str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return answer.text[:500]


async def read_offer(request: Request) -> bytes:
    """The SDP of a request, which must say that it is one, and must not be too long."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/sdp":
        raise HTTPException(415, "send the offer as application/sdp")
    offer = b""
    async for piece in request.stream():
        offer += piece
        if len(offer) > MAX_OFFER:
            raise HTTPException(413, f"the offer is larger than {MAX_OFFER} bytes")
    return offer


def main() -> None:
    """Serve on loopback until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=7880)
    parser.add_argument("--origin", action="append", default=[], help="whose pages may use it; may be repeated")
    parser.add_argument("--base-url", default=BASE_URL)
    parser.add_argument("--session", type=Path, metavar="FILE", help="the session's configuration as JSON")
    options = parser.parse_args()
    key = os.environ.get(API_KEY)
    if not key:
        sys.exit(f"relay.py: set {API_KEY}")
    session = json.loads(options.session.read_text()) if options.session else SESSION
    app = create_app(options.base_url, key, options.origin, session)
    uvicorn.run(app, host="127.0.0.1", port=options.port, timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
