"""The hooks of a dialect, guarded: a user may have written them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from rtvi_web.errors import InvalidArgumentError, RTVIError
from rtvi_web.realtime.protocol.dialects.base import Address, Dialect, Target
from rtvi_web.realtime.protocol.session_config import Config
from rtvi_web.realtime.protocol.wire import Event, copied

Result = TypeVar("Result")


class Translation:
    """Calls the hooks of a dialect. Each method raises those of :mod:`rtvi_web.errors` that the hook raises.

    Whatever else a hook raises, and a result of a wrong type, becomes an InvalidArgumentError that names the hook.

    Args:
        dialect: its hooks.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._is_openai = type(dialect) is Dialect  # whose hooks change nothing that they are given

    def address(self, target: Target) -> Address:
        """Where to connect to. Errors do not quote what the hook says: it may be the key."""
        try:
            address = self._dialect.address(target)
        except RTVIError:
            raise
        except BaseException as error:
            kind = type(error).__name__
            raise InvalidArgumentError(f"The dialect's address() raised {kind}; see it by calling it.") from None
        if not isinstance(address, Address):
            raise self._wrong("address", address, "an Address")
        return address

    def session_update(self, session: Config) -> Config:
        """The session of a ``session.update``."""
        translated = self._call("session_update", self._dialect.session_update, copied(session))
        if not isinstance(translated, Mapping):
            raise self._wrong("session_update", translated, "a dict")
        return dict(translated)

    def incoming(self, event: Event) -> list[Event]:
        """What a server event stands for."""
        return self._events("incoming", self._call("incoming", self._dialect.incoming, event), event)

    def outgoing(self, event: Event) -> list[Event]:
        """What is sent for a client event."""
        given = event if self._is_openai else copied(event)
        return self._events("outgoing", self._call("outgoing", self._dialect.outgoing, given), given)

    def _events(self, hook: str, translated: Any, event: Event) -> list[Event]:
        if translated is event:  # by far the most frequent
            return [event]
        if isinstance(translated, dict):
            translated = [translated]
        events = [] if translated is None else self._call(hook, list, translated)
        for each in events:
            if not isinstance(each, dict) or not isinstance(each.get("type"), str):
                raise self._wrong(hook, each, "an event, a list of events, or None")
        return events

    def _call(self, hook: str, function: Callable[[Any], Result], argument: Any) -> Result:
        try:
            return function(argument)
        except RTVIError:
            raise
        except BaseException as error:
            raise InvalidArgumentError(f"The dialect's {hook}() raised {type(error).__name__}: {error}") from error

    def _wrong(self, hook: str, result: Any, expected: str) -> InvalidArgumentError:
        return InvalidArgumentError(
            f"The dialect's {hook}() must return {expected}; it returned {type(result).__name__}."
        )
