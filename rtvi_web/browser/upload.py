"""Uploads a file with ``XMLHttpRequest``, since ``fetch`` does not report progress."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from rtvi_web.browser import _js
from rtvi_web.errors import HttpError


async def upload(
    url: str,
    *,
    headers: Mapping[str, str],
    name: str,
    media_type: str,
    data: bytes,
    on_progress: Callable[[float], object] | None,
) -> tuple[int, str]:
    """POST a file as a form's field ``file``. Cancelling the task aborts the request.

    Args:
        url: absolute, or relative to the page.
        headers: names and values. ``Content-Type`` is left out: the browser sets the form's own.
        name: the file's name.
        media_type: such as ``"application/pdf"``.
        data: the file's content.
        on_progress: gets how much has been sent, from 0 to 1.

    Returns:
        The status and the answer's text.

    Raises:
        HttpError: there was no answer.
    """
    ended: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def end(answered: bool) -> None:
        if not ended.done():
            ended.set_result(answered)

    scope = _js.Scope()
    request = _js.construct("XMLHttpRequest")
    try:
        scope.listen(request, "load", lambda _: end(True))
        for failure in ("error", "abort", "timeout"):
            scope.listen(request, failure, lambda _: end(False))
        if on_progress:
            scope.listen(request.upload, "progress", lambda event: on_progress(event.loaded / (event.total or 1)))
        form = _js.construct("FormData")
        form.append("file", _js.construct("Blob", [data], {"type": media_type}), name)
        _send(request, url, headers, form)
        if not await ended:
            raise HttpError(f"POST {url} got no answer. Is the server running, and does it allow this page's origin?")
        return request.status, str(request.responseText)
    finally:
        request.abort()
        scope.close()


def _send(request: Any, url: str, headers: Mapping[str, str], form: Any) -> None:
    try:
        with _js.guarded():
            request.open("POST", url)
            for header, value in headers.items():
                if header.lower() != "content-type":
                    request.setRequestHeader(header, value)
            request.send(form)
    except _js.JsError as error:
        raise HttpError(f"POST {url} cannot be sent: {error.message}") from error
