"""HTTP as the clients see it: what they ask for, what comes back, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

from rtvi_web.core.foreign_json import read_json


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


MAX_QUOTED = 200
"""Characters of a server's words that an error repeats."""
_MAX_SEARCHED = 10_000
"""Characters of a refusal that are searched for its words."""


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
            return shorten("; ".join(_line(entry) for entry in reason[:MAX_QUOTED]))
    text = response.text[:_MAX_SEARCHED]
    return shorten(_text_of_page(text) if text.lstrip().startswith("<") else text) or "(no text)"


def _text_of_page(page: str) -> str:
    """The words of an HTML page of errors; its title usually repeats its heading."""
    from html.parser import HTMLParser  # only when something is wrong: it is slow to import in the page

    words: list[str] = []

    class Words(HTMLParser):
        hidden = 0

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.hidden += tag in ("script", "style", "title")

        def handle_endtag(self, tag: str) -> None:
            self.hidden -= tag in ("script", "style", "title") and self.hidden > 0

        def handle_data(self, data: str) -> None:
            if not self.hidden:
                words.append(data)

    parser = Words()
    parser.feed(page)
    parser.close()
    return " ".join(words)


def _line(entry: Any) -> str:
    """One line of FastAPI's validation errors: ``body.sdp: Field required``."""
    if not isinstance(entry, dict):
        return str(entry)
    place = entry.get("loc") or ()
    where = place if isinstance(place, str) else ".".join(map(str, place))
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
