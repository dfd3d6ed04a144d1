"""HTTP as the clients use it: the contract, the answers, and the reason for a refusal in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from rtvi_web.core.foreign_json import read_json

MAX_ANSWER = 1_048_576
"""Bytes of an HTTP answer that are read by default: a megabyte."""


class HttpResponse(NamedTuple):
    """An HTTP answer.

    Attributes:
        status: the HTTP status.
        text: the body; empty if ``HttpClient.stream()`` handed it over piece by piece.
        content_type: the ``Content-Type`` header; empty without one.
    """

    status: int
    text: str
    content_type: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class NativeAbortController(Protocol):
    """The browser's ``AbortController`` (MDN), or a stand-in outside the browser."""

    @property
    def signal(self) -> Any: ...
    def abort(self) -> None: ...


class HttpClient(Protocol):
    """Sends HTTP requests. Every transport has one."""

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], body: str) -> HttpResponse:
        """Send JSON text and read the answer, whatever its status. Cancelling the task aborts the request.

        Answers are read up to a limit, a megabyte by default. The text of a refusal ends there.

        Raises:
            HttpError: there was no answer, or a successful one is larger than the limit. The message says why; the
                cause is chained.
        """
        ...

    async def stream(
        self, method: str, url: str, *, headers: Mapping[str, str], body: str, on_chunk: Callable[[bytes], None]
    ) -> HttpResponse:
        """Send JSON text like ``request()``, but hand over an event stream piece by piece as it arrives.

        Args:
            on_chunk: gets the body of a successful answer of type ``text/event-stream``, however long; other answers
                are read as by ``request()``. If it raises, the request is aborted and the exception comes out.

        Raises:
            HttpError: there was no answer, or it broke off in mid-stream. The message says why; the cause is chained.
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
            on_progress: gets the share that has been sent, 0 to 1.

        Raises:
            HttpError: there was no answer, or one larger than the limit.
        """
        ...

    def abort_controller(self) -> NativeAbortController:
        """A new abort controller. Requests of the page can take its signal."""
        ...


MAX_QUOTED = 200
"""Characters of a server's answer that an error quotes."""
_MAX_SEARCHED = 10_000
"""Characters of a refusal that are searched for its reason."""


def json_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request with a JSON body. A given Content-Type is kept."""
    if any(name.lower() == "content-type" for name in headers):
        return dict(headers)
    return {"Content-Type": "application/json", **headers}


def explain(response: HttpResponse) -> str:
    """Why a server refused, in its words: ``info`` or ``detail`` (text or FastAPI's list) of JSON, else the text."""
    answer = parse_json(response.text)
    for reason in (answer.get("info"), answer.get("detail")) if isinstance(answer, dict) else ():
        if reason and isinstance(reason, str):
            return shorten(reason)
        if reason and isinstance(reason, list):
            return shorten("; ".join(_line(entry) for entry in reason[:MAX_QUOTED]))
    text = response.text[:_MAX_SEARCHED]
    return shorten(_text_of_page(text) if text.lstrip().startswith("<") else text) or "(no text)"


_NOT_SHOWN = ("script", "style", "title")
"""Elements whose text is not an error page's words; the title usually repeats the heading."""


def _text_of_page(page: str) -> str:
    """The visible text of an HTML error page. Each piece is looked at once, whatever the page is made of."""
    from html import unescape  # only when something is wrong: it is slow to import in the page

    before, *pieces = page.split("<")
    words, hidden_until = [before], ""
    for piece in pieces:
        tag = piece.lower()
        if hidden_until and not tag.startswith(hidden_until):
            continue
        name = next((name for name in _NOT_SHOWN if tag.startswith(name)), "")
        hidden_until = f"/{name}" if name else ""
        is_tag = piece[:1].isalpha() or piece.startswith(("/", "!", "?"))
        words.append(piece.partition(">")[2] if is_tag else f"<{piece}")
        if name:
            words.pop()
    return unescape(" ".join(words))


def _line(entry: Any) -> str:
    """One line of FastAPI's validation errors: ``body.sdp: Field required``."""
    if not isinstance(entry, dict):
        return str(entry)
    place = entry.get("loc")
    where = ".".join(map(str, place)) if isinstance(place, list) else place
    return f"{where}: {entry.get('msg')}" if where else str(entry.get("msg"))


def parse_json(text: str) -> Any:
    """What a JSON text says; ``None`` if it is not JSON."""
    try:
        return read_json(text)
    except ValueError:
        return None


def shorten(text: str) -> str:
    """One readable line of at most :data:`MAX_QUOTED` characters."""
    line = " ".join(text[:_MAX_SEARCHED].split())
    return line if len(line) <= MAX_QUOTED else line[: MAX_QUOTED - 1] + "…"
