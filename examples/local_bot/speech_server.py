"""A small OpenAI-compatible server: speech, transcription and chat on loopback, with no key.

    python speech_server.py --port 9100

It serves the part of the API that Pipecat's own OpenAI services use, so that these run unchanged.
"""

import argparse
import asyncio
import io
import json
import secrets
import wave
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from pydantic_core import from_json
from recognition import Recognizer
from rules import Call, Phrase, RuleBasedModel, load_phrases
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from synthesis import synthesize

SPEECH_RATE = 24_000  # Hz; what OpenAI's "pcm" format means
MAX_BODY = 4_000_000  # bytes; two minutes of 16 kHz speech
MAX_SPEECH_INPUT = 4_096  # characters, as at OpenAI
SECONDS_PER_WORD = 0.01  # so that the answer arrives word by word, as from a real model


class SpeechServer:
    """The endpoints. Neither engine is thread-safe, so each has a thread of its own."""

    def __init__(self, phrases: list[Phrase]) -> None:
        self._model = RuleBasedModel(phrases)
        self._recognizer = Recognizer(phrase.say for phrase in phrases)
        self._hearing = ThreadPoolExecutor(1, "recognition")
        self._speaking = ThreadPoolExecutor(1, "synthesis")

    def app(self) -> ASGIApp:
        """The ASGI application."""
        routes = [
            Route("/health", health),
            Route("/v1/audio/transcriptions", self.transcribe, methods=["POST"]),
            Route("/v1/audio/speech", self.speak, methods=["POST"]),
            Route("/v1/chat/completions", self.chat, methods=["POST"]),
        ]
        app = BodyLimit(Starlette(routes=routes, exception_handlers={HTTPException: openai_error}))
        # DNS rebinding: a foreign page may point its own name at this machine, but its requests still carry that name.
        return TrustedHostMiddleware(app, allowed_hosts=["localhost", "127.0.0.1"], www_redirect=False)

    async def transcribe(self, request: Request) -> Response:
        """POST /v1/audio/transcriptions: a form with a 16-bit WAV as `file`."""
        async with request.form() as form:
            upload = form.get("file")
            if upload is None or isinstance(upload, str):
                raise HTTPException(400, "the form has no file")
            data = await upload.read()
        samples, rate = read_wav(data)
        loop = asyncio.get_running_loop()
        text = await loop.run_in_executor(self._hearing, self._recognizer.transcribe, samples, rate)
        return JSONResponse({"text": text})

    async def speak(self, request: Request) -> Response:
        """POST /v1/audio/speech: `input` as raw 16-bit PCM at 24 kHz."""
        body = await read_json(request)
        text = body.get("input")
        if not isinstance(text, str) or len(text) > MAX_SPEECH_INPUT:
            raise HTTPException(400, f"input must be a string of at most {MAX_SPEECH_INPUT} characters")
        if body.get("response_format") != "pcm":
            raise HTTPException(400, 'this server speaks response_format "pcm" only')
        loop = asyncio.get_running_loop()
        speech = await loop.run_in_executor(self._speaking, synthesize, text, SPEECH_RATE)
        return Response(speech.tobytes(), media_type="audio/pcm")

    async def chat(self, request: Request) -> Response:
        """POST /v1/chat/completions, streamed."""
        body = await read_json(request)
        messages = body.get("messages")
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            raise HTTPException(400, "messages must be a list of objects")
        if not body.get("stream"):
            raise HTTPException(400, "this server only streams: set stream to true")
        functions = {tool["function"]["name"] for tool in body.get("tools") or [] if "function" in tool}
        reply = self._model.reply(messages, functions)
        return StreamingResponse(stream(reply, body.get("model")), media_type="text/event-stream")


async def stream(reply: str | Call, model: Any) -> AsyncIterator[str]:
    """A reply as the server-sent events of a chat completion."""
    identity = {"id": f"chatcmpl-{secrets.token_hex(8)}", "object": "chat.completion.chunk", "created": 0}

    def event(delta: dict[str, Any], finish_reason: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return f"data: {json.dumps({**identity, 'model': model, 'choices': [choice]})}\n\n"

    if isinstance(reply, Call):
        function = {"name": reply.name, "arguments": json.dumps(reply.arguments)}
        call = {"index": 0, "id": f"call_{secrets.token_hex(8)}", "type": "function", "function": function}
        yield event({"role": "assistant", "tool_calls": [call]})
        yield event({}, "tool_calls")
    else:
        yield event({"role": "assistant", "content": ""})
        for word in reply.split(" "):
            yield event({"content": f"{word} "})
            await asyncio.sleep(SECONDS_PER_WORD)
        yield event({}, "stop")
    yield "data: [DONE]\n\n"


class BodyLimit:
    """Refuses requests that are larger than MAX_BODY, or that don't say how large they are."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and scope["method"] == "POST":
            length = dict(scope["headers"]).get(b"content-length")
            if length is None:
                app = error_response(411, "the request needs a Content-Length")
            elif int(length) > MAX_BODY:
                app = error_response(413, f"the request is larger than {MAX_BODY} bytes")
        await app(scope, receive, send)


def read_wav(data: bytes) -> tuple[np.ndarray, int]:
    """The first channel of a 16-bit WAV, and its rate in Hz."""
    try:
        with wave.open(io.BytesIO(data)) as file:
            if file.getsampwidth() != 2 or not file.getnframes():
                raise HTTPException(400, "the file must hold 16-bit samples")
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
            return samples[:: file.getnchannels()], file.getframerate()
    except (wave.Error, EOFError) as error:
        raise HTTPException(400, f"the file is not WAV: {error}") from error


async def read_json(request: Request) -> dict[str, Any]:
    """The request's body, which must be a JSON object."""
    try:
        body = from_json(await request.body())  # json.loads() would raise RecursionError if it is nested deeply
    except ValueError as error:
        raise HTTPException(400, f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise HTTPException(400, "the body must be a JSON object")
    return body


def error_response(status: int, message: str) -> JSONResponse:
    """An error in the shape of OpenAI's."""
    return JSONResponse({"error": {"message": message, "type": "invalid_request_error"}}, status)


async def openai_error(_request: Request, error: Exception) -> Response:
    """Starlette's handler for HTTPException."""
    assert isinstance(error, HTTPException)
    return error_response(error.status_code, error.detail)


async def health(_request: Request) -> Response:
    """GET /health: both engines are loaded."""
    return JSONResponse({"status": "ready"})


def main() -> None:
    """Serve on loopback until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9100)
    parser.add_argument("--phrases", type=Path, metavar="FILE", help="more phrases, which win over the built-in ones")
    options = parser.parse_args()
    phrases = [*(load_phrases(options.phrases) if options.phrases else ()), *load_phrases()]
    uvicorn.run(SpeechServer(phrases).app(), host="127.0.0.1", port=options.port, timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
