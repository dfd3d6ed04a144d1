"""Tools: functions that the model may call, and how their calls are answered."""

from __future__ import annotations

import inspect
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, cast

from rtvi_web.core.checks import seconds
from rtvi_web.core.foreign_json import read_json
from rtvi_web.core.requirements import check
from rtvi_web.core.seen import Seen
from rtvi_web.core.tasks import MAX_ANSWERING, call_user_code, cancelling, report
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.realtime.protocol.session_config import tool_definition

Handler = Callable[..., Any]
MAX_TURNS = 64
"""Responses whose calls are remembered."""


class BackgroundResult(NamedTuple):
    """What a handler returns if the model should note the result and not speak about it now."""

    output: Any


@dataclass(frozen=True)
class Tool:
    """A function that the model may call.

    Attributes:
        definition: what is sent to the server: ``type``, ``name``, ``description``, ``parameters`` (a JSON schema).
        handler: takes one dict, the arguments as the model gave them; ``None`` if the page answers the calls.
        timeout: seconds a call may take; ``None`` means no limit. It ends coroutines; a sync handler blocks the page.
    """

    definition: dict[str, Any]
    handler: Handler | None = None
    timeout: float | None = 60.0

    @property
    def name(self) -> str:
        """The name by which the model calls it."""
        return str(self.definition["name"])


class Answer(NamedTuple):
    """How a call ended.

    Attributes:
        output: the text that the model gets.
        respond: whether it should speak about it.
    """

    output: str
    respond: bool = True


def tool_of(given: Any, handler: Handler | None = None, *, timeout: float | None = 60.0) -> Tool:
    """Make a tool from a definition and its handler, or from a typed function alone.

    Args:
        given: a definition (``{"name": …, "description": …, "parameters": …}``; fields that GA doesn't know are left
            out), or a function whose name, docstring and annotations are the definition.
        handler: takes one dict. A function takes no handler: it is called itself, with its parameters.
        timeout: seconds a call may take; ``None`` means no limit.

    Raises:
        InvalidArgumentError: it has no name, the handler cannot be called, or a parameter has no JSON schema.
    """
    limit = seconds(timeout, "timeout")
    if isinstance(given, Mapping):
        definition = tool_definition({**given, "type": "function"})
        if handler is not None and not callable(handler):
            raise InvalidArgumentError(f'Tool "{definition["name"]}" handler must be a function')
        return Tool(definition, handler, limit)
    if not callable(given) or handler is not None:
        raise InvalidArgumentError(f"A tool is a definition with a name, or a typed function; it is {given!r}.")
    return _tool_of_function(given, limit)


def _tool_of_function(function: Handler, timeout: float | None) -> Tool:
    check()
    from pydantic import TypeAdapter  # late, see rtvi_web.rtvi.protocol
    from pydantic.errors import PydanticUserError
    from pydantic_core import ArgsKwargs

    name = getattr(function, "__name__", "")
    if not name.isidentifier():
        raise InvalidArgumentError("A tool's function needs a name; give a definition for this one.")
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(cast(Any, function))
        schema = adapter.json_schema()
    except (PydanticUserError, NameError, TypeError) as error:
        raise InvalidArgumentError(f"The parameters of tool {name!r} have no JSON schema: {error}") from error
    if schema["type"] != "object":
        raise InvalidArgumentError(f"Tool {name!r} has parameters that cannot be given by name.")

    def call(arguments: Mapping[str, Any]) -> Any:
        return adapter.validate_python(ArgsKwargs((), dict(arguments)))

    definition = {"type": "function", "name": name, "parameters": schema}
    if doc := inspect.getdoc(function):
        definition["description"] = doc
    return Tool(definition, call, timeout)


async def execute(tool: Tool, arguments: Mapping[str, Any]) -> Any:
    """Run a tool's handler, sync or async, within its time-out, and return its result.

    Raises:
        TimeoutError: it took too long.
        Exception: anything the handler raises.
    """
    if tool.handler is None:
        raise InvalidArgumentError(f'Tool "{tool.name}" is not registered')
    return await call_user_code(partial(tool.handler, arguments), f"tool {tool.name!r}", timeout=tool.timeout)


async def answer(tool: Tool, arguments: str) -> Answer:
    """Answer a call of the model; never raises.

    An error becomes ``{"error": …}``, which the model can read, and goes to the event loop's exception handler. A text
    is passed on unchanged, everything else as JSON.

    Args:
        arguments: the JSON text of an object, as the model sent it.
    """
    try:
        given = read_json(arguments or "{}")
        if not isinstance(given, dict):
            raise InvalidArgumentError(f"The arguments of tool {tool.name!r} are not an object: {arguments[:200]}")
        result = await execute(tool, given)
        if isinstance(result, BackgroundResult):
            return Answer(_output(result.output), respond=False)
        return Answer(_output(result))
    except BaseException as error:
        if cancelling():
            raise  # the session is over
        report(error, f"tool {tool.name!r} failed", tool.handler)
        return Answer(json.dumps({"error": f"{type(error).__name__}: {error}"}))


def refused() -> Answer:
    """Answer a call while too many others are being answered."""
    return Answer(json.dumps({"error": f"{MAX_ANSWERING} functions are running already. Call it again later."}))


def not_offered(name: str | None) -> Answer:
    """Answer a call of a tool that was never offered."""
    return Answer(json.dumps({"error": f'Tool "{name}" has not been added'}))  # the words of openai-realtime-api


def _output(result: Any) -> str:
    if isinstance(result, str):
        return result
    try:
        return json.dumps(result, allow_nan=False)
    except (TypeError, ValueError):  # models, dataclasses, dates, NaN …, however deep
        from pydantic_core import to_json  # late, see rtvi_web.rtvi.protocol

        return to_json(result, by_alias=False, inf_nan_mode="null").decode()


class ToolCalls:
    """Which calls of the model are being answered, and when all calls of a response are. Pure.

    A call is answered once, even if the server announces it several times; a call id that recurs in another response is
    another call. The model is asked to go on once per response: when the response has ended, all its calls are
    answered, and it should speak about at least one answer.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """A new session begins: forget all calls."""
        self._seen = Seen()
        self._without_response = Seen()
        self._turns: OrderedDict[str, _Turn] = OrderedDict()

    def begin(self, response_id: str, item_id: str, call_id: str) -> bool:
        """A call is complete. Return whether it is new.

        Args:
            response_id: the response it belongs to; ``""`` if that is unknown.
            item_id: its item.
            call_id: its id; a call without one cannot be answered, and nothing waits for it.
        """
        if response_id and (item_id, call_id) not in self._without_response:
            is_new = self._seen.add((response_id, call_id or item_id))
        else:
            is_new = self._without_response.add((item_id, call_id))
        if is_new and call_id:
            self._turn(response_id).pending += 1
        return is_new

    def answered(self, response_id: str, *, respond: bool) -> bool:
        """A call has been answered. Return whether to ask the model to go on."""
        if turn := self._turns.get(response_id):
            turn.pending -= 1
            turn.respond |= respond
        return self._should_go_on(response_id)

    def response_done(self, response_id: str, *, goes_on: bool) -> bool:
        """A response has ended. Return whether to ask the model to go on.

        Args:
            goes_on: whether the model may go on at all; it may not after a response that was cancelled or failed.
        """
        ended = {response_id, ""}  # also calls of which the server did not say where they belong
        for id in ended:
            turn = self._turn(id)
            turn.done, turn.goes_on = True, goes_on
        return any([self._should_go_on(id) for id in ended])

    def response_created(self, response_id: str) -> None:
        """A response begins; an earlier one may have had the same id."""
        for id in (response_id, ""):
            if (turn := self._turns.get(id)) and not turn.pending:
                del self._turns[id]

    def _turn(self, response_id: str) -> _Turn:
        """The calls of a response, which may arrive after its end."""
        turn = self._turns.setdefault(response_id, _Turn())
        if len(self._turns) > MAX_TURNS:
            self._turns.popitem(last=False)
        return turn

    def _should_go_on(self, response_id: str) -> bool:
        turn = self._turns.get(response_id)
        if turn is None or turn.pending or not turn.done:
            return False
        respond, turn.respond = turn.respond, False
        return respond and turn.goes_on


@dataclass
class _Turn:
    pending: int = 0
    respond: bool = False
    done: bool = False
    goes_on: bool = True
