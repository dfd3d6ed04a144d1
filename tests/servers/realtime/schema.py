"""Realtime events, checked against the pydantic models of OpenAI's own Python package: these are the protocol.

The models let unknown fields through; here they are violations.
"""

from typing import Any, get_args

from openai.types.realtime.realtime_client_event import RealtimeClientEvent
from openai.types.realtime.realtime_server_event import RealtimeServerEvent
from openai.types.realtime.realtime_session_create_request import RealtimeSessionCreateRequest
from pydantic import BaseModel, TypeAdapter, ValidationError

Event = dict[str, Any]


class SchemaError(Exception):
    """An event that the protocol does not know.

    Attributes:
        param: the field that is wrong, such as "session.audio.input.format".
    """

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


def _table(union: Any) -> dict[str, TypeAdapter[Any]]:
    """The models of a union by the events' names."""
    models = get_args(get_args(union)[0])
    names = {name: model for model in models for name in get_args(model.model_fields["type"].annotation)}
    return {name: TypeAdapter(model) for name, model in names.items()}


_CLIENT, _SERVER = _table(RealtimeClientEvent), _table(RealtimeServerEvent)
_SESSION = TypeAdapter(RealtimeSessionCreateRequest)


def check_client_event(event: Event) -> None:
    """Raises SchemaError unless a client may send this."""
    _check(_CLIENT, event)


def check_server_event(event: Event) -> None:
    """Raises SchemaError unless a server may send this."""
    _check(_SERVER, event)


def check_session(session: Any) -> None:
    """Raises SchemaError unless this is a session's configuration."""
    _validate(_SESSION, session)


def _check(table: dict[str, TypeAdapter[Any]], event: Event) -> None:
    name = event.get("type")
    if not isinstance(name, str) or name not in table:
        raise SchemaError(f"Invalid value: {name!r}. There is no such event.", "type")
    _validate(table[name], event)


def _validate(adapter: TypeAdapter[Any], value: Any) -> None:
    try:
        model = adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]
        raise SchemaError(first["msg"], ".".join(map(str, first["loc"]))) from error
    if unknown := _unknown(model, ""):
        raise SchemaError(f"Unknown parameter: '{unknown}'.", unknown)


def _unknown(value: Any, path: str) -> str | None:
    """The path of the first field that no model knows."""
    if isinstance(value, BaseModel):
        extra = next(iter(value.model_extra or {}), None)
        fields: Any = {name: getattr(value, name) for name in type(value).model_fields}
        return f"{path}{extra}" if extra else _unknown(fields, path)
    if isinstance(value, dict):
        found = (_unknown(each, f"{path}{name}.") for name, each in value.items())
        return next(filter(None, found), None)
    if isinstance(value, list | tuple):
        return next(filter(None, (_unknown(each, f"{path}{index}.") for index, each in enumerate(value))), None)
    return None
