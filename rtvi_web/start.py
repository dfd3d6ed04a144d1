"""The start request: asks the server for a bot, and learns where to meet it."""

from __future__ import annotations

import json
import re
from typing import Any

from rtvi_web._version import __version__
from rtvi_web.errors import HttpError, InvalidArgumentError, StartBotError
from rtvi_web.params import ClientParams
from rtvi_web.transport import ConnectRequest, HttpClient, HttpResponse

_MARKUP = re.compile(r"<(style|script|title)\b.*?</\1\s*>|</?[a-z!][^>]*>", re.DOTALL | re.IGNORECASE)
"""What is not for reading in an HTML page of errors; its title repeats its heading."""


async def start_bot(http: HttpClient, url: str, params: ClientParams) -> ConnectRequest:
    """POST to the start endpoint.

    Raises:
        StartBotError: no answer, a refusal, or an answer that is no JSON object.
        InvalidArgumentError: ``request_data`` cannot be written as JSON.
    """
    try:
        body = json.dumps({**params.request_data, "rtvi_client_version": __version__}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"params.request_data cannot be written as JSON: {error}.") from None
    try:
        response = await http.request("POST", url, headers=json_headers(params.headers), body=body)
    except HttpError as error:
        raise StartBotError(error.message) from error
    if not response.ok:
        raise StartBotError(
            f"POST {url} was answered with {response.status}: {explain(response)}",
            status=response.status,
            body=response.text,
        )
    bundle = _object(response.text)
    if bundle is None:
        raise StartBotError(
            f"POST {url} was answered with {response.status}, but with no JSON object: {_shorten(response.text)!r}",
            status=response.status,
            body=response.text,
        )
    return ConnectRequest(bundle, url, params.base_url or None, params.headers)


def direct(params: ClientParams) -> ConnectRequest:
    """The request of a session that needs no start request."""
    return ConnectRequest({}, None, params.base_url or None, params.headers, params.request_data)


def json_headers(headers: dict[str, str]) -> dict[str, str]:
    """The headers of a request with a JSON body; a Content-Type that is given wins."""
    if any(name.lower() == "content-type" for name in headers):
        return dict(headers)
    return {"Content-Type": "application/json", **headers}


def explain(response: HttpResponse) -> str:
    """Why a server refused, in its own words: ``info``, ``detail`` (a text, or FastAPI's list), else its text."""
    answer = _object(response.text) or {}
    reason = answer.get("info") or answer.get("detail")
    if isinstance(reason, str):
        return _shorten(reason)
    if isinstance(reason, list):
        return _shorten("; ".join(_complaint(entry) for entry in reason))
    return _shorten(_MARKUP.sub(" ", response.text)) or "(no text)"


def _complaint(entry: Any) -> str:
    """One line of FastAPI's validation errors: ``body.sdp: Field required``."""
    if not isinstance(entry, dict):
        return str(entry)
    where = ".".join(map(str, entry.get("loc") or ()))
    return f"{where}: {entry.get('msg')}" if where else str(entry.get("msg"))


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _shorten(text: str) -> str:
    """One readable line of at most 200 characters."""
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:199] + "…"
