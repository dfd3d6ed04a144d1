"""The configuration and the tools of a client, and how they are sent to the server."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Mapping
from typing import Any

from rtvi_web.errors import InvalidArgumentError, RequestError
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.protocol.session_config import (
    Config,
    default_config,
    for_update,
    merge,
    names_turn_detection,
    to_ga,
    tool_definition,
    turn_detection,
)
from rtvi_web.realtime.protocol.wire import Event, new_id, object_in, objects_in, text_in
from rtvi_web.realtime.tools import Handler, Tool, tool_of

ACKNOWLEDGED_WITHIN = 5.0
"""Seconds that ``connect()`` waits for the server to acknowledge the configuration."""


class Configuration:
    """What every session of a client is configured with. While connected, changes are sent to the server."""

    def __init__(self, given: Any, api: RealtimeAPI) -> None:
        self._api = api
        self.config: Config = default_config()
        self.tools: dict[str, Tool] = {}
        self._server_tools: set[str] = set()  # tools that the server lists; others may have set them
        self._response_tools: set[str] = set()  # tools of single responses
        self._delegate: Any = given  # may have a method that gives the turn detection
        if given is not None:
            self.config = merge(self.config, to_ga(given))

    def reset(self) -> None:
        """Back to the defaults, without tools."""
        self.config = default_config()
        self.tools = {}
        self._delegate = None

    @property
    def payload(self) -> Config:
        """The whole configuration, tools included; a copy."""
        return {**copy.deepcopy(self.config), "tools": self.get_tools()}

    def get_turn_detection_type(self) -> Any:
        """See ``RealtimeClient.get_turn_detection_type``."""
        delegate = self._delegate
        asked = getattr(delegate, "get_turn_detection_type", None) or getattr(delegate, "getTurnDetectionType", None)
        return asked() if callable(asked) else copy.deepcopy(turn_detection(self.config))

    def update(self, updates: Any) -> None:
        """Change the fields that ``updates`` names; see ``RealtimeClient.update_config``."""
        changes = to_ga(updates)
        if "tools" in changes:
            kept = merge(self.config, changes)
            self._send({**changes, "tools": self._definitions(kept, self.tools)})
        else:
            self._send(changes)
        self.config = merge(self.config, changes)
        if names_turn_detection(changes):
            self._delegate = None  # its turn detection is out of date

    # Tools.

    def get_tools(self) -> list[dict[str, Any]]:
        """The definitions of all tools; a copy."""
        return copy.deepcopy(self._definitions(self.config, self.tools))

    def add(self, given: Any, handler: Handler | None, *, timeout: float | None) -> None:
        """See ``RealtimeClient.add_tool``."""
        if handler is not None or not isinstance(given, Mapping):
            self.register(given, handler, timeout=timeout)
            return
        definition = tool_definition(given)
        others = [tool for tool in self.config.get("tools") or () if not _same(tool, definition)]
        registered = {name: tool for name, tool in self.tools.items() if name != definition.get("name")}
        self._change([*others, definition], registered)

    def register(self, given: Any, handler: Handler | None, *, timeout: float | None) -> None:
        """See ``RealtimeClient.register_tool``."""
        tool = tool_of(given, handler, timeout=timeout)
        if tool.handler is None:
            raise InvalidArgumentError(f'Tool "{tool.name}" handler must be a function')
        self._change(self._without(tool.name), {**self.tools, tool.name: tool})

    def remove(self, name: str) -> None:
        """See ``RealtimeClient.remove_tool``."""
        registered = {known: tool for known, tool in self.tools.items() if known != name}
        self._change(self._without(name), registered)

    def registered(self, name: str) -> Tool:
        """A tool with a handler.

        Raises:
            InvalidArgumentError: no tool of this name has a handler.
        """
        if name not in self.tools:
            raise InvalidArgumentError(f'Tool "{name}" is not registered')  # the words of openai-realtime-api
        return self.tools[name]

    def is_offered(self, name: str) -> bool:
        """Whether the model may call this tool: it is offered here, in a single response, or by the server."""
        elsewhere = name in self._server_tools or name in self._response_tools
        return elsewhere or any(tool.get("name") == name for tool in self._definitions(self.config, self.tools))

    def allow_for_response(self, response: Mapping[str, Any]) -> None:
        """Allow the tools that a single response brings."""
        self._response_tools |= _tool_names(response)

    def _without(self, name: str) -> list[dict[str, Any]]:
        return [tool for tool in self.config.get("tools") or () if tool.get("name") != name]

    def _change(self, definitions: list[dict[str, Any]], registered: dict[str, Tool]) -> None:
        self._send({"tools": self._definitions({"tools": definitions}, registered)})
        self.config["tools"] = definitions
        self.tools = registered

    @staticmethod
    def _definitions(config: Mapping[str, Any], registered: Mapping[str, Tool]) -> list[dict[str, Any]]:
        listed = [tool for tool in config.get("tools") or () if tool.get("name") not in registered]
        return [*listed, *(tool.definition for tool in registered.values())]

    # The server.

    def send(self) -> None:
        """Send the server the whole configuration, if there is a connection."""
        self._send(self.payload)

    def _send(self, changes: Mapping[str, Any]) -> None:
        """Send changes. Callers apply them afterwards, so that changes that cannot be sent are not applied."""
        if self._api.is_connected() and (update := for_update(changes)) != {"type": "realtime"}:
            self._api.send("session.update", {"session": update})

    def session_begins(self) -> None:
        """Prepare for a new session. Needs a running event loop."""
        loop = asyncio.get_running_loop()
        self._created: asyncio.Future[None] = loop.create_future()
        self._acknowledged: asyncio.Future[RequestError | None] = loop.create_future()
        self._update_id = new_id("evt_")
        self._server_tools = set()
        self._response_tools = set()

    async def establish(self) -> None:
        """Send the configuration once the server has a session, and wait until it has taken it, 5 s at most.

        Raises:
            RequestError: the server refused it, in its own words.
        """
        deadline = asyncio.get_running_loop().time() + ACKNOWLEDGED_WITHIN
        await asyncio.wait({self._created}, timeout=ACKNOWLEDGED_WITHIN)
        self._api.send("session.update", {"event_id": self._update_id, "session": for_update(self.payload)})
        left = deadline - asyncio.get_running_loop().time()
        await asyncio.wait({self._acknowledged}, timeout=max(0.0, left))
        if self._acknowledged.done() and (refusal := self._acknowledged.result()):
            raise refusal

    def server_event(self, event: Event) -> None:
        """Note what the server says about the session."""
        session = object_in(event, "session")
        if "tools" in session:
            self._server_tools = _tool_names(session)
        match event["type"]:
            case "session.created":
                _settle(self._created, None)
            case "session.updated":
                _settle(self._acknowledged, None)
            case "error":
                error = object_in(event, "error")
                if error.get("event_id") == self._update_id:
                    message = f"The server refused the session's configuration: {text_in(error, 'message')}"
                    _settle(self._acknowledged, RequestError(message))


def _same(tool: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two definitions are of one tool. MCP servers are distinguished by their label."""
    return all(tool.get(key) == other.get(key) for key in ("name", "server_label"))


def _tool_names(config: Mapping[str, Any]) -> set[str]:
    return {text_in(tool, "name") for tool in objects_in(config, "tools")}


def _settle(future: asyncio.Future[Any], result: Any) -> None:
    if not future.done():
        future.set_result(result)
