"""The start request: asks a server for a bot, and returns where to connect."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from rtvi_web._version import __version__
from rtvi_web.core.checks import checked_headers, seconds, snake_case
from rtvi_web.core.foreign_json import MAX_DEPTH
from rtvi_web.core.http import HttpClient, NativeAbortController, explain, json_headers, parse_json, shorten
from rtvi_web.core.masking import described, masked_url
from rtvi_web.core.tasks import call_user_code, cancelling
from rtvi_web.errors import HttpError, InvalidArgumentError, RTVIError, StartBotError
from rtvi_web.rtvi.protocol.config import normalize
from rtvi_web.rtvi.session.params import ClientParams
from rtvi_web.rtvi.transport import ConnectRequest, Transport


class ConnectTimeout:
    """The deadline of ``connect()``, as a custom connect handler gets it."""

    def __init__(self, lift: Callable[[], object]) -> None:
        self._lift = lift

    def clear(self) -> None:
        """Lift the deadline. May be called at any time. Mirrors ``clearTimeout(timeout)``."""
        self._lift()


Abort: TypeAlias = Callable[[str], None]
"""Ends an attempt to connect, for the given reason."""


class AbortController:
    """Ends ``connect()`` from outside. Mirrors ``AbortController`` (MDN).

    Attributes:
        signal: in the page the browser's own ``AbortSignal``, to hand to ``fetch``; elsewhere an object with
            ``aborted``. It is set when ``connect()`` fails for any reason.
    """

    def __init__(self, native: NativeAbortController, abort: Abort) -> None:
        self.signal: Any = native.signal
        self._native = native
        self._abort = abort

    def abort(self, reason: object = None) -> None:
        """Make ``connect()`` raise :class:`ConnectAbortedError`, lift its deadline, and leave the state ``error``.

        Args:
            reason: why, for the error's message.
        """
        self._native.abort()
        self._abort(f"The custom connect handler aborted{f': {reason}' if reason else '.'}")


ConnectHandler: TypeAlias = "Callable[[ClientParams, ConnectTimeout, AbortController], Any]"
"""The type of ``custom_connect_handler``: sync or async; it returns the connection bundle, a mapping or ``None``."""


class SessionStart(ABC):
    """One way to find out where the bot of a session is.

    Attributes:
        makes_request: whether a server is asked for the bot.
        emits_bot_started: whether the answer fires ``botStarted`` and leads to ``authenticated``, as in RTVI 1.x.
        answer: what was answered, any JSON, once it is there.
    """

    makes_request = True
    emits_bot_started = False
    answer: Any = None

    @abstractmethod
    async def locate_bot(self, timeout: ConnectTimeout, abort: Abort) -> ConnectRequest:
        """Find out where to connect.

        Args:
            timeout: the deadline of ``connect()``.
            abort: ends ``connect()``.

        Raises:
            StartBotError: no answer, a refusal, or an answer that cannot be used.
            InvalidArgumentError: the request's data cannot be written as JSON.
        """

    def give_up(self) -> None:
        """``connect()`` has failed: release what was begun for it. By default there is nothing to release."""
        return


class ParamsStart(SessionStart):
    """Start with a custom connect handler, with the start endpoint of ``params``, or without any request.

    Raises:
        InvalidArgumentError: an endpoint is given, but no base URL.
    """

    def __init__(self, params: ClientParams, transport: Transport, handler: ConnectHandler | None) -> None:
        self._params = params
        self._transport = transport
        self._handler = handler
        self._native: NativeAbortController | None = None
        self._url = ((params.base_url and params.connect_url) or None) if handler else params.connect_url
        self.makes_request = bool(handler or self._url)

    async def locate_bot(self, timeout: ConnectTimeout, abort: Abort) -> ConnectRequest:
        base_url, headers, data = self._params.base_url or None, self._params.headers, self._params.request_data
        if self._url and not self._handler:
            return ConnectRequest(await self._by_endpoint(self._url), self._url, base_url, headers, start_data=data)
        bundle = await self._by_handler(self._handler, timeout, abort) if self._handler else None
        taken = bundle is not None  # whether request_data has reached the bot already
        return ConnectRequest(bundle or {}, self._url, base_url, headers, {} if taken else data)

    def give_up(self) -> None:
        if self._native:
            self._native.abort()  # ends the requests that the handler made with the signal

    async def _by_endpoint(self, url: str) -> Mapping[str, Any]:
        body = start_body(self._params)
        answer = await ask(
            self._transport.http, url, self._params.headers, body, "params.request_data or params.config"
        )
        if not isinstance(answer.bundle, dict):
            raise StartBotError(
                f"POST {masked_url(url)} returned {answer.status} with a body that is not a JSON object: "
                f"{shorten(answer.text)!r}",
                status=answer.status,
                body=answer.text,
            )
        return answer.bundle

    async def _by_handler(
        self, handler: ConnectHandler, timeout: ConnectTimeout, abort: Abort
    ) -> Mapping[str, Any] | None:
        self._native = self._transport.http.abort_controller()
        try:
            controller = AbortController(self._native, abort)
            bundle = await call_user_code(
                lambda: handler(self._params, timeout, controller), "the custom connect handler"
            )
        except RTVIError:
            raise
        except BaseException as error:
            raise StartBotError(f"The custom connect handler raised {type(error).__name__}: {error}") from error
        finally:
            if cancelling():
                raise asyncio.CancelledError  # as when it has called abort()
        if hasattr(bundle, "to_py"):
            bundle = _as_python(bundle)  # a JavaScript object, such as response.json() gives
        if bundle is not None and not isinstance(bundle, Mapping):
            raise StartBotError(
                f"The custom connect handler must return a dict or None; it returned {described(bundle)}."
            )
        return bundle


def _as_python(bundle: Any) -> Any:
    """A JavaScript object in Python, with the limit of depth that JSON has.

    Raises:
        StartBotError: it is nested too deeply.
    """
    given = bundle.to_py(depth=MAX_DEPTH)  # what is deeper stays in JavaScript
    inner = [given]
    while inner:
        value = inner.pop()
        if hasattr(value, "to_py"):
            raise StartBotError(f"The custom connect handler returned more than {MAX_DEPTH} levels of nested objects.")
        if isinstance(value, Mapping | list):
            inner += value.values() if isinstance(value, Mapping) else value
    return given


class BotRequest(NamedTuple):
    """A request of ``start_bot()``. Mirrors ``APIRequest``."""

    endpoint: str
    headers: dict[str, str]
    request_data: Any
    timeout: float | None

    def __repr__(self) -> str:
        return f"BotRequest(endpoint={masked_url(self.endpoint)!r}, …)"

    @classmethod
    def of(cls, given: str | Mapping[str, Any], **options: Any) -> BotRequest:
        """Make a request of an endpoint and options, or of a dict.

        The dict has ``endpoint``, ``headers``, ``requestData`` and ``timeout``.

        Raises:
            InvalidArgumentError: names what cannot work.
        """
        if not isinstance(given, str | Mapping):
            raise InvalidArgumentError(f"endpoint must be an address, or a dict with one; it is {described(given)}.")
        named = {"endpoint": given} if isinstance(given, str) else {snake_case(str(key)): given[key] for key in given}
        request = {"headers": None, "request_data": None, "timeout": None, **named}
        request |= {name: value for name, value in options.items() if value is not None}
        if unknown := set(request) - set(cls._fields):
            raise InvalidArgumentError(f"A request has no {min(unknown)!r}; it has {', '.join(cls._fields)}.")
        if not isinstance(request.get("endpoint"), str) or not request["endpoint"]:
            raise InvalidArgumentError(f"A request needs an endpoint; it is {described(request.get('endpoint'))}.")
        return cls(
            request["endpoint"],
            checked_headers("headers", request["headers"]),
            request["request_data"],
            seconds(request["timeout"], "timeout"),
        )


class RequestStart(SessionStart):
    """Start with a request that the page gives, as in RTVI 1.x."""

    emits_bot_started = True

    def __init__(self, request: BotRequest, transport: Transport, params: ClientParams) -> None:
        self._request = request
        self._transport = transport
        self._params = params

    async def locate_bot(self, timeout: ConnectTimeout, abort: Abort) -> ConnectRequest:
        url, headers, data, limit = self._request
        try:
            async with asyncio.timeout(limit):
                answer = await ask(self._transport.http, url, headers, data, "request_data")
        except TimeoutError:
            raise StartBotError(f"POST {masked_url(url)} was not answered within {limit:g} s.") from None
        if answer.bundle is None and answer.text.strip() != "null":
            raise StartBotError(
                f"POST {masked_url(url)} returned {answer.status} with a body that is not JSON: "
                f"{shorten(answer.text)!r}",
                status=answer.status,
                body=answer.text,
            )
        self.answer = answer.bundle
        bundle = answer.bundle if isinstance(answer.bundle, Mapping) else {}
        sent = data if isinstance(data, Mapping) else {}
        return ConnectRequest(bundle, url, self._params.base_url or None, headers, start_data=sent)


class DirectStart(SessionStart):
    """Connect with a bundle you already have."""

    makes_request = False

    def __init__(self, bundle: Mapping[str, Any] | None, started: ConnectRequest | None, params: ClientParams) -> None:
        if bundle is not None and not isinstance(bundle, Mapping):
            raise InvalidArgumentError(f"connect() takes a dict of connection parameters; it got {described(bundle)}.")
        base_url = params.base_url or None
        if started:
            url, headers, data = started.start_url, started.headers, started.start_data
            self._request = ConnectRequest(bundle or {}, url, base_url, headers, start_data=data)
        else:
            self._request = ConnectRequest(bundle or {}, None, base_url, params.headers, params.request_data)

    async def locate_bot(self, timeout: ConnectTimeout, abort: Abort) -> ConnectRequest:
        return self._request


class Answer(NamedTuple):
    """A start endpoint's answer, as JSON (``None`` if it is not JSON) and as text."""

    status: int
    bundle: Any
    text: str


async def ask(http: HttpClient, url: str, headers: Mapping[str, str], data: Any, what: str) -> Answer:
    """POST JSON to a start endpoint.

    Raises:
        StartBotError: no answer, or a refusal.
        InvalidArgumentError: the data cannot be written as JSON; the message names it.
    """
    try:
        body = "" if data is None else json.dumps(data, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{what} cannot be written as JSON: {error}.") from None
    try:
        response = await http.request("POST", url, headers=json_headers(headers), body=body)
    except HttpError as error:
        raise StartBotError(error.message) from error
    if not response.ok:
        raise StartBotError(
            f"POST {masked_url(url)} returned {response.status}: {explain(response)}",
            status=response.status,
            body=response.text,
        )
    return Answer(response.status, parse_json(response.text), response.text)


def start_body(params: ClientParams) -> dict[str, Any]:
    """The body of the start request: config, services, then ``request_data``, which overrides them."""
    body: dict[str, Any] = {}
    if params.config is not None:
        body["config"] = normalize(params.config, "params.config")  # it may have been changed in place
    if params.services:
        body["services"] = params.services
    return {**body, **params.request_data, "rtvi_client_version": __version__}
