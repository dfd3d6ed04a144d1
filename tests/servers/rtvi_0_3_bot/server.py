"""The server of the RTVI 0.3 bot: it starts bots for servers that hold the keys, and meets the pages of these bots.

    python server.py --port 7861 --origin http://localhost:8000

POST /start-bot  {services, config, api_keys, bot_profile, max_duration}: where the page meets the bot
POST /api/offer?session=…  SmallWebRTC
/ws?session=…              a WebSocket, with protobuf frames
POST /action     the same as /start-bot, with actions: a single turn
"""

import argparse
import base64
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import uvicorn
from bot import Bot, Extension
from fastapi import FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse, StreamingResponse
from loguru import logger
from pipecat.processors.frame_processor import FrameProcessor
from pydantic import ValidationError
from sessions import Offer, Sessions
from single_turn import Turn, messages, response
from start import Start

MAX_BODY = 1_000_000  # bytes


def no_extension(_bot: Bot) -> Sequence[FrameProcessor]:
    """Adds nothing to a bot."""
    return ()


def create_app(origins: Sequence[str], extend: Extension = no_extension) -> FastAPI:
    """The server; pages of `origins` may use it, such as "http://localhost:8000"."""
    sessions = Sessions(extend)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        await sessions.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    # PATCH, so that a page learns that this server does not take single candidates yet.
    app.add_middleware(
        CORSMiddleware, allow_origins=origins, allow_methods=["POST", "PATCH"], allow_headers=["*"], max_age=600
    )
    # DNS rebinding: a foreign page may point its own name at this machine, but its requests still carry that name.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1"], www_redirect=False)

    @app.exception_handler(ValidationError)
    async def explain(_request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({"detail": reasons(error)}, 400)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/start-bot")
    async def start_bot(request: Request) -> dict[str, str]:
        session = sessions.add(Start.model_validate(await read_object(request)))
        socket_url = str(request.base_url).replace("http", "ws", 1)
        return {
            "session_id": session,
            "webrtc_url": f"{request.base_url}api/offer?session={session}",
            "ws_url": f"{socket_url}ws?session={session}",
        }

    @app.post("/api/offer")
    async def offer(request: Request, session: str | None = None) -> dict[str, Any]:
        return await sessions.answer(session, Offer.model_validate(await read_object(request)))

    @app.websocket("/ws")
    async def meet(socket: WebSocket, session: str | None = None) -> None:
        await sessions.meet(session, socket)

    @app.post("/action")
    async def action(request: Request) -> Response:
        turn = Turn.model_validate(await read_object(request))
        if "application/json" not in request.headers.get("accept", ""):
            return StreamingResponse(server_sent_events(turn, extend), media_type="text/event-stream")
        if len(turn.actions) > 1:
            raise HTTPException(400, "JSON holds one response: send one action, or accept text/event-stream")
        answer = await response(turn, extend)
        if answer is None:
            raise HTTPException(504, "the action did not end in time")
        return JSONResponse(answer)

    return app


async def server_sent_events(turn: Turn, extend: Extension) -> AsyncIterator[str]:
    """The messages of a turn as RTVI 0.3 sends them: base64 in each event."""
    async with aclosing(messages(turn, extend)) as texts:
        async for text in texts:
            yield f"data: {base64.b64encode(text.encode()).decode()}\n\n"


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in a body of at most MAX_BODY bytes."""
    # A browser asks before it sends JSON to another origin, and other types it sends unasked.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "send application/json")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise HTTPException(413, f"the body is larger than {MAX_BODY} bytes")
    try:
        value = json.loads(body)
    except ValueError as error:
        raise HTTPException(400, f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return value


def reasons(error: Exception) -> str:
    """What is wrong with a body, without its values: it holds keys."""
    assert isinstance(error, ValidationError)
    return "; ".join(f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in error.errors())


def main() -> None:
    """Serve on loopback until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=7861)
    parser.add_argument("--origin", action="append", default=[], help="whose pages may use the bot; repeatable")
    parser.add_argument("--for-tests", action="store_true", help="load for_tests.py")
    options = parser.parse_args()
    logger.remove()
    logger.add(sys.stderr, level="INFO", diagnose=False)  # it would write variables into tracebacks, keys too
    if options.for_tests:
        import for_tests

        app = for_tests.record(create_app(options.origin, for_tests.extend))
    else:
        app = create_app(options.origin)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
