"""HTTP through the page's ``fetch`` and ``XMLHttpRequest``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rtvi_web.browser import _js
from rtvi_web.browser.fetch import fetch
from rtvi_web.browser.upload import upload
from rtvi_web.core.http import MAX_ANSWER, HttpResponse, NativeAbortController


class PageHttp:
    """The page's :class:`~rtvi_web.core.http.HttpClient`.

    Args:
        max_answer: bytes of an answer that are read; event streams have no limit.
    """

    def __init__(self, *, max_answer: int = MAX_ANSWER) -> None:
        self._max_answer = max_answer

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], body: str) -> HttpResponse:
        return HttpResponse(*await fetch(method, url, headers=headers, body=body, limit=self._max_answer))

    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: str, on_chunk: Callable[[bytes], None]
    ) -> HttpResponse:
        limit = self._max_answer
        return HttpResponse(*await fetch(method, url, headers=headers, body=body, limit=limit, on_chunk=on_chunk))

    async def upload(
        self,
        url: str,
        *,
        headers: Mapping[str, str],
        name: str,
        media_type: str,
        data: bytes,
        on_progress: Callable[[float], object] | None,
    ) -> HttpResponse:
        return HttpResponse(
            *await upload(
                url,
                headers=headers,
                name=name,
                media_type=media_type,
                data=data,
                limit=self._max_answer,
                on_progress=on_progress,
            )
        )

    def abort_controller(self) -> NativeAbortController:
        controller: NativeAbortController = _js.construct("AbortController")
        return controller
