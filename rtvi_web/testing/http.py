"""HTTP that answers from a list."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

from rtvi_web.core.http import HttpResponse
from rtvi_web.errors import RTVIError


class HttpRequest(NamedTuple):
    """A request that the client made."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any


class ScriptedAbortController:
    """A stand-in for the browser's ``AbortController``; its signal says whether it is ``aborted``."""

    def __init__(self) -> None:
        self.signal = SimpleNamespace(aborted=False)

    def abort(self) -> None:
        self.signal.aborted = True


class HttpStream(NamedTuple):
    """A successful answer of type ``text/event-stream``, which arrives in pieces.

    Attributes:
        chunks: the pieces, one per turn of the event loop; an error among them breaks the stream off.
        ends: whether it ends after the last piece; else it stays open until the request is cancelled.
    """

    chunks: Iterable[bytes | RTVIError]
    ends: bool = True


HttpAnswer = HttpResponse | HttpStream | RTVIError


class ScriptedHttp:
    """Answers requests from a list; an exception in it is raised. Once the list is empty, requests wait forever.

    ``stream()`` hands an :class:`HttpStream` over piece by piece; ``request()`` reads it whole.

    Attributes:
        answers: what is still to be answered; may be changed at any time.
        requests: what was asked.
    """

    def __init__(self, answers: Iterable[HttpAnswer]) -> None:
        self.answers = list(answers)
        self.requests: list[HttpRequest] = []

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], body: str) -> HttpResponse:
        whole = bytearray()
        response = await self.stream(method, url, headers=headers, body=body, on_chunk=whole.extend)
        return response._replace(text=whole.decode(errors="replace")) if whole else response

    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: str, on_chunk: Callable[[bytes], None]
    ) -> HttpResponse:
        self.requests.append(HttpRequest(method, url, headers, json.loads(body) if body else None))
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, RTVIError):
            raise answer
        if isinstance(answer, HttpResponse):
            return answer
        for chunk in answer.chunks:
            await asyncio.sleep(0)
            if isinstance(chunk, RTVIError):
                raise chunk
            on_chunk(chunk)
        if not answer.ends:
            await asyncio.Event().wait()
        return HttpResponse(200, "", "text/event-stream")

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
        form = {"name": name, "media_type": media_type, "data": data.decode("latin-1")}
        response = await self.request("POST", url, headers=headers, body=json.dumps(form))
        if on_progress:
            on_progress(1.0)
        return response

    def abort_controller(self) -> ScriptedAbortController:
        return ScriptedAbortController()
