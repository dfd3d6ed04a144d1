"""What each frame of text means to a session: outcomes for the client to act on."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from pydantic import BaseModel, ValidationError

from rtvi_web.protocol import payloads
from rtvi_web.protocol.events import BY_WIRE, Event, InvalidMessage, RTVIEvent
from rtvi_web.protocol.messages import MalformedMessageError, RTVIMessage, decode
from rtvi_web.protocol.outcomes import Answered, BotBecameReady, CallAnnounced, FatalError, Fire, Outcome, Refused
from rtvi_web.protocol.payloads import FunctionCallData, ServerResponseData

REMEMBERED_CALLS = 256
"""How many function calls are remembered, so that none is run twice."""

_CALL_EVENTS = (RTVIEvent.LLM_FUNCTION_CALL, RTVIEvent.LLM_FUNCTION_CALL_IN_PROGRESS)


class Session:
    """One session's book-keeping: which calls were announced already, and what each frame leads to."""

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
        event = BY_WIRE.get(message.type)
        if event is None:
            return [Fire(RTVIEvent.GENERIC_MESSAGE, (message,))]
        args = _arguments(event, message)
        fire = Fire(event, args)
        data: Any = args[0] if args else None
        if event is RTVIEvent.BOT_READY:
            return [BotBecameReady(data), fire]
        if event is RTVIEvent.ERROR:
            return [fire, FatalError(data.data.error)] if data.data.fatal else [fire]
        if event is RTVIEvent.MESSAGE_ERROR:
            return [Refused(data.id or "", data.data.error), fire]
        if event in _CALL_EVENTS and self._is_new(data):
            return [fire, CallAnnounced(data)]
        return [fire]

    def _is_new(self, call: FunctionCallData) -> bool:
        """Whether a call can be answered and was not announced before (old and new messages announce the same one)."""
        if call.function_name is None or call.tool_call_id in self._calls:
            return False
        self._calls[call.tool_call_id] = None
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
    source = message.model_dump(exclude_none=True) if issubclass(model, RTVIMessage) else message.data
    return (model.model_validate({} if source is None else source),)
