"""Reads each frame of text that a bot sends: the outcomes for the session to act on."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Generic, NotRequired, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from typing_extensions import TypedDict  # pydantic takes typing's from Python 3.12 on

from rtvi_web.core.event import Event
from rtvi_web.core.seen import Seen
from rtvi_web.rtvi.protocol import payloads
from rtvi_web.rtvi.protocol.events import BY_WIRE, InvalidMessage, RTVIEvent
from rtvi_web.rtvi.protocol.messages import MalformedMessageError, RTVIMessage, id_in, mended, parse, reason_of, type_of
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
Reader = Callable[[str], tuple[Any, ...]]
"""Makes the arguments of an event's handlers from a frame of text.

Raises ``pydantic.ValidationError`` when the message does not fit the event's payload.
"""

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

    def receive(self, text: str) -> list[Outcome]:
        """The outcomes of one frame, in the order to act on them. Bad input raises nothing: it is an outcome too."""
        try:
            type = type_of(text)
            if (event := BY_WIRE.get(type)) is None:
                return [_eventless(type, text)]
            read, is_consequential = _reading(event)
            args = read(text)
            fire = Fire(event, args, text)
            if not is_consequential:
                return [fire]
            before, after = self._consequences(event, args[0] if args else None, _id(text))
            return [*before, fire, *after]
        except MalformedMessageError as error:
            reason = str(error)
        except ValidationError as error:
            reason = reason_of(error)
        if (better := mended(text)) != text:
            return self.receive(better)
        invalid = Fire(RTVIEvent.INVALID_MESSAGE, (InvalidMessage(text[:2000], reason),))
        if not (id := id_in(text)):
            return [invalid]
        # If it answers a request, that request fails now instead of timing out.
        return [invalid, Refused(id, f"The bot's answer is invalid: {reason}")]

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


def _eventless(type: str, text: str) -> Outcome:
    """The outcome of a message that has no event."""
    if type == "server-response":
        return Answered(_id(text), _data_reader(ServerResponseData)(text)[0].d)
    if type == "action-response":
        return Answered(_id(text), _whole(ActionResponse, text))
    return ForHelpers(parse(text))


def _id(text: str) -> str:
    return parse(text).get("id") or ""


@cache
def _reading(event: Event[Any]) -> tuple[Reader, bool]:
    """The reader of an event's messages, and whether the client itself acts on them."""
    return _reader(event), event in _CONSEQUENTIAL


def _reader(event: Event[Any]) -> Reader:
    payload, field = event.payload, event.field
    if payload is None:
        return _nothing
    if payload is Any:
        return lambda text: (parse(text).get("data"),)
    model: type[BaseModel] = getattr(payloads, payload)
    if issubclass(model, RTVIMessage):
        return lambda text: (_whole(model, text),)
    read = _data_reader(model)
    return (lambda text: (getattr(read(text)[0], field),)) if field else read


def _nothing(text: str) -> tuple[()]:
    parse(text)  # raises when it is not a message
    return ()


def _whole(model: type[Model], text: str) -> Model:
    """A message as a model of its own type."""
    return model.model_validate({name: value for name, value in parse(text).items() if value is not None})


@cache
def _data_reader(model: type[Model]) -> Callable[[str], tuple[Model]]:
    """A reader that makes a model of a message's data, and puts it in a tuple. No data, or null, is an empty object.

    It validates the text itself, in little more than half the time of parsing it first.
    """
    message = TypeAdapter(_Message[model]).validator  # type: ignore[valid-type]

    def read(text: str) -> Any:
        data = message.validate_json(text).get("data")
        return (message.validate_python({"data": {}})["data"] if data is None else data,)

    return read
