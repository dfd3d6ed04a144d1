"""Functions of the page that the bot's model can call."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from rtvi_web.core.tasks import call_user_code, cancelling, report
from rtvi_web.errors import InvalidArgumentError

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.payloads import FunctionCallData


class FunctionCall(NamedTuple):
    """One call of a function by the model. Mirrors ``FunctionCallParams``.

    Attributes:
        function_name: what is called.
        arguments: by name, as the model gave them: check them as you would check any input.
        tool_call_id: names this call.
    """

    function_name: str
    arguments: dict[str, Any]
    tool_call_id: str


FunctionCallHandler = Callable[[FunctionCall], Any]


class Answerer(NamedTuple):
    """A handler of function calls, and its time limit in seconds; ``None`` means no limit."""

    handler: FunctionCallHandler
    timeout: float | None = None


NO_HANDLER = Answerer(lambda call: {"error": f"There is no handler for function {call.function_name!r}."})
"""Answers calls that only the page could answer, so that the model does not wait."""


FUNCTION_TIMEOUT = 60.0
"""The time limit of a handler, in seconds, unless another is given: a person may be asked, but the model waits."""


class FunctionCalls:
    """The handlers of function calls, by function name.

    Args:
        changed: called when a function is registered or unregistered.
    """

    def __init__(self, changed: Callable[[], object] = lambda: None) -> None:
        self._answerers: dict[str | None, Answerer] = {}
        self._changed = changed

    def register(self, name: str | None, handler: FunctionCallHandler, timeout: float | None) -> None:
        """Register the handler of a function, in place of an earlier one; ``None`` is for all functions without one.

        Raises:
            InvalidArgumentError: the name is empty, or the handler cannot be called.
        """
        self.check_name(name)
        if not callable(handler):
            raise InvalidArgumentError(f"The handler of function {name!r} must be a function; it is {handler!r}.")
        self._answerers[name] = Answerer(handler, timeout)
        self._changed()

    @staticmethod
    def check_name(name: str | None) -> None:
        """Check the name of a function.

        Raises:
            InvalidArgumentError: the name is empty, or is not a string.
        """
        if name is not None and (not name or not isinstance(name, str)):
            raise InvalidArgumentError(
                f"A function's name must be a non-empty string, or None for all others; it is {name!r}."
            )

    def unregister(self, name: str | None, handler: FunctionCallHandler | None = None) -> None:
        """Leave a function to the default handler, or to the server if there is none.

        Args:
            handler: unregister it only if it is the registered one.
        """
        if handler is None or self._answerers.get(name, NO_HANDLER).handler == handler:
            self._answerers.pop(name, None)
            self._changed()

    def unregister_all(self) -> None:
        """Leave all functions to the server."""
        self._answerers.clear()
        self._changed()

    def limits(self) -> dict[str | None, float | None]:
        """The functions that have a handler, and its time limit in seconds."""
        return {name: answerer.timeout for name, answerer in self._answerers.items()}

    def answerer(self, name: str) -> Answerer | None:
        """The handler for a function; ``None`` leaves it to the server, which may own it."""
        return self._answerers.get(name) or self._answerers.get(None)


async def answer(answerer: Answerer, data: FunctionCallData) -> dict[str, Any]:
    """Run a handler and make the data of ``llm-function-call-result``; never raises.

    If the handler raises, takes too long, or returns something that JSON cannot express, the result is
    ``{"error": …}``, which the model can read; the exception goes to the event loop's exception handler. Servers take
    an object or a string: anything else is wrapped as ``{"result": …}``.
    """
    from pydantic import BaseModel  # late, see rtvi_web.rtvi.protocol

    call = FunctionCall(data.function_name or "", data.arguments or {}, data.tool_call_id)
    what = f"the handler of function {call.function_name!r}"
    try:
        result = await call_user_code(lambda: answerer.handler(call), what, timeout=answerer.timeout)
        if isinstance(result, BaseModel):
            result = result.model_dump(mode="json")
        json.dumps(result, allow_nan=False)
    except BaseException as error:
        if cancelling():
            raise  # this task is being cancelled; otherwise the handler met something that was
        report(error, f"{what} raised", answerer.handler)
        result = {"error": f"{type(error).__name__}: {_text(error)}"}
    return {
        "function_name": call.function_name,
        "tool_call_id": call.tool_call_id,
        "arguments": call.arguments,
        "result": result if isinstance(result, dict | str) else {"result": result},
    }


def _text(error: BaseException) -> str:
    """The text of an error, even if its ``__str__`` raises."""
    try:
        return str(error)
    except Exception:
        return "(it cannot say why)"
