"""The type of an event: its name, and the types of its handler's arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVarTuple

from rtvi_web.core.checks import snake_case

Args = TypeVarTuple("Args")


class EventName(Protocol):
    """The name of an event as a plain string. Every ``str`` is one; to type checkers, an :class:`Event` is not.

    So a handler of wrong types for an Event is an error. Otherwise the Event would be a name whose types are unknown.
    """

    def zfill(self, width: Any, /) -> str: ...


class Event(str, Generic[*Args]):
    """The name of an event, which also carries the types of its handler's arguments.

    Attributes:
        callback: the key in ``callbacks=``, such as ``"on_bot_ready"``.
        js_callback: the callback's name in JavaScript, such as ``"onBotReady"``.
        wire: the type of the wire message that fires it, or ``None``.
        payload: what the handler gets of that message: nothing (``None``), its data as sent (``Any``), or a model of
            this name, made of the data or of the whole message.
        field: the one field of the payload that the handler gets; ``None`` if it gets the whole payload.
    """

    __slots__ = ("callback", "field", "js_callback", "payload", "wire")
    callback: str
    js_callback: str
    wire: str | None
    payload: Any
    field: str | None

    def __new__(
        cls,
        name: str,
        *,
        wire: str | None = None,
        payload: Any = None,
        field: str | None = None,
        js_callback: str | None = None,
    ) -> Event[*Args]:
        self = super().__new__(cls, name)
        self.js_callback = js_callback or "on" + name[0].upper() + name[1:]
        self.callback = snake_case(self.js_callback)
        self.wire = wire
        self.payload = payload
        self.field = field
        return self

    if TYPE_CHECKING:  # see EventName
        zfill: None  # type: ignore[assignment]
