"""A server route that starts bots for pages: API keys stay here, and the page gets a connection.

    pip install fastapi httpx uvicorn
    export OPENAI_API_KEY=… TOGETHER_API_KEY=…
    python connect_endpoint.py --bot-url http://127.0.0.1:7861 --origin http://localhost:8000

POST /connect  {services, config}: where the page meets its bot
POST /action   {actions}: the answer of a single turn, as JSON or as server-sent events

A refusal is JSON, {"detail": why}.
"""

import argparse
import asyncio
import base64
import ipaddress
import json
import os
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.trustedhost import TrustedHostMiddleware
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic_core import from_json

API_KEYS = {name: f"{name.upper()}_API_KEY" for name in ("openai", "together", "deepgram", "cartesia")}
"""Each provider's key, and the variable that holds it."""

BOT_PROFILE = "voice_2024_10"
MAX_DURATION = 600.0  # seconds; what a page may cost is for us to say, not for the page
MAX_BODY = 100_000  # bytes of a request
BODY_SECONDS = 10.0  # for a request to arrive
MAX_ANSWER = 1_000_000  # bytes of the bot's answer, and of one event of its stream
ANSWER_SECONDS = 60.0  # for the bot's answer to arrive, if it is not a stream
REQUESTS = 30  # a minute from one address; ten times as many from all
ENCODINGS = 4  # one in another, in which keys are looked for
ESCAPED = re.compile(r"(?:%(?:25)*|(?<!\\)\\+(?:u00|x))([0-9A-Fa-f]{2})|(?<!\\)\\+(?=/)")
"""A character as it is written in addresses and in JSON, also if that was done more than once."""
BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}")
BASE64_FOR_ADDRESSES = re.compile(r"[A-Za-z0-9_-]{16,}")
"""What may be base64 of either alphabet; both find hexadecimal, too."""
LOOPBACK_PAGES = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
TIMEOUT = httpx.Timeout(10.0, read=35.0)  # seconds; a single turn may be silent for 30


def create_app(
    bot_url: str,
    defaults: Mapping[str, Any],
    *,
    origins: Sequence[str] = (),
    hosts: Sequence[str] = (),
    requests: int = REQUESTS,
) -> FastAPI:
    """The route.

    Args:
        bot_url: the bot's server.
        defaults: `services` and `config` for pages that send none. Without them a page has to send both.
        origins: whose pages may use it, such as "https://www.example.com"; without any, pages of this machine.
        hosts: other names of this server than those of loopback, such as "api.example.com".
        requests: how many one address may make in a minute.
    """
    route = Route(bot_url, defaults)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with route.bot:
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    allowed = re.compile("|".join(map(re.escape, origins)) or LOOPBACK_PAGES)
    app.add_middleware(CORSMiddleware, allow_origin_regex=allowed.pattern, allow_methods=["POST"], allow_headers=["*"])
    # DNS rebinding: a foreign page may point its own name at this machine, but its requests still carry that name.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", *hosts], www_redirect=False)
    guarded = [Depends(Guard(allowed, requests))]
    app.get("/health")(health)
    app.post("/connect", dependencies=guarded)(route.connect)
    app.post("/action", dependencies=guarded)(route.action)
    return app


async def health() -> dict[str, str]:
    return {"status": "ready"}


class Route:
    """What pages may ask of the bot's server."""

    def __init__(self, bot_url: str, defaults: Mapping[str, Any]) -> None:
        # Uncompressed, so that the limit on an answer's size is one on its content.
        self.bot = httpx.AsyncClient(base_url=bot_url, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"})
        self._defaults = defaults

    async def connect(self, request: Request) -> JSONResponse:
        """Start a bot."""
        chosen = choices(await read_object(request), self._defaults)
        if missing := {"services", "config"} - chosen.keys():
            raise HTTPException(400, f"Not found in the request's body: {' and '.join(sorted(missing))}")
        answer = await ask(self.bot, "/start-bot", meta_config(chosen))
        return JSONResponse(without_keys(read_answer(await body_of(answer))))

    async def action(self, request: Request) -> Response:
        """Run actions without a session."""
        body = await read_object(request)
        if not body.get("actions"):
            raise HTTPException(400, "Not found in the request's body: actions")
        turn = {**meta_config(choices(body, self._defaults)), "actions": body["actions"]}
        as_json = "application/json" in request.headers.get("accept", "")
        answer = await ask(self.bot, "/action", turn, accept="application/json" if as_json else "text/event-stream")
        if media_type(answer) == "text/event-stream":
            return StreamingResponse(relay(answer), media_type="text/event-stream")
        return JSONResponse(without_keys(read_answer(await body_of(answer))))


class Guard:
    """Refuses pages of other origins, and too many requests.

    CORS keeps other pages from reading an answer, but not from asking, and a bot would have started by then.
    """

    def __init__(self, origins: re.Pattern[str], requests: int) -> None:
        self._origins = origins
        self._requests = requests
        self._minute = 0
        self._made: Counter[str] = Counter()  # in this minute, by address

    def __call__(self, request: Request) -> None:
        origin = request.headers.get("origin")
        if origin is not None and not self._origins.fullmatch(origin):
            raise HTTPException(403, f"Pages of {origin} may not use this server")
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            self._minute = minute
            self._made.clear()
        address = network(request.client.host if request.client else "")
        if self._made[address] >= self._requests or self._made.total() >= 10 * self._requests:
            raise HTTPException(429, "Too many requests: try again in a minute", {"Retry-After": "60"})
        self._made[address] += 1


def network(address: str) -> str:
    """An IPv4 address as it is; of an IPv6 address the part that one customer of a provider has: the first 64 bits."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else address


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


def without_keys(value: Any) -> Any:
    """JSON of a bot's server without the keys: some servers repeat what they were sent, above all in their errors."""
    match value:
        case str():
            for key in api_keys().values():
                value = value.replace(key, "***")
            return "***" if holds_key(value) else value
        case list():
            return [without_keys(part) for part in value]
        case dict():
            return {without_keys(name): without_keys(part) for name, part in value.items()}
    return value


def event_without_keys(event: bytes) -> bytes:
    """An event of a stream without the keys. Its data may be a text, JSON, or either in base64, and stays so."""
    lines = event.removeprefix(b"\xef\xbb\xbf").split(b"\n")  # a stream may begin with a byte order mark
    data = b"\n".join(line[5:].removeprefix(b" ") for line in lines if line.startswith(b"data:"))
    decoded = decode_base64(data)
    clean = text_without_keys(data if decoded is None else decoded)
    if clean == (data if decoded is None else decoded):
        return text_without_keys(event)
    clean = clean if decoded is None else base64.b64encode(clean)
    rest = [text_without_keys(line) for line in lines if not line.startswith(b"data:")]
    return b"\n".join([*(b"data: " + line for line in clean.split(b"\n")), *rest])


def text_without_keys(text: bytes) -> bytes:
    """A text without the keys. JSON stays JSON; another text that holds an encoded key is left out."""
    for key in api_keys().values():
        text = text.replace(key.encode(), b"***")
    try:
        value = read_json(text)
    except ValueError:
        return b"***" if holds_key(text.decode("latin-1")) else text
    clean = without_keys(value)
    return text if clean == value else json.dumps(clean).encode()


def holds_key(text: str, encodings: int = ENCODINGS) -> bool:
    """Whether a key is in a text, as it is or encoded: escaped, in base64 or in hexadecimal, or in one in another."""
    if any(key in text for key in api_keys().values()):
        return True
    return encodings > 0 and any(holds_key(inner, encodings - 1) for inner in decoded(text))


def decoded(text: str) -> Iterator[str]:
    """What a text stands for if its characters are escaped, and what words in it stand for, which lines may break."""
    plain = ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else "", text)
    if plain != text:
        yield plain
    joined = "".join(text.split())
    for word in {*BASE64.findall(text), *BASE64.findall(joined), *BASE64_FOR_ADDRESSES.findall(joined)}:
        yield (decode_base64(word[: len(word) - (len(word) % 4 == 1)].encode()) or b"").decode("latin-1")
        with suppress(ValueError):
            yield bytes.fromhex(word).decode("latin-1")


def decode_base64(data: bytes) -> bytes | None:
    """What base64 stands for, of either alphabet and with or without its padding; None if it is something else."""
    data = data.translate(bytes.maketrans(b"-_", b"+/"), delete=b" \t\n\v\f\r=")
    try:
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except ValueError:
        return None


async def ask(bot: httpx.AsyncClient, path: str, body: Mapping[str, Any], accept: str = "*/*") -> httpx.Response:
    """POST to the bot's server; its answer, of which the body is still to be read.

    Raises:
        HTTPException: 502 if there is no answer to use; else the bot's own refusal, with its words.
    """
    try:
        answer = await bot.send(bot.build_request("POST", path, json=body, headers={"Accept": accept}), stream=True)
    except httpx.HTTPError as error:
        raise HTTPException(502, f"The bot's server does not answer: {type(error).__name__}") from error
    if answer.is_success:
        return answer
    detail = read_detail(await body_of(answer))
    status = answer.status_code if answer.is_client_error or answer.status_code in (503, 504) else 502
    raise HTTPException(status, detail or f"The bot's server answered with {answer.status_code}")


def media_type(answer: httpx.Response) -> str:
    """What an answer says that it is, such as "application/json"; "" if it says nothing."""
    content_type: str = answer.headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower()


async def body_of(answer: httpx.Response) -> bytes:
    """The whole body of an answer.

    Raises:
        HTTPException: 502 if it is too long, takes too long, or breaks off.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > MAX_ANSWER:
                    raise HTTPException(502, f"The bot's server answered with more than {MAX_ANSWER} bytes")
    except (httpx.HTTPError, TimeoutError) as error:
        raise HTTPException(502, f"The bot's server did not finish its answer: {type(error).__name__}") from error
    finally:
        await answer.aclose()
    return bytes(body)


async def relay(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The events of a stream as they come, without the keys.

    The stream ends early if the page leaves, an event is too long, or the bot's server breaks off.
    """
    rest = b""
    try:
        async for chunk in answer.aiter_raw():
            rest += chunk
            half = b"\r" if rest.endswith(b"\r") else b""  # of a CRLF, or the whole end of a line
            *events, rest = with_newlines(rest.removesuffix(half)).split(b"\n\n")
            rest += half
            for event in events:
                yield event_without_keys(event) + b"\n\n"
            if len(rest) > MAX_ANSWER:
                return
        yield event_without_keys(with_newlines(rest))
    except httpx.HTTPError:
        return
    finally:
        await answer.aclose()


def with_newlines(text: bytes) -> bytes:
    """A text whose lines end with LF: those of event streams may end with CR or CRLF, too."""
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def read_json(text: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, or JSON that others might not take: nested more than 200 deep, with half a
            character, or with a number that is too large.
    """
    value = from_json(text)
    json.dumps(value, allow_nan=False)
    return value


def read_detail(text: bytes) -> str | None:
    """Why the bot's server refused: a text, or FastAPI's list, without what was sent."""
    try:
        detail = without_keys(read_json(text)["detail"])
        if isinstance(detail, list):
            return "; ".join(f"{'.'.join(map(str, entry['loc']))}: {entry['msg']}" for entry in detail)
        return detail if isinstance(detail, str) else None
    except (ValueError, TypeError, KeyError):
        return None


def read_answer(text: bytes) -> dict[str, Any]:
    """The JSON object that the bot's server answered with, such as a connection."""
    try:
        value = read_json(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise HTTPException(502, "The bot's server answered with something other than a JSON object")
    return value


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body of a request.

    Raises:
        HTTPException: 408, 413, 415 or 400: it is late, too large, of another type, or not a JSON object.
    """
    # Before it sends JSON to another origin a browser asks, and CORS applies. Other types it sends unasked.
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "Send application/json")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY:
                    raise HTTPException(413, f"The body is larger than {MAX_BODY} bytes")
    except TimeoutError as error:
        raise HTTPException(408, f"The body did not arrive within {BODY_SECONDS:g} s") from error
    try:
        value = read_json(bytes(body))
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
    parser.add_argument("--host-name", action="append", default=[], help="another name of this server; repeatable")
    parser.add_argument("--requests", type=int, default=REQUESTS, help="a minute from one address (%(default)s)")
    parser.add_argument("--defaults", type=Path, metavar="FILE", help="services and config for pages that send none")
    options = parser.parse_args()
    if "*" in options.origin:
        parser.error("name the origins: with * any page could spend your money")
    defaults = json.loads(options.defaults.read_text()) if options.defaults else {}
    app = create_app(
        options.bot_url, defaults, origins=options.origin, hosts=options.host_name, requests=options.requests
    )
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
