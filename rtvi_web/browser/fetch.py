"""HTTP through the page's ``fetch``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from rtvi_web.browser import _js
from rtvi_web.errors import HttpError


async def fetch(method: str, url: str, *, headers: Mapping[str, str], body: str) -> tuple[int, str]:
    """Send a request and read the whole answer, whatever its status. Cancelling the task aborts the request.

    Args:
        method: ``"POST"`` …
        url: absolute, or relative to the page.
        headers: names and values.
        body: the text to send.

    Returns:
        The status and the body as text.

    Raises:
        HttpError: there was no answer; says why and chains the cause.
    """
    abort = _js.construct("AbortController")
    options = {"method": method, "headers": dict(headers), "body": body, "signal": abort.signal}
    try:
        # Request() refuses what can't be sent at all, so that what fetch() refuses is the network's doing.
        request = _js.construct("Request", url, options)
    except _js.JsError as error:
        raise HttpError(f"{method} {url} cannot be sent: {error.message}") from error
    try:
        response = await _js.call(_js.api("globalThis"), "fetch", request)
        return response.status, await _js.call(response, "text")
    except asyncio.CancelledError:
        abort.abort()
        raise
    except _js.JsError as error:
        raise HttpError(f"{method} {url} got no answer ({error.message}). {_hint(request.url)}") from error


def _hint(url: str) -> str:
    """What to look at: the browser tells the console why a request failed, but never the page."""
    location = _js.api("location")
    target = _js.construct("URL", url)
    if location.protocol == "https:" and target.protocol == "http:":
        return "A page on https cannot reach an http address; give the https one."
    if target.origin == location.origin:
        return "Is the server running? The browser's console may say more."
    return (
        f"Is a server running at {target.origin}? If so, it must allow this page's origin {location.origin} (CORS), "
        "and a Content-Security-Policy of the page must allow the address (connect-src). The browser's console says "
        "which."
    )
