"""The configuration and the tools of a client, and how they are sent to the server."""

from __future__ import annotations

import contextlib
import copy
import logging
from collections.abc import Callable, Mapping
from typing import Any

from rtvi_web.errors import DisconnectedError, InvalidArgumentError, RTVIError, UnsupportedFeatureError
from rtvi_web.realtime.connection import RealtimeAPI
from rtvi_web.realtime.handshake import ANSWERED_WITHIN, Handshake
from rtvi_web.realtime.protocol.dialects.base import Dialect
from rtvi_web.realtime.protocol.formats import SoundFormat
from rtvi_web.realtime.protocol.session_config import (
    TRANSCRIPTION,
    Config,
    default_config,
    for_session,
    formats,
    merge,
    names_turn_detection,
    side_of,
    to_ga,
    tool_definition,
    turn_detection,
)
from rtvi_web.realtime.protocol.wire import Event, object_in, objects_in, size_of, text_in
from rtvi_web.realtime.tools import Handler, Tool, tool_of

logger = logging.getLogger(__name__)

MAX_CONFIG = 1_000_000
"""Characters of what the server says of the session that are put together; beyond that, its last word counts alone."""


class Configuration:
    """The configuration that the page asks for, kept from session to session. Changes are sent while connected.

    The server keeps what the page does not name. Tools of the page are added to those that the server has by itself;
    only if the page names ``tools`` do they replace them.
    """

    _delegate: Any  # the object that the page gave, which may have a method that gives the turn detection

    def __init__(self, given: Any, api: RealtimeAPI, dialect: Dialect) -> None:
        self._api = api
        self._dialect = dialect
        self._warned = False  # that the server does not answer
        self.reset()
        self._delegate = given
        if given is not None:
            self._take(to_ga(given))
            formats(self._named)  # refuses one that cannot be used
        self.check()

    def check(self) -> None:
        """Check that the dialect can do what the page has named; says what it drops.

        Raises:
            InvalidArgumentError, UnsupportedFeatureError: it has no address for it, or a value cannot work.
        """
        whole = self._whole
        query = self._api.address(self.to_send).query
        is_sent = "model" in self._translated(whole) or whole.get("model") in query.values()
        if "model" in whole and not is_sent:
            self._dialect.say_dropped("model", "neither the address nor the session names it")

    def reset(self) -> None:
        """Back to the defaults, without tools."""
        self._named: Config = {}  # without tools
        self._listed: list[dict[str, Any]] = []  # definitions without a handler
        self._replaces_tools = False  # whether the page named "tools"
        self.tools: dict[str, Tool] = {}  # those with a handler
        self._delegate = None
        self._forget_server()

    def _forget_server(self) -> None:
        self._handshake: Handshake | None = None
        self._server: Config = {}  # what the server says of the session
        self._was_updated = False  # whether that is its answer to what the page has named
        self._server_tools: list[dict[str, Any]] = []  # those that it had before the page's
        self._sent_tools: list[dict[str, Any]] | None = None  # with the configuration
        self._offered: set[str] = set()  # the names of all tools of the session
        self._response_tools: set[str] = set()  # tools of single responses

    @property
    def payload(self) -> Config:
        """What the page has named, tools included; a copy."""
        return {
            **default_config(),
            "type": self._dialect.session_type,
            **copy.deepcopy(self._named),
            "tools": self.get_tools(),
        }

    @property
    def to_send(self) -> Config:
        """What the server is sent at the beginning, in today's form: only what the page has named; a copy."""
        return for_session(self._whole, self._type)

    @property
    def _whole(self) -> Config:
        """All that the page has named, with the tools that the server has by itself; a copy."""
        whole = self.payload
        whole["tools"] = copy.deepcopy(self._tools_to_send(self._listed, self.tools))
        if not self._names_tools:
            del whole["tools"]
        return whole

    @property
    def _type(self) -> str:
        own = self._dialect.session_type
        return own if own == TRANSCRIPTION else text_in(self._named, "type") or own

    def _translated(self, changes: Mapping[str, Any]) -> Config:
        """What the server is sent for changes, or for all that the page has named; says what is dropped."""
        session = for_session(changes, self._type)
        output = {
            f"audio.output.{name}" for name in side_of(changes, "output").keys() - side_of(session, "output").keys()
        }
        for name in sorted({*changes, *output} - {*session, "audio"}):
            self._dialect.say_dropped(name, f"a session of the type {self._type!r} has no such setting")
        return self._api.translation.session_update(session)

    def require_responses(self, feature: str = "create_response") -> None:
        """Check that sessions of this type have responses.

        Raises:
            UnsupportedFeatureError: they only transcribe.
        """
        if self._dialect.session_type == TRANSCRIPTION:
            message = f"Dialect {self._dialect.name}: it only transcribes, and makes no responses."
            raise UnsupportedFeatureError(message, feature=feature)
        if self._type == TRANSCRIPTION:
            message = "A transcription session makes no responses. Leave out its type to have some."
            raise UnsupportedFeatureError(message, feature=feature)

    @property
    def _names_tools(self) -> bool:
        return bool(self._replaces_tools or self._listed or self.tools)

    def get_turn_detection_type(self) -> Any:
        """See ``RealtimeClient.get_turn_detection_type``."""
        if ask := self._ask_delegate:
            return ask()
        named = names_turn_detection(self._named)
        return copy.deepcopy(turn_detection(self._named if named else self._server))

    @property
    def is_push_to_talk(self) -> bool:
        """Whether turn detection is known to be off."""
        known = self._ask_delegate or any(map(names_turn_detection, (self._named, self._server)))
        return bool(known) and self.get_turn_detection_type() is None

    @property
    def _ask_delegate(self) -> Callable[[], Any] | None:
        given = self._delegate
        ask = getattr(given, "get_turn_detection_type", None) or getattr(given, "getTurnDetectionType", None)
        return ask if callable(ask) else None

    @property
    def formats(self) -> tuple[SoundFormat, SoundFormat]:
        """The formats of the person's sound and the model's: as the server reports them, once it has answered.

        Raises:
            InvalidArgumentError: the server uses one that cannot be recorded or played.
        """
        known = (self._server, self._named) if self._was_updated else (self._named, self._server)
        return formats(*known, self._dialect.sound)

    def update(self, updates: Any) -> None:
        """Change the fields that ``updates`` names; see ``RealtimeClient.update_config``."""
        changes = to_ga(updates)
        formats(changes)  # refuses one that cannot be used
        if self._api.is_connected() and "model" in changes and "model" not in self._translated(changes):
            self._dialect.say_dropped("model", "the model is fixed until the next connect()")
        if "tools" in changes:
            self._send({**changes, "tools": _definitions(changes["tools"] or [], self.tools)})
        else:
            self._send(changes)
        if names_turn_detection(changes):
            self._delegate = None  # its turn detection is out of date
        self._take(changes)

    def _take(self, changes: Config) -> None:
        changes = dict(changes)
        if "tools" in changes:
            self._listed = changes.pop("tools") or []
            self._replaces_tools = True
        self._named = merge(self._named, changes)

    # Tools.

    def get_tools(self) -> list[dict[str, Any]]:
        """The definitions of all tools of the page; a copy."""
        return copy.deepcopy(_definitions(self._listed, self.tools))

    def add(self, given: Any, handler: Handler | None, *, timeout: float | None) -> None:
        """See ``RealtimeClient.add_tool``."""
        self._require_tools()
        if handler is not None or not isinstance(given, Mapping):
            self.register(given, handler, timeout=timeout)
            return
        definition = tool_definition(given)
        others = [tool for tool in self._listed if not _same(tool, definition)]
        registered = {name: tool for name, tool in self.tools.items() if name != definition.get("name")}
        self._change([*others, definition], registered)

    def register(self, given: Any, handler: Handler | None, *, timeout: float | None) -> None:
        """See ``RealtimeClient.register_tool``."""
        self._require_tools()
        tool = tool_of(given, handler, timeout=timeout)
        if tool.handler is None:
            raise InvalidArgumentError(f'Tool "{tool.name}" handler must be a function')
        self._change(_without(self._listed, tool.name), {**self.tools, tool.name: tool})

    def _require_tools(self) -> None:
        if self._dialect.session_type == TRANSCRIPTION:
            self.require_responses("tools")

    def remove(self, name: str) -> None:
        """See ``RealtimeClient.remove_tool``."""
        registered = {known: tool for known, tool in self.tools.items() if known != name}
        kept, self._server_tools = self._server_tools, _without(self._server_tools, name)
        try:
            self._change(_without(self._listed, name), registered)
        except RTVIError:
            self._server_tools = kept
            raise

    def _change(self, listed: list[dict[str, Any]], registered: dict[str, Tool]) -> None:
        self._send({"tools": self._tools_to_send(listed, registered)})
        self._listed, self.tools = listed, registered

    def _tools_to_send(self, listed: list[dict[str, Any]], registered: Mapping[str, Tool]) -> list[dict[str, Any]]:
        own = _definitions(listed, registered)
        if self._replaces_tools:
            return own
        return [*(tool for tool in self._server_tools if not any(_same(tool, each) for each in own)), *own]

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
        elsewhere = name in self._offered or name in self._response_tools
        return elsewhere or any(tool.get("name") == name for tool in _definitions(self._listed, self.tools))

    def allow_for_response(self, response: Mapping[str, Any]) -> None:
        """Allow the tools that a single response brings."""
        self._response_tools |= _tool_names(response)

    # The server.

    def send(self) -> None:
        """Send the server all that the page has named, if there is a connection."""
        self._send(self._whole)

    def _send(self, changes: Mapping[str, Any]) -> None:
        """Send changes. Callers apply them afterwards, so that changes that cannot be sent are not applied."""
        update = self._translated(changes)
        if self._api.is_connected() and update.keys() - {"type"}:
            self._api.send("session.update", {"session": update})

    def ask(self) -> bool:
        """Send a configuration that names nothing, which the server answers; see ``RealtimeHost.ask``.

        Only if it has answered the first one: a server may do without.
        """
        if not (self._was_updated and self._dialect.acknowledges):
            return False
        try:
            self._api.send("session.update", {"session": self._translated({})})
        except DisconnectedError:
            return False  # The transport reports the lost link by itself.
        return True

    def session_begins(self) -> None:
        """Prepare for a new session. Needs a running event loop."""
        self._forget_server()
        self._handshake = Handshake()

    async def establish(self, *, at_once: bool) -> None:
        """Send the configuration, and wait until the server has taken it.

        Args:
            at_once: whether it is sent without waiting for the server's first event.

        Raises:
            RequestError: the server refused it, in its own words.
        """
        handshake = self._handshake
        assert handshake is not None
        if not at_once:
            await handshake.wait_for_server()
        await self.establish_with(handshake, self._api.send)

    async def establish_with(self, handshake: Handshake, send: Callable[[str, dict[str, Any]], object]) -> None:
        """Send the configuration over a link, and wait until its server has taken it.

        Raises:
            RequestError: the server refused it, in its own words.
        """
        config = self._whole
        self._sent_tools = config.get("tools")
        session = self._translated(config)
        if not session:
            return
        send("session.update", {"event_id": handshake.update_id, "session": session})
        if self._dialect.acknowledges and not await handshake.wait_for_answer() and not self._warned:
            self._warned = True
            logger.warning("The server has not acknowledged the configuration within %g s; going on.", ANSWERED_WITHIN)

    def _restore_server_tools(self) -> None:
        """Send the tools again if the server reported its own only after the page's had replaced them."""
        if self._sent_tools is not None and self._sent_tools != self._tools_to_send(self._listed, self.tools):
            with contextlib.suppress(DisconnectedError):  # the transport reports the lost link by itself
                self._send({"tools": self._tools_to_send(self._listed, self.tools)})

    def server_event(self, event: Event) -> None:
        """Note what the server says about the session."""
        if self._handshake:
            self._handshake.server_event(event)
        session = object_in(event, "session")
        if "tools" in session:
            self._offered = _tool_names(session)
        if event["type"] == "session.created":
            self._server = _readable(session)
            self._server_tools = objects_in(self._server, "tools")
            self._restore_server_tools()
        elif event["type"] == "session.updated":
            news = _readable(session)
            merged = merge(self._server, news)
            self._server = merged if size_of(merged) <= MAX_CONFIG else news
            self._was_updated = True


def _readable(session: Config) -> Config:
    """What a server says of the session, in GA form; empty if it cannot be read."""
    try:
        return to_ga(session)
    except InvalidArgumentError:
        return {}


def _definitions(listed: list[dict[str, Any]], registered: Mapping[str, Tool]) -> list[dict[str, Any]]:
    others = [tool for tool in listed if tool.get("name") not in registered]
    return [*others, *(tool.definition for tool in registered.values())]


def _without(tools: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [tool for tool in tools if tool.get("name") != name]


def _same(tool: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two definitions are of one tool. MCP servers are distinguished by their label."""
    return all(tool.get(key) == other.get(key) for key in ("name", "server_label"))


def _tool_names(config: Mapping[str, Any]) -> set[str]:
    return {text_in(tool, "name") for tool in objects_in(config, "tools")}
