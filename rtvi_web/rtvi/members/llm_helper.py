"""LLMHelper: the model's context and function calls, for bots that have the ``llm`` actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rtvi_web.core.handlers import fitted
from rtvi_web.errors import BotNotReadyError, InvalidArgumentError, RequestError
from rtvi_web.rtvi.session.functions import FUNCTION_TIMEOUT, Answerer, FunctionCallHandler
from rtvi_web.rtvi.session.helpers import RTVIClientHelper

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.messages import RTVIMessage
    from rtvi_web.rtvi.protocol.payloads import ActionResponse, LLMContext


class LLMHelper(RTVIClientHelper):
    """Reads and changes the model's context. Mirrors ``LLMHelper``.

    ::

        llm = client.register_helper("llm", LLMHelper())
        await llm.append_to_messages({"role": "user", "content": "Say hello."}, run_immediately=True)

    Args:
        callbacks: ``on_llm_function_call(FunctionCallData)``, ``on_llm_function_call_start(name)``,
            ``on_llm_json_completion(text)`` and ``on_llm_message`` (servers do not send its message), sync or async.
            A callback may take no parameter. The client has events for the first three as well.

    Its requests take a ``timeout`` in seconds (``None``: no limit). Before the bot is ready they raise
    :class:`BotNotReadyError`; otherwise they raise what ``client.action()`` raises.
    """

    callback_names = ("on_llm_function_call", "on_llm_function_call_start", "on_llm_json_completion", "on_llm_message")
    _answerer: Answerer | None = None

    async def get_context(self, *, timeout: float | None = 10.0) -> LLMContext:
        """The model's messages and tools. Mirrors ``getContext()``.

        Raises:
            RequestError: the bot's answer is not a context.
        """
        from pydantic import ValidationError

        from rtvi_web.rtvi.protocol.messages import reason_of
        from rtvi_web.rtvi.protocol.payloads import LLMContext  # late, see rtvi_web.rtvi.protocol

        response = await self._act("get_context", timeout)
        try:
            return LLMContext.model_validate(response.data.result or {})
        except ValidationError as error:
            raise RequestError(f"The bot's answer to get_context is not a context: {reason_of(error)}.") from None

    async def set_context(
        self, context: LLMContext | Mapping[str, Any], interrupt: bool = False, *, timeout: float | None = 10.0
    ) -> bool:
        """Replace the model's messages. Mirrors ``setContext()``; tools stay as they are.

        Args:
            context: an :class:`LLMContext`, or a dict with ``messages``.
            interrupt: whether the bot stops speaking.

        Returns:
            The bot's result, whether it did so.

        Raises:
            InvalidArgumentError: the context lacks a list of messages.
        """
        messages = context.get("messages") if isinstance(context, Mapping) else context.messages
        if not isinstance(messages, list | tuple):
            raise InvalidArgumentError(f"A context must have a list of messages; it has {messages!r}.")
        response = await self._act("set_context", timeout, messages=messages, interrupt=interrupt)
        return bool(response.data.result)

    async def append_to_messages(
        self, message: Mapping[str, Any], run_immediately: bool = False, *, timeout: float | None = 10.0
    ) -> bool:
        """Append a message to the model's context. Mirrors ``appendToMessages()``.

        Args:
            message: such as ``{"role": "user", "content": "Hello!"}``.
            run_immediately: whether the model answers at once.

        Returns:
            The bot's result, whether it did so.
        """
        if not isinstance(message, Mapping):
            raise InvalidArgumentError(f"A message must be a dict; it is {message!r}.")
        arguments = {"messages": [dict(message)], "run_immediately": run_immediately}
        response = await self._act("append_to_messages", timeout, **arguments)
        return bool(response.data.result)

    async def run(self, interrupt: bool = False, *, timeout: float | None = 10.0) -> ActionResponse:
        """Run the model on its context as it is. Mirrors ``run()``."""
        return await self._act("run", timeout, interrupt=interrupt)

    def handle_function_call(self, handler: FunctionCallHandler, *, timeout: float | None = FUNCTION_TIMEOUT) -> None:
        """Answer all function calls that have no handler of their own. Mirrors ``handleFunctionCall()``.

        The last handler given wins; see ``client.register_function_call_handler()``, also for ``timeout``.
        """
        self._answerer = Answerer(handler, timeout)
        self.registered()

    def get_message_types(self) -> list[str]:
        return ["llm-function-call", "llm-function-call-start", "llm-function-call-result", "llm-json-completion"]

    def handle_message(self, message: RTVIMessage) -> object:
        # late, see rtvi_web.rtvi.protocol
        from rtvi_web.rtvi.protocol.payloads import FunctionCallData, FunctionCallStartedData

        data: Any = message.data
        if message.type == "llm-function-call":
            data = FunctionCallData.model_validate(data)
        elif message.type == "llm-function-call-start":
            data = FunctionCallStartedData.model_validate(data or {}).function_name
        callback = self.callbacks.get("on_" + message.type.replace("-", "_"))
        return fitted(callback)(data) if callback else None

    def registered(self) -> None:
        if self._answerer and self.client:
            handler, timeout = self._answerer
            self.client.register_function_call_handler(None, handler, timeout=timeout)

    def unregistered(self) -> None:
        if self._answerer and self.client:
            self.client.unregister_function_call_handler(None, self._answerer.handler)

    async def _act(self, action: str, timeout: float | None, **arguments: Any) -> ActionResponse:
        if self.client is None:
            raise BotNotReadyError(
                f"{action}() was called on a helper without a client. Call client.register_helper() first."
            )
        self.client.require_ready(f"{action}()")
        response: ActionResponse = await self.client.action(
            {"service": self.service, "action": action, "arguments": arguments or None}, timeout=timeout
        )
        return response
