"""The members of a client that configure the session: its settings and its tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from rtvi_web.realtime.members.base import Members
from rtvi_web.realtime.protocol.session_config import Config, SessionConfig
from rtvi_web.realtime.tools import Handler, Tool, execute

Given = TypeVar("Given")


class ConfigurationMembers(Members):
    """What a client tells the server about the session, and the tools that run in the page."""

    @property
    def url(self) -> str | None:
        """Where the server is; ``None`` is the dialect's own address. A change counts from the next ``connect()`` on.

        Raises:
            InvalidArgumentError: it is set to something else than a text, or contains the key.
        """
        return self._settings.url

    @url.setter
    def url(self, url: str | None) -> None:
        self._settings.use_url(url)

    @property
    def config(self) -> Config:
        """What the page has named of the session's configuration, in GA form; a copy.

        The server chooses everything else. Mirrors ``config``; ``update_config()`` changes it.
        """
        return self._configuration.payload

    def update_config(self, updates: SessionConfig | Mapping[str, Any] | object) -> None:
        """Change the named fields, and tell the server while connected. Mirrors ``updateConfig()``.

        Args:
            updates: of any shape that ``config`` may have; ``None`` switches off, fields that are not named are kept.

        Raises:
            InvalidArgumentError, MessageTooLargeError: it cannot be sent; nothing was changed.
        """
        self._configuration.update(updates)

    def update_session(self) -> None:
        """Send the server all that the page has named, if there is a connection. Mirrors ``updateSession()``."""
        self._configuration.send()

    def get_session_payload(self) -> dict[str, Config]:
        """The configuration as ``{"session": …}``, a copy. Mirrors ``getSessionPayload()``."""
        return {"session": self._configuration.payload}

    def get_turn_detection_type(self) -> str | dict[str, Any] | None:
        """The turn detection, such as ``{"type": "server_vad"}``; ``None`` is push-to-talk.

        If the page does not name it, it is the server's, and ``None`` before the first ``connect()``.

        Mirrors ``getTurnDetectionType()``; a configuration object that has this method is asked.
        """
        detection: str | dict[str, Any] | None = self._configuration.get_turn_detection_type()
        return detection

    # Tools.

    @property
    def tools(self) -> dict[str, Tool]:
        """The tools that have a handler, by name. Mirrors ``tools``."""
        return dict(self._configuration.tools)

    def get_tools(self) -> list[dict[str, Any]]:
        """The definitions of all tools, a copy. Mirrors ``getTools()``."""
        return self._configuration.get_tools()

    def add_tool(self, tool: Any, handler: Handler | None = None, *, timeout: float | None = 60.0) -> None:
        """Offer a tool to the model. Mirrors ``addTool()``; it replaces one of the same name.

        Args:
            tool: a typed function, whose name, docstring and annotations describe it to the model; or a definition
                (``{"name": …, "description": …, "parameters": <JSON schema>}``, or of an MCP server).
            handler: runs the calls; it takes one dict. Without one, answer the calls of a definition yourself:
                ``conversation.item.completed`` brings them.
            timeout: seconds a call may take; ``None`` means no limit.

        A handler may be sync or async. The model gets a text unchanged, anything else as JSON (models, dataclasses and
        dates too), and ``{"error": …}`` if the handler raises; it goes on speaking when all calls of its response are
        answered. If a handler returns a :class:`BackgroundResult`, the model notes the result and does not speak.

        Raises:
            InvalidArgumentError: no name, no schema, or no function; nothing was changed.
        """
        self._configuration.add(tool, handler, timeout=timeout)

    def remove_tool(self, name: str) -> None:
        """Stop offering a tool. Unknown names are ignored. Mirrors ``removeTool()``."""
        self._configuration.remove(name)

    def register_tool(
        self, definition: Given, handler: Handler | None = None, *, timeout: float | None = 60.0
    ) -> Given:
        """Offer a tool whose calls run here: :meth:`add_tool`, and a decorator of typed functions.

        Mirrors ``registerTool()``.

        Raises:
            InvalidArgumentError: no name, no schema, or no handler; nothing was changed.
        """
        self._configuration.register(definition, handler, timeout=timeout)
        return definition

    def unregister_tool(self, name: str) -> None:
        """Mirrors ``unregisterTool()``: :meth:`remove_tool` by another name."""
        self._configuration.remove(name)

    async def execute_tool(self, name: str, args: Mapping[str, Any]) -> Any:
        """Run a tool here, without telling the server. Mirrors ``executeTool()``.

        Raises:
            InvalidArgumentError: no tool of this name has a handler.
            TimeoutError: it took too long.
            Exception: anything the handler raises.
        """
        return await execute(self._configuration.registered(name), args)
