"""What errors and ``repr()`` show of addresses and headers, which may hold keys."""

from __future__ import annotations

MASK = "…"


def masked_url(url: str) -> str:
    """An address without user name, password, query and fragment; ``?…`` says that it has a query."""
    path, has_query, _ = url.partition("#")[0].partition("?")
    scheme, slashes, rest = path.partition("//")
    if slashes and (not scheme or scheme.endswith(":")):
        host, slash, rest = rest.partition("/")
        path = f"{scheme}//{host.rpartition('@')[2]}{slash}{rest}"
    return path + (f"?{MASK}" if has_query else "")


class Headers(dict[str, str]):
    """Headers whose ``repr()`` shows their names only."""

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self, MASK))
