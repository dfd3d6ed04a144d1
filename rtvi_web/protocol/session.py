"""What each frame of text means to a session: outcomes for the client to act on."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rtvi_web.protocol import payloads
from rtvi_web.protocol.events import BY_WIRE, Event, InvalidMessage, RTVIEvent
from rtvi_web.protocol.messages import MalformedMessageError, RTVIMessage, decode
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

REMEMBERED_CALLS = 256
"""How many function calls are remembered, so that none is answered twice."""

_UNSUPPORTED = re.compile(r"Unsupported type '?([\w-]+)")
"""What Pipecat says about a message type that it does not know."""
_ANSWERS = (RTVIEvent.CONFIG, RTVIEvent.CONFIG_DESCRIBE, RTVIEvent.ACTIONS_AVAILABLE)
_CALL_EVENTS = (RTVIEvent.LLM_FUNCTION_CALL, RTVIEvent.LLM_FUNCTION_CALL_IN_PROGRESS)


class Session:
    """One session's book-keeping: which calls were answered already, and what each frame leads to."""

    def __init__(self) -> None:
        self._calls: OrderedDict[str, None] = OrderedDict()

    def receive(self, text: str) -> list[Outcome]:
        """The outcomes of one frame, in the order in which they are to be acted on. Never raises on bad input."""
        outcomes: list[Outcome] = [Fire(RTVIEvent.MESSAGE_RECEIVED, (text,))]
        try:
            outcomes += self._understand(decode(text))
        except MalformedMessageError as error:
            outcomes.append(_invalid(text, str(error)))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, ("data", *first["loc"])))
            outcomes.append(_invalid(text, f"{where}: {first['msg']}"))
        return outcomes

    def _understand(self, message: RTVIMessage) -> list[Outcome]:
        if message.type == "server-response":
            response = ServerResponseData.model_validate(message.data or {})
            return [Answered(message.id or "", response.d)]
        if message.type == "action-response":
            return [Answered(message.id or "", _whole(ActionResponse, message))]
        event = BY_WIRE.get(message.type)
        if event is None:
            return [ForHelpers(message, known=False)]
        args = _arguments(event, message)
        before, after = self._consequences(event, args[0] if args else None, message.id or "")
        return [*before, ForHelpers(message, known=True), Fire(event, args), *after]

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


def _arguments(event: Event[Any], message: RTVIMessage) -> tuple[Any, ...]:
    """What the handlers of an event get of a wire message.

    Raises:
        pydantic.ValidationError: the message does not fit the event's payload.
    """
    payload = event.payload
    if payload is None:
        return ()
    if payload is Any:
        return (message.data,)
    model: type[BaseModel] = getattr(payloads, payload)
    if issubclass(model, RTVIMessage):
        return (_whole(model, message),)
    data = model.model_validate({} if message.data is None else message.data)
    return (getattr(data, event.field) if event.field else data,)


def _whole(model: type[Model], message: RTVIMessage) -> Model:
    """A message as a model of its own type."""
    return model.model_validate(message.model_dump(exclude_none=True))
