"""Reads each frame of text that a bot sends: the outcomes for the session to act on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Generic, NotRequired, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic takes typing's from Python 3.12 on

from rtvi_web.core.event import Event
from rtvi_web.core.seen import Seen
from rtvi_web.rtvi.protocol import payloads
from rtvi_web.rtvi.protocol.events import BY_WIRE, InvalidMessage, RTVIEvent
from rtvi_web.rtvi.protocol.messages import (
    MalformedMessageError,
    RTVIMessage,
    id_in,
    mended,
    parse,
    reason_of,
    type_at_head,
)
from rtvi_web.rtvi.protocol.outcomes import (
    Answered,
    BotBecameReady,
    CallAnnounced,
    CallCancelled,
    FatalError,
    Fire,
    ForHelpers,
    Outcome,
    Refused,
)
from rtvi_web.rtvi.protocol.payloads import ActionResponse, ServerResponseData

Model = TypeVar("Model", bound=BaseModel)
Message = dict[str, Any]
"""A message as parsed JSON."""
Args = tuple[Any, ...]
"""What the handlers of an event get."""

REMEMBERED_CALLS = 256
"""Function calls that are remembered, so that none is answered twice."""

_UNSUPPORTED = re.compile(r"""Unsupported type:? ['"]?([\w-]+)['"]?\.?""")
"""Pipecat's whole answer to a message type that it does not know."""
_ANSWERS = (RTVIEvent.CONFIG, RTVIEvent.CONFIG_DESCRIBE, RTVIEvent.ACTIONS_AVAILABLE)
_CALL_EVENTS = (RTVIEvent.LLM_FUNCTION_CALL, RTVIEvent.LLM_FUNCTION_CALL_IN_PROGRESS)
_CONSEQUENTIAL = frozenset(
    {
        *_ANSWERS,
        *_CALL_EVENTS,
        RTVIEvent.LLM_FUNCTION_CALL_STOPPED,
        RTVIEvent.BOT_LLM_STARTED,
        RTVIEvent.BOT_READY,
        RTVIEvent.MESSAGE_ERROR,
        RTVIEvent.ERROR,
    },
)
"""The events of messages that the client itself acts on."""


class _Message(TypedDict, Generic[Model]):
    """The part of a message that is validated."""

    data: NotRequired[Model | None]


class MessageReader:
    """Reads the messages of one session, and remembers which function calls were taken."""

    def __init__(self) -> None:
        self._calls = Seen(REMEMBERED_CALLS)
        self._stopped = Seen(REMEMBERED_CALLS)  # since the model began its answer

    def receive(self, text: str, *, whole: bool = False) -> list[Outcome]:
        """The outcomes of one frame, in the order to act on them. Bad input raises nothing: it is an outcome too.

        A valid message is parsed once. Most have a payload that is validated straight from the text, in little more
        than half the time of parsing it first.

        Args:
            text: the frame.
            whole: whether events must bring their message, for helpers.
        """
        try:
            read = None if whole else _text_reader(type_at_head(text))
            return [read(text)] if read else self._outcomes(parse(text))
        except MalformedMessageError as error:
            reason = str(error)
        except ValidationError as error:
            reason = reason_of(error)
        if (better := mended(text)) != text:
            return self.receive(better, whole=whole)
        invalid = Fire(RTVIEvent.INVALID_MESSAGE, (InvalidMessage(text[:2000], reason),))
        if not (id := id_in(text)):
            return [invalid]
        # If it answers a request, that request fails now instead of timing out.
        return [invalid, Refused(id, f"The bot's answer is invalid: {reason}")]

    def _outcomes(self, message: Message) -> list[Outcome]:
        event = BY_WIRE.get(message["type"])
        if event is None:
            return [_eventless(message)]
        args = _reader(event)(message)
        fire = Fire(event, args, message)
        if event not in _CONSEQUENTIAL:
            return [fire]
        before, after = self._consequences(event, args[0] if args else None, _id(message))
        return [*before, fire, *after]

    def _consequences(self, event: Event[Any], data: Any, id: str) -> tuple[list[Outcome], list[Outcome]]:
        """What a message leads to, before and after its event is fired."""
        if event is RTVIEvent.BOT_READY:
            return [BotBecameReady(data)], []
        if event in _ANSWERS and id:
            return [Answered(id, data)], []
        if event is RTVIEvent.MESSAGE_ERROR:
            unsupported = _UNSUPPORTED.fullmatch(data.data.error)
            return [Refused(id, data.data.error, unsupported and unsupported[1])], []
        if event is RTVIEvent.ERROR and data.data.fatal:
            return [], [FatalError(data.data.error)]
        if event in _CALL_EVENTS and data.function_name is not None:
            return [], [CallAnnounced(data, only_here=event is RTVIEvent.LLM_FUNCTION_CALL)]
        if event is RTVIEvent.LLM_FUNCTION_CALL_STOPPED:
            self._calls.forget(data.tool_call_id)
            self._stopped.add(data.tool_call_id)
            return [], [CallCancelled(data)] if data.cancelled else []
        if event is RTVIEvent.BOT_LLM_STARTED:
            self._stopped.clear()  # some models number their calls anew in every answer
        return [], []

    def claim(self, tool_call_id: str) -> bool:
        """Take a call to answer it; ``False`` if it was taken before (an old and a new message announce one call), or
        if it has stopped already.

        Calls with an empty id, as some models make them, are all different.
        """
        if not tool_call_id:
            return True
        return tool_call_id not in self._stopped and self._calls.add(tool_call_id)


def _eventless(message: Message) -> Outcome:
    """The outcome of a message that has no event."""
    match message["type"]:
        case "server-response":
            return Answered(_id(message), _data_in(ServerResponseData, message).d)
        case "action-response":
            return Answered(_id(message), _whole(ActionResponse, message))
    return ForHelpers(message)


def _id(message: Message) -> str:
    return message.get("id") or ""


@lru_cache(128)
def _text_reader(wire_type: str) -> Callable[[str], Fire] | None:
    """A reader of messages as text; ``None`` if they have no event, or the client acts on them and needs more."""
    event = BY_WIRE.get(wire_type)
    if event is None or event in _CONSEQUENTIAL:
        return None
    payload, field = event.payload, event.field
    if payload is None or payload is Any:
        read_message = _reader(event)
        return lambda text: Fire(event, read_message(parse(text)))
    model: type[BaseModel] = getattr(payloads, payload)
    validate = _validator(model).validate_json

    def read(text: str) -> Fire:
        data = validate(text).get("data")
        if data is None:
            data = _data_in(model, {})
        return Fire(event, (getattr(data, field) if field else data,))

    return read


@cache
def _reader(event: Event[Any]) -> Callable[[Message], Args]:
    """A reader of an event's messages. It raises ``ValidationError`` when one does not fit the event's payload."""
    payload, field = event.payload, event.field
    if payload is None:
        return lambda message: ()
    if payload is Any:
        return lambda message: (message.get("data"),)
    model: type[BaseModel] = getattr(payloads, payload)
    if issubclass(model, RTVIMessage):
        return lambda message: (_whole(model, message),)
    if field:
        return lambda message: (getattr(_data_in(model, message), field),)
    return lambda message: (_data_in(model, message),)


def _whole(model: type[Model], message: Message) -> Model:
    """A message as a model of its own type."""
    return model.model_validate({name: value for name, value in message.items() if value is not None})


def _data_in(model: type[Model], message: Message) -> Model:
    """The data of a message as a model. No data, or null, is an empty object."""
    data = message.get("data")
    validated: Model = _validator(model).validate_python({"data": {} if data is None else data})["data"]
    return validated


@cache
def _validator(model: type[BaseModel]) -> Any:
    """What validates the data of messages, in JSON or parsed."""
    return TypeAdapter(_Message[model]).validator  # type: ignore[valid-type]
