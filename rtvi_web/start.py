"""The start request: asks the server for a bot, and learns where to meet it."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from rtvi_web._version import __version__
from rtvi_web.errors import HttpError, InvalidArgumentError, RTVIError, StartBotError
from rtvi_web.params import ClientParams
from rtvi_web.transport import ConnectRequest, HttpResponse, NativeAbortController, Transport

_MARKUP = re.compile(r"<(style|script|title)\b.*?</\1\s*>|</?[a-z!][^>]*>", re.DOTALL | re.IGNORECASE)
"""What is not for reading in an HTML page of errors; its title repeats its heading."""


class ConnectTimeout:
    """The deadline of ``connect()``, as a custom connect handler gets it."""

    def __init__(self, deadline: asyncio.Timeout) -> None:
        self._deadline = deadline

    def clear(self) -> None:
        """Lift the deadline from what follows; mirrors ``clearTimeout(timeout)``. It may be called at any time."""
        with contextlib.suppress(RuntimeError):  # connect() is over
            self._deadline.reschedule(None)


class AbortController:
    """Gives ``connect()`` up from outside. Mirrors ``AbortController`` (MDN).

    Attributes:
        signal: in the page the browser's own ``AbortSignal``, to hand to ``fetch``; elsewhere an object with
            ``aborted``. It is set when ``connect()`` ends in any way but success.
    """

    def __init__(self, native: NativeAbortController, abort: Callable[[], None]) -> None:
        self.signal: Any = native.signal
        self._native = native
        self._abort = abort

    def abort(self) -> None:
        """Make ``connect()`` raise :class:`ConnectAbortedError`, lift its deadline, and leave the state ``error``."""
        self._native.abort()
        self._abort()


ConnectHandler: TypeAlias = "Callable[[ClientParams, ConnectTimeout, AbortController], Any]"
"""What ``custom_connect_handler`` must be: sync or async; gives the connection bundle, a mapping or ``None``."""


class Starter:
    """Gets one session started: by the start endpoint, by a custom connect handler, or by nobody.

    Raises:
        InvalidArgumentError: an endpoint is given, but no base URL.
    """

    def __init__(self, params: ClientParams, transport: Transport, handler: ConnectHandler | None) -> None:
        self._params = params
        self._transport = transport
        self._handler = handler
        self._url = params.base_url and params.connect_url if handler else params.connect_url

    @property
    def asks(self) -> bool:
        """Whether anyone is asked for the bot."""
        return bool(self._handler or self._url)

    async def start(self, timeout: ConnectTimeout, abort: Callable[[], None]) -> ConnectRequest:
        """Ask for the bot.

        Args:
            timeout: handed to the handler.
            abort: gives the whole of ``connect()`` up.

        Raises:
            StartBotError: no answer, a refusal, or an answer that is no JSON object.
            InvalidArgumentError: ``request_data`` or ``config`` cannot be written as JSON.
        """
        base_url, headers = self._params.base_url or None, self._params.headers
        bundle = None
        if self._handler:
            bundle = await self._by_handler(self._handler, timeout, abort)
        elif self._url:
            bundle = await self._by_endpoint(self._url)
        taken = bundle is not None  # whether somebody has taken request_data to the bot
        return ConnectRequest(bundle or {}, self._url, base_url, headers, {} if taken else self._params.request_data)

    async def _by_endpoint(self, url: str) -> Mapping[str, Any]:
        try:
            body = json.dumps(start_body(self._params), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise InvalidArgumentError(
                f"params.request_data or params.config cannot be written as JSON: {error}."
            ) from None
        try:
            response = await self._transport.http.request(
                "POST", url, headers=json_headers(self._params.headers), body=body
            )
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
        return bundle

    async def _by_handler(
        self, handler: ConnectHandler, timeout: ConnectTimeout, abort: Callable[[], None]
    ) -> Mapping[str, Any] | None:
        native = self._transport.http.abort_controller()
        try:
            bundle = handler(self._params, timeout, AbortController(native, abort))
            if inspect.isawaitable(bundle):
                bundle = await bundle
        except asyncio.CancelledError:
            native.abort()  # so that what the handler began with the signal ends too
            raise
        except RTVIError:
            raise
        except Exception as error:
            raise StartBotError(f"The custom connect handler raised {type(error).__name__}: {error}") from error
        if hasattr(bundle, "to_py"):
            bundle = bundle.to_py()  # a JavaScript object, such as of response.json()
        if bundle is not None and not isinstance(bundle, Mapping):
            raise StartBotError(f"The custom connect handler must return a dict or None; it returned {bundle!r}.")
        return bundle


def start_body(params: ClientParams) -> dict[str, Any]:
    """The body of the start request: config, services, then ``request_data``, which wins."""
    body: dict[str, Any] = {}
    if params.config is not None:
        body["config"] = params.config
    if params.services:
        body["services"] = params.services
    return {**body, **params.request_data, "rtvi_client_version": __version__}


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
