"""HTTP through the page's ``fetch``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.core.http import MAX_ANSWER
from rtvi_web.core.masking import header_name, masked_url
from rtvi_web.errors import HttpError

EVENT_STREAM = "text/event-stream"
"""The media type of server-sent events."""


async def fetch(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    body: str,
    limit: int = MAX_ANSWER,
    on_chunk: Callable[[bytes], None] | None = None,
) -> tuple[int, str, str]:
    """Send a request and read the answer, whatever its status. Cancelling the task aborts the request.

    Args:
        method: ``"POST"`` …
        url: absolute, or relative to the page.
        headers: names and values.
        body: the text to send.
        limit: bytes of the answer that are read. The text of a refusal ends there.
        on_chunk: gets the body of a successful ``text/event-stream`` answer piece by piece, as it arrives, without a
            limit. If it raises, the request is aborted and the exception propagates.

    Returns:
        The status, the body as text (empty if ``on_chunk`` got it) and the ``Content-Type``.

    Raises:
        HttpError: there was no answer, it broke off in mid-stream, or a successful one is larger than the limit. The
            message says why, without any query or header; the cause is chained.
    """
    what = f"{method} {masked_url(url)}"
    abort = _js.construct("AbortController")
    options = {"method": method, "headers": dict(headers), "body": body, "signal": abort.signal}
    try:
        # Request() refuses what cannot be sent at all, so a refusal of fetch() comes from the network.
        request = _js.construct("Request", url, options)
    except _js.JsError:  # Its message may quote a header or the whole address.
        raise HttpError(unsendable(what, headers)) from None
    try:
        return await _exchange(request, what, limit, on_chunk)
    except BaseException:  # Cancelled, or on_chunk raised. Aborting a request that has failed does no harm.
        abort.abort()
        raise


def unsendable(what: str, headers: Mapping[str, str]) -> str:
    """The error text for a request that the browser refuses to send."""
    names = f", or one of the headers {', '.join(map(header_name, headers))}" if headers else ""
    return f"{what} cannot be sent: the browser refuses the address{names}."


async def _exchange(
    request: Any, what: str, limit: int, on_chunk: Callable[[bytes], None] | None
) -> tuple[int, str, str]:
    try:
        response = await _js.call(_js.api("globalThis"), "fetch", request)
        content_type = _js.or_none(response.headers.get("Content-Type")) or ""
        if on_chunk is None or not _is_event_stream(response, content_type):
            data = await _read(response.body, limit + 1)
            if response.ok and len(data) > limit:
                raise HttpError(f"The answer to {what} is larger than {limit:,} bytes.", response.status)
            return response.status, data[:limit].decode(errors="replace").removeprefix("\ufeff"), content_type
    except _js.JsError as error:
        raise HttpError(f"{what} got no answer ({error.message}). {_hint(request.url)}") from error
    await _hand_over(response.body, what, on_chunk)
    return response.status, "", content_type


def _is_event_stream(response: Any, content_type: str) -> bool:
    """Whether the answer is a stream of events. A status such as 204 has no body."""
    media_type = content_type.partition(";")[0].strip().lower()
    return bool(response.ok and media_type == EVENT_STREAM and _js.or_none(response.body) is not None)


async def _read(body: Any, limit: int) -> bytearray:
    """The first bytes of a body, at least as many as the limit if there are.

    Raises:
        JsError: the answer broke off.
    """
    data = bytearray()
    if _js.or_none(body) is None:
        return data
    reader = body.getReader()
    try:
        while len(data) < limit:
            piece = await _js.call(reader, "read")
            if piece.done:
                return data
            data += piece.value.to_bytes()
        _js.begin(reader, "cancel")
        return data
    finally:
        reader.releaseLock()


async def _hand_over(body: Any, what: str, on_chunk: Callable[[bytes], None]) -> None:
    reader = body.getReader()
    try:
        while True:
            try:
                piece = await _js.call(reader, "read")
            except _js.JsError as error:
                raise HttpError(
                    f"The answer to {what} broke off in mid-stream ({error.message}). "
                    "Has the server stopped, or was the network lost?"
                ) from error
            if piece.done:
                return
            on_chunk(piece.value.to_bytes())
    finally:
        reader.releaseLock()


def _hint(url: str) -> str:
    """What to check. The browser tells its console why a request failed, but not the page."""
    location = _js.api("location")
    target = _js.construct("URL", url)
    if location.protocol == "https:" and target.protocol == "http:":
        return "A page on https cannot reach an http address. Use an https address."
    if target.origin == location.origin:
        return "Is the server running? The browser's console may say more."
    return (
        f"Is a server running at {target.origin}? If so, it must allow this page's origin {location.origin} (CORS), "
        "and the page's Content-Security-Policy must allow the address (connect-src). The browser's console says which "
        "of these failed."
    )
