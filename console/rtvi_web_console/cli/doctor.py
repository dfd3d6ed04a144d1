"""``rtvi-web doctor URL``: tries a bot's start endpoint as a page would, and says what is wrong."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import rtvi_web
from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.masking import masked_url
from rtvi_web.errors import TransportStartError
from rtvi_web.rtvi.transport import ConnectRequest
from rtvi_web.transports.small_webrtc.offer import ice_servers, offer_urls
from rtvi_web_console.cli.checks.address import (
    Answer,
    UnreachableError,
    as_sent,
    check_secure,
    complete,
    is_local,
    leads_to,
    request,
)
from rtvi_web_console.cli.checks.cors import check_answer, check_preflight
from rtvi_web_console.cli.checks.finding import Finding, Level, bad, good, note
from rtvi_web_console.cli.checks.ice import check_ice
from rtvi_web_console.cli.checks.websocket import check_websocket
from rtvi_web_console.policy import page_origin

NAME = "doctor"
HELP = "Try a bot's start endpoint as a page would, and say what is wrong."
TRANSPORTS = ("webrtc", "websocket", "daily")
MARKS = {Level.GOOD: "✓", Level.NOTE: "·", Level.BAD: "✗"}
DAILY_ROOMS = ("dailyRoom", "daily_room", "room_url", "roomUrl")
SOCKETS = ("wsUrl", "ws_url")
NO_SOCKET = "It begins with ws:// or wss://."
ANY_HOST = ("0.0.0.0", "::")
"""Where Pipecat's runner says that it listens, which is no address to connect to."""
MAX_TIMEOUT = 3600
HEADER = re.compile(r"([\w!#$%&'*+.^`|~-]+)\s*:\s*([\t\x20-\x7e\xa0-\xff]*?)\s*", re.ASCII)
"""What HTTP takes for a header."""
STATUSES = {
    401: "The endpoint wants a log-in: give --header 'Authorization: Bearer …'. A page must get its key elsewhere.",
    403: "The endpoint asks for a key or refuses this address: give --header, or look at the server's log.",
    404: "There is no such endpoint: Pipecat's runner has /start. Check the path.",
    405: "The endpoint takes no POST: is this the address of a page? Pipecat's runner has /start.",
    422: "The endpoint wants another body: give it with --body '{…}'.",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("url", metavar="URL", help="the start endpoint, such as http://localhost:7860/start")
    parser.add_argument("--origin", help="the origin of the page that will call it (default: the endpoint's own)")
    parser.add_argument("--transport", choices=TRANSPORTS, default="webrtc", help="the page's (default: %(default)s)")
    parser.add_argument("--body", metavar="JSON", help='the body of the request (default: {"transport": …})')
    parser.add_argument("--header", action="append", default=[], metavar="'NAME: VALUE'", help="sent with the request")
    parser.add_argument("--timeout", type=_seconds, default=15.0, metavar="SECONDS", help="of each try (default: 15)")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= MAX_TIMEOUT:  # nor "nan"
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and {MAX_TIMEOUT} seconds")
    return seconds


@dataclass
class Visit:
    """What the endpoint is tried with."""

    url: str
    origin: str = ""
    transport: str = "webrtc"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = 15.0


def run(arguments: argparse.Namespace) -> int:
    """Print what is found; 1 if there is a problem."""
    try:
        visit = _visit(arguments)
    except UnreachableError as error:
        findings: Iterator[Finding] = iter([error.finding])
    else:
        findings = examine(visit)
    problems = 0
    for level, text, advice in findings:
        problems += level is Level.BAD
        sys.stdout.write(f"{MARKS[level]} {text}\n" + (f"    → {advice}\n" if advice else ""))
        sys.stdout.flush()
    counted = {0: "No problem was found.", 1: "1 problem."}
    sys.stdout.write(f"\n{counted.get(problems, f'{problems} problems.')}\n")
    return bool(problems)


def _visit(arguments: argparse.Namespace) -> Visit:
    """What the command line says.

    Raises:
        UnreachableError: the address, the body or a header cannot be used.
    """
    body = arguments.body or json.dumps({"transport": arguments.transport, **_extra(arguments.transport)})
    try:
        read_json(body)
    except ValueError as error:
        raise UnreachableError(f"--body is not JSON: {error}.") from None
    headers = {}
    for header in arguments.header:
        match = HEADER.fullmatch(header)
        if not match:
            raise UnreachableError("--header must be like 'Name: value', without characters that HTTP has not.")
        headers[match[1]] = match[2]
    url = complete(arguments.url)
    if "@" in urlsplit(url).netloc:
        raise UnreachableError(
            f"The address of {masked_url(url)} has a user name in it: browsers refuse to send such requests.",
            "Give the key in a header: --header 'Authorization: …'.",
        )
    return Visit(url, _origin(arguments.origin), arguments.transport, body, headers, arguments.timeout)


def _origin(given: str | None) -> str:
    """The page's origin, as browsers send it.

    Raises:
        UnreachableError: it is not the origin of a page.
    """
    if given in (None, "", "null"):  # "null" is that of a sandboxed frame
        return given or ""
    try:
        return page_origin(given)
    except ValueError as error:
        raise UnreachableError(f"--origin: {error}.") from None


def _extra(transport: str) -> dict[str, Any]:
    return {"createDailyRoom": True} if transport == "daily" else {}


def examine(visit: Visit) -> Iterator[Finding]:
    """Try everything that a page would do up to the link, and say what comes of it."""
    yield from check_versions()
    yield check_secure(visit.url)
    url = urlsplit(visit.url)
    origin = visit.origin or f"{url.scheme}://{url.netloc.rpartition('@')[2]}"
    headers = ("content-type", *visit.headers)
    try:
        yield from check_preflight(
            visit.url,
            origin,
            methods=("POST",),
            headers=headers,
            timeout=visit.timeout,
            what="start endpoint",
        )
        sent = {"Content-Type": "application/json", "Origin": origin, **visit.headers}
        answer = request("POST", visit.url, headers=sent, body=visit.body, timeout=visit.timeout)
        if visit.origin and (finding := check_answer(answer, visit.origin, "start endpoint")):
            yield finding
        bundle = yield from _read(answer, visit.url)
        if bundle is not None:
            yield from _check_bundle(bundle, visit, origin)
    except UnreachableError as error:
        yield error.finding


def check_versions() -> Iterator[Finding]:
    """Whether the packages of this machine belong together."""
    python = ".".join(map(str, sys.version_info[:3]))
    try:
        console = version("rtvi-web-console")
    except PackageNotFoundError:
        console = rtvi_web.__version__  # a checkout
    if console != rtvi_web.__version__:
        yield bad(
            f"rtvi-web is {rtvi_web.__version__}, and rtvi-web-console {console}: they belong together.",
            f"pip install rtvi-web=={console} rtvi-web-console=={console}",
        )
    else:
        yield good(f"rtvi-web {rtvi_web.__version__} on Python {python}.")


def _read(answer: Answer, url: str) -> Generator[Finding, None, dict[str, Any] | None]:
    """What the start endpoint says; the generator returns its answer, ``None`` if it is of no use."""
    what = f"POST {masked_url(url)}"
    beginning = " ".join(answer.text.split())[:200]
    if answer.status in (301, 302, 303, 307, 308):
        place = leads_to(url, answer.headers.get("location", ""))
        yield bad(f"{what} leads elsewhere ({answer.status}): to {place}.", "Give that address, also to the page.")
        return None
    if not answer.ok:
        advice = STATUSES.get(answer.status, "Look at the log of the bot's server.")
        yield bad(f"{what} is refused with {answer.status}" + (f": {beginning}" if beginning else "."), advice)
        return None
    try:
        bundle = read_json(answer.text)
    except ValueError:
        yield bad(
            f"{what} returned {answer.status} with a body that is not JSON: {beginning or 'nothing'}.", STATUSES[404]
        )
        return None
    if not isinstance(bundle, dict):
        yield bad(f"{what} returned JSON that is not an object: {beginning}.", STATUSES[404])
        return None
    yield good(f"{what} starts a bot: its answer has {', '.join(bundle) or 'nothing in it'}.")
    return bundle


def _check_bundle(bundle: dict[str, Any], visit: Visit, origin: str) -> Iterator[Finding]:
    """Where the answer leads: to Daily, to a WebSocket, or to WebRTC."""
    room = next((bundle[key] for key in DAILY_ROOMS if bundle.get(key)), None)
    socket = next((bundle[key] for key in SOCKETS if bundle.get(key)), None)
    if room:
        yield from _expected(visit, "daily", "DailyTransport")
        yield note(f"The bot is in Daily's room {masked_url(str(room))}, which is not tried from here.")
    elif socket:
        yield from _expected(visit, "websocket", "WebSocketTransport")
        yield from _check_socket(str(socket), bundle, visit, origin)
    else:
        yield from _expected(visit, "webrtc", "SmallWebRTCTransport")
        yield from _check_webrtc(bundle, visit, origin)


def _expected(visit: Visit, kind: str, transport: str) -> Iterator[Finding]:
    if visit.transport != kind:
        yield bad(
            f"The answer is one for {transport}, but {visit.transport!r} was asked for.",
            f"Use {transport} in the page, or start the bot's server for {visit.transport} (runner: -t …).",
        )


def _check_socket(given: str, bundle: Mapping[str, Any], visit: Visit, origin: str) -> Iterator[Finding]:
    start = urlsplit(visit.url)
    try:
        url = urlsplit(as_sent(urljoin(visit.url, given)))
    except ValueError as error:
        yield bad(f"{masked_url(given)} is not the address of a WebSocket: {error}.", NO_SOCKET)
        return
    scheme = {"http": "ws", "https": "wss"}.get(url.scheme, url.scheme)
    host = url.netloc
    if url.hostname in ANY_HOST:  # Pages put the start endpoint's host in its place.
        host = start.netloc.rpartition("@")[2]
        scheme = "wss" if start.scheme == "https" else "ws"
    elif url.hostname == start.hostname and url.port == start.port and start.scheme == "http":
        scheme = "ws"
    if scheme not in ("ws", "wss"):
        yield bad(f"{masked_url(given)} is not the address of a WebSocket.", NO_SOCKET)
        return
    query = url.query
    token = bundle.get("token")
    if isinstance(token, str) and token and "token=" not in query:
        query = f"{query}&token={token}".lstrip("&")
    if scheme == "ws" and start.scheme == "https":
        yield bad("The WebSocket is plain ws, which a page on https may not use.", "Give the page a wss:// address.")
        return
    address = urlunsplit((scheme, host, url.path, query, ""))
    yield from check_websocket(address, origin, timeout=visit.timeout)


def _check_webrtc(bundle: Mapping[str, Any], visit: Visit, origin: str) -> Iterator[Finding]:
    folder = visit.url.partition("?")[0].rpartition("/")[0]
    where = ConnectRequest(bundle, visit.url, folder, visit.headers)
    try:
        url = as_sent(urljoin(visit.url, offer_urls(where)[0]))
    except TransportStartError as error:
        yield bad(error.message)
        return
    except ValueError as error:
        yield bad(f"The answer has an address for the offer that is none: {error}.")
        return
    yield check_secure(url)
    headers = ("content-type", *visit.headers)
    yield from check_preflight(
        url, origin, methods=("POST", "PATCH"), headers=headers, timeout=visit.timeout, what="offer endpoint"
    )
    yield from check_ice(ice_servers(None, bundle), local=is_local(urlsplit(visit.url)))
    yield note("Which RTVI the bot speaks shows once a page connects: client.bot_ready_data has its version.")
