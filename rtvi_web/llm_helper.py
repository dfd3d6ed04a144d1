"""LLMHelper: the model's context and function calls, for bots that have the ``llm`` actions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rtvi_web.errors import BotNotReadyError
from rtvi_web.functions import FunctionCallHandler
from rtvi_web.helpers import RTVIClientHelper

if TYPE_CHECKING:
    from rtvi_web.protocol.messages import RTVIMessage
    from rtvi_web.protocol.payloads import ActionResponse, LLMContext


class LLMHelper(RTVIClientHelper):
    """Reads and changes what the model knows. Mirrors ``LLMHelper``.

    ::

        llm = client.register_helper("llm", LLMHelper())
        await llm.append_to_messages({"role": "user", "content": "Say hello."}, run_immediately=True)

    Args:
        callbacks: ``on_llm_function_call(FunctionCallData)``, ``on_llm_function_call_start(name)``,
            ``on_llm_json_completion(text)`` and ``on_llm_message`` (no server sends what would fire it). The client
            has events for the first three as well.

    Its methods raise :class:`BotNotReadyError` before the bot is ready, and what ``client.action()`` raises.
    """

    callback_names = ("on_llm_function_call", "on_llm_function_call_start", "on_llm_json_completion", "on_llm_message")
    _handler: FunctionCallHandler | None = None

    async def get_context(self) -> LLMContext:
        """The model's messages and tools. Mirrors ``getContext()``."""
        from rtvi_web.protocol.payloads import LLMContext  # late, see rtvi_web.protocol

        response = await self._act("get_context")
        return LLMContext.model_validate(response.data.result or {})

    async def set_context(self, context: LLMContext | Mapping[str, Any], interrupt: bool = False) -> bool:
        """Replace the model's messages. Mirrors ``setContext()``; tools stay as they are.

        Args:
            context: an :class:`LLMContext`, or a dict with ``messages``.
            interrupt: whether the bot stops speaking.

        Returns:
            Whether the bot says that it has done so.
        """
        messages = context.get("messages") if isinstance(context, Mapping) else context.messages
        response = await self._act("set_context", messages=messages or [], interrupt=interrupt)
        return bool(response.data.result)

    async def append_to_messages(self, message: Mapping[str, Any], run_immediately: bool = False) -> bool:
        """Append a message to the model's context. Mirrors ``appendToMessages()``.

        Args:
            message: such as ``{"role": "user", "content": "Hello!"}``.
            run_immediately: whether the model answers at once.

        Returns:
            Whether the bot says that it has done so.
        """
        response = await self._act("append_to_messages", messages=[dict(message)], run_immediately=run_immediately)
        return bool(response.data.result)

    async def run(self, interrupt: bool = False) -> ActionResponse:
        """Run the model on its context as it is. Mirrors ``run()``."""
        return await self._act("run", interrupt=interrupt)

    def handle_function_call(self, handler: FunctionCallHandler) -> None:
        """Answer all function calls that have no handler of their own. Mirrors ``handleFunctionCall()``.

        The last handler given wins; see ``client.register_function_call_handler()``.
        """
        self._handler = handler
        if self.client:
            self.client.register_function_call_handler(None, handler)

    def get_message_types(self) -> list[str]:
        return ["llm-function-call", "llm-function-call-start", "llm-function-call-result", "llm-json-completion"]

    def handle_message(self, message: RTVIMessage) -> None:
        # late, see rtvi_web.protocol
        from rtvi_web.protocol.payloads import FunctionCallData, FunctionCallStartedData

        data: Any = message.data
        if message.type == "llm-function-call":
            data = FunctionCallData.model_validate(data)
        elif message.type == "llm-function-call-start":
            data = FunctionCallStartedData.model_validate(data or {}).function_name
        if callback := self.callbacks.get("on_" + message.type.replace("-", "_")):
            callback(data)

    def registered(self) -> None:
        if self._handler:
            self.handle_function_call(self._handler)

    def unregistered(self) -> None:
        if self._handler and self.client:
            self.client.unregister_function_call_handler(None)

    async def _act(self, action: str, **arguments: Any) -> ActionResponse:
        if self.client is None:
            raise BotNotReadyError(f"{action}() was called on a helper that is registered with no client.")
        self.client.require_ready(f"{action}()")
        response: ActionResponse = await self.client.action(
            {"service": self.service, "action": action, "arguments": arguments or None}
        )
        return response
