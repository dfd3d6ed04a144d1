"""What the client is told: ``params``, and numbers of seconds."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from rtvi_web.emitter import nearest
from rtvi_web.errors import InvalidArgumentError

_NONE_IS_EMPTY = BeforeValidator(lambda given: {} if given is None else given)


class _Params(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, validate_assignment=True, extra="forbid", defer_build=True
    )


class Endpoints(_Params):
    """Paths on the base URL. Mirrors ``endpoints``.

    Attributes:
        connect: where ``connect()`` asks for the bot; ``None`` asks nobody and connects at once.
    """

    connect: str | None = "/connect"


class ClientParams(_Params):
    """Where the bot is and what it is told. Mirrors ``RTVIClientParams``; camelCase keys are accepted.

    Change it at any time: the next ``connect()`` uses what it says then.

    Attributes:
        base_url: absolute, or relative to the page such as ``"/api"``.
        endpoints: paths on the base URL.
        headers: sent with every request of ``connect()``, the offer's too.
        request_data: merged into the body of the start request.
    """

    base_url: str | None = None
    endpoints: Annotated[Endpoints, _NONE_IS_EMPTY] = Field(default_factory=Endpoints)
    headers: Annotated[dict[str, str], _NONE_IS_EMPTY] = Field(default_factory=dict)
    request_data: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(cls, given: ClientParams | Mapping[str, Any] | None) -> ClientParams:
        """The params in a dict, or as they are.

        Raises:
            InvalidArgumentError: names the key that cannot work.
        """
        if isinstance(given, ClientParams):
            return given
        try:
            return cls.model_validate(given or {})
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, ("params", *first["loc"])))
            hint = nearest(str(first["loc"][-1]), _KEYS) if first["type"] == "extra_forbidden" else ""
            raise InvalidArgumentError(f"{where}: {first['msg']}.{hint}") from None

    @property
    def connect_url(self) -> str | None:
        """The start endpoint's address, with exactly one slash between base URL and path; ``None`` if there is none.

        Raises:
            InvalidArgumentError: an endpoint is given, but no base URL.
        """
        if self.endpoints.connect is None:
            return None
        if not self.base_url:
            if "connect" in self.endpoints.model_fields_set:
                raise InvalidArgumentError(
                    "Base URL not set: endpoints.connect needs one. Set client.params.base_url, or "
                    "endpoints.connect to None to connect directly."
                )
            return None
        return join_url(self.base_url, self.endpoints.connect)


_KEYS = ("base_url", "baseUrl", "endpoints", "headers", "request_data", "requestData", "connect")


def join_url(base: str, path: str) -> str:
    """A base URL and a path with exactly one slash between them; the base URL alone when there is no path."""
    return f"{base.rstrip('/')}/{path.lstrip('/')}" if path else base


def seconds(value: float | None, name: str) -> float | None:
    """A time-out in seconds, or ``None`` for no limit; warns when it looks like milliseconds.

    Raises:
        InvalidArgumentError: not a positive, finite number.
    """
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise InvalidArgumentError(f"{name} must be a positive number of seconds, or None; it is {value!r}.")
    if value > 600:
        warnings.warn(f"{name}={value:g} is in seconds; did you mean {value / 1000:g}?", stacklevel=3)
    return float(value)
