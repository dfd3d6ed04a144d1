"""The members of a client that let the bot's model call functions of the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from rtvi_web.core.checks import seconds
from rtvi_web.rtvi.session.functions import FUNCTION_TIMEOUT, FunctionCallHandler, FunctionCalls


class Functions:
    """The functions that a client answers, or a notebook for the face in its cell."""

    _functions: FunctionCalls

    @overload
    def register_function_call_handler(
        self, name: str | None, handler: FunctionCallHandler, *, timeout: float | None = FUNCTION_TIMEOUT
    ) -> None: ...
    @overload
    def register_function_call_handler(
        self, name: str | None, *, timeout: float | None = FUNCTION_TIMEOUT
    ) -> Callable[[FunctionCallHandler], FunctionCallHandler]: ...
    def register_function_call_handler(
        self,
        name: str | None,
        handler: FunctionCallHandler | None = None,
        *,
        timeout: float | None = FUNCTION_TIMEOUT,
    ) -> Any:
        """Answer a function of the bot's model in the page. Mirrors ``registerFunctionCallHandler()``.

        Args:
            name: the function's name, or ``None`` for all that have no handler; the last one registered wins.
            handler: a function or coroutine function that takes a :class:`FunctionCall` and returns the model's
                result: a dict or a string; other JSON values are wrapped as ``{"result": …}``. If it raises, the model
                gets ``{"error": …}``. Without it, this is a decorator.
            timeout: seconds after which the handler is cancelled and the model gets an error as the result; ``None``
                means no limit. The end of the session cancels it too, unless the handler itself ended the session. A
                sync handler cannot be stopped: the page stands still while it runs.

        A function without a handler is left to the server, which may own it. Only the legacy ``llm-function-call``,
        which a server sends when it expects the page to answer, is answered with an error.

        Raises:
            InvalidArgumentError: the name is empty, or the handler cannot be called.
        """
        limit = seconds(timeout, "timeout")
        if handler is not None:
            self._functions.register(name, handler, limit)
            return None

        # Without a name, @register_function_call_handler gets the decorated function as the name.
        self._functions.check_name(name)

        def register(given: FunctionCallHandler) -> FunctionCallHandler:
            self._functions.register(name, given, limit)
            return given

        return register

    def unregister_function_call_handler(self, name: str | None, handler: FunctionCallHandler | None = None) -> None:
        """Leave a function to the default handler, or else to the server. Mirrors ``unregisterFunctionCallHandler()``.

        Args:
            name: the function's name, or ``None`` for the default handler.
            handler: remove only this handler; if another one is registered, nothing happens.
        """
        self._functions.unregister(name, handler)

    def unregister_all_function_call_handlers(self) -> None:
        """Leave all functions to the server. Mirrors ``unregisterAllFunctionCallHandlers()``."""
        self._functions.unregister_all()
