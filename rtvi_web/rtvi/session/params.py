"""``params``: where the bot is, and what it gets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, TypedDict, Unpack

from rtvi_web.core.checks import checked_headers, checked_mapping, join_url, nearest, snake_case
from rtvi_web.core.masking import Headers, described, quoted
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.rtvi.protocol import config

Check = Callable[[str, Any], Any]
"""Takes a setting's name and the given value; returns the value to keep."""


class _Settings:
    """Attributes that are checked when they are set. Without pydantic, which would take a fifth of a page's boot."""

    _name: ClassVar[str]
    _checks: ClassVar[dict[str, Check]]
    _hidden: ClassVar[tuple[str, ...]] = ()  # dicts of which only the names are shown

    def __setattr__(self, name: str, value: Any) -> None:
        check = self._checks.get(name)
        if check is None:
            raise InvalidArgumentError(f"There is no {self._name}.{name}.{nearest(name, self._checks)}")
        super().__setattr__(name, check(f"{self._name}.{name}", value))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and vars(self) == vars(other)

    def __repr__(self) -> str:
        shown = {**vars(self), **{name: Headers(vars(self)[name]) for name in self._hidden if name in vars(self)}}
        return f"{type(self).__name__}({', '.join(f'{name}={quoted(value)}' for name, value in shown.items())})"

    def _set(self, given: Mapping[str, Any]) -> None:
        for name, value in given.items():
            setattr(self, snake_case(str(name)), value)


def _text(name: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise InvalidArgumentError(f"{name} must be a text or None; it is {described(value)}.")


def _config(name: str, value: Any) -> config.Config | None:
    return None if value is None else config.normalize(value, name)


class EndpointsDict(TypedDict, total=False):
    """:class:`Endpoints` as a dict."""

    connect: str | None
    action: str | None


class Endpoints(_Settings):
    """Paths on the base URL. Mirrors ``endpoints``.

    Attributes:
        connect: where ``connect()`` asks for the bot; ``None`` connects without a start request.
        action: where ``action()`` goes while there is no session; ``None`` means nowhere.
    """

    _name = "params.endpoints"
    _checks: ClassVar[dict[str, Check]] = {"connect": _text, "action": _text}

    connect: str | None = "/connect"
    action: str | None = "/action"

    def __init__(self, **given: Unpack[EndpointsDict]) -> None:
        self._set(given)


def _endpoints(name: str, value: Any) -> Endpoints:
    if isinstance(value, Endpoints):
        return value
    endpoints = Endpoints()
    endpoints._set(checked_mapping(name, value))
    return endpoints


class ClientParamsDict(TypedDict, total=False):
    """:class:`ClientParams` as a dict; camelCase keys are accepted."""

    base_url: str | None
    endpoints: Endpoints | EndpointsDict | None
    headers: Mapping[str, str] | Iterable[tuple[str, str]] | None
    request_data: Mapping[str, Any] | None
    config: Iterable[Mapping[str, Any]] | None
    services: Mapping[str, str] | None


class ClientParams(_Settings):
    """Where the bot is, and what it gets. Mirrors ``RTVIClientParams``; camelCase keys are accepted.

    It may be changed at any time; the next ``connect()`` uses the new values.

    Attributes:
        base_url: absolute, or relative to the page such as ``"/api"``.
        endpoints: paths on the base URL; a dict of them may be assigned.
        headers: sent with every request of ``connect()``, the offer's too; a dict or pairs may be assigned.
        request_data: merged last into the body of the start request, and first into that of an action.
        config: the configuration that the page asks for, ``[{"service": …, "options": [{"name": …, "value": …}]}]``,
            sent with the start request. The bot's own is what ``client.get_config()`` returns.
        services: which provider each service uses, such as ``{"llm": "together"}``, sent with the start request.
    """

    _name = "params"
    _checks: ClassVar[dict[str, Check]] = {
        "base_url": _text,
        "endpoints": _endpoints,
        "headers": checked_headers,
        "request_data": checked_mapping,
        "config": _config,
        "services": checked_mapping,
    }

    _hidden: ClassVar[tuple[str, ...]] = ("request_data",)  # what a server gets may be a key

    base_url: str | None = None
    endpoints: Endpoints
    headers: dict[str, str]
    request_data: dict[str, Any]
    config: config.Config | None = None
    services: dict[str, str]

    def __init__(self, **given: Unpack[ClientParamsDict]) -> None:
        self._set({"endpoints": None, "headers": None, "request_data": None, "services": None})
        self._set(given)

    @classmethod
    def of(cls, given: ClientParams | Mapping[str, Any] | None) -> ClientParams:
        """Make params of a dict; params are returned as they are.

        Raises:
            InvalidArgumentError: a key is unknown, or its value cannot work; the message names it.
        """
        if isinstance(given, ClientParams):
            return given
        params = cls()
        params._set(checked_mapping("params", given))
        return params

    @property
    def connect_url(self) -> str | None:
        """The start endpoint's address, with exactly one slash between base URL and path; ``None`` if there is none.

        Raises:
            InvalidArgumentError: an endpoint is given, but no base URL.
        """
        if self.endpoints.connect is None:
            return None
        if not self.base_url:
            if "connect" in vars(self.endpoints):
                raise InvalidArgumentError(
                    "Base URL not set: endpoints.connect needs one. Set client.params.base_url, or "
                    "endpoints.connect to None to connect directly."
                )
            return None
        return self.construct_url("connect")

    @property
    def action_url(self) -> str | None:
        """The address of actions without a session; ``None`` if ``endpoints.action`` is ``None``.

        Raises:
            InvalidArgumentError: there is no base URL.
        """
        return None if self.endpoints.action is None else self.construct_url("action")

    def construct_url(self, endpoint: str) -> str:
        """See ``RTVIClient.construct_url``."""
        if not self.base_url:
            raise InvalidArgumentError("Base URL not set. Please set client.params.base_url.")
        path = getattr(self.endpoints, endpoint) if endpoint in Endpoints._checks else endpoint
        return join_url(self.base_url, path or "")
