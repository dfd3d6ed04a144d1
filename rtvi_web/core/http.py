"""HTTP as the clients see it: what they ask for, what comes back, and how a refusal is told."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol


class HttpResponse(NamedTuple):
    """An HTTP answer: its status, its body as text and its ``Content-Type`` as sent, empty without one.

    The text is the whole body, but empty where it was an event stream that ``HttpClient.stream()`` handed over.
    """

    status: int
    text: str
    content_type: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class NativeAbortController(Protocol):
    """The browser's ``AbortController`` (MDN), or what stands in for it elsewhere."""

    @property
    def signal(self) -> Any: ...
    def abort(self) -> None: ...


class HttpClient(Protocol):
    """How the client reaches HTTP servers; every transport brings one."""

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], body: str) -> HttpResponse:
        """Send JSON text and read the whole answer, whatever its status. Cancelling the task aborts the request.

        Raises:
            HttpError: no answer at all; says why and chains the cause.
        """
        ...

    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: str, on_chunk: Callable[[bytes], None]
    ) -> HttpResponse:
        """Send JSON text like ``request()``, and hand over an event stream piece by piece as it arrives.

        Args:
            on_chunk: gets the body of a successful answer of type ``text/event-stream``; every other answer is read
                whole. What it raises aborts the request and comes out.

        Raises:
            HttpError: no answer at all, or it broke off in mid-stream; says why and chains the cause.
        """
        ...

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
        """POST a file as the field ``file`` of a form. Cancelling the task aborts the request.

        Args:
            on_progress: gets how much has been sent, from 0 to 1.

        Raises:
            HttpError: no answer at all.
        """
        ...

    def abort_controller(self) -> NativeAbortController:
        """A new abort controller, whose signal requests of one's own can take."""
        ...


_MARKUP = re.compile(r"<(style|script|title)\b.*?</\1\s*>|</?[a-z!][^>]*>", re.DOTALL | re.IGNORECASE)
"""What is not for reading in an HTML page of errors; its title repeats its heading."""


def json_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request with a JSON body; a Content-Type that is given wins."""
    if any(name.lower() == "content-type" for name in headers):
        return dict(headers)
    return {"Content-Type": "application/json", **headers}


def explain(response: HttpResponse) -> str:
    """Why a server refused, in its own words: ``info``, ``detail`` (a text, or FastAPI's list), else its text."""
    answer = parse_json(response.text)
    for reason in (answer.get("info"), answer.get("detail")) if isinstance(answer, dict) else ():
        if reason and isinstance(reason, str):
            return shorten(reason)
        if reason and isinstance(reason, list):
            return shorten("; ".join(_complaint(entry) for entry in reason))
    is_page = response.text.lstrip().startswith("<")
    return shorten(_MARKUP.sub(" ", response.text) if is_page else response.text) or "(no text)"


def _complaint(entry: Any) -> str:
    """One line of FastAPI's validation errors: ``body.sdp: Field required``."""
    if not isinstance(entry, dict):
        return str(entry)
    place = entry.get("loc") or ()
    where = place if isinstance(place, str) else ".".join(map(str, place))
    return f"{where}: {entry.get('msg')}" if where else str(entry.get("msg"))


def parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def shorten(text: str) -> str:
    """One readable line of at most 200 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:199] + "…"
