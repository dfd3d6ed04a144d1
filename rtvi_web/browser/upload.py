"""Uploads a file with ``XMLHttpRequest``, since ``fetch`` does not report progress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.browser.fetch import unsendable
from rtvi_web.core.http import MAX_ANSWER
from rtvi_web.core.masking import masked_url
from rtvi_web.errors import HttpError


async def upload(
    url: str,
    *,
    headers: Mapping[str, str],
    name: str,
    media_type: str,
    data: bytes,
    limit: int = MAX_ANSWER,
    on_progress: Callable[[float], object] | None,
) -> tuple[int, str]:
    """POST a file as a form's field ``file``. Cancelling the task aborts the request.

    Args:
        url: absolute, or relative to the page.
        headers: names and values. ``Content-Type`` is left out: the browser sets the form's own.
        name, media_type, data: the file's name, type (such as ``"application/pdf"``) and content.
        limit: bytes that the answer may have. The text of a refusal ends there.
        on_progress: gets how much has been sent, from 0 to 1.

    Returns:
        The status and the answer's text.

    Raises:
        HttpError: there was no answer, or one larger than the limit.
    """
    what = f"POST {masked_url(url)}"
    scope = _js.Scope()
    request = _js.construct("XMLHttpRequest")
    try:
        ended = _end_of(request, scope, limit)
        if on_progress:
            scope.listen(request.upload, "progress", lambda event: on_progress(event.loaded / (event.total or 1)))
        form = _js.construct("FormData")
        form.append("file", _js.construct("Blob", [data], {"type": media_type}), name)
        try:
            _send(request, url, headers, form)
        except _js.JsError:  # Its message may quote a header or the whole address.
            raise HttpError(unsendable(what, headers)) from None
        is_whole = await ended
        if is_whole is None:
            raise HttpError(f"{what} got no answer. Is the server running, and does it allow this page's origin?")
        if 200 <= request.status < 300 and not is_whole:
            raise HttpError(f"The answer to {what} is larger than {limit:,} bytes.", request.status)
        return request.status, str(request.responseText)[:limit]
    finally:
        request.abort()
        scope.close()


def _end_of(request: Any, scope: _js.Scope, limit: int) -> asyncio.Future[bool | None]:
    """A future. It says whether the answer is within the limit; ``None`` stands for no answer."""
    ended: asyncio.Future[bool | None] = asyncio.get_running_loop().create_future()

    def end(is_whole: bool | None) -> None:
        if not ended.done():
            ended.set_result(is_whole)

    scope.listen(request, "load", lambda _: end(True))
    scope.listen(request, "progress", lambda event: end(False) if event.loaded > limit else None)
    for failure in ("error", "abort", "timeout"):
        scope.listen(request, failure, lambda _: end(None))
    return ended


def _send(request: Any, url: str, headers: Mapping[str, str], form: Any) -> None:
    with _js.guarded():
        request.open("POST", url)
        for header, value in headers.items():
            if header.lower() != "content-type":
                request.setRequestHeader(header, value)
        request.send(form)
