"""Whether a page of another origin may call an endpoint: CORS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from rtvi_web_console.cli.checks.address import Answer, request
from rtvi_web_console.cli.checks.finding import Finding, bad, good

ADVICE = (
    "Serve the page from the bot's own server (mount(app) of rtvi_web_console), or have the server allow the page's "
    "origin: app.add_middleware(CORSMiddleware, allow_origins=[{origin!r}], allow_methods=['*'], allow_headers=['*'])."
)


def is_same_origin(address: str, origin: str) -> bool:
    """Whether the page is where the endpoint is."""
    url, page = urlsplit(address), urlsplit(origin)
    ports = {"http": 80, "https": 443}
    return (url.scheme, url.hostname, url.port or ports.get(url.scheme)) == (
        *(page.scheme, page.hostname),
        page.port or ports.get(page.scheme),
    )


def check_preflight(
    address: str, origin: str, *, methods: tuple[str, ...], headers: tuple[str, ...], timeout: float, what: str
) -> Iterator[Finding]:
    """What a browser asks before it sends a request of a page: may this origin, with these methods and headers?

    Raises:
        UnreachableError: the server does not answer.
    """
    if is_same_origin(address, origin):
        yield good(f"CORS does not matter: a page of {origin} is on the {what}'s own origin.")
        return
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": methods[0],
        "Access-Control-Request-Headers": ",".join(headers),
    }
    answer = request("OPTIONS", address, headers=asked, timeout=timeout)
    problem = _problem(answer, origin, methods, headers)
    if problem:
        yield bad(f"CORS: a page of {origin} may not call the {what}: {problem}.", ADVICE.format(origin=origin))
    else:
        yield good(f"CORS: a page of {origin} may call the {what}.")


def check_answer(answer: Answer, origin: str, what: str) -> Finding | None:
    """Whether a page may read an answer. Some servers leave the header out of errors."""
    if allows_origin(answer.headers, origin):
        return None
    return bad(
        f"CORS: the preflight may pass, but the {what}'s answer ({answer.status}) has no Access-Control-Allow-Origin "
        f"for {origin}, so the page cannot read it.",
        ADVICE.format(origin=origin),
    )


def allows_origin(headers: Mapping[str, str], origin: str) -> bool:
    return headers.get("access-control-allow-origin", "").strip() in ("*", origin)


def _problem(answer: Answer, origin: str, methods: tuple[str, ...], headers: tuple[str, ...]) -> str:
    allowed = answer.headers.get("access-control-allow-origin")
    if not answer.ok:
        said = f" ({_first_line(answer.text)})" if answer.text.strip() else ""
        return f"the server answers {answer.status} to the browser's question (OPTIONS){said}"
    if not allows_origin(answer.headers, origin):
        return f"it allows {allowed}" if allowed else "it names no allowed origin (Access-Control-Allow-Origin)"
    taken = _listed(answer, "access-control-allow-methods")
    # Of all methods these need no permission.
    if missing := [
        each for each in methods if each.lower() not in taken | {"get", "head", "post"} and "*" not in taken
    ]:
        return f"it does not allow the method {missing[0]}"
    taken = _listed(answer, "access-control-allow-headers")
    # The star does not stand for Authorization.
    for header in map(str.lower, headers):
        if header not in taken and ("*" not in taken or header == "authorization"):
            return f"it does not allow the header {header}"
    return ""


def _listed(answer: Answer, header: str) -> set[str]:
    return {each.strip().lower() for each in answer.headers.get(header, "").split(",")}


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0][:100]
