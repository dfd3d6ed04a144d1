"""Content-Security-Policies: same origin, and of `eval` only WebAssembly's.

A page may be told other origins that it connects to, and other origins whose pages show it in a frame. Inline scripts
that a browser runs are allowed by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script>", re.DOTALL | re.IGNORECASE)
# Inline scripts that a browser runs or reads as its own; any other type, such as "py", is mere data to it.
RUNNABLE = re.compile(r'type="(module|text/javascript|importmap|speculationrules)"', re.IGNORECASE)
# A host name in ASCII (its first label may be a wildcard) or an IPv6 address, and a port.
HOST = re.compile(r"((\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
ALIKE = {"http": ("http", "ws"), "ws": ("http", "ws"), "https": ("https", "wss"), "wss": ("https", "wss")}


def policy(page: str = "", *, connect: Iterable[str] = (), frame: Iterable[str] = (), eval: bool = False) -> str:
    """The policy of a page with this HTML.

    Args:
        connect: addresses whose origins it may connect to, by HTTP and by WebSocket, besides its own.
        frame: origins whose pages may show it in a frame.
        eval: whether its scripts may evaluate strings.

    Raises:
        ValueError: an address without an origin, or of a host that has no name but an IPv6 address.
    """
    scripts = ["'self'", "'wasm-unsafe-eval'", *inline_hashes(page), *(["'unsafe-eval'"] if eval else [])]
    links = ["'self'", *(origin for address in connect for origin in link_origins(address))]
    parents = [page_origin(address) for address in frame] or ["'none'"]
    if unnamed := [source for source in [*links, *parents] if "[" in source]:
        raise ValueError(
            f"{unnamed[0]}: a page's policy cannot name an IPv6 address, browsers ignore it. Give the host's name, "
            "such as localhost."
        )
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(scripts)}",
            "style-src 'self'",
            f"connect-src {' '.join(dict.fromkeys(links))}",
            "img-src 'self' data:",
            "media-src 'self' blob:",
            "font-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            f"frame-ancestors {' '.join(dict.fromkeys(parents))}",
        ]
    )


def link_origins(address: str) -> list[str]:
    """The origins of an address for HTTP and for WebSocket: ``https://a.example`` and ``wss://a.example``.

    Raises:
        ValueError: it is not an http, https, ws or wss address.
    """
    scheme, host = _origin(address, tuple(ALIKE))
    return [f"{each}://{host}" for each in ALIKE[scheme]]


def page_origin(address: str) -> str:
    """The origin of pages that an address names.

    Raises:
        ValueError: it is not an http or https address.
    """
    return "://".join(_origin(address, ("http", "https")))


def _origin(address: str, schemes: tuple[str, ...]) -> tuple[str, str]:
    """The scheme, and the host with its port, written such that no policy takes them for more."""
    try:
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2].lower()
        host = host if host.isascii() else host.encode("idna").decode()
    except ValueError:  # UnicodeError as well
        host = ""
    else:
        if parts.scheme in schemes and HOST.fullmatch(host) and _is_port(host):
            return parts.scheme, host
    raise ValueError(
        f"{address!r} is not an origin: write it as https://host or https://host:port "
        f"({', '.join(schemes)} are possible)"
    )


def _is_port(host: str) -> bool:
    port = host.rpartition("]")[2].partition(":")[2]
    return not port or 0 < int(port) < 65_536


def inline_hashes(page: str) -> list[str]:
    """A source expression for each inline script of the page that a browser would run."""
    return [
        f"'sha256-{base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()}'"
        for attributes, body in SCRIPT.findall(page)
        if "src=" not in attributes and ("type=" not in attributes or RUNNABLE.search(attributes))
    ]
