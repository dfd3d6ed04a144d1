"""What each frame of text means to a session: outcomes for the client to act on."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rtvi_web.protocol import payloads
from rtvi_web.protocol.events import BY_WIRE, Event, InvalidMessage, RTVIEvent
from rtvi_web.protocol.messages import MalformedMessageError, RTVIMessage, parse
from rtvi_web.protocol.outcomes import (
    Answered,
    BotBecameReady,
    CallAnnounced,
    FatalError,
    Fire,
    ForHelpers,
    Outcome,
    Refused,
)
from rtvi_web.protocol.payloads import ActionResponse, ServerResponseData

Model = TypeVar("Model", bound=BaseModel)
Message = dict[str, Any]
"""An :class:`RTVIMessage` as parsed JSON: whatever has not to be one is spared the making."""

REMEMBERED_CALLS = 256
"""How many function calls are remembered, so that none is answered twice."""

_UNSUPPORTED = re.compile(r"Unsupported type '?([\w-]+)")
"""What Pipecat says about a message type that it does not know."""
_ANSWERS = (RTVIEvent.CONFIG, RTVIEvent.CONFIG_DESCRIBE, RTVIEvent.ACTIONS_AVAILABLE)
_CALL_EVENTS = (RTVIEvent.LLM_FUNCTION_CALL, RTVIEvent.LLM_FUNCTION_CALL_IN_PROGRESS)
_CONSEQUENTIAL = frozenset(
    {*_ANSWERS, *_CALL_EVENTS, RTVIEvent.BOT_READY, RTVIEvent.MESSAGE_ERROR, RTVIEvent.ERROR},
)
"""The events of messages that the client itself acts on."""


class Session:
    """One session's book-keeping: which calls were answered already, and what each frame leads to."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, None] = OrderedDict()

    def receive(self, text: str) -> list[Outcome]:
        """The outcomes of one frame, in the order in which they are to be acted on. Never raises on bad input."""
        try:
            return self._understand(parse(text))
        except MalformedMessageError as error:
            return [_invalid(text, str(error))]
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, ("data", *first["loc"])))
            return [_invalid(text, f"{where}: {first['msg']}")]

    def _understand(self, message: Message) -> list[Outcome]:
        type, id = message["type"], message.get("id") or ""
        event = BY_WIRE.get(type)
        if type == "server-response":
            return [Answered(id, ServerResponseData.model_validate(message.get("data") or {}).d)]
        if type == "action-response":
            return [Answered(id, _whole(ActionResponse, message))]
        if event is None:
            return [ForHelpers(message)]
        args = _reader(event)(message)
        fire = Fire(event, args, message)
        if event not in _CONSEQUENTIAL:
            return [fire]
        before, after = self._consequences(event, args[0], id)
        return [*before, fire, *after]

    def _consequences(self, event: Event[Any], data: Any, id: str) -> tuple[list[Outcome], list[Outcome]]:
        """What a message leads to, before and after its event is fired."""
        if event is RTVIEvent.BOT_READY:
            return [BotBecameReady(data)], []
        if event in _ANSWERS and id:
            return [Answered(id, data)], []
        if event is RTVIEvent.MESSAGE_ERROR:
            unsupported = _UNSUPPORTED.match(data.data.error)
            return [Refused(id, data.data.error, unsupported and unsupported[1])], []
        if event is RTVIEvent.ERROR and data.data.fatal:
            return [], [FatalError(data.data.error)]
        if event in _CALL_EVENTS and data.function_name is not None:
            return [], [CallAnnounced(data, only_here=event is RTVIEvent.LLM_FUNCTION_CALL)]
        return [], []

    def claim(self, tool_call_id: str) -> bool:
        """Take a call to answer it; ``False`` if it was taken before (old and new messages announce the same one)."""
        if tool_call_id in self._calls:
            return False
        self._calls[tool_call_id] = None
        while len(self._calls) > REMEMBERED_CALLS:
            self._calls.popitem(last=False)
        return True


def _invalid(text: str, reason: str) -> Fire:
    return Fire(RTVIEvent.INVALID_MESSAGE, (InvalidMessage(text[:2000], reason),))


@cache
def _reader(event: Event[Any]) -> Callable[[Message], tuple[Any, ...]]:
    """What makes the arguments of an event's handlers from a wire message.

    It raises ``pydantic.ValidationError`` where the message does not fit the event's payload.
    """
    payload, field = event.payload, event.field
    if payload is None:
        return lambda message: ()
    if payload is Any:
        return lambda message: (message.get("data"),)
    model: type[BaseModel] = getattr(payloads, payload)
    if issubclass(model, RTVIMessage):
        return lambda message: (_whole(model, message),)
    validate = model.model_validate
    if field:
        return lambda message: (getattr(validate(_data(message)), field),)
    return lambda message: (validate(_data(message)),)


def _data(message: Message) -> Any:
    data = message.get("data")
    return {} if data is None else data


def _whole(model: type[Model], message: Message) -> Model:
    """A message as a model of its own type."""
    return model.model_validate({name: value for name, value in message.items() if value is not None})
