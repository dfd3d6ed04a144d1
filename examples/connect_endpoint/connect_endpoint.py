"""A server route that starts bots for pages: API keys stay here, and the page gets a connection.

    pip install fastapi httpx uvicorn
    export OPENAI_API_KEY=… TOGETHER_API_KEY=…
    python connect_endpoint.py --bot-url http://127.0.0.1:7861 --origin http://localhost:8000

POST /connect  {services, config}: where the page meets its bot
POST /action   {actions}: the answer of a single turn, as JSON or as server-sent events
"""

import argparse
import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import StreamingResponse

API_KEYS = {name: f"{name.upper()}_API_KEY" for name in ("openai", "together", "deepgram", "cartesia")}
"""Each provider's key, and the variable that holds it."""

BOT_PROFILE = "voice_2024_10"
MAX_DURATION = 600.0  # seconds; what a page may cost is for us to say, not for the page
MAX_BODY = 100_000  # bytes
TIMEOUT = httpx.Timeout(10.0, read=35.0)  # seconds; a single turn may be silent for 30


def create_app(bot_url: str, origins: Sequence[str], defaults: Mapping[str, Any]) -> FastAPI:
    """The route.

    Args:
        bot_url: the bot's server.
        origins: whose pages may use it, such as "https://www.example.com". Name them: with "*" any page could
            spend your money.
        defaults: `services` and `config` for pages that send none. Without them a page has to send both.
    """
    bot = httpx.AsyncClient(base_url=bot_url, timeout=TIMEOUT)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with bot:
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    app.add_middleware(CORSMiddleware, allow_origins=origins, allow_methods=["POST"], allow_headers=["*"])

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/connect")
    async def connect(request: Request) -> dict[str, Any]:
        chosen = choices(await read_object(request), defaults)
        if missing := {"services", "config"} - chosen.keys():
            raise HTTPException(400, f"Not found in the request's body: {' and '.join(sorted(missing))}")
        answer = await ask(bot, "/start-bot", meta_config(chosen))
        return read_bundle(without_keys(await answer.aread()))

    @app.post("/action")
    async def action(request: Request) -> StreamingResponse:
        body = await read_object(request)
        if not body.get("actions"):
            raise HTTPException(400, "Not found in the request's body: actions")
        turn = {**meta_config(choices(body, defaults)), "actions": body["actions"]}
        answer = await ask(bot, "/action", turn, accept=request.headers.get("accept", "*/*"))
        return StreamingResponse(relay(answer), media_type=answer.headers["content-type"])

    return app


def choices(body: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """What a page may choose, and nothing else of what it sends."""
    given = {**defaults, **{name: value for name, value in body.items() if value is not None}}
    return {name: given[name] for name in ("services", "config") if name in given}


def meta_config(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """What starts a bot: the page's choices, and what is not the page's to know or to say."""
    return {**chosen, "api_keys": api_keys(), "bot_profile": BOT_PROFILE, "max_duration": MAX_DURATION}


def api_keys() -> dict[str, str]:
    """The keys of the providers that this server has one for."""
    return {provider: os.environ[name] for provider, name in API_KEYS.items() if os.environ.get(name)}


def without_keys(text: bytes) -> bytes:
    """What a bot's server says, without the keys: some repeat what they were sent, in their errors above all."""
    for key in api_keys().values():
        text = text.replace(key.encode(), b"***")
    return text


async def ask(bot: httpx.AsyncClient, path: str, body: Mapping[str, Any], accept: str = "*/*") -> httpx.Response:
    """POST to the bot's server; its answer, of which the body is still to be read.

    Raises:
        HTTPException: 502 if there is no answer to use; else the bot's own refusal, with its words.
    """
    try:
        answer = await bot.send(bot.build_request("POST", path, json=body, headers={"Accept": accept}), stream=True)
        if answer.is_success:
            return answer
        text = without_keys(await answer.aread())
    except httpx.TransportError as error:
        raise HTTPException(502, f"The bot's server does not answer: {type(error).__name__}") from error
    status = answer.status_code if answer.is_client_error or answer.status_code in (503, 504) else 502
    raise HTTPException(status, read_detail(text) or f"The bot's server answered with {answer.status_code}")


async def relay(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it comes, without the keys: line by line, so that none is cut in two. A page that leaves ends it."""
    rest = b""
    try:
        async for chunk in answer.aiter_bytes():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                yield without_keys(line) + b"\n"
        yield without_keys(rest)
    finally:
        await answer.aclose()


def read_detail(text: bytes) -> str | None:
    """Why the bot's server refused: a text, or FastAPI's list, of which what was sent is left out."""
    try:
        detail = json.loads(text)["detail"]
        if isinstance(detail, list):
            return "; ".join(f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in detail)
        return detail if isinstance(detail, str) else None
    except (ValueError, TypeError, KeyError):
        return None


def read_bundle(text: bytes) -> dict[str, Any]:
    """The connection that the bot's server offers."""
    try:
        bundle = json.loads(text)
    except ValueError:
        bundle = None
    if not isinstance(bundle, dict):
        raise HTTPException(502, "The bot's server answered with no connection")
    return bundle


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in a body of at most MAX_BODY bytes."""
    # Before it sends JSON to another origin a browser asks, and CORS applies. Other types it sends unasked.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "Send application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"The body is larger than {MAX_BODY} bytes")
    try:
        value = json.loads(body)
    except ValueError as error:
        raise HTTPException(400, f"The body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise HTTPException(400, "The body must be a JSON object")
    return value


def main() -> None:
    """Serve on loopback until SIGTERM; for the world, put a web server with TLS in front."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--bot-url", default="http://127.0.0.1:7861", help="the bot's server")
    parser.add_argument("--origin", action="append", default=[], help="whose pages may use the bot; repeatable")
    parser.add_argument("--defaults", type=Path, metavar="FILE", help="services and config for pages that send none")
    options = parser.parse_args()
    if "*" in options.origin:
        parser.error("name the origins: with * any page could spend your money")
    defaults = json.loads(options.defaults.read_text()) if options.defaults else {}
    app = create_app(options.bot_url, options.origin, defaults)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
