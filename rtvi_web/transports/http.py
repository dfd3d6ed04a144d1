"""HTTP through the page's ``fetch`` and ``XMLHttpRequest``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rtvi_web.browser import _js
from rtvi_web.browser.fetch import fetch
from rtvi_web.browser.upload import upload
from rtvi_web.core.http import HttpResponse, NativeAbortController


class PageHttp:
    """The page's :class:`~rtvi_web.core.http.HttpClient`."""

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], body: str) -> HttpResponse:
        return HttpResponse(*await fetch(method, url, headers=headers, body=body))

    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: str, on_chunk: Callable[[bytes], None]
    ) -> HttpResponse:
        return HttpResponse(*await fetch(method, url, headers=headers, body=body, on_chunk=on_chunk))

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
            *await upload(url, headers=headers, name=name, media_type=media_type, data=data, on_progress=on_progress)
        )

    def abort_controller(self) -> NativeAbortController:
        controller: NativeAbortController = _js.construct("AbortController")
        return controller
