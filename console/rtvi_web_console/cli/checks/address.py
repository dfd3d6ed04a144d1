"""The address of a start endpoint, and the connection to its server."""

from __future__ import annotations

import http.client
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from rtvi_web.core.masking import masked_url
from rtvi_web_console.cli.checks.finding import Finding, bad, good

MAX_ANSWER = 1_000_000
"""Bytes of an answer that are read."""
SAFE = "".join(map(chr, range(0x21, 0x7F)))
"""Characters of an address that are sent as they are, percent signs too."""
_GIVE = "Give the address of the bot's start endpoint, such as http://localhost:7860/start."
NOT_OF_A_HOST = re.compile(r"[\x00-\x20\x7f<>\"^`{|}%\\]")


class UnreachableError(Exception):
    """A request got no answer that can be used; :attr:`finding` says why."""

    def __init__(self, text: str, advice: str = "") -> None:
        super().__init__(f"{text} {advice}".rstrip())
        self.finding = bad(text, advice)


class Answer(NamedTuple):
    """An answer. Names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def complete(address: str) -> str:
    """The address of the start endpoint, as a person may have shortened it: ``localhost:7860``.

    Raises:
        UnreachableError: it is not an http or https address.
    """
    address = address.strip()
    if not address:
        raise UnreachableError("The address of the bot is empty.", _GIVE)
    try:
        if "://" not in address:
            address = f"{'http' if is_local(urlsplit(f'//{address}')) else 'https'}://{address}"
        url = urlsplit(as_sent(address))
    except ValueError as error:
        raise UnreachableError(f"{masked_url(address)} is not an address: {error}.") from None
    if url.scheme not in ("http", "https") or not url.hostname:
        raise UnreachableError(
            f"{masked_url(address)} is not an http or https address.",
            _GIVE,
        )
    return url._replace(path="/start" if url.path in ("", "/") else url.path, fragment="").geturl()


def of_a_bot(address: str) -> str:
    """The address that a page is to call, complete.

    Raises:
        UnreachableError: it is not an http or https address, or has a user name in it, which pages cannot send.
    """
    url = complete(address)
    if "@" in urlsplit(url).netloc:
        raise UnreachableError(
            f"{masked_url(url)} has a user name in it, which browsers refuse to send.",
            "Leave out what is before the @.",
        )
    return url


def as_sent(address: str) -> str:
    """An address as a browser sends it: its host as Punycode, and percent signs for what is not ASCII.

    Raises:
        ValueError: it is not an address.
    """
    url = urlsplit(address)
    url.port  # noqa: B018 - it raises for a port that is none
    user, at, place = url.netloc.rpartition("@")
    try:
        place = place.encode("idna").decode()
    except UnicodeError:
        raise ValueError(f"{url.hostname!r} cannot be the name of a host") from None
    if NOT_OF_A_HOST.search(place):
        raise ValueError(f"{url.hostname!r} cannot be the name of a host")
    path, query, fragment = (quote(part, safe=SAFE) for part in (url.path, url.query, url.fragment))
    return url._replace(netloc=f"{user}{at}{place}", path=path, query=query, fragment=fragment).geturl()


def leads_to(address: str, location: str) -> str:
    """Where a redirect of an address leads, for words: as it is written, if that is not an address."""
    try:
        return masked_url(urljoin(address, location))
    except ValueError:
        return masked_url(location)


def is_local(url: SplitResult) -> bool:
    """Whether an address is on this machine, which browsers take for as good as https."""
    host = (url.hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_secure(address: str) -> Finding:
    """Whether pages may call it: those on https call https, or this machine."""
    url = urlsplit(address)
    if url.scheme == "https":
        return good("The address is https, which every page may call.")
    if is_local(url):
        return good("The address is on this machine, which pages may call by plain http.")
    return bad(
        f"The address is plain http on another machine ({url.hostname}): a page on https may not call it, and a page "
        "on plain http gets no microphone.",
        "Serve the bot by https, for example behind a reverse proxy that has a certificate.",
    )


def request(
    method: str, address: str, *, headers: Mapping[str, str] | None = None, body: str | None = None, timeout: float
) -> Answer:
    """Send a request, without following redirects, and read its answer.

    Raises:
        UnreachableError: there is no answer in time, or none that is HTTP.
    """
    url = urlsplit(address)
    what = f"{method} {masked_url(address)}"
    connection = _connection(url, timeout)
    target = (url.path or "/") + (f"?{url.query}" if url.query else "")
    try:
        connection.request(method, target, body and body.encode(), dict(headers or {}))
        with connection.getresponse() as response:
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, found, _read(response, time.monotonic() + timeout))
    except (OSError, http.client.HTTPException) as error:
        raise _unreachable(error, what, url, timeout) from error
    finally:
        connection.close()


def _connection(url: SplitResult, timeout: float) -> http.client.HTTPConnection:
    host = url.hostname or ""
    if url.scheme == "https":
        return http.client.HTTPSConnection(host, url.port, timeout=timeout, context=ssl.create_default_context())
    return http.client.HTTPConnection(host, url.port, timeout=timeout)


def _read(response: http.client.HTTPResponse, end: float) -> str:
    data = bytearray()
    while len(data) < MAX_ANSWER and (piece := response.read1(65_536)):
        data += piece
        if time.monotonic() > end:
            raise TimeoutError
    return data[:MAX_ANSWER].decode(errors="replace")


def _unreachable(error: Exception, what: str, url: SplitResult, timeout: float) -> UnreachableError:
    """An error in words."""
    port = url.port or {"http": 80, "https": 443}[url.scheme]
    match error:
        case socket.gaierror():
            return UnreachableError(f"There is no machine called {url.hostname}.", "Check the name for typing errors.")
        case ConnectionRefusedError():
            return UnreachableError(
                f"Nothing listens at {url.hostname}, port {port}.", "Start the bot's server, or check the port."
            )
        case TimeoutError():
            return UnreachableError(
                f"{what} was not answered within {timeout:g} s.", "Is the server busy, or a firewall in between?"
            )
        case ssl.SSLCertVerificationError():
            return UnreachableError(
                f"The certificate of {url.hostname} is not accepted: {error.verify_message}.",
                "Browsers refuse it too: get one from a certificate authority, for this name, and renew it in time.",
            )
        case ssl.SSLError():
            return UnreachableError(
                f"{url.hostname}, port {port}, does not speak https: {error.reason or error}.",
                "Does the server speak plain http? Then write http:// in the address.",
            )
        case http.client.HTTPException() | ConnectionError():
            return UnreachableError(
                f"{what} got an answer that is not HTTP ({type(error).__name__}).",
                "Does the server speak https? Then write https:// in the address.",
            )
    return UnreachableError(f"{what} failed: {error}.")
