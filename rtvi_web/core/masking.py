"""What errors and ``repr()`` show of addresses and headers, which may hold keys."""

from __future__ import annotations

import re

MASK = "…"


_WEB = ("http", "https", "ws", "wss")
"""Schemes after which a browser takes any number of slashes, of either kind, for two."""


def masked_url(url: str) -> str:
    """An address without user name, password, query and fragment; ``?…`` says that it has a query."""
    path, has_query, _ = url.partition("#")[0].partition("?")
    scheme, colon, _ = path.partition(":")
    is_web = bool(colon) and scheme.strip().lower() in _WEB
    start = len(scheme) + 1 if is_web else max(path.find("//"), 0)
    place = path[start:].lstrip("/\\")
    if is_web or path.startswith(("//", "\\")) or path[:start].endswith(":"):
        host = place.replace("\\", "/").partition("/")[0]
        path = path.removesuffix(place) + host.rpartition("@")[2] + place[len(host) :]
    return path + (f"?{MASK}" if has_query else "")


def quoted(value: object) -> str:
    """A value as ``repr()`` shows it; a text as if it were an address, for it may be one."""
    return repr(masked_url(value) if isinstance(value, str) else value)


def described(value: object) -> str:
    """A value of the wrong type for an error to name: an address without its secrets, of anything else the type."""
    is_address = isinstance(value, str) and (value[:1] == "/" or "://" in value) and not set(value) & set(' "{\n')
    if is_address or value in (None, "") or isinstance(value, int | float):
        return quoted(value)
    return f"a value of type {type(value).__name__}"


class Headers(dict[str, str]):
    """Headers whose ``repr()`` shows their names only."""

    def __repr__(self) -> str:
        return repr(dict.fromkeys(map(header_name, self), MASK))


def header_name(name: str) -> str:
    """The name of a header; of what cannot be a name, for it may hold a key, only what is before it."""
    shown = re.split(r"[^\w.-]", name, maxsplit=1, flags=re.ASCII)[0]
    return shown if shown == name else shown + MASK
