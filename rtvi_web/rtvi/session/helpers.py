"""Helpers: objects that take some of the bot's messages for themselves."""

from __future__ import annotations

import copy
import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from rtvi_web.core.checks import checked_mapping, nearest, snake_case
from rtvi_web.core.emitter import Emitter
from rtvi_web.core.handlers import Handler
from rtvi_web.core.tasks import report
from rtvi_web.errors import InvalidArgumentError
from rtvi_web.rtvi.session.functions import FunctionCallHandler

if TYPE_CHECKING:
    from rtvi_web.rtvi.protocol.messages import RTVIMessage


class HelperClient(Protocol):
    """The members of the client that helpers use."""

    async def action(self, request: Mapping[str, Any], *, timeout: float | None = 10.0) -> Any: ...
    def require_ready(self, what: str) -> None: ...
    def register_function_call_handler(
        self, name: str | None, handler: FunctionCallHandler, *, timeout: float | None = ...
    ) -> None: ...
    def unregister_function_call_handler(
        self, name: str | None, handler: FunctionCallHandler | None = None
    ) -> None: ...


class RTVIClientHelper(ABC):
    """The base of helpers. Mirrors ``RTVIClientHelper``.

    Args:
        callbacks: handlers by name; the names are in :attr:`callback_names` (camelCase is accepted).

    Attributes:
        client: the client it is registered with, or ``None``.
        service: the name it is registered under, or ``None``.

    Raises:
        InvalidArgumentError: there is no such callback, or it cannot be called.
    """

    callback_names: tuple[str, ...] = ()
    """The callbacks that this kind of helper has, in snake_case."""

    def __init__(self, callbacks: Mapping[str, Handler] | None = None) -> None:
        self.client: HelperClient | None = None
        self.service: str | None = None
        self.callbacks: dict[str, Handler] = {}
        for given, callback in checked_mapping("callbacks", callbacks).items():
            name = snake_case(str(given))
            if name not in self.callback_names:
                raise InvalidArgumentError(f"There is no callback {given!r}.{nearest(name, self.callback_names)}")
            if not callable(callback):
                raise InvalidArgumentError(f"The callback {given!r} must be a function; it is {callback!r}.")
            self.callbacks[name] = callback

    @abstractmethod
    def get_message_types(self) -> list[str]:
        """The types of the messages that it handles. Mirrors ``getMessageTypes()``."""

    @abstractmethod
    def handle_message(self, message: RTVIMessage) -> object:
        """Handle a message. Mirrors ``handleMessage()``. What it raises is reported, and the session goes on.

        It may be a coroutine function, or return a coroutine (such as that of a callback), which becomes a task.
        """

    def registered(self) -> None:
        """Called when ``client`` and ``service`` have been set."""
        return

    def unregistered(self) -> None:
        """Called before ``client`` and ``service`` are set to ``None``."""
        return


class MessageHelpers:
    """The helpers of one client by name.

    Args:
        emitter: runs what they do as coroutines.

    Attributes:
        by_name: all that are registered.
    """

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self.by_name: dict[str, RTVIClientHelper] = {}

    def handle(self, message: dict[str, Any]) -> bool:
        """Give a copy of a message, as parsed JSON, to every helper that handles its type. Returns whether one does."""
        if not self.by_name:
            return False
        from rtvi_web.rtvi.protocol.messages import RTVIMessage  # late, see rtvi_web.rtvi.protocol

        taken = False
        for service, helper in tuple(self.by_name.items()):
            reason = f"helper {service!r} raised"
            try:
                if message["type"] not in helper.get_message_types():
                    continue
                taken = True
                result = helper.handle_message(RTVIMessage.model_validate(copy.deepcopy(message)))
            except BaseException as error:
                report(error, reason, helper)
            else:
                if inspect.iscoroutine(result):
                    self._emitter.run(result, reason)
        return taken

    def register(self, service: str, helper: RTVIClientHelper, client: HelperClient) -> None:
        if not isinstance(helper, RTVIClientHelper):
            raise InvalidArgumentError(f"Helper must be an instance of RTVIClientHelper; it is {helper!r}.")
        if not service or not isinstance(service, str):
            raise InvalidArgumentError(f"A helper's name must be a non-empty string; it is {service!r}.")
        if service in self.by_name:
            raise InvalidArgumentError(f"Helper with name {service!r} already registered.")
        if helper.client:
            raise InvalidArgumentError(f"This helper is registered already, as {helper.service!r}.")
        self.by_name[service] = helper
        helper.client, helper.service = client, service
        helper.registered()

    def get(self, service: str) -> RTVIClientHelper | None:
        return self.by_name.get(service)

    def unregister(self, service: str) -> None:
        if helper := self.by_name.pop(service, None):
            helper.unregistered()
            helper.client = helper.service = None
