"""What a dialect is: where to connect, and how events are translated. The base class is OpenAI's own dialect."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from rtvi_web.core.masking import quoted
from rtvi_web.errors import InvalidArgumentError, UnsupportedFeatureError
from rtvi_web.realtime.protocol.session_config import TRANSCRIPTION, Config
from rtvi_web.realtime.protocol.wire import Event, object_in

logger = logging.getLogger(__name__)

Translated = Event | Iterable[Event] | None
"""What becomes of an event: itself or another, several, or nothing (``None``)."""

KEY_PROTOCOL = "openai-insecure-api-key."
"""OpenAI's prefix of the key in a WebSocket's subprotocol."""
UNKNOWN_TO_OPENAI = ("temperature", "provider", "vision", "knowledge", "agent_id")
"""Settings of older servers that today's protocol does not have."""

_ADDRESS = re.compile(r"(?:https?|wss?)://([^/?#]*)([^?#]*)(\?[^#]*)?", re.IGNORECASE)
_DEFAULT_PORTS = re.compile(r":(?:443|80)$")


class Target(NamedTuple):
    """What a client wants to connect to.

    Attributes:
        url: the address that the client was given, if any; it may be relative to the page.
        model: the model that the configuration names, if any.
        api_key: the key, if any.
        type: of the session: ``"realtime"`` or ``"transcription"``.
        webrtc: whether it connects over WebRTC; otherwise over a WebSocket.
    """

    url: str | None = None
    model: str | None = None
    api_key: str | None = None
    type: str = "realtime"
    webrtc: bool = False

    def __repr__(self) -> str:
        return f"Target(url={quoted(self.url)}, model={self.model!r}, …)"


class Address(NamedTuple):
    """Where a dialect connects to.

    Attributes:
        url: may be relative to the page, and of either scheme (``https:`` for ``wss:``).
        query: parameters to add to its query; one that the address has already is kept.
        protocols: subprotocols that a WebSocket offers.
        headers: headers of the POST that begins a WebRTC call. A page cannot add any to a WebSocket.
    """

    url: str
    query: Mapping[str, str] = {}
    protocols: Sequence[str] = ()
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "Address(…)"  # any part may hold the key


class Dialect:
    """How a server is spoken to. This one is OpenAI's; a subclass overrides what is different elsewhere.

    The hooks are called for one client: a dialect may keep what it needs. If a hook raises one of
    :mod:`rtvi_web.errors`, the caller gets it; anything else that it raises is told as an error of the dialect.

    Attributes:
        name: what messages call it.
        session_type: ``"transcription"`` if the server only transcribes.
        sound: in the shape of a configuration, the formats that the server uses if the page names none.
        acknowledges: whether the server answers ``session.update`` with ``session.updated``.
    """

    name: ClassVar[str] = "openai"
    session_type: ClassVar[str] = "realtime"
    sound: ClassVar[Config] = {}
    acknowledges: ClassVar[bool] = True

    # The hooks.

    def address(self, target: Target) -> Address:
        """Say where to connect, and what carries the key. May be called several times for one connection.

        Raises:
            InvalidArgumentError: an address or a key is missing or cannot be used.
            UnsupportedFeatureError: the server cannot be reached in this way.
        """
        url = target.url or "https://api.openai.com/v1/realtime"
        if target.webrtc:
            host, path, _ = parts_of(url)
            if host != "api.openai.com":
                return self.as_given(target)
            url = url.replace(path, f"{path}/calls", 1) if path == "/v1/realtime" else url
            return Address(url, self.model_query(target), headers=bearer(target.api_key))
        query = self.model_query(target)
        if not target.url and not target.model and target.type == TRANSCRIPTION:
            query = {"intent": TRANSCRIPTION}
        key = [KEY_PROTOCOL + target.api_key] if target.api_key else []
        return Address(url, query, ["realtime", *key])

    def session_update(self, session: Config) -> Config:
        """Translate the ``session`` of a ``session.update``, which may be partial.

        Args:
            session: in today's (GA) shape, with ``"type"``; it is not changed. It also has the fields that OpenAI does
                not know, if the page names them.

        Raises:
            InvalidArgumentError: a setting, such as a format, cannot be used.
        """
        return self.without({key: value for key, value in session.items() if key != "model"}, *UNKNOWN_TO_OPENAI)

    def incoming(self, event: Event) -> Translated:
        """Translate a server event, whose type has its GA name already if it is one of the beta."""
        return event

    def outgoing(self, event: Event) -> Translated:
        """Translate a client event; that of a ``session.update`` has the session of :meth:`session_update`.

        Raises:
            UnsupportedFeatureError: the server has nothing like it.
        """
        if event["type"] == "response.create" and any(key in object_in(event, "response") for key in UNKNOWN_TO_OPENAI):
            return {**event, "response": self.without(event["response"], *UNKNOWN_TO_OPENAI)}
        return event

    def is_ephemeral_key(self, key: str) -> bool:
        """Whether this is a key for one session, which a page may use. OpenAI's begin with ``ek_``."""
        return key.startswith("ek_")

    # What hooks are made with.

    def without(self, config: Config, *names: str) -> Config:
        """A configuration without some fields (``"audio.output.speed"``); says once which of them were dropped."""
        for name in names:
            config, is_dropped = _without(config, name.split("."))
            if is_dropped:
                self.say_dropped(name)
        return config

    def say_dropped(self, name: str, reason: str = "the server has no such setting") -> None:
        """Say in the log, once, that a setting of the page is not sent."""
        said: set[str] = self.__dict__.setdefault("_said", set())
        if name not in said:
            said.add(name)
            logger.warning("Dialect %s: %r is not sent: %s.", self.name, name, reason)

    def as_given(self, target: Target) -> Address:
        """The address for a WebRTC call that the page has given, used exactly as it is.

        Raises:
            UnsupportedFeatureError: the page has given none.
        """
        if not target.url:
            raise UnsupportedFeatureError(
                f"Dialect {self.name} has no address for WebRTC: leave out transport=, or give url= of a server of "
                "yours that answers with SDP.",
                feature="webrtc",
            )
        return Address(target.url, headers=bearer(target.api_key))

    def model_query(self, target: Target) -> dict[str, str]:
        """The query that names the model, unless the address names it or a call."""
        if not target.model or has_query(target.url or "", "model", "call_id"):
            return {}
        return {"model": target.model}

    def required_url(self, target: Target, example: str, path: str = "") -> str:
        """The address that the page has given. One without a path gets this one.

        Raises:
            InvalidArgumentError: the page has given none.
        """
        if not target.url:
            raise InvalidArgumentError(f"Dialect {self.name} needs url=, such as {example!r}.")
        host, given, query = parts_of(target.url)
        if host and given in ("", "/"):
            origin = target.url.partition("?")[0].partition("#")[0].rstrip("/")
            return f"{origin}{path}{query}"
        return target.url

    def refuse_key(self, target: Target) -> None:
        """Refuse a key that the server takes in a header only.

        Raises:
            InvalidArgumentError: there is a key.
        """
        if target.api_key:
            raise InvalidArgumentError(
                f"Dialect {self.name} takes the key in a header, which a page cannot add to a WebSocket. Leave out "
                "api_key, and give url= of a server of yours that adds it."
            )

    def unsupported(self, feature: str, what: str) -> UnsupportedFeatureError:
        """The error that says what the server cannot do."""
        return UnsupportedFeatureError(f"Dialect {self.name}: {what}", feature=feature)


def bearer(key: str | None) -> dict[str, str]:
    """The header that carries a key."""
    return {"Authorization": f"Bearer {key}"} if key else {}


def parts_of(url: str) -> tuple[str, str, str]:
    """Host, path and query of an absolute address; empty for a relative one."""
    match = _ADDRESS.match(url)
    if not match:
        return "", "", ""
    host, path, query = match.groups()
    return _DEFAULT_PORTS.sub("", host.rpartition("@")[2].lower()), path, query or ""


def has_query(url: str, *names: str) -> bool:
    """Whether the query of an address has one of these parameters."""
    query = url.partition("#")[0].partition("?")[2]
    return any(part.partition("=")[0] in names for part in query.split("&"))


def _without(config: Mapping[str, Any], path: list[str]) -> tuple[Config, bool]:
    """A copy without the field at a path, and whether there was one. An object that gets empty goes, too."""
    name, *rest = path
    if name not in config:
        return dict(config), False
    kept = {key: value for key, value in config.items() if key != name}
    if not rest:
        return kept, True
    inner = config[name]
    if not isinstance(inner, Mapping):
        return dict(config), False
    changed, is_dropped = _without(inner, rest)
    return ({**kept, name: changed} if changed or not is_dropped else kept), is_dropped
